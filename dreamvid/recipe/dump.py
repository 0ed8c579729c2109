"""A recipe as YAML that reads back as the same recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from dreamvid.recipe.models import Recipe


def yaml_lines(recipe: Recipe) -> list[str]:
    """Every key of a recipe as YAML, which reads back as an equal recipe."""
    return yaml_of(recipe.model_dump(mode="json")).rstrip("\n").split("\n")


def yaml_of(data: Mapping[str, Any]) -> str:
    """A recipe's data, whole or in part, as YAML, which reads back as the same data. `version` and
    `kind` come first."""
    first = {key: data[key] for key in ("version", "kind") if key in data}
    text: str = yaml.dump(
        first | dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Writes mappings in block style and lists in flow style; escapes unprintable characters."""


def _quoted(to: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Unquoted, PyYAML loses some line breaks other than newline.
    return to.represent_scalar("tag:yaml.org,2002:str", text, None if text.isprintable() else '"')


_Dumper.add_representer(str, _quoted)
_Dumper.add_representer(
    list, lambda to, value: to.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)
