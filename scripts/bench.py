"""How fast dreamvid is: beside others, beside the machine's limit, and from end to end.

    python scripts/bench.py                       all of it, some twenty minutes
    python scripts/bench.py gradients             one part: gradients, films, memory, start, faith
    python scripts/bench.py --markdown FILE       write the tables there as well

Everything that is compared is measured in one run, in turns, and the medians are given: first the
ratios, which another machine may be expected to show too. With PyTorch installed its rows are
measured as well. docs/performance.md has the results and says what they mean.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


import bench_films
import bench_peers
import keras
import numpy as np
import tensorflow as tf

from dreamvid.color import NATURAL
from dreamvid.dreaming.ascent import StepParams
from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.networks.load import build, load
from dreamvid.dreaming.shaping import mixing
from dreamvid.dreaming.step_map import StepMap
from dreamvid.dreaming.tensorflow import computed_in
from dreamvid.media.read import read_picture
from dreamvid.motion.resample import resized
from dreamvid.networks.registry import spec
from dreamvid.recipe import Network

NETWORKS = {"inception_v3": ("mixed3", "mixed5"), "lite0": ("heads", "creatures")}
SIZES = ((360, 640), (720, 1280), (2160, 3840))


def main() -> None:
    """Measure, and print the tables."""
    parts = {
        "gradients": gradients,
        "films": bench_films.films,
        "memory": bench_films.memory,
        "start": bench_films.start,
        "faith": bench_films.faith,
    }
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}")
    parser.add_argument("--clip", type=Path, help="a clip with sound; else one is made")
    parser.add_argument("--teacher", type=Path, help="SqueezeNet's .npz, for bfloat16's faith")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each")
    parser.add_argument("--markdown", type=Path, help="write the tables there as well")
    args = parser.parse_args()
    unknown = set(args.parts) - set(parts)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    lines = []
    for part in args.parts or parts:
        for line in chain(parts[part](args), [""]):
            print(line, flush=True)
            lines.append(line)
    if args.markdown:
        head = [machine(), ""]
        args.markdown.write_text("\n".join([*head, *lines]), encoding="utf-8")


def machine() -> str:
    """The machine and the versions, in a line."""
    named = platform.processor() or platform.machine()
    told = Path("/proc/cpuinfo")
    if told.exists():
        models = [one for one in told.read_text().splitlines() if one.startswith("model name")]
        named = models[0].partition(":")[2].strip() if models else named
    versions = f"TensorFlow {tf.__version__}, Keras {keras.__version__}, NumPy {np.__version__}"
    try:
        import torch

        versions += f", PyTorch {torch.__version__}"
    except ImportError:
        pass
    native = computed_in("auto")
    return f"{named}, {os.cpu_count()} cores, computes in {native}; {versions}"


def gradients(args: argparse.Namespace) -> Iterator[str]:
    """One step of ascent: others, dreamvid in both precisions, a matrix product as the ceiling."""
    for name, layers in NETWORKS.items():
        for size in SIZES:
            yield from _gradients(name, layers, size, args.rounds if size == SIZES[0] else 3)


def _gradients(
    name: str, layers: tuple[str, ...], size: tuple[int, int], rounds: int
) -> Iterator[str]:
    ways = dict(_steps(name, layers, size))
    picture = np.clip(resized(read_picture(bench_films.SEED), size), 0, 255)
    times = in_turns({way: lambda step=step: step(picture) for way, step in ways.items()}, rounds)
    work = 4 * multiplications(name, layers, size)
    high, wide = size
    yield f"### {name}, {' + '.join(layers)}, {wide}×{high}: {work / 1e9:.1f} GFLOP a gradient"
    yield ""
    yield "| a step of ascent | times as fast | s | GFLOP/s | of a matrix product |"
    yield "|---|---|---|---|---|"
    ceilings = {one: ceiling(one, rounds) for one in ("float32", "bfloat16")}
    base = next(iter(times.values()))
    for way, seconds in times.items():
        computed = "bfloat16" if "bfloat16" in way else "float32"
        rate = work / seconds
        yield (
            f"| {way} | {base / seconds:.2f} | {seconds:.3f} | {rate / 1e9:.0f} "
            f"| {rate / ceilings[computed]:.0%} |"
        )
    for computed, rate in ceilings.items():
        yield f"| a matrix product, {computed} | | | {rate / 1e9:.0f} | |"
    yield ""


def _steps(
    name: str, layers: tuple[str, ...], size: tuple[int, int]
) -> Iterator[tuple[str, bench_peers.Step]]:
    """Each way to take a step; those that take a picture whole not for 4K."""
    own = spec(name)
    installed = own.weights == "package"
    whole = load(own, Network(name=name, precision="float32")) if installed else build(own)
    model = keras.Model(whole.inputs, [whole.get_layer(layer).output for layer in layers])
    model.trainable = False
    small = max(size) < 2000
    if small:
        yield "TensorFlow's tutorial", bench_peers.tutorial(model, own.preprocess)
    yield "Google's octaves, in TensorFlow", bench_peers.google(model, own.preprocess)
    for computed in ("float32", "bfloat16"):
        yield f"dreamvid, {computed}", dreamvids(name, layers, size, computed, shaped=False)
        yield (
            f"dreamvid, {computed}, shaped",
            dreamvids(name, layers, size, computed, shaped=True),
        )
    if not small:
        return
    try:
        for way, quick in (("eager, channels first", False), ("channels last, bfloat16", True)):
            yield f"PyTorch, {way}", bench_peers.pytorch(model, own.preprocess, quick=quick)
    except ImportError:
        return


def dreamvids(
    name: str, layers: tuple[str, ...], size: tuple[int, int], computed: str, *, shaped: bool
) -> bench_peers.Step:
    """dreamvid's step, in the tiles that it would take by itself; `shaped` as its gradients are by
    default, which the others' are not."""
    own = spec(name)
    weights = None if own.weights == "package" else "random"
    network = Network(name=name, weights=weights, precision=computed)
    ascent = Dreamer(network, layers=dict.fromkeys(layers, 1.0), power=2)._climbs[0].ascent
    push = StepParams((1.0,) * len(layers), bench_peers.SIZE, (0.0, 0.0))
    if shaped:
        push = push._replace(bands=own.laplacian, mixing=mixing(NATURAL, own.decorrelate))
    steps = StepMap(size, 1, 1.0, np.zeros(size, np.float32), (), 0)
    draws, rng = np.array([[7, -5]], np.int32), np.random.default_rng(0)

    def step(picture: np.ndarray) -> np.ndarray:
        (taken,) = ascent.ascend(tf.constant(picture), steps, push, draws, rng)
        return taken.picture.numpy()

    return step


