"""`Section`, the base class of recipes and their sections, and how sections merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from dreamvid.errors import RecipeError
from dreamvid.recipe.messages import faults

if TYPE_CHECKING:
    from dreamvid.recipe.schedule import Schedule


class Section(BaseModel):
    """A frozen part of a recipe. Unknown keys, NaN and infinity are rejected.

    Raises:
        RecipeError: a value is invalid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    short: ClassVar[str | None] = None
    """The key whose value may be given in place of the section, as in `blend: 0.5`."""

    reset_by: ClassVar[str | None] = None
    """A key that, if a recipe sets it, discards the values that the section inherits by `extends`:
    weights inherited for one network do not fit another."""

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise RecipeError.of(faults(error, type(self), self.kinds())) from None

    @property
    def derived(self) -> Mapping[str, Schedule]:
        """Schedules that follow from the section's keys, by what they are called."""
        return {}

    # `__init__` converts errors only for sections constructed directly. Nested ones are built by
    # pydantic itself, so that all faults are found at once.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def kinds(cls) -> Mapping[str, type[BaseModel]]:
        """Models that an unknown key may belong to instead, by their names."""
        return {}

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: Any) -> Any:
        return cls.expanded(data)

    @classmethod
    def expanded(cls, data: Any) -> Any:
        """The section's data with the short form expanded."""
        if cls.short is None or data is None or isinstance(data, Mapping | BaseModel):
            return data
        return {cls.short: data}


def sections_in(annotation: Any) -> list[type[Section]]:
    """The section classes in a type: the type itself, or its arguments, as in `tuple[Term,
    ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections_in(part)]


def merged(
    base: Mapping[str, Any], data: Mapping[str, Any], models: Iterable[type[BaseModel]]
) -> dict[str, Any]:
    """Merge unvalidated `data` over `base`, key by key, recursively within sections.

    Args:
        models: models that the data may be for; they tell which keys are sections.
    """
    result = {**base, **data}
    sections: dict[str, list[type[Section]]] = {}
    for model in models:
        for key, field in model.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, Section):
                sections.setdefault(key, []).append(kind)
    for key, classes in sections.items():
        old, new = (classes[0].expanded(values.get(key)) for values in (base, data))
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            result[key] = merged({} if classes[0].reset_by in new else old, new, classes)
    return result
