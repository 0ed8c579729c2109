"""Measure what docs/masks.md says of masks.

python scripts/evaluate_masks.py PICTURE [CLIP]

Zooms into a picture, and dreams over a clip, with a mask that is a disc, at 320x180: in how many
frames what is outside is its source to the bit, and how large the gradient of luma across the
mask's edge is, beside that inside of it. Before that, frames after the first ones with a quarter
masked in, beside all of it: their time, and the pixels whose gradients were computed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import imageio.v3 as iio
import numpy as np

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.frame import Field, Frame, Size
from dreamvid.masks import snapped
from dreamvid.media.opencv import cv2
from dreamvid.motion.warp import warp
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.plan import plan

WIDTH, HEIGHT = 320, 180
FRAMES = 100
CLIP: dict[str, Any] = {"cuts": False, "blend": {"warmup": 0}}
AFTER, COUNTED, ROUNDS = 12, 8, 2
"""Frames that are not counted, as graphs are traced in them; those that are, in so many runs."""


def disc() -> Field:
    """White inside of an ellipse, without gray, (HEIGHT, WIDTH) 0..255."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = ((columns - WIDTH / 2) / 80) ** 2 + ((rows - HEIGHT / 2) / 50) ** 2 < 1
    return np.where(inside, 255, 0).astype(np.float32)


def gradients(frame: Frame, mask: Field) -> tuple[float, float]:
    """The mean gradient of luma across the mask's edge, and inside of it."""
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    steep = np.hypot(cv2.Scharr(luma, -1, 1, 0), cv2.Scharr(luma, -1, 0, 1)) / 32
    binary = (mask > 0.5).astype(np.uint8)
    edge = cv2.dilate(binary, np.ones((3, 3))) - cv2.erode(binary, np.ones((3, 3)))
    inner = cv2.erode(binary, np.ones((9, 9)))
    return float(steep[edge > 0].mean()), float(steep[inner > 0].mean())


def film(name: str, recipe: dict[str, Any], kind: str, mask: Field) -> None:
    """Dream a masked film and print what it shows."""
    recipe = {**recipe, "size": f"{WIDTH}x{HEIGHT}", "frames": FRAMES, "output": "unused"}
    recipe["encode"] = {"passes": ["source"], "codec": "png16"}
    planned = plan(make_recipe(recipe, kind), overwrite=True)
    equal = count = 0
    seams = []
    for group in planned.groups():
        for frame, source in zip(group.frames, group.sources, strict=True):
            moved = warp(np.repeat(mask[..., None], 3, -1), group.checkpoint.camera, "reflect")
            level = np.clip(moved[..., 0], 0, 255) / np.float32(255)
            blur = planned.job.regions[0].mask.blur
            level = snapped(np.asarray(cv2.GaussianBlur(level, (0, 0), blur) if blur else level))
            outside = level == 0
            equal += np.array_equal(frame[outside], source[outside])
            count += 1
            if outside.any():
                edge, inner = gradients(frame, level)
                seams.append(edge / inner)
    print(
        f"{name}: outside is the source in {equal} of {count} frames; gradient at the edge "
        f"{median(seams):.2f} of that inside (median; largest {max(seams):.2f})",
        flush=True,
    )


def cost(name: str, recipe: dict[str, Any], kind: str, size: Size, folder: Path) -> None:
    """Print what a quarter costs of the whole, in one run."""
    mask = np.zeros(size.shape, np.uint8)
    inner = [slice(length // 4, length - length // 4) for length in size.shape]
    mask[inner[0], inner[1]] = 255
    iio.imwrite(folder / "quarter.png", mask)
    times: dict[bool, list[list[tuple[float, float]]]] = {False: [], True: []}
    pixels: dict[bool, int] = {}
    for _ in range(ROUNDS):
        for masked in (False, True):
            # The mask stands, so that it stays a quarter while the camera moves.
            more = {"mask": {"file": str(folder / "quarter.png"), "follow": "frame"}}
            asked = {**recipe, **(more if masked else {}), "size": str(size), "output": "unused"}
            planned = plan(make_recipe({**asked, "frames": AFTER + COUNTED}, kind), overwrite=True)
            assert isinstance(planned.dreamer, Dreamer)
            taken, last = [], (time.monotonic(), time.process_time())
            for group in planned.groups():
                now = time.monotonic(), time.process_time()
                taken.append((now[0] - last[0], now[1] - last[1]))
                if group.checkpoint.done == AFTER:
                    pixels[masked] = -planned.dreamer.pixels
                last = time.monotonic(), time.process_time()
            pixels[masked] += planned.dreamer.pixels
            times[masked].append(taken[AFTER:])
    whole, part = (np.median(times[masked], axis=0) for masked in (False, True))
    wall, processor = part.sum(0) / whole.sum(0)
    print(
        f"{name}, a quarter of {size}: a later frame takes {wall:.2f} of the time, "
        f"{processor:.2f} of the processor's, {pixels[True] / pixels[False]:.2f} of the pixels",
        flush=True,
    )


def main() -> None:
    """Print a line for each film, and one for the cost."""
    with tempfile.TemporaryDirectory() as name:
        folder, mask = Path(name), disc()
        iio.imwrite(folder / "disc.png", mask.astype(np.uint8))
        masked = {"mask": str(folder / "disc.png")}
        for size in (Size(640, 360), Size(1280, 720)):
            cost("zoom", {"source": sys.argv[1]}, "zoom", size, folder)
            if len(sys.argv) > 2:
                cost("clip", {"source": sys.argv[2], **CLIP}, "video", size, folder)
        film("zoom", {"source": sys.argv[1], **masked}, "zoom", mask)
        soft = {"mask": {"file": str(folder / "disc.png"), "blur": 3}}
        if len(sys.argv) > 2:
            film("clip", {"source": sys.argv[2], **masked}, "video", mask)
            film("clip, blur 3", {"source": sys.argv[2], **soft}, "video", mask)


if __name__ == "__main__":
    main()
