"""A picture's gradient in tiles: every pixel once, no seam.

Each tile is read with a margin of context around its core and only the core's gradient is kept, so
that a pixel at a tile's edge is pushed by the same features as in the whole picture. Beyond the
picture the context wraps around, as the jitter's roll does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

MARGIN = 32
"""Context (px) around a tile's core."""


@dataclass(frozen=True)
class Row:
    """One axis of a picture, `length` px, cut into `count` cores of `core` px.

    The cores lie end to end, so each pixel belongs to exactly one; what the last of them has
    beyond the picture is wrapped in and dropped again.
    """

    length: int
    count: int
    core: int
    margin: int

    @classmethod
    def of(cls, length: int, largest: int) -> Row:
        """The fewest equal tiles of at most `largest` px of core; one tile needs no margin."""
        count = -(-length // largest)
        row = cls(length, count, -(-length // count), MARGIN if count > 1 else 0)
        # Every pixel gets equal steps: in exactly one core, and none left out.
        assert (row.count - 1) * row.core < row.length <= row.count * row.core
        return row

    @property
    def reach(self) -> int:
        """How far (px) a random roll must go so that tile edges fall anywhere; 0 for one tile."""
        return self.core if self.count > 1 else 0


def tiled_gradient(
    value: Callable[[tf.Tensor], tf.Tensor],
    picture: tf.Tensor,
    shift: tf.Tensor,
    rows: tf.Tensor,
    columns: tf.Tensor,
) -> tf.Tensor:
    """The gradient of `value` with respect to `picture` (H, W, 3), rolled by `shift` and in tiles.

    `shift` is int32 (down, right), undone in the result. `rows` and `columns` are int32 (count,
    core, margin) of the two axes: tensors, so that one trace serves every size. Each tile's
    objective is a mean over the tile; the tiles being equal, their gradients are on one scale.
    """
    high, wide = tf.shape(picture)[0], tf.shape(picture)[1]

    def gradient(index: tf.Tensor) -> tf.Tensor:
        up = _around(index // columns[0], rows, shift[0], high)
        across = _around(index % columns[0], columns, shift[1], wide)
        tile = tf.gather(tf.gather(picture, up, axis=0), across, axis=1)
        with tf.GradientTape() as tape:
            tape.watch(tile)
            height = value(tile)
        found = tape.gradient(height, tile)
        return found[rows[2] : rows[2] + rows[1], columns[2] : columns[2] + columns[1]]

    cores = tf.map_fn(
        gradient,
        tf.range(rows[0] * columns[0]),
        fn_output_signature=tf.TensorSpec((None, None, 3), tf.float32),
        parallel_iterations=1,
    )
    grid = tf.reshape(cores, (rows[0], columns[0], rows[1], columns[1], 3))
    whole = tf.transpose(grid, (0, 2, 1, 3, 4))
    whole = tf.reshape(whole, (rows[0] * rows[1], columns[0] * columns[1], 3))
    return tf.roll(whole[:high, :wide], -shift, (0, 1))


def _around(index: tf.Tensor, row: tf.Tensor, shift: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """The pixels that tile `index` of the rolled picture reads along one axis, with context."""
    first = index * row[1] - row[2] - shift
    return tf.math.floormod(tf.range(first, first + row[1] + 2 * row[2]), length)
