"""A number that changes over a film: keyframes, or an expression in the frame's time."""

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

MAX_TEXT = 100_000  # characters of a schedule, as given and as written back
MAX_KEYS = 5000


@dataclass(frozen=True)
class Key:
    """A keyframe.

    Attributes:
        place: its frame or its second.
        word: the place as it is written, as `50` or `2.5s`; empty for an expression without keys.
        text: the expression that holds there.
        program: the steps that work it out.
    """

    place: Fraction
    word: str
    text: str
    program: Program

    def __str__(self) -> str:
        return f"{self.word}:{self.text}" if self.word else self.text

    def within(self, form: Form) -> Key:
        """The key with its expression put into a form."""
        text = form.of_text(self.text)
        return replace(
            self, text=f"({text})" if self.word else text, program=form.of_program(self.program)
        )


@dataclass(frozen=True)
class Schedule:
    """A number that changes over a film; made by `parse_schedule`, equal where `text` is.

    `text` reads back as the same schedule. An expression is one key that always holds.
    """

    text: str
    keys: tuple[Key, ...] = field(compare=False, repr=False)
    between: str = field(compare=False, repr=False)

    @classmethod
    def of(cls, keys: Sequence[Key], between: str) -> Schedule:
        """The schedule of keys that rise, all in frames or all in seconds."""
        end = "" if between == BETWEEN[0] else f" {between}"
        return cls(", ".join(map(str, keys)) + end, tuple(keys), between)

    def __str__(self) -> str:
        return self.text

    @property
    def uses_length(self) -> bool:
        """Whether `n`, the film's length, occurs."""
        return self._uses("n")

    @property
    def uses_seconds(self) -> bool:
        """Whether `s` occurs, or keys are in seconds: its numbers then depend on the rate."""
        return self._in_seconds or self._uses("s")

    @property
    def _in_seconds(self) -> bool:
        return self.keys[-1].word.endswith("s")

    def _uses(self, name: str) -> bool:
        return any(name in key.program for key in self.keys)

    def map(self, form: Form) -> Schedule:
        """The schedule with every key's expression put into a form, as `Form("x * 0.5")`."""
        return Schedule.of([key.within(form) for key in self.keys], self.between)

    def at(self, clock: FrameTime) -> float:
        """The finite number that holds at `clock`.

        Raises:
            RecipeError: there is none: a division by zero, a root of a negative number, a number
                that is not finite, or a length that is not known. Does not name the key.
        """
        if clock.frames is None and self.uses_length:
            raise RecipeError("uses n, but how long this clip is cannot be told")
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
        reach = self.between == "cubic"
        around = range(max(here - reach, 0), min(here + 1 + reach, last) + 1)
        x = {i: self.keys[i].place for i in around}
        y = {i: evaluated(self.keys[i].program, names) for i in around}
        a, b = y[here], y[here + 1]
        share = float((now - x[here]) / (x[here + 1] - x[here]))
        if self.between == "cubic":
            value = finite(_cubic(x, y, here, share))
        else:
            share = fade(share) if self.between == "ease" else share
            value = (1 - share) * a + share * b
        return clip(value, min(a, b), max(a, b))  # which rounding alone could leave


def mapped(value: float | Schedule, form: Form) -> float | Schedule:
    """A number, or every key of a schedule, put into a form in `x`."""
    if isinstance(value, Schedule):
        return value.map(form)
    return evaluated(form.of_program((float(value),)), {})


def parse_schedule(value: Any) -> Schedule | None:
    """The schedule in a text or a mapping; None where `value` is plain, as 1.02 or "1e-3" are.

    A text is `"0:(1.02), 50:(1.04) ease"`, its keys frames, or seconds as in `2.5s`; or an
    expression as `"1.02 + 0.01*sin(t/9)"`. A mapping is `{0: 1.02, 50: 1.04, interpolation: ease}`.

    Raises:
        ValueError: a text or a mapping that is no number and no schedule; in one line.
    """
    if isinstance(value, Schedule):
        return value
    if isinstance(value, Mapping):
        return _from_mapping(dict(value))
    if not isinstance(value, str):
        return None
    try:
        float(" ".join(value.split()))  # which takes more for white space than float does
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
    # At the commas before a key: no expression has a colon, but many have commas.
    parts = re.split(r"[,;](?=[^,;:]*:)", text.rstrip(" ,;"))
    pairs = [(part.partition(":")[0], part.partition(":")[2].strip()) for part in parts]
    return _keyframes(pairs, between)


def _from_mapping(given: dict[Any, Any]) -> Schedule:
    between = given.pop("interpolation", "linear")
    if between not in BETWEEN:
        raise ValueError(f"interpolation must be one of {', '.join(BETWEEN)}")
    pairs = []
    for key, value in given.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e308:
            value = repr(float(value)).removesuffix(".0")
        if not isinstance(value, str):
            raise ValueError(f"at {short(key)} must be a finite number or an expression")
        pairs.append((key, f"({' '.join(value[:MAX_TEXT].split())})"))
    return _keyframes(pairs, between)


def _keyframes(pairs: list[tuple[Any, str]], between: str) -> Schedule:
    if not 0 < len(pairs) <= MAX_KEYS:
        raise ValueError(f"needs from 1 to {MAX_KEYS} keys")
    keys: list[Key] = []
    for given, text in pairs:
        place, word = _key(given)
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


def _key(given: Any) -> tuple[Fraction, str]:
    """A key's frame or second, and the key as it is written."""
    text = "".join(str(given).split()) if isinstance(given, str) or type(given) is int else ""
    match = re.fullmatch(r"([0-9]{1,9})|([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})s", text)
    if not match:
        raise ValueError(f"{short(given)} is no key; a key is a frame as 50, or seconds as 2.5s")
    return Fraction(match[1] or match[2]), text


def _cubic(x: Mapping[int, Fraction], y: Mapping[int, float], i: int, share: float) -> float:
    """Between keys `x[i]` and `x[i + 1]`, a cubic that never leaves the range of their values.

    Slopes by the harmonic mean: F. N. Fritsch and J. Butland, "A method for constructing local
    monotone piecewise cubic interpolants", SIAM J. Sci. Stat. Comput. 5 (1984), as in PCHIP; within
    the bounds of F. N. Fritsch and R. E. Carlson, SIAM J. Numer. Anal. 17 (1980).
    """

    def gap(k: int) -> float:
        return float(x[k + 1] - x[k])

    def rise(k: int) -> float:
        return (y[k + 1] - y[k]) / gap(k)

    def slope(k: int) -> float:
        if k - 1 not in y or k + 1 not in y:  # the first key or the last
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
