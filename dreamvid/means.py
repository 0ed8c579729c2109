"""What a machine computes a render with: chosen once, and kept where the render goes on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from dreamvid.recipe import Recipe

Computed = Literal["float32", "bfloat16"]


TILES = (1280, 1024, 768, 512, 384, 256, 192)
TILE_PIXEL = 2000
"""Bytes a pixel of a tile, context included, that a gradient takes in float32: some 570 with
`lite0`, 700 with InceptionV3, 1831 with DenseNet121, the most; in bfloat16 some 60 % of that."""


@dataclass(frozen=True)
class Means:
    """What the recipe leaves to the machine, and a film's last bits hang on.

    Attributes:
        threads: that the network computes with; another count rounds otherwise.
        precision: what the network computes in.
        tile: the largest tile (px).

    None: not chosen yet, or nothing is computed.
    """

    threads: int
    precision: Computed | None = None
    tile: int | None = None

    @classmethod
    def here(cls) -> Means:
        """Those of this process, the rest to be chosen when the network is loaded."""
        return cls(cores())


def kept(recipe: Recipe, means: Means) -> Recipe:
    """`recipe` with what it leaves open as it was chosen before."""
    network, dream = recipe.network, recipe.dream
    if network.precision == "auto" and means.precision:
        network = network.model_copy(update={"precision": means.precision})
    if dream.tile is None:
        dream = dream.model_copy(update={"tile": means.tile})
    return recipe.model_copy(update={"network": network, "dream": dream})


def fitting(memory: float | None) -> int:
    """The largest tile (px) of which the gradient takes half of `memory` (bytes) at most."""
    for tile in TILES[:-1]:
        if memory is None or TILE_PIXEL * (tile + 64) ** 2 <= memory / 2:
            return tile
    return TILES[-1]


def cores() -> int:
    """How many the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
