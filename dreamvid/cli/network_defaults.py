"""A network's defaults as numbers, for `--help`."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel

from dreamvid.errors import NetworkError, RecipeError
from dreamvid.networks.defaults import network_values
from dreamvid.networks.registry import NOTHING, spec_of
from dreamvid.recipe import FilmRecipe, Network, Recipe
from dreamvid.recipe.base_term import BaseTerm


def network_defaults(base: BaseModel, network: str | None) -> dict[str, str]:
    """A network's defaults for the section `dream`, by key, as text.

    Args:
        base: the recipe, whose own values take precedence; other models have no such defaults.
        network: name of the network; None: the recipe's.
    """
    if not isinstance(base, Recipe):
        return {}
    try:
        named = base.network if network is None else Network(name=network)
        known = spec_of(named)
        values = network_values(base, known)
    except (NetworkError, RecipeError):  # unknown, or a file
        return {}
    if known is NOTHING:
        return {}
    texts = {key: shown(value) for key, value in values.items()}
    texts["octave_top"] = f"0; 1 where the shorter side is under {known.small} px"
    if not known.small or base.dream.method != "detail":
        texts["octave_top"] = "0"
    return texts | _steps(base, values)


def _steps(base: Recipe, values: dict[str, Any]) -> dict[str, str]:
    """The defaults of `steps` and `burst`, which differ for a shot's first frame."""
    burst = values["burst"]
    if base.dream.steps is not None:
        return {"burst": f"{shown(burst)}, as --steps"}
    if not isinstance(base, FilmRecipe):
        return {"burst": f"{burst}; --steps if that is given"}
    return {
        "steps": f"{burst} for a first frame, {values['steps']} in later frames",
        "burst": f"{burst}; --steps if that is given",
    }


def without_default(description: str) -> str:
    """A description without its sentence about the default."""
    return re.sub(r" Default: .*?\.(?=\s|$)", "", description)


def shown(value: Any, between: str = ",") -> str:
    """A value as it is written at the prompt; `between` separates the parts of a tuple."""
    if isinstance(value, tuple):
        return between.join(shown(part, between) for part in value)
    if isinstance(value, BaseTerm):
        return value.label
    return f"{value:g}" if isinstance(value, float) else str(value)
