"""`GuideTerm`: a picture or clip whose features are dreamed of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field

from dreamvid.recipe.base_term import BaseTerm, Name
from dreamvid.recipe.paths import InputFile

MAX_LAYERS = 100
"""Most layers of a guide."""

Match = Literal["channels", "patches"]
"""How features are compared with a guide's."""

_LAYERS = re.compile(r"[^:/\\]{2,}")


def _parse_guide(value: Any) -> Any:
    """A guide's file as text."""
    value = str(value) if isinstance(value, Path) else value
    if value is not None and not (isinstance(value, str) and value):
        raise ValueError("must be a picture or clip, such as cat.jpg")
    return value


class GuideTerm(BaseTerm):
    """A picture or clip whose features are dreamed of.

    Its first key may lack its value: a film's recipe is read back without the paths of its files.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    telling = "guide"

    guide: Annotated[str | None, BeforeValidator(_parse_guide), InputFile()] = Field(
        None, description="Picture, clip or numbered pictures whose features are dreamed of."
    )
    over: Annotated[
        tuple[Name, ...],
        BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    ] = Field(
        (),
        alias="layers",
        max_length=MAX_LAYERS,
        description="Names of the layers whose features are compared. Default: those that the "
        "network dreams on by default.",
    )
    match: Match = Field(
        "channels",
        description="channels: the guide's mean features weigh the channels, which is steady; "
        "patches: each place of the picture gets the place of the guide that answers most like it.",
    )

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """`guide:cat.jpg`, `guide:heads+creatures:cat.jpg`, `guide:patches:heads:cat.jpg`."""
        kind, sign, rest = name.partition(":")
        if kind != cls.telling or not sign:
            return None
        data: dict[str, Any] = {}
        word, sign, after = rest.partition(":")
        if sign and word in get_args(Match):
            data["match"], rest = word, after
        word, sign, after = rest.partition(":")
        if sign and _LAYERS.fullmatch(word) and not after.startswith("//"):  # not a URL's scheme
            data["layers"], rest = [each.strip() for each in word.split("+")], after
        return {cls.telling: rest.strip(), **data}

    @property
    def name(self) -> str:
        """`guide:FILE`, with the match before it where it is `patches`, and then the layers where
        there are any."""
        match = () if self.match == "channels" else (self.match,)
        layers = ("+".join(self.over),) if self.over else ()
        return ":".join((self.telling, *match, *layers, self.guide or ""))

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that the term names."""
        return self.over

    def on(self, layers: tuple[str, ...]) -> GuideTerm:
        """The term on these layers, if it names none."""
        return self if self.over else self.model_copy(update={"over": layers})
