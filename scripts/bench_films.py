"""The bench's films, from end to end, and what else one waits for or runs out of."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

from dreamvid.dreaming.ascent import Ascent
from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.frame import Size
from dreamvid.machine import taken
from dreamvid.media.outputs import write_picture
from dreamvid.media.read import read_picture
from dreamvid.motion.resample import resize_cubic
from dreamvid.networks.registry import spec
from dreamvid.recipe import Blend, Dream, ImageRecipe, Network, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.rendering.plan import plan
from dreamvid.rendering.render import record
from dreamvid.task import DreamTask

SEED = Path(__file__).parent.parent / "dreamvid" / "seeds" / "clouds.jpg"
SIZE = (640, 360)
DRAWS = 6  # of the shifts; a dream is chaotic, and one of them says little


@dataclass
class Times:
    """What one film took: seconds in all, of its gradients, of each frame; the share of the time
    that is not the gradients' from the second frame on; and the pixels of its gradients."""

    wall: float
    gradients: float
    frames: list[float]
    outside: float
    pixels: float


def films(args: argparse.Namespace) -> Iterator[str]:
    """Zooms and clips, and what of their time is not the gradients'."""
    with tempfile.TemporaryDirectory() as folder:
        clip = args.clip or made_clip(Path(folder) / "clip.mp4")
        yield "### Films of 640×360, read, followed, dreamed, coded"
        yield ""
        yield "| film | frames a minute | outside the gradients | of all its time |"
        yield "|---|---|---|---|"
        rates = {}
        for network in ("inception_v3", "lite0"):
            films = {
                "zoom, 50 frames": zoom(network, 50),
                "clip, 30 frames": video(network, clip, 30),
                "clip, frame by frame, 10 frames": frame_by_frame(network, clip, 10),
            }
            for name, recipe in films.items():
                took = timed(recipe, Path(folder) / "film.mp4")
                later = took.frames[1:]
                rates[network, name] = 60 / statistics.median(later)
                yield (
                    f"| {network}, {name} | {rates[network, name]:.0f} | {took.outside:.1%} "
                    f"| {1 - took.gradients / took.wall:.1%} |"
                )
        yield ""
        for network in ("inception_v3", "lite0"):
            steady = rates[network, "clip, 30 frames"]
            times = steady / rates[network, "clip, frame by frame, 10 frames"]
            strengths = strength(network, clip)
            yield (
                f"{network}: a clip with the defaults comes {times:.2f} times as fast as frame by "
                f"frame, at {strengths:.2f} times its strength."
            )
        yield ""
        alike = overlap(clip, Path(folder))
        yield f"With threads and without (`DREAMVID_OVERLAP=0`): {alike}."


def zoom(network: str, frames: int) -> ZoomRecipe:
    """A zoom with the defaults."""
    return ZoomRecipe(source=(SEED,), size=SIZE, frames=frames, network=_network(network))


def video(network: str, clip: Path, frames: int) -> VideoRecipe:
    """A clip with the defaults."""
    return VideoRecipe(source=(clip,), size=SIZE, frames=frames, network=_network(network))


def frame_by_frame(network: str, clip: Path, frames: int) -> VideoRecipe:
    """A clip whose every frame is dreamed anew, with as many steps as a first one has."""
    return video(network, clip, frames).model_copy(
        update={"blend": Blend(share=0), "dream": Dream(steps=_burst(network))}
    )


def _burst(network: str) -> int:
    return spec(network).steps


def _network(name: str) -> Network:
    return Network(name=name, weights="random" if spec(name).weights == "imagenet" else None)


