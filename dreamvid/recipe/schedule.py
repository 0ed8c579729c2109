"""Schedules: numbers that change over a film, by keyframes or by an expression in the frame's
time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from string import ascii_letters
from typing import Any

from dreamvid.errors import RecipeError
from dreamvid.recipe.expression import (
    BETWEEN,
    Form,
    Program,
    clip,
    compiled,
    evaluated,
    fade,
    finite,
    short,
)
from dreamvid.recipe.timeline import FrameTime

MAX_TEXT = 100_000  # characters of a schedule, as typed and as written back
MAX_KEYS = 5000


@dataclass(frozen=True)
class Key:
    """A keyframe.

    Attributes:
        place: its frame index, or its time in seconds.
        word: the place as written, such as `50` or `2.5s`; "" for an expression without keyframes.
        text: the expression of its value.
        program: the compiled expression.
    """

    place: Fraction
    word: str
    text: str
    program: Program

    def __str__(self) -> str:
        return f"{self.word}:{self.text}" if self.word else self.text

    def within(self, form: Form) -> Key:
        """The keyframe with its expression substituted into a form."""
        text = form.of_text(self.text)
        return replace(
            self, text=f"({text})" if self.word else text, program=form.of_program(self.program)
        )


@dataclass(frozen=True)
class Schedule:
    """A number that changes over a film; made by `parse_schedule`, equal where `text` is.

    `text` parses to the same schedule. An expression is a single keyframe, valid at every frame.
    """

    text: str
    keys: tuple[Key, ...] = field(compare=False, repr=False)
    between: str = field(compare=False, repr=False)

    @classmethod
    def of(cls, keys: Sequence[Key], between: str) -> Schedule:
        """Make a schedule of ascending keyframes, all in frames or all in seconds."""
        suffix = "" if between == BETWEEN[0] else f" {between}"
        return cls(", ".join(map(str, keys)) + suffix, tuple(keys), between)

    def __str__(self) -> str:
        return self.text

    @property
    def uses_length(self) -> bool:
        """Whether `n`, the film's length, is used."""
        return self._uses("n")

    @property
    def uses_seconds(self) -> bool:
        """Whether `s` is used or keyframes are in seconds, so that values depend on the frame
        rate."""
        return self._in_seconds or self._uses("s")

    @property
    def _in_seconds(self) -> bool:
        return self.keys[-1].word.endswith("s")

    def _uses(self, name: str) -> bool:
        return any(name in key.program for key in self.keys)

    def map(self, form: Form) -> Schedule:
        """The schedule with every expression substituted into a form, such as `Form("x * 0.5")`."""
        return Schedule.of([key.within(form) for key in self.keys], self.between)

    def at(self, clock: FrameTime) -> float:
        """The schedule's finite value at one frame.

        Raises:
            RecipeError: there is none: a division by zero, a root of a negative number, a result
                that is not finite, or `n` where the length is unknown. Without the key.
        """
        if clock.frames is None and self.uses_length:
            raise RecipeError("uses n, but the length of this clip is unknown")
        try:
            return self._value(clock, clock.names())
        except (ArithmeticError, ValueError) as error:
            fault = str(error) if isinstance(error, ValueError) else "not finite"
            fault = "divides by zero" if isinstance(error, ZeroDivisionError) else fault
        raise RecipeError(f"{fault} at frame {clock.t}")

    def _value(self, clock: FrameTime, names: dict[str, float]) -> float:
        now = clock.seconds if self._in_seconds else Fraction(clock.t)
        last = len(self.keys) - 1
        here = bisect_right(self.keys, now, key=lambda key: key.place) - 1
        if here < 0 or here == last or self.between == "step" or self.keys[here].place == now:
            return evaluated(self.keys[max(here, 0)].program, names)
        extra = self.between == "cubic"  # cubic needs one more keyframe on each side
        around = range(max(here - extra, 0), min(here + 1 + extra, last) + 1)
        x = {i: self.keys[i].place for i in around}
        y = {i: evaluated(self.keys[i].program, names) for i in around}
        a, b = y[here], y[here + 1]
        share = float((now - x[here]) / (x[here + 1] - x[here]))
        if self.between == "cubic":
            value = finite(_cubic(x, y, here, share))
        else:
            share = fade(share) if self.between == "ease" else share
            value = (1 - share) * a + share * b
        return clip(value, min(a, b), max(a, b))  # only rounding could exceed it


def mapped(value: float | Schedule, form: Form) -> float | Schedule:
    """Substitute a number, or every expression of a schedule, into a form in `x`."""
    if isinstance(value, Schedule):
        return value.map(form)
    return evaluated(form.of_program((float(value),)), {})


