"""A recipe for smaller frames that dreams what its film does, as far as it can."""

from __future__ import annotations

import math
from typing import Any

from dreamvid.frame import Size
from dreamvid.networks.registry import NOTHING
from dreamvid.recipe import Recipe
from dreamvid.recipe.form import Form
from dreamvid.recipe.scaled import scaled
from dreamvid.recipe.schedule import mapped
from dreamvid.resolve import Job


def smaller_data(recipe: Recipe, first: Job, size: Size, side: int) -> dict[str, Any]:
    """A recipe's data for frames of at most `side` px, unless the network needs more, of even
    sides.

    Px of the camera's motion and of masks scale with it; those of the dream do not, since a network
    dreams creatures of a fixed size in px. Octaves under the film's smallest are left out, except
    one: their creatures would be larger in the picture than any in the film.

    Args:
        first: the recipe's job at its first frame.
        size: of the film's own frames.
    """
    sleeps = recipe.network.name == NOTHING.name
    minimum = 0 if sleeps else first.spec.min_size + 1
    scale = min(1.0, max(side / max(size), minimum / min(size)))
    sides = [max(2, min(2 * round(scale * edge / 2), edge // 2 * 2)) for edge in size]
    fewer = round(-math.log(scale) / math.log(first.dream.octave_scale))
    data = scaled(recipe, (sides[0] / size[0], sides[1] / size[1]))
    if not sleeps:
        data["dream"]["octave_top"] = first.dream.octave_top
    data["dream"]["octaves"] = mapped(recipe.dream.octaves, Form(f"max(1, x - {fewer})"))
    return {**data, "size": sides}
