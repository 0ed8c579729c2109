"""Schedules: numbers that change over a film, by keyframes or by an expression in the frame's
time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from string import ascii_letters
from typing import Any

from dreamvid.errors import RecipeError
from dreamvid.recipe.expression import Step, compiled, evaluated, short
from dreamvid.recipe.form import Form
from dreamvid.recipe.heard import NO_SOUND, SILENT, B, Heard
from dreamvid.recipe.interpolation import BETWEEN, between_keys
from dreamvid.recipe.keyframe import Key, one_unit, parse_key
from dreamvid.recipe.timeline import LENGTHS, FrameTime

MAX_TEXT = 100_000  # characters of a schedule, as typed and as written back
MAX_KEYS = 5000


@dataclass(frozen=True)
class Schedule:
    """A number that changes over a film; made by `parse_schedule`, equal where `text` is.

    `text` parses to the same schedule. An expression is a single keyframe, valid at every frame.
    """

    text: str
    keys: tuple[Key, ...] = field(compare=False, repr=False)
    between: str = field(compare=False, repr=False)

    _in_film: dict[int, Sequence[Key]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @classmethod
    def of(cls, keys: Sequence[Key], between: str) -> Schedule:
        """Make a schedule of keyframes of one unit, ascending where their places are known."""
        suffix = "" if between == BETWEEN[0] else f" {between}"
        return cls(", ".join(map(str, keys)) + suffix, tuple(keys), between)

    def __str__(self) -> str:
        return self.text

    @property
    def uses_length(self) -> bool:
        """Whether the film's length is used, as `n` or `max_f`."""
        return self._follows_length or any(self._uses(name) for name in LENGTHS)

    @property
    def uses_seconds(self) -> bool:
        """Whether `s` is used, keyframes are in seconds, or a sound is heard, so that values depend
        on the frame rate."""
        return self._unit == "s" or self._uses("s") or bool(self.heard)

    def _uses(self, name: str) -> bool:
        return any(name in key.program for key in self.keys)

    @cached_property
    def heard(self) -> tuple[Heard, ...]:
        """What is heard for it, each once."""
        places = (B,) if self._unit == "b" else ()
        steps = (step for key in self.keys for step in key.program)
        return tuple(dict.fromkeys([*places, *(step for step in steps if isinstance(step, Heard))]))

    @property
    def _unit(self) -> str:
        return self.keys[-1].unit

    @cached_property
    def _follows_length(self) -> bool:
        return any(key.length for key in self.keys)

    def map(self, form: Form) -> Schedule:
        """The schedule with every expression substituted into a form, such as `Form("x * 0.5")`."""
        return Schedule.of([key.within(form) for key in self.keys], self.between)

    def at(self, clock: FrameTime) -> float:
        """The schedule's finite value at one frame.

        Raises:
            RecipeError: there is none: a division by zero, a root of a negative number, a result
                that is not finite, `n` where the length is unknown, or something heard where
                there is no sound. Without the key.
        """
        names = self._names(clock)
        try:
            return self._value(clock, names)
        except (ArithmeticError, ValueError) as error:
            fault = str(error) if isinstance(error, ValueError) else "not finite"
            fault = "divides by zero" if isinstance(error, ZeroDivisionError) else fault
        raise RecipeError(f"{fault} at frame {clock.t}")

    def reached(self, clock: FrameTime) -> int:
        """How many of the keyframes lie at a frame or before it.

        Raises:
            RecipeError: as `at`.
        """
        return self._reached(clock, self._names(clock))

    def _names(self, clock: FrameTime) -> dict[Step, float]:
        if clock.frames is None and self.uses_length:
            raise RecipeError("uses n, but the length of this clip is unknown")
        names: dict[Step, float] = dict(clock.names().items())
        for each in self.heard:
            if clock.heard is None:
                fault = f"needs the beats: {SILENT}" if each.is_rhythm else NO_SOUND
                raise RecipeError(f"{_shown(each)} {fault}")
            names[each] = clock.heard.at(each, clock.t)
        return names

    def _now(self, clock: FrameTime, names: dict[Step, float]) -> Fraction:
        units = {"": Fraction(clock.t), "s": clock.seconds}
        return Fraction(names[B]) if self._unit == "b" else units[self._unit]

    def _reached(self, clock: FrameTime, names: dict[Step, float]) -> int:
        now = self._now(clock, names)
        return bisect_right(self._placed(clock), now, key=lambda key: key.place)

    def _value(self, clock: FrameTime, names: dict[Step, float]) -> float:
        now = self._now(clock, names)
        keys = self._placed(clock)
        last = len(keys) - 1
        here = bisect_right(keys, now, key=lambda key: key.place) - 1
        if here < 0 or here == last or self.between == "step" or keys[here].place == now:
            return evaluated(keys[max(here, 0)].program, names)
        extra = self.between == "cubic"  # cubic needs one more keyframe on each side
        around = range(max(here - extra, 0), min(here + 1 + extra, last) + 1)
        x = {i: keys[i].place for i in around}
        y = {i: evaluated(keys[i].program, names) for i in around}
        share = float((now - x[here]) / (x[here + 1] - x[here]))
        return between_keys(self.between, x, y, here, share)

    def _placed(self, clock: FrameTime) -> Sequence[Key]:
        """The keyframes at their places in the film, ascending; of two at one frame the last."""
        if not self._follows_length:
            return self.keys
        length = clock.frames or 0
        if length not in self._in_film:
            by_place = {key.place: key for key in (each.in_film(clock) for each in self.keys)}
            self._in_film[length] = [by_place[place] for place in sorted(by_place)]
        return self._in_film[length]


def _shown(heard: Heard) -> str:
    return "a beat" if heard.name in ("1b", "b") else str(heard)


def mapped(value: float | Schedule, form: Form) -> float | Schedule:
    """Substitute a number, or every expression of a schedule, into a form in `x`."""
    if isinstance(value, Schedule):
        return value.map(form)
    return evaluated(form.of_program((float(value),)), {})


def parse_schedule(value: Any) -> Schedule | None:
    """Parse a schedule from a string or a mapping; None for a plain number such as 1.02 or "1e-3".

    A string is `"0:(1.02), 50:(1.04) ease"`, with keyframes at frames, at seconds as `2.5s`, or at
    beats as `4b`; or an expression such as `"1.02 + 0.01*sin(t/9)"`. A mapping is `{0: 1.02, 50:
    1.04, interpolation: ease}`.

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
    keys = [parse_key(value, text) for value, text in pairs]
    one_unit(keys)
    if not any(key.length for key in keys):
        keys.sort(key=lambda key: key.place)
        for one, two in pairwise(keys):
            if one.place == two.place:
                raise ValueError(f"has the key {two.word} twice")
    schedule = Schedule.of(keys, between)
    if len(schedule.text) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT} characters when written out")
    return schedule