def timed(recipe: Recipe, output: Path) -> Times:
    """Render a film; its network is loaded and its graphs traced before."""
    made = plan(recipe.model_copy(update={"output": output}), overwrite=True, restart=True)
    dreamer = made.dream
    assert isinstance(dreamer, Dreamer)
    width, height = made.source.size
    small = np.ascontiguousarray(resize_cubic(read_picture(SEED), Size(width, height)))
    for index in range(2):  # a first dream, and one that is carried
        dreamer(DreamTask(small, index))
    spent = Spent(dreamer._climbs[0].ascent)
    before = dreamer.pixels
    begun = last = time.perf_counter()
    frames, at = [], [0.0]
    for _ in record(made, overwrite=True, restart=True, keep="nothing"):
        now = time.perf_counter()
        frames.append(now - last)
        at.append(spent.seconds)
        last = now
    wall = time.perf_counter() - begun
    later = sum(frames[1:])
    outside = 1 - (at[-1] - at[1]) / later if later else 0.0
    return Times(wall, spent.seconds, frames, outside, dreamer.pixels - before)


class Spent:
    """Counts the seconds within an ascent's gradients."""

    def __init__(self, ascent: Ascent) -> None:
        self.seconds = 0.0
        ascend = ascent.ascend

        def counted(*args: Any, **options: Any) -> Iterator[Any]:
            begun = time.perf_counter()
            for ascended in ascend(*args, **options):
                ascended.picture.numpy()  # now it is there
                self.seconds += time.perf_counter() - begun
                yield ascended
                begun = time.perf_counter()

        ascent.ascend = counted


def strength(network: str, clip: Path) -> float:
    """The objective that the defaults gain on the last of some frames, over frame by frame's."""
    gains = []
    for recipe in (video(network, clip, 12), frame_by_frame(network, clip, 12)):
        with tempfile.TemporaryDirectory() as folder:
            made = plan(recipe.model_copy(update={"output": Path(folder) / "a.mp4"}))
            dreamer = made.dream
            assert isinstance(dreamer, Dreamer)
            *_, last = (step.frame for step in record(made, keep="nothing"))
        *_, source = made.source.open()
        gains.append(dreamer.objective_of(last) - dreamer.objective_of(source))
    return gains[0] / gains[1]


def overlap(clip: Path, folder: Path) -> str:
    """Whether a film is the same to the byte without what is done beside the dream."""
    films = []
    for switch in ("1", "0"):
        output = folder / f"overlap{switch}.mp4"
        command = ["video", str(clip), "--frames", "8", "--size", "320x180", "-o", str(output)]
        _dreamvid(command, DREAMVID_OVERLAP=switch)
        films.append(output.read_bytes())
    return "the same bytes" if films[0] == films[1] else "NOT the same bytes"


def memory(args: argparse.Namespace) -> Iterator[str]:
    """A 4K still, and a long film: time a pixel, and memory."""
    yield "### Memory"
    yield ""
    yield "| still, InceptionV3, one step an octave | s a million pixels | GiB at most |"
    yield "|---|---|---|"
    for width, height in ((1280, 720), (3840, 2160)):
        told = _alone("still", width, height)
        yield f"| {width}×{height} | {told['rate']:.3f} | {told['memory']:.2f} |"
    told = _alone("long", 160, 120)
    yield ""
    yield (
        f"600 frames of 160×120 with `lite0`: the last third's median frame takes "
        f"{told['slower']:.2f} times the first third's; {told['early']:.0f} MB at frame 50, "
        f"{told['late']:.0f} MB at the end."
    )


def _alone(what: str, width: int, height: int) -> dict[str, float]:
    """Run `what` in a process of its own, for its memory."""
    here = [sys.executable, str(Path(__file__)), what, str(width), str(height)]
    told = subprocess.run(here, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(told.splitlines()[-1])
    return found


def still(width: int, height: int) -> dict[str, float]:
    """A still of that size, one step an octave."""
    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder) / "seed.png"
        resized = resize_cubic(read_picture(SEED), Size(width, height))
        write_picture(seed, np.clip(resized, 0, 255), overwrite=True)
        recipe = ImageRecipe(
            source=(seed,), network=_network("inception_v3"), dream=Dream(steps=1, burst=1)
        )
        took = timed(recipe, Path(folder) / "still.png")
    return {"rate": took.gradients / took.pixels * 1e6, "memory": taken() / 2**30}


