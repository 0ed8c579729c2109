"""Tiling: a picture's gradient is computed in tiles no larger than the memory allows.

There are two tilings with the same interface: `RolledTiles` for the methods of the tutorial and of
Google, `OffsetTiles` for the recursive one. Both compute each pixel's gradient once. They differ in
where tiles begin, in the context a tile sees, and in whether each tile is normalised by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.tensorflow import tf
from dreamvid.recipe import Dream

Value = Callable[[tf.Tensor], tf.Tensor]
"""The objective of a tile: float32 (h, w, 3) to a float32 scalar."""

Draws = NDArray[np.int32]
"""A random offset (down, right), px, for each step: (steps, 2)."""

GUARD = 1e-20
"""Added to a norm before dividing by it. The objective is a mean over the picture, so gradients
shrink with its area: the guard must stay far below them, even in 8K."""


class Tiling(Protocol):
    """Cuts pictures of any size into tiles."""

    def draws(
        self, rng: np.random.Generator, size: tuple[int, int], steps: int, jitter: int
    ) -> Draws:
        """The random offset of the tiles at each of `steps`, for a picture of (height, width)."""

    def axis(self, length: int) -> tuple[int, int, int]:
        """How an axis of `length` px is tiled: three numbers for `gradient`. They enter the graph
        as data, so that one trace serves every size."""

    def whole(self, size: tuple[int, int]) -> bool:
        """Whether a picture of (height, width) is one tile; then `tile_gradient` is used
        instead."""

    def gradient(
        self, value: Value, picture: tf.Tensor, draw: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> tf.Tensor:
        """The gradient of `value` with respect to `picture`, (H, W, 3) both.

        Args:
            draw: this step's offset, from `draws`.
            rows: `axis` of the height.
            columns: `axis` of the width.
        """


def tiling(dream: Dream, tile: int, min_size: int) -> Tiling:
    """The tiling of a dream's method.

    Args:
        dream: gives the method and the tiles' margin.
        tile: size of a tile (px).
        min_size: smallest width and height (px) that the network accepts.
    """
    if dream.method == "recursive":
        return OffsetTiles(tile, min_size)
    return RolledTiles(tile, dream.tile_margin, min_size)


@dataclass(frozen=True)
class RolledTiles:
    """Equal tiles of at most `largest` px of a picture that is rolled at random, with wraparound.

    Each tile is read with `margin` px of context, and only its core's gradient is used, so that a
    pixel at a tile's edge sees the same features as in the whole picture. Tiles have equal sizes,
    so their objectives, which are means, are on one scale. With its context a tile has at least
    `min_size` px, the least that the network accepts.
    """

    largest: int
    margin: int
    min_size: int

    def axis(self, length: int) -> tuple[int, int, int]:
        """(count, core, margin), count the fewest equal tiles; a single tile needs no margin."""
        count = -(-length // self.largest)
        core = -(-length // count)
        min_margin = -(-(self.min_size - core) // 2)
        return count, core, max(self.margin, min_margin) if count > 1 else 0

    def whole(self, size: tuple[int, int]) -> bool:
        """Whether neither edge is longer than a tile."""
        return max(size) <= self.largest

    def draws(
        self, rng: np.random.Generator, size: tuple[int, int], steps: int, jitter: int
    ) -> Draws:
        """Each step's roll (px): at most the jitter, or with several tiles at most a core, so that
        the tiles' edges are elsewhere in each step."""
        cuts = [self.axis(length) for length in size]
        reach = [max(jitter, core if count > 1 else 0) for count, core, _ in cuts]
        return np.rint(rng.uniform(-1, 1, (steps, 2)) * reach).astype(np.int32)

    def gradient(
        self, value: Value, picture: tf.Tensor, draw: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> tf.Tensor:
        """The assembled cores, rolled back; tiles are not normalised by themselves, since that
        would show at their edges."""
        high, wide = tf.shape(picture)[0], tf.shape(picture)[1]

        def core(index: tf.Tensor) -> tf.Tensor:
            down = _tile_pixels(index // columns[0], rows, draw[0], high)
            across = _tile_pixels(index % columns[0], columns, draw[1], wide)
            tile = tf.gather(tf.gather(picture, down, axis=0), across, axis=1)
            gradient = tile_gradient(value, tile)
            return gradient[rows[2] : rows[2] + rows[1], columns[2] : columns[2] + columns[1]]

        cores = tf.map_fn(
            core,
            tf.range(rows[0] * columns[0]),
            fn_output_signature=tf.TensorSpec((None, None, 3), tf.float32),
            parallel_iterations=1,
        )
        grid = tf.reshape(cores, (rows[0], columns[0], rows[1], columns[1], 3))
        assembled = tf.transpose(grid, (0, 2, 1, 3, 4))
        assembled = tf.reshape(assembled, (rows[0] * rows[1], columns[0] * columns[1], 3))
        return tf.roll(assembled[:high, :wide], -draw, (0, 1))


def _tile_pixels(
    index: tf.Tensor, axis: tf.Tensor, shift: tf.Tensor, length: tf.Tensor
) -> tf.Tensor:
    """The pixels that tile `index` of the rolled picture reads along one axis, with context.

    Args:
        axis: (count, core, margin).
    """
    first = index * axis[1] - axis[2] - shift
    return tf.math.floormod(tf.range(first, first + axis[1] + 2 * axis[2]), length)


@dataclass(frozen=True)
class OffsetTiles:
    """Tiles of about `about` px that begin at random outside the picture, as in the recursive zoom.

    An axis of n px is cut into tiles of ceil(n / round(n / about)) px. The first begins between ¾
    and ¼ of a tile before the axis, so the first and last tiles lie only partly in the picture.
    Each tile's gradient is divided by its standard deviation: the dream is equally strong
    everywhere. A part under `min_size` px, the least that the network accepts, reads more of the
    picture, but only its pixels' gradient is used.
    """

    about: int
    min_size: int

    def axis(self, length: int) -> tuple[int, int, int]:
        """(count, tile, min_size); count is one more than fills the axis, as tiles begin before
        it."""
        count = max(1, round(length / self.about))
        tile = math.ceil(length / count)
        return count + 1, tile, min(self.min_size, length)

    def whole(self, size: tuple[int, int]) -> bool:
        """Always False: there are at least two tiles along each axis."""
        return False

    def draws(
        self, rng: np.random.Generator, size: tuple[int, int], steps: int, jitter: int
    ) -> Draws:
        """Where each step's first tile begins: between −¾ and −¼ of a tile; jitter is ignored."""
        tiles = np.array([self.axis(length)[1] for length in size])
        return np.rint(-tiles * rng.uniform(0.25, 0.75, (steps, 2))).astype(np.int32)

    def gradient(
        self, value: Value, picture: tf.Tensor, draw: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> tf.Tensor:
        """The assembled tiles, each divided by its standard deviation."""
        high, wide = tf.shape(picture)[0], tf.shape(picture)[1]
        assembled = tf.zeros_like(picture)
        for index in tf.range(rows[0] * columns[0]):
            top, bottom, above, below = _part(index // columns[0], rows, draw[0], high)
            left, right, before, after = _part(index % columns[0], columns, draw[1], wide)
            part = tile_gradient(value, picture[above:below, before:after])
            part = part[top - above : bottom - above, left - before : right - before]
            part = part / (tf.math.reduce_std(part) + GUARD)
            padding = [[top, high - bottom], [left, wide - right], [0, 0]]
            assembled = tf.ensure_shape(assembled + tf.pad(part, padding), (None, None, 3))
        return assembled


def _part(
    index: tf.Tensor, axis: tf.Tensor, start: tf.Tensor, length: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """The pixels of tile `index` along one axis, [first, last), and those that it reads, likewise.

    Args:
        axis: (count, tile, min_size).
    """
    first = tf.clip_by_value(start + index * axis[1], 0, length)
    last = tf.clip_by_value(start + (index + 1) * axis[1], 0, length)
    low = tf.minimum(first, length - axis[2])
    return first, last, low, tf.maximum(last, low + axis[2])


def tile_gradient(value: Value, tile: tf.Tensor, roll: tf.Tensor | None = None) -> tf.Tensor:
    """The gradient of `value` with respect to a tile, (h, w, 3) both.

    Args:
        roll: (down, right), px, by which the tile is rolled before, and the gradient rolled back;
            None: it is not rolled.
    """
    rolled = tile if roll is None else tf.roll(tile, roll, (0, 1))
    with tf.GradientTape() as tape:
        tape.watch(rolled)
        objective = value(rolled)
    gradient = tape.gradient(objective, rolled)
    return gradient if roll is None else tf.roll(gradient, -roll, (0, 1))
