"""A section of a recipe: what all of them have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from dreamvid.errors import RecipeError
from dreamvid.recipe.messages import faults


class Section(BaseModel):
    """A frozen part of a recipe; an unknown key, NaN and infinity are refused.

    Raises:
        RecipeError: a value is wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    short: ClassVar[str | None] = None
    """The key whose value alone may stand for the section, as in `blend: 0.5`."""

    reset_by: ClassVar[str | None] = None
    """The key that, given in a recipe, discards what the section inherits by `extends`: the weights
    of one network are not those of another."""

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise RecipeError.of(faults(error, type(self), self.kinds())) from None

    # Only for those who make a section by calling it: within another, pydantic makes it itself, so
    # that all faults are found at once.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def kinds(cls) -> Mapping[str, type[BaseModel]]:
        """The models that an unknown key may belong to instead, by what they are called."""
        return {}

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: Any) -> Any:
        return cls.expanded(data)

    @classmethod
    def expanded(cls, data: Any) -> Any:
        """The section's data in the long form."""
        if cls.short is None or data is None or isinstance(data, Mapping | BaseModel):
            return data
        return {cls.short: data}


def sections_in(annotation: Any) -> list[type[Section]]:
    """The sections that a type holds: itself, or those of its parts, as of `tuple[Term, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections_in(part)]


def merged(
    base: Mapping[str, Any], data: Mapping[str, Any], models: Iterable[type[BaseModel]]
) -> dict[str, Any]:
    """`data` over `base`, both not validated: key by key, and so within sections.

    Args:
        models: those that the data may be of; in them the sections are found.
    """
    result = {**base, **data}
    sections: dict[str, list[type[Section]]] = {}
    for model in models:
        for key, field in model.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, Section):
                sections.setdefault(key, []).append(kind)
    for key, found in sections.items():
        old, new = (found[0].expanded(each.get(key)) for each in (base, data))
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            result[key] = merged({} if found[0].reset_by in new else old, new, found)
    return result
