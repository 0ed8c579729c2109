"""Write the table of docs/recipes.md from the recipe's models, so that no default stands twice.

python scripts/list_recipe_keys.py            rewrites the table
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from dreamvid.recipe import KINDS
from dreamvid.recipe.fields import Flag

PAGE = Path(__file__).parent.parent / "docs" / "recipes.md"
HEAD = "| key | kinds | default | |\n|---|---|---|---|\n"


def rows(model: type[BaseModel], kind: str, prefix: str = "") -> dict[str, tuple[str, str, str]]:
    """Each key of a kind: its default and what it means."""
    found: dict[str, tuple[str, str, str]] = {}
    defaults = model().model_dump(mode="json")
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= rows(inner, kind, f"{prefix}{name}.")
        elif field.description or not any(isinstance(m, Flag) and m.hidden for m in field.metadata):
            default = defaults[name]
            shown = "" if default in (None, [], ()) else f"`{default}`"
            choices = [c for part in (inner, *get_args(inner)) if get_origin(part) is Literal
                       for c in get_args(part)]  # fmt: skip
            meaning = field.description or ""
            if choices:
                meaning += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
            found[prefix + name] = (kind, shown, meaning)
    return found


def table() -> str:
    """The rows of all kinds; kinds that agree share one."""
    merged: dict[tuple[str, str, str], list[str]] = {}
    for kind, model in KINDS.items():
        for key, (_, default, meaning) in rows(model, kind).items():
            merged.setdefault((key, default, meaning), []).append(kind)
    ordered = sorted(merged.items(), key=lambda item: (item[0][0].count("."), item[0][0]))
    return HEAD + "".join(
        f"| `{key}` | {', '.join(kinds)} | {default} | {meaning} |\n"
        for (key, default, meaning), kinds in ordered
    )


def page() -> str:
    """The whole page with its table made anew."""
    before, _, _ = PAGE.read_text(encoding="utf-8").partition(HEAD)
    return before + table()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
