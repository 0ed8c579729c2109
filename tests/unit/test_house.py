"""The library keeps to itself: only the command line draws, prints, and sets signals."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "dreamvid"

LIBRARY = sorted(
    path
    for path in ROOT.rglob("*.py")
    if path.parent != ROOT / "cli" and path.name != "__main__.py"
)

OF_THE_RUN = {"journal.py"}
"""Writes a run's log into the run's own folder."""


def calls(tree: ast.AST) -> Iterator[str]:
    """The functions that are called, by the last part of what they are called by."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield f"{ast.unparse(node.func.value)}.{node.func.attr}"


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_draws_no_bar_sets_no_signal_and_prints_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert "tqdm" not in imported(tree)
    called = set(calls(tree))
    assert not called & {"print", "signal.signal"}
    if path.name not in OF_THE_RUN:
        assert not [name for name in called if name.endswith(".addHandler")]


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_matplotlib_is_imported_in_one_place(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ("matplotlib" in imported(tree)) == (path == ROOT / "plots" / "figure.py")
