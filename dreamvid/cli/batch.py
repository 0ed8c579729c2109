"""Several renders by one command: sources of a pattern, and variants of a recipe.

Each is an item: the words of a `dreamvid render` of its own, which a farm can give to any machine.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dreamvid.cli.arguments import gives, taken_out, value_of
from dreamvid.cli.messages import warnings_shown
from dreamvid.cli.options import parse
from dreamvid.cli.run_options import RenderOptions, StillRenderOptions, ZoomRenderOptions
from dreamvid.errors import UsageError
from dreamvid.media.durable import atomic_write
from dreamvid.names import derived
from dreamvid.recipe import KINDS, Recipe
from dreamvid.recipe.base import merged
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.paths import named_after

OUTPUT = "-o", "--output"

OPTIONS = {"zoom": ZoomRenderOptions, "video": RenderOptions, "image": StillRenderOptions}
"""The options beside a recipe's keys, by the kind of recipe."""

MOST = 10_000
"""Items of one command."""

_FIELD = re.compile(r"\{(\w*)\}")

_UNSAFE = re.compile(r'[\\/:*?"<>|\s]+')

Values = dict[str, str]
"""Values of a recipe's keys, as typed: `{"dream.octaves": "3"}`."""


@dataclass(frozen=True)
class Item:
    """One render.

    Attributes:
        file: the recipe.
        flags: the options, without those that follow.
        source: in place of the recipe's; None: the recipe's, or that of the options.
        values: in place of the recipe's, of this variant and of `--set`.
        variant: the variant's name; "": there is only one.
        output: of `-o`, with the fields {stem}, {recipe} and {variant}; None: the usual one.
    """

    file: str
    flags: list[str]
    source: str | None = None
    values: Values = field(default_factory=dict)
    variant: str = ""
    output: str | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        parts = (self.file, *([self.source] if self.source else []), self.variant)
        return " ".join(part for part in parts if part)

    def recipe(self, command: str, summary: str, *, quiet: bool) -> tuple[Recipe, Any]:
        """Its recipe, with its output, and the options beside it.

        Raises:
            DreamvidError: the recipe is invalid.
        """
        from dreamvid.rendering.embedded import any_recipe

        source = self.source or value_of(self.flags, "--source")
        own = self.output is None and not gives(self.flags, *OUTPUT)
        with warnings_shown(quiet):
            base = any_recipe(self.file, output=own, source=source)
        flags = [*self.flags, *(["--source", self.source] if self.source else [])]
        data, options = parse(command, summary, base, flags, OPTIONS[base.kind], named=True)
        recipe = make_recipe(merged(data, nested(self.values), KINDS.values()), base.kind)
        return recipe.model_copy(update={"output": self._placed(recipe)}), options

    def words(self, recipe: Recipe) -> list[str]:
        """The words of a command that renders it; `recipe`: its own."""
        source = ["--source", self.source] if self.source else []
        values = [f"--set={key}={value}" for key, value in self.values.items()]
        flags, _ = taken_out(self.flags, *OUTPUT)
        return [self.file, *flags, *source, *values, "-o", str(recipe.output)]

    def _placed(self, recipe: Recipe) -> Path | None:
        """The output path of its recipe."""
        from dreamvid.rendering.output import output_of

        if self.output is None:
            if not self.variant:
                return recipe.output
            path = output_of(recipe)
            return derived(path.parent, path.stem, f"-{self.variant}", path.suffix)
        stem = named_after(recipe.source[0]) if recipe.source else "dreamvid"
        known = {"stem": stem, "recipe": Path(self.file).stem, "variant": self.variant}
        return Path(_FIELD.sub(lambda found: known[found[1]], self.output))


@dataclass(frozen=True)
class Batch:
    """The renders of one command.

    Attributes:
        items: one at least.
        table: the CSV file that tells of each; None: none is written.
    """

    items: list[Item]
    table: Path | None = None

    @classmethod
    def of(cls, names: Sequence[str], argv: Sequence[str]) -> Batch:
        """The renders of the recipes `names` with the options `argv`.

        Raises:
            UsageError: an option is malformed, names no source, or makes two films one.
        """
        flags, patterns = taken_out(argv, "--each")
        flags, asked = taken_out(flags, "--variants")
        flags, settings = taken_out(flags, "--set")
        flags, tables = taken_out(flags, "--csv")
        sources: list[str | None] = [each for pattern in patterns for each in _matching(pattern)]
        if patterns and gives(flags, "--source"):
            raise UsageError("--each and --source exclude each other")
        fixed = dict(map(_setting, settings))
        variants = _variants(asked) or [("", {})]
        several = len(names) * max(1, len(sources)) * len(variants)
        if several > MOST:
            raise UsageError(f"{several} renders are more than the most, {MOST}")
        output = None
        if several > 1 or "{" in "".join(value_of(flags, o) or "" for o in OUTPUT):
            flags, outputs = taken_out(flags, *OUTPUT)
            output = _template(outputs[-1], names, sources, variants) if outputs else None
        items = [
            Item(name, flags, source, fixed | values, label, output)
            for name, source, (label, values) in itertools.product(
                names, sources or [None], variants
            )
        ]
        return cls(items, Path(tables[-1]) if tables else None)

    def timed(self, do: Callable[[Item], Path | None]) -> Callable[[Item], None]:
        """`do` for an item, noted in the table, if there is one; `do` returns the output."""
        rows: list[list[str]] = []

        def run(item: Item) -> None:
            began, status, reason, output = time.monotonic(), "failed", "", None
            try:
                output, status = do(item), "done"
            except Exception as error:
                reason = " ".join(str(error).split())
                raise
            finally:
                seconds = f"{time.monotonic() - began:.1f}"
                source = item.source or ""
                rows.append(
                    [item.file, source, item.variant, str(output or ""), status, seconds, reason]
                )
                if self.table is not None:
                    _write(self.table, rows)

        return run


