"""Films and sources that reports compare, and what a report says of them."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.cli import main
from dreamvid.frame import Frame
from dreamvid.media import ffmpeg
from dreamvid.media.opencv import cv2
from dreamvid.media.sink import to_uint8
from dreamvid.rendering.embedded import MARK
from dreamvid.report.measure import (
    Flow,
)

SIZE = (72, 96)


def texture(seed: int, size: tuple[int, int] = (160, 200)) -> Frame:
    """Soft blobs of several sizes, (H, W, 3): something for a flow to hold on to."""
    draw = np.random.default_rng(seed)
    blobs = np.zeros((*size, 3), np.float32)
    for sigma in (1.5, 4, 12):
        layer = cv2.GaussianBlur(draw.normal(size=(*size, 3)).astype(np.float32), (0, 0), sigma)
        blobs += layer / layer.std()
    return np.clip(128 + 25 * blobs, 0, 255)


def pan(canvas: Frame, step: tuple[int, int], frames: int) -> list[Frame]:
    """A camera that goes `step` px right and down a frame over `canvas`."""
    high, wide = SIZE
    return [
        canvas[30 + t * step[1] :, 30 + t * step[0] :][:high, :wide].copy() for t in range(frames)
    ]


def at(picture: NDArray[Any], x: float, y: float) -> NDArray[np.float64]:
    """One look-up, linear in between, the edge's pixel outside."""
    high, wide = picture.shape[:2]
    x, y = min(max(x, 0), wide - 1), min(max(y, 0), high - 1)
    left, top = min(int(x), wide - 2), min(int(y), high - 2)
    a, b = x - left, y - top
    corners = picture[top : top + 2, left : left + 2].astype(np.float64)
    upper = (1 - a) * corners[0, 0] + a * corners[0, 1]
    lower = (1 - a) * corners[1, 0] + a * corners[1, 1]
    return np.asarray((1 - b) * upper + b * lower)


def plain_e_warp(before: Frame, after: Frame, b: Flow, mask: NDArray[np.bool_]) -> float:
    """Lai et al.: Σ M·(warp(out_{t−1}) − out_t)² / Σ M over pixels and channels, in [0, 1]."""
    above, below = 0.0, 0.0
    for y, x in itertools.product(*map(range, mask.shape)):
        for channel in range(3):
            came = at(before, x + b[y, x, 0], y + b[y, x, 1])[channel] / 255
            above += mask[y, x] * (came - after[y, x, channel] / 255) ** 2
            below += mask[y, x]
    return above / below


def note_of(recipe: Any, files: Any = ()) -> str:
    told = {"recipe": recipe, "files": list(files), "dream": ""}
    return MARK + json.dumps(told)


def told(*words: str) -> dict[str, Any]:
    words = ("report", "d.mkv", "--source", "s.mkv", *words, "--json", "d.json", "--overwrite")
    assert main(words) == 0
    read: dict[str, Any] = json.loads(Path("d.json").read_text())
    return read


RATE = Fraction(25)


def whole(frames: Sequence[Frame]) -> list[Frame]:
    """Frames as a lossless film gives them back."""
    return [to_uint8(frame).astype(np.float32) for frame in frames]


def lossless(path: Path, frames: Sequence[Frame], rate: Fraction = RATE, comment: str = "") -> Path:
    """A film that keeps every level."""
    high, wide = frames[0].shape[:2]
    raw = b"".join(to_uint8(frame).tobytes() for frame in frames)
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{high}", "-r", str(rate)]
    coding = ["-c:v", "ffv1", "-pix_fmt", "bgr0", "-metadata", f"comment={comment}"]
    words = [
        ffmpeg.executable(),
        "-v",
        "error",
        "-y",
        *given,
        "-i",
        "pipe:0",
        *coding,
        f"file:{path}",
    ]
    subprocess.run(words, input=raw, check=True)
    return path


def grain(seed: int, like: Frame, spread: float = 10) -> Frame:
    return np.random.default_rng(seed).normal(0, spread, like.shape).astype(np.float32)
