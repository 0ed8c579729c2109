"""The five seeds written a second time, plainly, as a measure for dreamvid: of which nothing is
used here.

A frame goes in and comes out as RGB, 0..255, float64 (H, W, 3); within, each seed keeps its own
units. All dream with the two things that they are handed: `layers`, a network that has had no
preprocessing yet, and `draws`, the random numbers of an octave's steps.

What was wrong in the seeds is mended as the recipes in `configs/seeds` say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Picture = NDArray[np.float64]

Layers = Callable[[tf.Tensor], list[tf.Tensor]]
"""A batch of one picture (1, H, W, 3), as the network wants it, to its layers' activations."""

Draws = Callable[[tuple[int, int], int], Iterable[tuple[int, int]]]
"""For an octave's (height, width) and its number, smallest first: each step's (down, right)."""

EPS = 1e-8


# The TensorFlow tutorial, and the two that dream a whole picture with its gradient


def tutorial(
    frame: Picture,
    layers: Layers,
    draws: Draws,
    tile: int = 512,
    octaves: Iterable[int] = range(-2, 3),
) -> Picture:
    """One still; as many steps as there are draws."""
    size = frame.shape[:2]
    picture = frame / 127.5 - 1
    for number, n in enumerate(octaves):
        picture = resized(picture, [round(edge * 1.3**n) for edge in size])
        for draw in draws(picture.shape[:2], number):
            gradient = in_rolled_tiles(picture, layers, draw, tile)
            picture = climbed(picture, gradient, 0.01)
    return shown(resized(picture, size))


def in_rolled_tiles(picture: Picture, layers: Layers, draw: tuple[int, int], tile: int) -> Picture:
    """The seed's loop over tiles, with none left out and all of a size."""
    high, wide = picture.shape[:2]
    tall = math.ceil(high / math.ceil(high / tile))
    broad = math.ceil(wide / math.ceil(wide / tile))
    rolled = np.roll(picture, draw, (0, 1))
    gradient = np.full_like(rolled, np.nan)
    for y in range(0, high, tall):
        for x in range(0, wide, broad):
            # The last may be a pixel or two longer than what is left; those come from the other
            # edge, and were dreamed there.
            seen = rolled.take(range(y, y + tall), 0, mode="wrap")
            seen = seen.take(range(x, x + broad), 1, mode="wrap")
            slope = means_slope(seen, layers)
            gradient[y : y + tall, x : x + broad] = slope[: high - y, : wide - x]
    return np.roll(gradient, (-draw[0], -draw[1]), (0, 1))


def creative_ai(frame: Picture, layers: Layers, steps: int = 500) -> Picture:
    """One frame of the film with Inception."""
    picture = frame / 127.5 - 1
    for _ in range(steps):
        picture = climbed(picture, means_slope(picture, layers), 0.02)
    return shown(picture)


def creative_ai_densenet(frame: Picture, layers: Layers, steps: int = 500) -> Picture:
    """One frame of the film with DenseNet, which learned from pictures of 0..1 less ImageNet's
    mean, over ImageNet's deviation."""

    def behind(batch: tf.Tensor) -> list[tf.Tensor]:
        return layers(((batch + 1) / 2 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225])

    return creative_ai(frame, behind, steps)


def mini_me(frame: Picture, layers: Layers, steps: int = 100) -> Picture:
    """One frame of a clip, in RGB."""
    picture = frame / 127.5 - 1
    for _ in range(steps):
        picture = climbed(picture, means_slope(picture, layers), 0.01)
    return shown(picture)


def means_slope(picture: Picture, layers: Layers) -> Picture:
    """The gradient of Σ over layers of mean(a), for pixels of −1..1."""
    return slope(picture, lambda batch: tf.add_n([tf.reduce_mean(a) for a in layers(batch)]))


def climbed(picture: Picture, gradient: Picture, step: float) -> Picture:
    higher: Picture = np.clip(picture + step * gradient / (gradient.std() + EPS), -1, 1)
    return higher


def shown(picture: Picture) -> Picture:
    levels: Picture = (np.clip(picture, -1, 1) + 1) * 127.5
    return levels


# The recursive zoom, which works in levels throughout


def recursive_zoom(
    frame: Picture,
    layers: Layers,
    draws: Draws,
    steps: int = 20,
    repeats: int = 1,
    step: float = 1,
    tile: int = 400,
    least: int = 75,
) -> Picture:
    """One frame; `least` is the smallest edge (px) that the network takes."""

    def deep(batch: tf.Tensor) -> tf.Tensor:
        (activation,) = layers(batch / 127.5 - 1)
        return tf.reduce_mean(tf.square(activation))

    def optimized(picture: Picture, octave: int) -> Picture:
        for i, start in enumerate(draws(picture.shape[:2], octave)):
            gradient = in_offset_tiles(picture, deep, start, tile, least)
            sigma = 4 * i / steps + 0.5
            gradient = (
                blurred(gradient, sigma)
                + blurred(gradient, 2 * sigma)
                + blurred(gradient, sigma / 2)
            )
            picture = picture + step / gradient.std() * gradient
        return picture

    def recursive_optimize(picture: Picture, repeats_left: int) -> Picture:
        if repeats_left:
            down = 0.7 ** (repeats - repeats_left + 1)
            smaller = [round(edge * down) for edge in frame.shape[:2]]
            dreamed = recursive_optimize(resized(blurred(picture, 0.5), smaller), repeats_left - 1)
            picture = 0.2 * picture + 0.8 * resized(dreamed, picture.shape[:2])
        return optimized(picture, repeats_left)

    return np.clip(recursive_optimize(frame, repeats), 0, 255)