def in_turns(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each, one after the other in every round; a step comes after others of
    its own kind, so each is taken once before it is timed."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            time.sleep(0.05)  # threads of the last one may spin a while
            way()
            begun = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(own) for name, own in times.items()}


def ceiling(computed: str, rounds: int) -> float:
    """Operations a second of the quickest of some square matrix products."""
    best = 0.0
    for edge in (1024, 2048, 4096):
        one = tf.cast(tf.random.normal((edge, edge)), computed)
        product = tf.function(lambda a: tf.matmul(a, a))
        seconds = in_turns({"": lambda one=one, product=product: product(one).numpy()}, rounds)
        best = max(best, 2 * edge**3 / seconds[""])
    return best


def multiplications(name: str, layers: tuple[str, ...], size: tuple[int, int]) -> float:
    """Multiply-adds of the convolutions, forward, for a picture of (height, width)."""
    whole = build(spec(name))
    model = keras.Model(whole.inputs, [whole.get_layer(layer).output for layer in layers])
    kinds = keras.layers.Conv2D | keras.layers.DepthwiseConv2D
    convolutions = [one for one in model.layers if isinstance(one, kinds)]
    shapes = keras.Model(model.inputs, [one.output for one in convolutions])
    found = shapes.compute_output_shape((1, *size, 3))
    found = found if isinstance(found, list) else [found]
    return float(
        sum(
            np.prod(shape[1:3]) * np.prod(one.kernel.shape)
            for one, shape in zip(convolutions, found, strict=True)
        )
    )


if __name__ == "__main__":
    sys.exit(main())