def nested(values: Mapping[str, str]) -> dict[str, Any]:
    """Values of keys such as `dream.octaves` as a recipe has them. Lists and mappings are read as
    YAML, such as `[3, 4]`."""
    whole: dict[str, Any] = {}
    for key, value in values.items():
        *sections, last = key.split(".")
        at = whole
        for name in sections:
            at = at.setdefault(name, {})
        at[last] = _value(key, value)
    return whole


def _value(key: str, text: str) -> Any:
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise UsageError(f"{key}: {text} is not YAML") from None


def _matching(pattern: str) -> list[str]:
    """The files of a pattern, or of a folder, by their names. Raises UsageError: there is none."""
    path = Path(pattern)
    inside = "*" if path.is_dir() else str(path.relative_to(path.anchor))
    found = (path if path.is_dir() else Path(path.anchor)).glob(inside)
    files = sorted(str(each) for each in found if each.is_file() and each.name[0] != ".")
    if not files:
        raise UsageError(f"--each {pattern}: no such file")
    return files


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"\w+(\.\w+)*", key):
        raise UsageError(f"--set: must be KEY=VALUE such as dream.octaves=3, not {text!r}")
    return key, value


def _variants(asked: Sequence[str]) -> list[tuple[str, Values]]:
    """The variants that `--variants` asks for, each with its name; all combinations of several."""
    lists = [_of_table(text) if text.lower().endswith(".csv") else _of_key(text) for text in asked]
    made = []
    for chosen in itertools.product(*lists) if lists else ():
        names, values = zip(*chosen, strict=True)
        made.append(("_".join(names), {key: each[key] for each in values for key in each}))
    repeated = [name for name, count in Counter(name for name, _ in made).items() if count > 1]
    if repeated:
        raise UsageError(f"--variants: {repeated[0]} is there twice")
    return made


def _of_key(text: str) -> list[tuple[str, Values]]:
    key, listed = _setting(text)
    values = [value.strip() for value in listed.split(",")]
    if not all(values):
        raise UsageError(f"--variants: name values such as {key}=3,4,5, not {text!r}")
    return [(_named({key: value}), {key: value}) for value in values]


def _of_table(path: str) -> list[tuple[str, Values]]:
    """The variants of a CSV file, a row each: its first row has the keys, and `name` perhaps."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"--variants {path}: cannot be read: {reason}") from None
    made = []
    for row in rows:
        if None in row or None in row.values():
            raise UsageError(f"--variants {path}: a row has not as many values as there are keys")
        values = dict(_setting(f"{key}={row[key]}") for key in row if key != "name" and row[key])
        made.append((_safe(row["name"]) if row.get("name") else _named(values), values))
    if not made:
        raise UsageError(f"--variants {path}: has no row")
    return made


def _named(values: Values) -> str:
    return "_".join(_safe(f"{key.rpartition('.')[2]}={value}") for key, value in values.items())


def _safe(name: str) -> str:
    return _UNSAFE.sub("-", name).strip("-.") or "variant"


def _template(
    typed: str,
    names: Sequence[str],
    sources: Sequence[str | None],
    variants: Sequence[tuple[str, Values]],
) -> str:
    """The output of several items, as typed, with a field for all in which they differ."""
    fields = {"recipe": len(names) > 1, "stem": len(sources) > 1, "variant": len(variants) > 1}
    unknown = set(_FIELD.findall(typed)).difference(fields)
    if unknown:
        raise UsageError(f"--output: knows {{stem}}, {{recipe}} and {{variant}}, not {typed!r}")
    path = Path(typed)
    if fields["variant"] and "{variant}" not in typed and path.suffix:
        path = path.with_name(f"{path.stem}-{{variant}}{path.suffix}")
    lacking = [name for name, needed in fields.items() if needed and f"{{{name}}}" not in str(path)]
    if lacking:
        raise UsageError(
            f"one --output cannot be that of several films; name them by {{{lacking[0]}}}, as in "
            f"-o 'out/{{{lacking[0]}}}.mp4'"
        )
    return str(path)


def _write(path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["recipe", "source", "variant", "output", "status", "seconds", "error"])
    writer.writerows(rows)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode(errors="replace"))