def in_offset_tiles(
    picture: Picture,
    height: Callable[[tf.Tensor], tf.Tensor],
    start: tuple[int, int],
    tile: int,
    least: int,
) -> Picture:
    """The seed's loop over tiles from a random start; where too little of one lies in the picture
    for the network, it is shown more of the picture."""
    gradient = np.full_like(picture, np.nan)
    for top, bottom, above, below in offset_cuts(picture.shape[0], start[0], tile, least):
        for left, right, before, after in offset_cuts(picture.shape[1], start[1], tile, least):
            found = np.full_like(picture, np.nan)
            found[above:below, before:after] = slope(picture[above:below, before:after], height)
            own = found[top:bottom, left:right]
            gradient[top:bottom, left:right] = own / (own.std() + EPS)
    return gradient


def offset_cuts(
    length: int, start: int, tile: int, least: int
) -> Iterator[tuple[int, int, int, int]]:
    """Where each tile's own part begins and ends, and where what the network is shown does."""
    tile = math.ceil(length / max(1, round(length / tile)))
    while start < length:
        first, last = max(start, 0), min(start + tile, length)
        from_ = min(first, max(length - least, 0))
        yield first, last, from_, max(last, min(from_ + least, length))
        start += tile


def blurred(picture: Picture, sigma: float) -> Picture:
    """A Gaussian cut off at 4 sigma, each channel by itself, the picture mirrored at its edges."""
    reach = int(4 * sigma + 0.5)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    bell /= bell.sum()
    for axis in (0, 1):
        around = [(reach, reach) if each == axis else (0, 0) for each in range(3)]
        mirrored = np.pad(picture, around, mode="symmetric")
        length = picture.shape[axis]
        parts = [mirrored.take(range(at, at + length), axis) * bell[at] for at in range(len(bell))]
        picture = np.sum(parts, axis=0)
    return picture


# The films


def film(
    seed: Picture,
    frames: int,
    trim: tuple[float, float],
    dream: Callable[[Picture, int], Picture],
) -> Iterator[Picture]:
    """A zoom into a still: each frame trimmed but the first, two levels lighter, dreamed."""
    frame = seed
    for t in range(frames):
        if t:
            frame = trimmed(frame, trim)
        frame = dream(np.clip(frame + 2, 0, 255), t)
        yield frame


def mixed(one: Picture, other: Picture) -> Picture:
    return 0.5 * one + 0.5 * other


def trimmed(frame: Picture, trim: tuple[float, float]) -> Picture:
    """x px taken off left and right and y px above and below, and what is left made as large as
    the frame was, about its middle; the smaller of the two factors serves both axes."""
    (high, wide), (x, y) = frame.shape[:2], trim
    factor = min(wide / (wide - 2 * x), high / (high - 2 * y))
    down = np.tensordot(enlarging(high, factor), frame, 1)
    return np.swapaxes(np.tensordot(enlarging(wide, factor), np.swapaxes(down, 0, 1), 1), 0, 1)


def enlarging(length: int, factor: float) -> Picture:
    """The matrix (length, length) that enlarges a line of pixels about its middle."""
    middle = (length - 1) / 2
    matrix = np.zeros((length, length))
    for row in range(length):
        place = middle + (row - middle) / factor
        for pixel in range(math.floor(place) - 1, math.floor(place) + 3):
            mirrored = abs(pixel)
            if mirrored > length - 1:
                mirrored = 2 * (length - 1) - mirrored
            matrix[row, mirrored] += keys(place - pixel)
    return matrix


def keys(distance: float) -> float:
    """Keys' cubic convolution kernel with a = −½."""
    a, d = -0.5, abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


# What all share


def slope(picture: Picture, height: Callable[[tf.Tensor], tf.Tensor]) -> Picture:
    """The gradient at a picture of what `height` makes of it as a batch of one."""
    batch = tf.constant(picture[np.newaxis], tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(batch)
        value = height(batch)
    return np.asarray(tape.gradient(value, batch)[0], np.float64)


def resized(picture: Picture, size: Iterable[int]) -> Picture:
    """To (height, width)."""
    found = tf.image.resize(picture, list(size), method="bicubic", antialias=True)
    return np.asarray(found, np.float64)
