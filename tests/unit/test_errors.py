"""The table of errors in the documentation names them all."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dreamvid import ZoomRecipe, load_recipe, render
from dreamvid.errors import DreamvidError, Fault, RecipeError, RunError
from dreamvid.media.output_checks import check_output
from dreamvid.media.read import read_picture
from dreamvid.networks.registry import spec
from dreamvid.recipe.messages import BOUNDS, TYPES

ROOT = Path(__file__).parents[2]
TABLE = " ".join((ROOT / "docs" / "errors.md").read_text().split())

RAISED = re.compile(r"\w*Error|Fault|KeyboardInterrupt|_fail")

OURS = (
    "a port is tried",
    "a frame of shape",
    "a segment of",
    "module dreamvid has",
    "has shape",
    # of a file that is not as published, which is refused before it is looked into
    "a tensor that leaves its storage",
    "a storage of negative size",
    "not PyTorch's unzipped format",
    "not a file of tensors",
)
"""What only a mistake in the code brings about."""


def literal(node: ast.AST) -> str:
    """A message as it stands in the code, `…` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(literal, node.values))
    if isinstance(node, ast.BinOp):
        return literal(node.left) + literal(node.right)
    return "…"


def messages() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "dreamvid").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if RAISED.fullmatch(node.func.id) and node.args:
                for said in node.args[:2]:
                    yield path.stem, literal(said)
    yield from (("messages", re.sub(r"{\w+}", "…", text)) for text in BOUNDS.values())
    yield from (("messages", text) for text in TYPES.values())


def telling(message: str) -> str:
    """The longest part that always stands in it."""
    parts = (part.strip(" ;:,(").removesuffix(", not") for part in message.split("…"))
    return max(parts, key=len)


def test_every_error_stands_in_the_table() -> None:
    found = set(messages())
    assert len(found) > 130
    lacking = [
        f"{home}.py: {message}"
        for home, message in sorted(found)
        if len(part := telling(message)) >= 9
        and not part.startswith(OURS)
        and part not in TABLE.replace("``", "`")
    ]
    assert not lacking


def test_an_errors_line_is_made_of_its_parts() -> None:
    error = RecipeError("unknown", key="dream.octavs", path="a.yaml", hint="did you mean octaves?")
    assert str(error) == "a.yaml: dream.octavs: unknown; did you mean octaves?"
    assert error.faults == (Fault("dream.octavs", "unknown", "did you mean octaves?"),)
    assert (error.key, error.path, error.hint) == (
        "dream.octavs",
        Path("a.yaml"),
        "did you mean octaves?",
    )
    plain = RunError("the encoder hung")
    assert (str(plain), plain.key, plain.path, plain.hint) == ("the encoder hung", None, None, None)
    for message in ("a folder; name a file in it", "weights a"):
        assert str(RunError(message, path="a")) == f"a: {message}"
    for message in ("a: gone", "weights a: gone", "output exists: a (use --overwrite)"):
        assert str(RunError(message, path="a")) == message
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.faults, again.path) == (str(error), error.faults, error.path)


@pytest.mark.parametrize(
    ("act", "key", "path", "hint"),
    [
        (lambda: spec("lite00"), None, None, "did you mean lite0?"),
        (lambda: next(render(ZoomRecipe())), "source", None, None),
        (lambda: check_output(Path("no/a.mp4"), [], overwrite=False), None, "no/a.mp4", None),
        (lambda: read_picture(Path("no.png")), None, "no.png", None),
        (lambda: load_recipe({"dream": {"octavs": 3}}), "dream.octavs", None, "octaves"),
    ],
)
def test_an_error_carries_what_it_is_about(
    act: Callable[[], object], key: str | None, path: str | None, hint: str | None
) -> None:
    with pytest.raises(DreamvidError) as raised:
        act()
    error = raised.value
    assert (error.key, error.path) == (key, Path(path) if path else None)
    assert (hint or "") in (error.hint or "")
    assert bool(error.hint) == bool(hint)
