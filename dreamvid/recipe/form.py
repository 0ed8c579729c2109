"""Forms: expressions that other expressions are substituted into, such as `x * 0.5`."""

from __future__ import annotations

from dataclasses import dataclass

from dreamvid.recipe.expression import TOKEN, Program, Step, compiled
from dreamvid.recipe.timeline import NAMES

VARIABLE = "x"
"""The variable of a `Form` that an expression is substituted for."""


@dataclass(frozen=True)
class Form:
    """An expression in `x`, such as `max(1, x - 2)`, to substitute other expressions into.

    Raises:
        ValueError: the text is not a valid expression in `x`.
    """

    text: str

    def __post_init__(self) -> None:
        compiled(self.text, (*NAMES, VARIABLE))

    def of_text(self, text: str) -> str:
        """The text of the form with an expression substituted for `x`."""
        inner = text if _is_bracketed(text) else f"({text})"
        parts = TOKEN.finditer(" ".join(self.text.split()))
        return "".join(
            part[0].replace(VARIABLE, inner) if part["name"] == VARIABLE else part[0]
            for part in parts
        )

    def of_program(self, program: Program) -> Program:
        """The program of the form with another program substituted for `x`."""
        steps: list[Step] = []
        for step in compiled(self.text, (*NAMES, VARIABLE)):
            steps += program if step == VARIABLE else (step,)
        return tuple(steps)


def _is_bracketed(text: str) -> bool:
    """Whether the opening parenthesis of an expression is closed at its very end."""
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return index == len(text) - 1 and letter == ")"
    return False
