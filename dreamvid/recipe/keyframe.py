"""Keyframes of schedules: a place in the film, and the expression of a number there."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from dreamvid.recipe.expression import Program, compiled, evaluated, short
from dreamvid.recipe.form import Form
from dreamvid.recipe.timeline import LENGTHS, FrameTime

UNITS = {"": "frames", "s": "seconds", "b": "beats"}
"""What the last letter of a keyframe's place says that it is counted in."""

_PLACE = re.compile(r"(?P<frame>[0-9]{1,9})|(?P<time>[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})[sb]")

FURTHEST = 10**9
"""Places lie before this."""


@dataclass(frozen=True)
class Key:
    """A keyframe.

    Attributes:
        place: its frame index, its time in seconds, or its place in beats; of an expression in the
            film's length 0, until `in_film`.
        word: the place as written, such as `50`, `2.5s`, `4b` or `max_f/2`; "" for an expression
            without keyframes.
        text: the expression of its value.
        program: the compiled expression.
        length: the compiled expression of its place; empty: the place is known.
    """

    place: Fraction
    word: str
    text: str
    program: Program
    length: Program = ()

    def __str__(self) -> str:
        return f"{self.word}:{self.text}" if self.word else self.text

    @property
    def unit(self) -> str:
        """One of `UNITS`."""
        return self.word[-1:] if not self.length and self.word[-1:] in UNITS else ""

    def within(self, form: Form) -> Key:
        """The keyframe with its expression substituted into a form."""
        text = form.of_text(self.text)
        return replace(
            self, text=f"({text})" if self.word else text, program=form.of_program(self.program)
        )

    def in_film(self, clock: FrameTime) -> Key:
        """The keyframe at its place in a film of a known length: whole frames, rounded towards 0.

        Raises:
            ArithmeticError, ValueError: its place has no finite value.
        """
        if not self.length:
            return self
        return replace(self, place=Fraction(math.trunc(evaluated(self.length, clock.names()))))


def parse_key(place: Any, text: str) -> Key:
    """A keyframe from its place, as written, and the expression of its value.

    A place is a frame as 50, seconds as `2.5s`, beats as `4b`, or an expression in the film's
    length as `max_f/2`, perhaps quoted.

    Raises:
        ValueError: it is none, or the expression is invalid; one line.
    """
    word = "".join(str(place).split()) if isinstance(place, str) or type(place) is int else ""
    if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'":
        word = word[1:-1]
    where = Fraction(0)
    length: Program = ()
    match = _PLACE.fullmatch(word)
    if match:
        where = Fraction(match["frame"] or match["time"])
    else:
        length = _place(place, word)
        if not any(name in length for name in LENGTHS):
            frame = evaluated(length, {})
            where, word, length = Fraction(frame), f"{frame:.0f}", ()
    try:
        return Key(where, word, text, compiled(text), length)
    except ValueError as error:
        raise ValueError(f"at {word}, {error}") from None


def one_unit(keys: Sequence[Key]) -> None:
    """Raise ValueError unless the places of all keyframes are counted in the same unit."""
    units = {key.unit for key in keys}
    if len(units) > 1:
        given = " and ".join(word for unit, word in UNITS.items() if unit in units)
        raise ValueError(f"mixes {given}; give all keys as 50, all as 2.5s, or all as 4b")


def _place(place: Any, word: str) -> Program:
    """The program of a place that is an expression: of the film's length, or of numbers alone."""
    try:
        length = compiled(word, (*LENGTHS, "pi"), heard=())
        if any(name in length for name in LENGTHS):
            return length
        frame = evaluated(length, {"pi": math.pi})
        if re.search(r"[-+*/]", word) and frame.is_integer() and 0 <= frame < FURTHEST:
            return (frame,)
    except (ValueError, ArithmeticError):
        pass
    raise ValueError(
        f"{short(place)} is no key; a key is a frame as 50, seconds as 2.5s, beats as 4b, or an "
        "expression in max_f"
    )
