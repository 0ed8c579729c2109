"""How well ``pocket`` dreams, in numbers and in one picture.

    python scripts/evaluate_pocket.py --teacher squeezenet.npz [PICTURE_OR_CLIP ...]
        [--sheet docs/pocket-layers.jpg]

Judge it on pictures that it was not trained on; without any, those in the folder that the
variable DREAMVID_TEST_MEDIA names are taken. Of a clip, the middle frame.

Transfer: how far a dream of ``pocket`` raises the teacher's objective, mean(a²) of the module
that a head stands for, as a share of what dreaming on the teacher itself gives. The step of
``pocket`` is scaled until both dreams change the pixels equally (RMS, within 5 %).

Checkerboard: the power of a dream's residual at the frequencies of the strides (1/2 to 1/16
cycles a pixel) over that of the bins around them; 1 is none. Once as one dreams, and once at
one octave and without jitter, where nothing hides it.

Variety: the correlation of the residuals of two heads (1: the same dream), and the sheet.

Speed: the least time of a gradient at 640×360 beside that of InceptionV3, in one run.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dreamvid.dream.pocket import HEADS, build_pocket, load_weights

Picture = NDArray[np.float32]  # (H, W, 3) RGB, 0..255
Response = Callable[[tf.Tensor], tf.Tensor]  # pictures (1, H, W, 3) in 0..255 to activations

TAPS = dict(zip(HEADS, ("fire4", "fire5", "fire6", "fire7", "fire8", "fire9"), strict=True))
WANTED = {"patterns": 0.88, "fur": 0.82, "faces": 0.78, "creatures": 0.48}
WEIGHTS = Path(__file__).parents[1] / "dreamvid" / "dream" / "pocket.npz"
JITTER = 32
STRIDES = (2, 4, 8, 16)


def build_teacher(path: Path) -> keras.Model:
    """SqueezeNet 1.0, from BGR pictures less the mean to its modules ``fire4`` to ``fire9``."""
    arrays = load_weights(path)

    def convolution(x: keras.KerasTensor, name: str, strides: int = 1) -> keras.KerasTensor:
        kernel = arrays[f"{name}/kernel"]
        layer = keras.layers.Conv2D(
            kernel.shape[3],
            kernel.shape[0],
            strides,
            "same",
            activation="relu",
            name=name.replace("/", "_"),
        )
        x = layer(x)
        layer.set_weights([kernel, arrays[f"{name}/bias"]])
        return x

    picture = keras.Input((None, None, 3))
    x = convolution(picture, "conv1", 2)
    x = keras.layers.MaxPooling2D(3, 2, "same")(x)
    taps = []
    for fire in ("fire2", "fire3", *TAPS.values()):
        squeezed = convolution(x, f"{fire}/conv1x1_1")
        wide = [convolution(squeezed, f"{fire}/{part}") for part in ("conv1x1_2", "conv3x3_2")]
        x = keras.layers.Concatenate(name=fire)(wide)
        if fire in TAPS.values():
            taps.append(x)
        if fire in ("fire4", "fire8"):
            x = keras.layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(picture, taps)


def head_of_pocket(pocket: keras.Model, head: str) -> Response:
    """One head of ``pocket`` as a function of a picture in 0..255."""
    part = keras.Model(pocket.input, pocket.get_layer(head).output)
    return lambda x: tf.cast(part(x / 127.5 - 1.0), tf.float32)


def tap_of_teacher(teacher: keras.Model, tap: str) -> Response:
    """One module of the teacher as a function of a picture in 0..255."""
    part = keras.Model(teacher.input, teacher.get_layer(tap).output)
    mean = tf.constant([104.0, 117.0, 123.0])
    return lambda x: part(tf.reverse(x, [-1]) - mean)


class Dreamer:
    """Gradient ascent on mean(a²) over octaves, with the detail put back in."""

    def __init__(self, response: Response) -> None:
        def step(x: tf.Tensor, shift: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
            rolled = tf.roll(x, shift, [1, 2])
            with tf.GradientTape() as tape:
                tape.watch(rolled)
                value = tf.reduce_mean(tf.square(response(rolled)))
            gradient = tape.gradient(value, rolled)
            gradient /= tf.math.reduce_std(gradient) + 1e-20
            return tf.roll(tf.clip_by_value(rolled + size * gradient, 0.0, 255.0), -shift, [1, 2])

        picture = tf.TensorSpec((1, None, None, 3), tf.float32)
        self._step = tf.function(
            step,
            input_signature=[
                picture,
                tf.TensorSpec((2,), tf.int32),
                tf.TensorSpec((), tf.float32),
            ],
        )
        self._value = tf.function(
            lambda x: tf.reduce_mean(tf.square(response(x))), input_signature=[picture]
        )

    def value(self, picture: Picture) -> float:
        """The objective of a picture."""
        return float(self._value(picture[None]))

    def __call__(
        self,
        picture: Picture,
        size: float = 2.0,
        *,
        octaves: int = 4,
        steps: int = 12,
        jitter: int = JITTER,
    ) -> Picture:
        """The dream of a picture; ``size`` is a step in levels (RMS)."""
        rng = np.random.default_rng(0)
        high, wide = picture.shape[:2]
        detail: Picture = np.zeros((1, 1, 3), np.float32)
        x = picture
        for octave in reversed(range(octaves)):
            scale = 1.4**octave
            here = (round(wide / scale), round(high / scale))
            base = cv2.resize(picture, here, interpolation=cv2.INTER_AREA)
            start = base + cv2.resize(detail, here, interpolation=cv2.INTER_CUBIC)
            tensor = tf.constant(np.clip(start, 0, 255)[None], tf.float32)
            for _ in range(steps):
                shift = tf.constant(rng.integers(-jitter, jitter + 1, 2), tf.int32)
                tensor = self._step(tensor, shift, size)
            x = tensor[0].numpy()
            detail = x - base
        return np.asarray(x, np.float32)


def rms(difference: Picture) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(np.square(difference))))


def equal_dream(dreamer: Dreamer, picture: Picture, change: float) -> Picture:
    """The dream that changes the pixels by ``change`` (RMS, within 5 %)."""
    size, dream = 2.0, picture
    for _ in range(8):
        dream = dreamer(picture, size)
        ratio = rms(dream - picture) / change
        if abs(ratio - 1) <= 0.05:
            return dream
        size /= ratio**1.2  # the change grows somewhat slower than the step
    raise SystemExit(f"no step changes the pixels by {change:.1f}")


def checkerboard(residual: Picture) -> NDArray[np.float64]:
    """Power at each frequency of :data:`STRIDES` over its neighbors', along rows and columns."""
    high, wide = (n // 16 * 16 for n in residual.shape[:2])
    grey = residual[:high, :wide].mean(2).astype(np.float64)
    ratios = []
    for lines in (grey, grey.T):
        count = lines.shape[1]
        power = np.mean(np.abs(np.fft.rfft(lines * np.hanning(count), axis=1)) ** 2, axis=0)
        for stride in STRIDES:
            centre = count // stride
            around = [centre + d for d in range(-6, 7) if abs(d) >= 3]
            inside = [i for i in around if 2 <= i < len(power)]
            ratios.append(power[centre] / np.mean(power[inside]))
    mean: NDArray[np.float64] = np.array(ratios).reshape(2, len(STRIDES)).mean(0)
    return mean


def read(path: Path, longest: int) -> Picture:
    """A picture, or the middle frame of a clip, shrunk to ``longest`` pixels."""
    image = cv2.imread(str(path))
    if image is None:
        clip = cv2.VideoCapture(str(path))
        clip.set(cv2.CAP_PROP_POS_FRAMES, clip.get(cv2.CAP_PROP_FRAME_COUNT) // 2)
        found, image = clip.read()
        if not found:
            raise SystemExit(f"{path} is neither a picture nor a clip")
    scale = longest / max(image.shape[:2])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32)


def contact_sheet(rows: Iterable[list[Picture]], width: int, height: int) -> NDArray[np.uint8]:
    """Rows of dreams, one column a head, names on top; BGR for OpenCV."""
    sheet = []
    for row in rows:
        cells = [cv2.resize(cell, (width, height), interpolation=cv2.INTER_AREA) for cell in row]
        sheet.append(np.concatenate(cells, 1))
    title = np.full((26, sheet[0].shape[1], 3), 20, np.uint8)
    for column, name in enumerate(["source", *HEADS]):
        at = (column * width + 6, 18)
        cv2.putText(title, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, 16)
    whole: NDArray[np.uint8] = np.clip(np.concatenate([title, *sheet]), 0, 255).astype(np.uint8)
    return whole[..., ::-1]


def seconds_per_gradient(network: keras.Model, layers: Iterable[str], count: int = 14) -> float:
    """The least time of a gradient of mean(a²) of ``layers`` together at 640×360."""
    part = keras.Model(network.input, [network.get_layer(name).output for name in layers])

    @tf.function  # type: ignore[untyped-decorator]
    def gradient(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            heads = part(x / 127.5 - 1.0, training=False)
            heads = heads if isinstance(heads, list) else [heads]
            value = tf.add_n([tf.reduce_mean(tf.square(tf.cast(a, tf.float32))) for a in heads])
        return tape.gradient(value, x)

    x = tf.random.uniform((1, 360, 640, 3), 0, 255)
    times = []
    for _ in range(count):
        start = time.perf_counter()
        gradient(x).numpy()
        times.append(time.perf_counter() - start)
    return min(times)


def print_speed(weights: Path) -> None:
    """How quick ``pocket`` is beside InceptionV3, in both precisions, and how large."""
    start = time.perf_counter()
    count = build_pocket(load_weights(weights)).count_params()
    seconds = time.perf_counter() - start
    print(
        f"{count:,} weights, {weights.stat().st_size:,} bytes, built and loaded in {seconds:.2f} s"
    )
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        pocket = build_pocket(load_weights(weights))
        other = keras.applications.InceptionV3(include_top=False, weights=None)
        slow = seconds_per_gradient(other, ["mixed3", "mixed5"])
        print(f"{policy}: InceptionV3, mixed3 and mixed5: {slow:.3f} s a gradient at 640x360")
        for heads in ("eyes",), ("faces",), ("faces", "creatures"):
            quick = seconds_per_gradient(pocket, heads)
            print(f"  {' and '.join(heads)}: {quick:.3f} s, {slow / quick:.2f} times as fast")
    keras.config.set_dtype_policy("float32")


def main() -> None:
    """Print the figures; write the sheet if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, nargs="*")
    parser.add_argument("--teacher", type=Path, required=True, help="SqueezeNet's .npz")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="pocket's .npz")
    parser.add_argument("--longest", type=int, default=384, help="pictures are shrunk to this")
    parser.add_argument("--heads", nargs="+", default=list(HEADS), choices=list(HEADS))
    parser.add_argument("--sheet", type=Path, help="write the contact sheet here (JPEG)")
    args = parser.parse_args()
    media = Path(os.environ.get("DREAMVID_TEST_MEDIA", "."))
    paths = args.pictures or sorted(p for p in media.iterdir() if p.suffix in {".jpg", ".mp4"})
    if not paths:
        parser.error("name a picture, or set DREAMVID_TEST_MEDIA")
    pictures = [read(path, args.longest) for path in paths]
    pocket, teacher = build_pocket(load_weights(args.weights)), build_teacher(args.teacher)

    dreams: dict[str, list[Picture]] = {}
    print(f"transfer at {args.longest} px: {' '.join(path.name for path in paths)}")
    for head in args.heads:
        mine = Dreamer(head_of_pocket(pocket, head))
        theirs = Dreamer(tap_of_teacher(teacher, TAPS[head]))
        shares, boards, dreams[head] = [], [], []
        for picture in pictures:
            goal = theirs(picture)
            dream = equal_dream(mine, picture, rms(goal - picture))
            before = theirs.value(picture)
            shares.append((theirs.value(dream) - before) / (theirs.value(goal) - before))
            dreams[head].append(dream)
            plain = [d(picture, octaves=1, jitter=0) for d in (mine, theirs)]
            boards.append([checkerboard(d - picture) for d in (dream, goal, *plain)])
        each = " ".join(f"{100 * share:.0f}" for share in shares)
        wanted = f" (wanted {100 * WANTED[head]:.0f})" if head in WANTED else ""
        print(f"{head} for {TAPS[head]}: {100 * np.mean(shares):.1f} %{wanted}; each: {each}")
        names = ("pocket", "teacher", "pocket, unhidden", "teacher, unhidden")
        for name, ratios in zip(names, np.mean(boards, 0), strict=True):
            row = " ".join(
                f"1/{stride}: {ratio:.2f}" for stride, ratio in zip(STRIDES, ratios, strict=True)
            )
            print(f"  checkerboard, {name}: {row}")

    for one, other in itertools.combinations(dreams, 2):
        pairs = zip(dreams[one], dreams[other], pictures, strict=True)
        alike = [np.corrcoef((a - p).ravel(), (b - p).ravel())[0, 1] for a, b, p in pairs]
        print(f"correlation of {one} and {other}: {np.mean(alike):.2f}")
    print_speed(args.weights)
    if args.sheet:
        rows = [[p, *(dreams[head][i] for head in HEADS)] for i, p in enumerate(pictures)]
        cv2.imwrite(str(args.sheet), contact_sheet(rows, 208, 130), [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == "__main__":
    main()