def long(width: int, height: int) -> dict[str, float]:
    """600 frames of a zoom."""
    recipe = ZoomRecipe(source=(SEED,), size=(width, height), frames=600)
    with tempfile.TemporaryDirectory() as folder:
        made = plan(recipe.model_copy(update={"output": Path(folder) / "a.mp4"}))
        times, early, last = [], 0.0, time.perf_counter()
        for step in record(made, keep="nothing"):
            now = time.perf_counter()
            times.append(now - last)
            last = now
            early = taken() / 1e6 if step.index == 50 else early
    slower = statistics.median(times[400:]) / statistics.median(times[2:200])
    return {"slower": slower, "early": early, "late": taken() / 1e6}


def start(args: argparse.Namespace) -> Iterator[str]:
    """What one waits for before there is anything to see."""
    first = "from bench_films import first_gradient; first_gradient()"
    commands = {
        "`import tensorflow`": [sys.executable, "-c", "import tensorflow"],
        "`import tensorflow, cv2`": [sys.executable, "-c", "import tensorflow, cv2"],
        "`dreamvid --help`": [sys.executable, "-m", "dreamvid", "--help"],
        "`dreamvid zoom`, to its first gradient": [sys.executable, "-c", first],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(max(3, args.rounds // 2)):
        for name, command in commands.items():
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parent)
            times[name].append(time.perf_counter() - begun)
    yield "### Start"
    yield ""
    yield "| | s | of importing TensorFlow |"
    yield "|---|---|---|"
    base = statistics.median(times["`import tensorflow`"])
    for name, own in times.items():
        yield f"| {name} | {statistics.median(own):.2f} | {statistics.median(own) / base:.2f} |"


def first_gradient() -> None:
    """`dreamvid zoom` until its first gradient begins."""
    from dreamvid.rendering.render import render as rendering

    def made(*given: Any) -> Any:
        dreamer = make(*given)
        dreamer._climbs[0].ascent.ascend = lambda *args, **more: os._exit(0)
        return dreamer

    make, rendering.make_dreamer = rendering.make_dreamer, made  # type: ignore[assignment]
    from dreamvid.cli import main

    with tempfile.TemporaryDirectory() as folder:
        sys.exit(main(["zoom", str(SEED), "-o", str(Path(folder) / "a.mp4")]))


def faith(args: argparse.Namespace) -> Iterator[str]:
    """What bfloat16 gains of the objective, judged in float32, on whole frames of other draws."""
    yield "### bfloat16"
    yield ""
    yield "| network | of the objective that float32 gains |"
    yield "|---|---|"
    networks = [_network("inception_v3"), _network("lite0")]
    if args.teacher:
        networks.append(Network(name="squeezenet", weights=str(args.teacher)))
    seed = np.ascontiguousarray(resize_cubic(read_picture(SEED), Size(*SIZE)))
    bare = np.ones(seed.shape[:2], np.float32)
    for network in networks:
        gains, judge = [], None
        for computed in ("float32", "bfloat16"):
            own = network.model_copy(update={"precision": computed})
            dreamer = Dreamer(own)
            judge = judge or dreamer
            dreams = [judge.objective_of(dreamer(DreamTask(seed, t, bare))) for t in range(DRAWS)]
            gains.append(np.mean(dreams) - judge.objective_of(seed))
        yield f"| {network.name} | {gains[1] / gains[0]:.1%} |"


def made_clip(path: Path) -> Path:
    """A pan over the shipped seed with a tone, 40 frames."""
    wide = SIZE[0] * 5 // 4, SIZE[1] * 5 // 4
    pan = f"scale={wide[0]}:{wide[1]},crop={SIZE[0]}:{SIZE[1]}:x='2.3*n':y='.7*n'"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    inputs = ["-loop", "1", "-framerate", "25", "-i", str(SEED), "-f", "lavfi", "-i", "sine=440"]
    coded = ["-frames:v", "40", "-shortest", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run([ffmpeg, "-v", "error", "-y", *inputs, "-vf", pan, *coded], check=True)
    return path


def _dreamvid(command: list[str], **environment: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "dreamvid", *command],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )


if __name__ == "__main__":
    print(json.dumps({"still": still, "long": long}[sys.argv[1]](*map(int, sys.argv[2:4]))))
