"""How a picture's gradient is taken: in tiles no larger than the memory allows.

Two ways of cutting, alike to the ascent: `RolledTiles` for the tutorial's and Google's dreams,
`OffsetTiles` for the recursive one. Both dream every pixel once; what differs is where the cuts
fall, what a tile sees beyond itself, and whether tiles are weighed against each other.
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
"""A tile, float32 (h, w, 3), to the float32 scalar that is raised."""

Draws = NDArray[np.int32]
"""One random (down, right) for each step."""

GUARD = 1e-20
"""Added to a norm that is divided by. The objective is a mean over the picture, so gradients shrink
with its area: the guard must stay far below them, even in 8K."""


class Tiling(Protocol):
    """Cuts pictures of any size into tiles."""

    def draws(
        self, rng: np.random.Generator, size: tuple[int, int], steps: int, jitter: int
    ) -> Draws:
        """The random place of the cuts at each of `steps`, for a picture of (height, width)."""

    def axis(self, length: int) -> tuple[int, int, int]:
        """How an axis of `length` px is cut, as three numbers for `gradient`: data of the graph,
        so that one trace serves every size."""

    def whole(self, size: tuple[int, int]) -> bool:
        """Whether a picture of (height, width) is one tile; then `tile_gradient` takes it."""

    def gradient(
        self, value: Value, picture: tf.Tensor, draw: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> tf.Tensor:
        """The gradient of `value` with respect to `picture`, (H, W, 3) both."""


def tiling(dream: Dream, tile: int, min_size: int) -> Tiling:
    """The tiling of a dream's method, of tiles of `tile` px, for a network that takes `min_size` px
    or more."""
    if dream.method == "recursive":
        return OffsetTiles(tile, min_size)
    return RolledTiles(tile, dream.tile_margin, min_size)


@dataclass(frozen=True)
class RolledTiles:
    """Equal tiles of at most `largest` px of a picture rolled at random, around its edges.

    Each tile is read with `margin` px of context and only its core's gradient is kept, so that a
    pixel at a tile's edge is pushed by the same features as in the whole picture. The tiles being
    equal, the means that are raised are on one scale. With its context a tile has at least
    `min_size` px, for the network takes no less.
    """

    largest: int
    margin: int
    min_size: int

    def axis(self, length: int) -> tuple[int, int, int]:
        """(count, core, margin): the fewest equal tiles; one alone needs no margin."""
        count = -(-length // self.largest)
        core = -(-length // count)
        lacking = -(-(self.min_size - core) // 2)
        return count, core, max(self.margin, lacking) if count > 1 else 0

    def whole(self, size: tuple[int, int]) -> bool:
        """Whether neither edge is longer than a tile."""
        return max(size) <= self.largest

    def draws(
        self, rng: np.random.Generator, size: tuple[int, int], steps: int, jitter: int
    ) -> Draws:
        """Each step's roll: the jitter (px), and further where tile edges want hiding."""
        cuts = [self.axis(length) for length in size]
        reach = [max(jitter, core if count > 1 else 0) for count, core, _ in cuts]
        return np.rint(rng.uniform(-1, 1, (steps, 2)) * reach).astype(np.int32)

    def gradient(
        self, value: Value, picture: tf.Tensor, draw: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> tf.Tensor:
        """The assembled cores, the roll undone; not normalised, for tile by tile would show."""
        high, wide = tf.shape(picture)[0], tf.shape(picture)[1]

        def core(index: tf.Tensor) -> tf.Tensor:
            up = _around(index // columns[0], rows, draw[0], high)
            across = _around(index % columns[0], columns, draw[1], wide)
            tile = tf.gather(tf.gather(picture, up, axis=0), across, axis=1)
            found = tile_gradient(value, tile)
            return found[rows[2] : rows[2] + rows[1], columns[2] : columns[2] + columns[1]]

        cores = tf.map_fn(
            core,
            tf.range(rows[0] * columns[0]),
            fn_output_signature=tf.TensorSpec((None, None, 3), tf.float32),
            parallel_iterations=1,
        )
        grid = tf.reshape(cores, (rows[0], columns[0], rows[1], columns[1], 3))
        whole = tf.transpose(grid, (0, 2, 1, 3, 4))
        whole = tf.reshape(whole, (rows[0] * rows[1], columns[0] * columns[1], 3))
        return tf.roll(whole[:high, :wide], -draw, (0, 1))


def _around(index: tf.Tensor, cut: tf.Tensor, shift: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """The pixels that tile `index` of the rolled picture reads along one axis, with context."""
    first = index * cut[1] - cut[2] - shift
    return tf.math.floormod(tf.range(first, first + cut[1] + 2 * cut[2]), length)


@dataclass(frozen=True)
class OffsetTiles:
    """Tiles of about `about` px that begin at random outside the picture, as the recursive zoom's.

    An axis of n px is cut into tiles of ceil(n / round(n / about)) px from a start between ¾ and ¼
    of a tile before it, so that the first and the last are parts of one. Each tile's gradient is
    divided by its own standard deviation: everywhere the dream is equally strong. A part under
    `min_size` px reads on into the picture, for the network takes no less; it keeps only its own.
    """

    about: int
    min_size: int

    def axis(self, length: int) -> tuple[int, int, int]:
        """(count, tile, min_size): one tile more than fill the axis, for they begin before it."""
        count = max(1, round(length / self.about))
        tile = math.ceil(length / count)
        return count + 1, tile, min(self.min_size, length)

    def whole(self, size: tuple[int, int]) -> bool:
        """Never: the first and the last are parts of one."""
        return False

    def draws(
        self, rng: np.random.Generator, size: tuple[int, int], steps: int, jitter: int
    ) -> Draws:
        """Where each step's first tile begins, between −¾ and −¼ of a tile, whatever the jitter."""
        tiles = np.array([self.axis(length)[1] for length in size])
        return np.rint(-tiles * rng.uniform(0.25, 0.75, (steps, 2))).astype(np.int32)

    def gradient(
        self, value: Value, picture: tf.Tensor, draw: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> tf.Tensor:
        """The assembled tiles, each at unit deviation."""
        high, wide = tf.shape(picture)[0], tf.shape(picture)[1]
        whole = tf.zeros_like(picture)
        for index in tf.range(rows[0] * columns[0]):
            up, down, above, below = _part(index // columns[0], rows, draw[0], high)
            left, right, before, after = _part(index % columns[0], columns, draw[1], wide)
            found = tile_gradient(value, picture[above:below, before:after])
            found = found[up - above : down - above, left - before : right - before]
            found = found / (tf.math.reduce_std(found) + GUARD)
            around = [[up, high - down], [left, wide - right], [0, 0]]
            whole = tf.ensure_shape(whole + tf.pad(found, around), (None, None, 3))
        return whole


def _part(
    index: tf.Tensor, cut: tf.Tensor, start: tf.Tensor, length: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """What tile `index` keeps along one axis, [first, last), and what it reads."""
    first = tf.clip_by_value(start + index * cut[1], 0, length)
    last = tf.clip_by_value(start + (index + 1) * cut[1], 0, length)
    low = tf.minimum(first, length - cut[2])
    return first, last, low, tf.maximum(last, low + cut[2])


def tile_gradient(value: Value, tile: tf.Tensor, roll: tf.Tensor | None = None) -> tf.Tensor:
    """The gradient of `value` with respect to a tile, (h, w, 3) both.

    Args:
        roll: (down, right), by which the tile is rolled for it, and the gradient back.
    """
    seen = tile if roll is None else tf.roll(tile, roll, (0, 1))
    with tf.GradientTape() as tape:
        tape.watch(seen)
        height = value(seen)
    found = tape.gradient(height, seen)
    return found if roll is None else tf.roll(found, -roll, (0, 1))