def parse_schedule(value: Any) -> Schedule | None:
    """Parse a schedule from a string or a mapping; None for a plain number such as 1.02 or "1e-3".

    A string is `"0:(1.02), 50:(1.04) ease"`, with keyframes at frames or, as `2.5s`, at seconds; or
    an expression such as `"1.02 + 0.01*sin(t/9)"`. A mapping is `{0: 1.02, 50: 1.04, interpolation:
    ease}`.

    Raises:
        ValueError: a string or mapping is neither a number nor a schedule; one line.
    """
    if isinstance(value, Schedule):
        return value
    if isinstance(value, Mapping):
        return _from_mapping(dict(value))
    if not isinstance(value, str):
        return None
    try:
        float(" ".join(value.split()))  # split() knows more white space than float()
    except ValueError:
        return _from_text(value)
    return None


def _from_text(text: str) -> Schedule:
    if len(text) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT} characters")
    text = " ".join(text.split())
    if ":" not in text:
        return Schedule.of([Key(Fraction(0), "", text, compiled(text))], BETWEEN[0])
    between, head = "linear", text.rstrip(ascii_letters)
    if text[len(head) :].lower() in BETWEEN:
        between, text = text[len(head) :].lower(), head
    # Split at commas before a keyframe: no expression has a colon, but many have commas.
    parts = re.split(r"[,;](?=[^,;:]*:)", text.rstrip(" ,;"))
    pairs = [(part.partition(":")[0], part.partition(":")[2].strip()) for part in parts]
    return _keyframes(pairs, between)


def _from_mapping(value: dict[Any, Any]) -> Schedule:
    between = value.pop("interpolation", "linear")
    if between not in BETWEEN:
        raise ValueError(f"interpolation must be one of {', '.join(BETWEEN)}")
    pairs = []
    for key, number in value.items():
        if isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < 1e308:
            number = repr(float(number)).removesuffix(".0")
        if not isinstance(number, str):
            raise ValueError(f"at {short(key)} must be a finite number or an expression")
        pairs.append((key, f"({' '.join(number[:MAX_TEXT].split())})"))
    return _keyframes(pairs, between)


def _keyframes(pairs: list[tuple[Any, str]], between: str) -> Schedule:
    if not 0 < len(pairs) <= MAX_KEYS:
        raise ValueError(f"needs from 1 to {MAX_KEYS} keys")
    keys: list[Key] = []
    for value, text in pairs:
        place, word = _key(value)
        try:
            key = Key(place, word, text, compiled(text))
        except ValueError as error:
            raise ValueError(f"at {word}, {error}") from None
        if keys and word.endswith("s") != keys[-1].word.endswith("s"):
            raise ValueError("mixes frames and seconds; give all keys as 50, or all as 2.5s")
        if keys and keys[-1].place >= place:
            raise ValueError(f"keys must rise, but {word} does not")
        keys.append(key)
    schedule = Schedule.of(keys, between)
    if len(schedule.text) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT} characters when written out")
    return schedule


def _key(value: Any) -> tuple[Fraction, str]:
    """The place of a keyframe, and the place as written."""
    text = "".join(str(value).split()) if isinstance(value, str) or type(value) is int else ""
    match = re.fullmatch(r"([0-9]{1,9})|([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})s", text)
    if not match:
        raise ValueError(f"{short(value)} is no key; a key is a frame as 50, or seconds as 2.5s")
    return Fraction(match[1] or match[2]), text


def _cubic(x: Mapping[int, Fraction], y: Mapping[int, float], i: int, share: float) -> float:
    """Monotone cubic interpolation between keyframes `x[i]` and `x[i + 1]`: no overshoot.

    Slopes by the harmonic mean: F. N. Fritsch and J. Butland, "A method for constructing local
    monotone piecewise cubic interpolants", SIAM J. Sci. Stat. Comput. 5 (1984), as in PCHIP; within
    the bounds of F. N. Fritsch and R. E. Carlson, SIAM J. Numer. Anal. 17 (1980).
    """

    def gap(k: int) -> float:
        return float(x[k + 1] - x[k])

    def rise(k: int) -> float:
        return (y[k + 1] - y[k]) / gap(k)

    def slope(k: int) -> float:
        if k - 1 not in y or k + 1 not in y:  # the first or last keyframe
            return rise(i)
        before, after = rise(k - 1), rise(k)
        if min(before, after) <= 0 <= max(before, after):
            return 0.0
        one, two = gap(k - 1), gap(k)
        return 3 * (one + two) / ((2 * two + one) / before + (two + 2 * one) / after)

    width, rest = gap(i), 1 - share
    from_left = y[i] * (1 + 2 * share) + slope(i) * width * share
    from_right = y[i + 1] * (1 + 2 * rest) - slope(i + 1) * width * rest
    return rest * rest * from_left + share * share * from_right
