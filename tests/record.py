"""A record of behaviour: what a fixed set of short films is, to the bit, on this machine.

python -m tests.record keep FILE      render them, and keep the digests of their frames
python -m tests.record compare FILE   render them again, and name those that are another's now

A change that should change no picture is shown to have changed none: keep before it, compare after
it, on one machine with the same packages. It takes some three minutes.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, cast

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from dreamvid import render
from dreamvid.recipe import Recipe
from dreamvid.recipe.load import make_recipe, presets, read_recipe
from tests import media_factory as make

SIZE = "112x96"


def digest(frames: Iterable[NDArray[Any]]) -> str:
    """Of the bytes of all frames, their shapes and types."""
    found = hashlib.blake2b(digest_size=12)
    for frame in frames:
        found.update(f"{frame.shape}{frame.dtype.str}".encode())
        found.update(np.ascontiguousarray(frame).tobytes())
    return found.hexdigest()


def recipe(data: dict[str, Any], folder: Path, output: str, **said: Any) -> Recipe:
    """A recipe of this data on media of our own; sections are merged."""
    merged = {**data, "output": str(folder / output)}
    for key, value in said.items():
        old = merged.get(key)
        merged[key] = (
            {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return make_recipe(merged)


def frames_of(asked: Recipe) -> list[NDArray[Any]]:
    """The float frames as they come."""
    return [step.frame.copy() for step in render(asked, overwrite=True, keep="nothing")]


def shipped(name: str, folder: Path) -> Recipe:
    """A preset or seed, shortened: three small frames of little work."""
    data = read_recipe(name)
    kind = data.get("kind", "zoom")
    still = str(make.picture(folder / "a.png", 112, 96))
    clip = str(make.moving_clip(folder / "a.mp4", 112, 96, 8, 5))
    network = data.get("network", "lite0")
    called = network if isinstance(network, str) else network["name"]
    dream = {**data.get("dream", {}), "steps": 1, "burst": 2}
    dream["octaves"] = min(2, dream.get("octaves", 2))
    said: dict[str, Any] = {
        "source": clip if kind == "video" else [still, still] if "mix" in data else still,
        "size": SIZE,
        "network": {"name": called, "weights": None if called == "lite0" else "random"},
        "dream": dream,
    }
    if kind != "image":
        said["frames"] = 3
    if isinstance(data.get("blend"), dict) and "warmup" in data["blend"]:
        data["blend"] = {**data["blend"], "warmup": 2}
    return recipe({**data, "kind": kind}, folder, "b.png" if kind == "image" else "b.mp4", **said)


def zoom(folder: Path, output: str = "z.mp4", **said: Any) -> Recipe:
    """A short zoom of the default network."""
    still = str(make.picture(folder / "z.png", 112, 96))
    data = {"kind": "zoom", "source": still, "frames": 4, "size": SIZE, "dream": {"burst": 3}}
    return recipe(data, folder, output, **said)


def video(folder: Path, output: str = "w.mp4", **said: Any) -> Recipe:
    """A short clip with motion and a cut, the default network."""
    clip = str(make.moving_clip(folder / "v.mp4", 112, 96, 9, 6))
    data = {"kind": "video", "source": clip, "size": SIZE, "dream": {"burst": 3}}
    return recipe(data, folder, output, **{"blend": {"warmup": 1}, **said})


def resumed(asked: Recipe, after: int) -> list[NDArray[Any]]:
    """The output of a render that was closed after some frames, then resumed."""
    steps = render(asked, overwrite=True)
    first = []
    for step in steps:
        first.append(step.frame.copy())
        if len(first) == after:
            steps.close()
    list(render(asked))
    return written(asked)


def written(asked: Recipe) -> list[NDArray[Any]]:
    """The decoded pictures of an output."""
    assert asked.output
    if asked.output.is_dir():
        return [np.asarray(iio.imread(path)) for path in sorted(asked.output.iterdir())]
    if asked.output.suffix == ".webp":
        return [np.asarray(iio.imread(asked.output, plugin="pillow", index=cast(Any, ...)))]
    return [make.decoded(asked.output)]


def coded(asked: Recipe) -> list[NDArray[Any]]:
    """Rendered at once; the decoded pictures of the output."""
    list(render(asked, overwrite=True))
    return written(asked)


NONE: dict[str, Any] = {"network": "none"}
RANDOM: dict[str, Any] = {"network": {"name": "squeezenet", "weights": "random"}}
TILES: dict[str, Any] = {"dream": {"tile": 64, "tile_margin": 16, "octaves": 2}}

CASES: dict[str, Callable[[Path], list[NDArray[Any]]]] = {
    **{
        f"preset {name}": partial(lambda name, at: frames_of(shipped(name, at)), name)
        for name in presets()
    },
    "zoom": lambda at: frames_of(zoom(at)),
    "zoom turned": lambda at: frames_of(zoom(at, motion={"angle": 3.0, "border": "wrap"})),
    "zoom scheduled": lambda at: frames_of(zoom(at, motion={"zoom": "0:(1.01), 3:(1.2) cubic"})),
    "zoom of two": lambda at: frames_of(
        zoom(at, source=[str(make.picture(at / f"{n}.png", 112, 96, n)) for n in (1, 2)], mix=0.3)
    ),
    "random weights": lambda at: frames_of(zoom(at, **RANDOM)),
    "tiles": lambda at: frames_of(zoom(at, **TILES)),
    "tiles of a clip": lambda at: frames_of(video(at, **TILES, frames=3)),
    "image": lambda at: frames_of(
        recipe(
            {"kind": "image", "source": str(make.picture(at / "i.png", 112, 96)), "size": SIZE},
            at,
            "o.png",
            dream={"burst": 4},
        )
    ),
    "clip": lambda at: frames_of(video(at, "c.mp4")),
    "clip, camera": lambda at: frames_of(
        video(at, "c.mp4", motion={"zoom": 1.05, "moves": "camera"}, frames=4)
    ),
    "clip, picture": lambda at: frames_of(
        video(at, "c.mp4", blend={"carry": "picture", "follow": "still", "share": 0.5}, frames=4)
    ),
    "clip, cadence": lambda at: frames_of(video(at, "c.mp4", cadence=2)),
    "clip, rate": lambda at: frames_of(
        video(at, "c.mp4", fps=12, start=0.04, size="100x80", **NONE)
    ),
    "zoom, resumed": lambda at: resumed(zoom(at), 2),
    "clip, resumed": lambda at: resumed(video(at, "c.mp4"), 7),
    "cadence, resumed": lambda at: resumed(video(at, "c.mp4", cadence=3), 4),
    "mp4, joined": lambda at: coded(zoom(at, frames=100, **NONE)),
    "mp4, resumed": lambda at: resumed(zoom(at, frames=100, **NONE), 60),
    "gif": lambda at: coded(zoom(at, "z.gif", frames=60, **NONE)),
    "gif, resumed": lambda at: resumed(zoom(at, "z.gif", frames=60, **NONE), 52),
    "webp": lambda at: coded(zoom(at, "z.webp", frames=6, **NONE)),
    "pictures": lambda at: coded(zoom(at, "frames", frames=5, **NONE)),
    "pictures, resumed": lambda at: resumed(zoom(at, "frames", frames=5, **NONE), 3),
}


def record() -> dict[str, str]:
    """Each case's digest."""
    found = {}
    for name, frames in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                found[name] = digest(frames(Path(folder)))
            except Exception as error:
                found[name] = f"{type(error).__name__}: {error}"
        print(f"{name:32} {found[name]}", flush=True)
    return found


def main(word: str, file: str) -> int:
    """Keep, or compare; the exit status."""
    path = Path(file)
    if word == "keep":
        path.write_text(json.dumps(record(), indent=1), encoding="utf-8")
        return 0
    kept, found = json.loads(path.read_text(encoding="utf-8")), record()
    other = [name for name in {**kept, **found} if kept.get(name) != found.get(name)]
    print(f"{len(other)} of {len(found)} are not what they were: {', '.join(other) or 'none'}")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
