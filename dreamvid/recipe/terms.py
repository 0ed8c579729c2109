"""The terms of an objective, each with its weight.

A kind of term is one class here, in the union `Term`, and one function in
`dreaming/objectives.py`. The class defines how the term is written, its label in plots and on the
command line, and which files it needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias, get_args

from pydantic import BeforeValidator, ConfigDict, Field

from dreamvid.recipe.base_term import MAX_NAME, BaseTerm, Name
from dreamvid.recipe.channels import MAX_INDEX, Channels, ranked
from dreamvid.recipe.guide import GuideTerm


class WithChannels(BaseTerm):
    """A term on some channels of a layer."""

    channels: Channels = Field(
        description="Its channels: a number, a list, or strongN or weakN: the N that answer most "
        "or least on the shot's first picture."
    )

    @property
    def selection(self) -> str:
        """The channels as written on the command line."""
        return self.channels if isinstance(self.channels, str) else ",".join(map(str, self.numbers))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the channels; empty where they are ranked."""
        return () if isinstance(self.channels, str) else self.channels

    @property
    def ranked(self) -> tuple[bool, int] | None:
        """Of `strongN` or `weakN`: whether the strong ones are meant, and N; else None."""
        return ranked(self.channels) if isinstance(self.channels, str) else None

    @property
    def count(self) -> int:
        """The number of channels."""
        return self.ranked[1] if self.ranked else len(self.numbers)


class DiversityTerm(WithChannels):
    """How differently several channels of a layer are spread over the picture."""

    telling = "diversity"

    diversity: Name = Field(description="Name of a layer whose channels are to lie apart.")

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """`diversity:heads:3,17,40`."""
        kind, sign, rest = name.partition(":")
        if kind != cls.telling or not sign:
            return None
        layer, _, channels = rest.partition(":")
        return {cls.telling: layer.strip(), "channels": channels.strip()}

    @property
    def name(self) -> str:
        """`diversity:LAYER:CHANNELS`."""
        return f"{self.telling}:{self.diversity}:{self.selection}"

    @property
    def layers(self) -> tuple[str, ...]:
        """The layer."""
        return (self.diversity,)


def _parse_class(value: Any) -> Any:
    """A class as its number or its name."""
    value = value.strip() if isinstance(value, str) else value
    if isinstance(value, str) and re.fullmatch(r"\d{1,7}", value):
        value = int(value)
    number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INDEX
    if not number and not (isinstance(value, str) and 0 < len(value) <= MAX_NAME):
        raise ValueError("must be a class's name, such as peacock, or its number")
    return value


class ClassTerm(BaseTerm):
    """A class that the network tells apart, by its logit: the score before the softmax."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    telling = "class"

    class_: Annotated[int | str, BeforeValidator(_parse_class)] = Field(
        alias="class", description="The class: its number, or one of its names, such as peacock."
    )

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """`class:peacock`, `class:84`."""
        kind, sign, wanted = name.partition(":")
        if kind != cls.telling or not sign:
            return None
        return {cls.telling: wanted}

    @property
    def name(self) -> str:
        """`class:NAME` or `class:NUMBER`."""
        return f"{self.telling}:{self.class_}"


class ChannelTerm(WithChannels):
    """Some channels of a layer."""

    telling = "channels"

    layer: Name = Field(description="Name of the layer.")

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """`heads:17`, `heads:3,17,40`, `heads:strong5`."""
        layer, sign, channels = name.partition(":")
        return {"layer": layer.strip(), cls.telling: channels.strip()} if sign else None

    @property
    def name(self) -> str:
        """`LAYER:CHANNELS`."""
        return f"{self.layer}:{self.selection}"

    @property
    def layers(self) -> tuple[str, ...]:
        """The layer."""
        return (self.layer,)


class LayerTerm(BaseTerm):
    """One layer of the network; a negative weight subdues it."""

    telling = "layer"

    layer: Name = Field(description="Name of the layer.")

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """Any name may be that of a layer."""
        return {"layer": name}

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer

    @property
    def layers(self) -> tuple[str, ...]:
        """The layer."""
        return (self.layer,)


Term: TypeAlias = DiversityTerm | ClassTerm | GuideTerm | ChannelTerm | LayerTerm
"""A term of any kind. The first kind whose `parse` accepts a name gets it; layers, which may have
any name, come last."""

TERMS: tuple[type[BaseTerm], ...] = get_args(Term)
"""The kinds of term."""


def named(name: Any) -> dict[str, Any]:
    """The data of the term of a name, without its weight; of anything else, a layer's."""
    if isinstance(name, str):
        for kind in TERMS:
            data = kind.parse(name)
            if data is not None:
                return data
    return {LayerTerm.telling: name}


def made(value: Any) -> Any:
    """Data validated as a term of its kind."""
    if isinstance(value, BaseTerm):
        return value
    keys = value if isinstance(value, Mapping) else ()
    return next((kind for kind in TERMS if kind.telling in keys), LayerTerm).model_validate(value)
