"""The key `network.preprocess`: what a network's pictures were when it was trained."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import parse_triple

Mean = Annotated[float, Field(ge=-1e6, le=1e6)]
Scale = Annotated[float, Field(ge=1e-6, le=1e6)]


class Preprocessing(Section):
    """A network gets `(channels in order − mean) / scale`, per channel. May be given by its name.

    `mean` and `scale` are on the 0–255 scale, in the network's order of channels; one number
    stands for all three.
    """

    mean: Annotated[tuple[Mean, Mean, Mean], BeforeValidator(parse_triple)] = Field(
        (0.0, 0.0, 0.0), description="Subtracted from each channel, in levels of 255."
    )
    scale: Annotated[tuple[Scale, Scale, Scale], BeforeValidator(parse_triple)] = Field(
        (1.0, 1.0, 1.0), description="What each channel is divided by then."
    )
    order: Literal["rgb", "bgr"] = Field("rgb", description="The network's order of channels.")


PREPROCESSING: dict[str, Preprocessing] = {
    "raw": Preprocessing(),
    "unit": Preprocessing(scale=(255.0,) * 3),
    "tf": Preprocessing(mean=(127.5,) * 3, scale=(127.5,) * 3),
    "caffe": Preprocessing(mean=(103.939, 116.779, 123.68), order="bgr"),
    "torch": Preprocessing(mean=(123.675, 116.28, 103.53), scale=(58.395, 57.12, 57.375)),
}
"""The usual ones. raw: 0..255; unit: 0..1; tf: −1..1; caffe: BGR less ImageNet's means; torch:
ImageNet's means and deviations, (.485, .456, .406) and (.229, .224, .225) of 255. The last three
are the modes of `keras.applications`."""


def parse_preprocessing(value: Any) -> Any:
    """A preprocessing by its name, or as it is."""
    if not isinstance(value, str):
        return value
    if value not in PREPROCESSING:
        raise ValueError(f"must be {', '.join(PREPROCESSING)}, or mean, scale and order")
    return PREPROCESSING[value]
