"""Recipes: read from YAML, the command line or Python, validated, and resolved into a `Job`.

This package opens no picture and no film, and does not import TensorFlow.
"""

from dreamvid.recipe.base import Section
from dreamvid.recipe.base_term import MAX_NAME
from dreamvid.recipe.dream import (
    MAX_GROWTH,
    Above,
    Amount,
    Angle,
    Bands,
    Dream,
    Noise,
    Penalty,
    Sigma,
    Steps,
    StepSize,
    Turns,
)
from dreamvid.recipe.encode import ClipEncode, Encode, StillEncode
from dreamvid.recipe.guide import GuideTerm
from dreamvid.recipe.load import load_recipe, make_recipe
from dreamvid.recipe.models import (
    KINDS,
    USUAL_KIND,
    FilmRecipe,
    Frames,
    ImageRecipe,
    NamedPath,
    Recipe,
    VideoRecipe,
    ZoomRecipe,
)
from dreamvid.recipe.objective import Objective
from dreamvid.recipe.paths import recipe_files
from dreamvid.recipe.sections import (
    WORDS_FOR_WEIGHTS,
    Blend,
    Color,
    Motion,
    Network,
    ZoomBlend,
    ZoomMotion,
)
from dreamvid.recipe.terms import (
    ChannelTerm,
    ClassTerm,
    DiversityTerm,
    LayerTerm,
    Term,
)

__all__ = [
    "KINDS",
    "MAX_GROWTH",
    "MAX_NAME",
    "USUAL_KIND",
    "WORDS_FOR_WEIGHTS",
    "Above",
    "Amount",
    "Angle",
    "Bands",
    "Blend",
    "ChannelTerm",
    "ClassTerm",
    "ClipEncode",
    "Color",
    "DiversityTerm",
    "Dream",
    "Encode",
    "FilmRecipe",
    "Frames",
    "GuideTerm",
    "ImageRecipe",
    "LayerTerm",
    "Motion",
    "NamedPath",
    "Network",
    "Noise",
    "Objective",
    "Penalty",
    "Recipe",
    "Section",
    "Sigma",
    "StepSize",
    "Steps",
    "StillEncode",
    "Term",
    "Turns",
    "VideoRecipe",
    "ZoomBlend",
    "ZoomMotion",
    "ZoomRecipe",
    "load_recipe",
    "make_recipe",
    "recipe_files",
]
