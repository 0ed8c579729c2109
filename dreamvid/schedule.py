"""A number that changes over a film: keyframes, or an expression in the frame's time.

What a recipe says here may come from anyone, so nothing of it is ever run as Python. A text is cut
into known words first, which bounds its length, its operations and its nesting; `ast.parse` then
finds what belongs to what; and a walk over a few kinds of node turns that into a list of steps for
a small stack machine, which knows nothing but floats.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from string import ascii_letters
from typing import Any

from dreamvid.errors import RecipeError, near

MAX_TEXT = 100_000  # characters of a schedule, as given and as written back
MAX_EXPRESSION = 1000  # characters of one expression
MAX_NODES = 200  # numbers, names, operators and functions in one expression
MAX_DEPTH = 24  # parentheses within one another
MAX_KEYS = 5000
MAX_OPERATIONS = 4 * MAX_NODES  # the largest `Schedule.operations`: `cubic` looks at four keys

BETWEEN = ("linear", "step", "ease", "cubic")  # how to go from one key to the next

# A number, a name, or a function with how many values it takes.
_Step = float | str | tuple[Callable[..., float], int]
_Program = tuple[_Step, ...]


@dataclass(frozen=True)
class Clock:
    """A frame's place in time: the film's frame `t`, from 0, at `rate` frames a second (over 0).

    `frames` is how many the film has in all; None where that is not known.
    """

    t: int
    rate: Fraction
    frames: int | None


@dataclass(frozen=True)
class Schedule:
    """A number that changes over a film; made by `parse_schedule`, equal where `said` is.

    `said` is the schedule as a text that reads back as the same schedule. `operations` is the most
    steps that one `at` takes, up to `MAX_OPERATIONS`. An expression is one key that always holds.
    """

    said: str
    operations: int = field(compare=False)
    _keys: tuple[Fraction, ...] = field(compare=False, repr=False)
    _programs: tuple[_Program, ...] = field(compare=False, repr=False)
    _seconds: bool = field(compare=False, repr=False)
    _between: str = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.said

    @property
    def uses_length(self) -> bool:
        """Whether `n`, the film's length, occurs."""
        return any("n" in program for program in self._programs)

    def at(self, clock: Clock) -> float:
        """The finite number that holds at `clock`.

        Raises:
            RecipeError: there is none: a division by zero, a root of a negative number, a number
                that is not finite, or a length that is not known. Does not name the key.
        """
        if clock.frames is None and self.uses_length:
            raise RecipeError("uses n, but how long this clip is cannot be told")
        try:
            names = {"t": float(clock.t), "s": float(clock.t / clock.rate), "pi": math.pi}
            return self._value(clock, names | {"n": float(clock.frames or 0)})
        except (ArithmeticError, ValueError) as error:
            fault = str(error) if isinstance(error, ValueError) else "not finite"
            fault = "divides by zero" if isinstance(error, ZeroDivisionError) else fault
        raise RecipeError(f"{fault} at frame {clock.t}")

    def _value(self, clock: Clock, names: dict[str, float]) -> float:
        now = clock.t / clock.rate if self._seconds else Fraction(clock.t)
        last = len(self._keys) - 1
        here = bisect_right(self._keys, now) - 1
        if here < 0 or here == last or self._between == "step" or self._keys[here] == now:
            return _evaluated(self._programs[max(here, 0)], names)
        reach = self._between == "cubic"
        around = range(max(here - reach, 0), min(here + 1 + reach, last) + 1)
        y = {i: _evaluated(self._programs[i], names) for i in around}
        a, b = y[here], y[here + 1]
        share = float((now - self._keys[here]) / (self._keys[here + 1] - self._keys[here]))
        if self._between == "cubic":
            value = _finite(_cubic(self._keys, y, here, share))
        else:
            share = _fade(share) if self._between == "ease" else share
            value = (1 - share) * a + share * b
        return _clip(value, min(a, b), max(a, b))  # which rounding alone could leave


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
        float(value)
    except ValueError:
        return _from_text(value)
    return None


def _from_text(text: str) -> Schedule:
    if len(text) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT} characters")
    text = " ".join(text.split())
    if ":" not in text:
        program = _compiled(text)
        return Schedule(text, len(program), (Fraction(0),), (program,), False, "linear")
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
            raise ValueError(f"at {_short(key)} must be a finite number or an expression")
        pairs.append((key, f"({' '.join(value[:MAX_TEXT].split())})"))
    return _keyframes(pairs, between)


def _keyframes(pairs: list[tuple[Any, str]], between: str) -> Schedule:
    if not 0 < len(pairs) <= MAX_KEYS:
        raise ValueError(f"needs from 1 to {MAX_KEYS} keys")
    keys: list[Fraction] = []
    programs: list[_Program] = []
    said: list[str] = []
    seconds = False
    for given, text in pairs:
        key, word = _key(given)
        try:
            programs.append(_compiled(text))
        except ValueError as error:
            raise ValueError(f"at {word}, {error}") from None
        if keys and word.endswith("s") != seconds:
            raise ValueError("mixes frames and seconds; give all keys as 50, or all as 2.5s")
        if keys and keys[-1] >= key:
            raise ValueError(f"keys must rise, but {word} does not")
        seconds = word.endswith("s")
        keys.append(key)
        said.append(f"{word}:{text}")
    whole = ", ".join(said) + (f" {between}" if between != "linear" else "")
    if len(whole) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT} characters when written out")
    reach = {"step": 1, "cubic": 4}.get(between, 2)
    most = max(sum(map(len, programs[i : i + reach])) for i in range(len(programs)))
    return Schedule(whole, most, tuple(keys), tuple(programs), seconds, between)


def _key(given: Any) -> tuple[Fraction, str]:
    """A key's frame or second, and the key as it is written."""
    text = "".join(str(given).split()) if isinstance(given, str) or type(given) is int else ""
    match = re.fullmatch(r"([0-9]{1,9})|([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})s", text)
    if not match:
        raise ValueError(f"{_short(given)} is no key; a key is a frame as 50, or seconds as 2.5s")
    return Fraction(match[1] or match[2]), text


def _short(given: Any) -> str:
    """What was given, for a message: one line, and without the `: ` that ends a key's name."""
    text = str(given) if isinstance(given, str | int | float) else f"a {type(given).__name__}"
    return repr(text if len(text) < 40 else text[:39] + "…").replace(": ", ":")


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise OverflowError
    return value


def _power(base: float, exponent: float) -> float:
    if base < 0 and not exponent.is_integer():
        raise ValueError("takes a root of a negative number")
    return float(base**exponent)


def _fade(share: float) -> float:
    return share * share * (3 - 2 * share)


def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def _smooth(x: float, a: float, b: float) -> float:
    return float(x >= a) if a == b else _fade(_clip(_finite((x - a) / (b - a)), 0.0, 1.0))


def _mixed(number: int) -> int:
    """64 bits that look nothing like their neighbors' (the finalizer of splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    number = (number ^ number >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return number ^ number >> 31


def _noise(x: float, k: float = 0.0) -> float:
    """Value noise, smooth between the drawn values (−1 to 1) at whole x; `k` picks which.

    Not gradient noise, which is 0 at every whole x: `noise(t)` would not move at all.
    """
    cell, which = math.floor(x), _mixed(math.floor(k))
    a, b = ((_mixed(cell + i + which) >> 11) / 2**52 - 1 for i in (0, 1))
    share = _fade(x - cell)
    return _clip((1 - share) * a + share * b, min(a, b), max(a, b))


def _cubic(x: Sequence[Fraction], y: Mapping[int, float], i: int, share: float) -> float:
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


_NAMES = ("t", "s", "n", "pi")
_FUNCTIONS: dict[str, tuple[Callable[..., float], int, int, str]] = {
    "sin": (math.sin, 1, 1, "sin(x)"),
    "cos": (math.cos, 1, 1, "cos(x)"),
    "abs": (abs, 1, 1, "abs(x)"),
    "min": (lambda *x: min(x), 1, MAX_NODES, "min(x, y)"),
    "max": (lambda *x: max(x), 1, MAX_NODES, "max(x, y)"),
    "clip": (_clip, 3, 3, "clip(x, low, high)"),
    "smooth": (_smooth, 3, 3, "smooth(x, from, to)"),
    "noise": (_noise, 1, 2, "noise(x) or noise(x, k)"),
}
_KNOWN = (*_NAMES, *_FUNCTIONS)
_OPERATORS: dict[type[ast.AST], tuple[Callable[..., float], int]] = {
    ast.Add: (operator.add, 2),
    ast.Sub: (operator.sub, 2),
    ast.Mult: (operator.mul, 2),
    ast.Div: (operator.truediv, 2),
    ast.FloorDiv: (operator.floordiv, 2),
    ast.Mod: (operator.mod, 2),
    ast.Pow: (_power, 2),
    ast.USub: (operator.neg, 1),
    ast.UAdd: (operator.pos, 1),
}
_WORD = re.compile(
    r" ?(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>\*\*|//|[-+*/%(),]))"
)


def _words(text: str) -> Iterable[str]:
    """The words of an expression, each of them known, and no more than may be."""
    place = depth = nodes = 0
    last, operand = "", False  # whether what came last may end an operand
    while place < len(text):
        match = _WORD.match(text, place)
        if not match:
            raise ValueError(f"{_short(text[place:].lstrip()[0])} has no meaning in an expression")
        place, word = match.end(), match[0].strip()
        if match["name"] and word not in _KNOWN:
            hint = near(word, (*_KNOWN, *BETWEEN)) or f"; it knows {', '.join(_KNOWN)}"
            hint = "; it goes after the last key" if word in BETWEEN else hint
            raise ValueError(f"{_short(word)} is no number and no name in an expression{hint}")
        if operand and (match["number"] or match["name"] or word == "("):
            between = f"{_short(last)} and {_short(word)}"
            raise ValueError(f"lacks an operator, as * is, between {between}")
        depth += (word == "(") - (word == ")")
        nodes += word not in ("(", ")", ",")
        if depth < 0:
            break
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            most = f"{MAX_DEPTH} parentheses deep, {MAX_NODES} numbers, names and operators"
            raise ValueError(f"has an expression over the most there may be ({most})")
        # Every number is a float: powers of whole numbers have no end.
        yield repr(_finite(float(word))) if match["number"] else word
        last, operand = word, bool(match["number"]) or word in (*_NAMES, ")")
    if depth:
        raise ValueError("has parentheses that do not match")


def _compiled(text: str) -> _Program:
    """The steps that work out an expression; a ValueError says why it is none."""
    if len(text) > MAX_EXPRESSION:
        raise ValueError(f"has an expression longer than {MAX_EXPRESSION} characters")
    try:
        words = " ".join(_words(text))
        todo: list[ast.AST] = [ast.parse(words, mode="eval").body]
    except OverflowError:
        raise ValueError("has a number over 1e308") from None
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{_short(text)} is no number and no expression") from None
    steps: list[_Step] = []
    # Each node before its parts, the last part first: backwards, that is the order to compute in.
    while todo:
        step, parts = _step(todo.pop())
        steps.append(step)
        todo.extend(parts)
    return tuple(reversed(steps))


def _step(node: ast.AST) -> tuple[_Step, list[Any]]:
    """What one node does, and the nodes that it does it to."""
    match node:
        case ast.Constant(value=float(number)):
            return number, []
        case ast.Name(id=name) if name in _NAMES:
            return name, []
        case ast.Name(id=name):
            raise ValueError(f"{name} is a function; write {_FUNCTIONS[name][3]}")
        case ast.UnaryOp(op=op, operand=part) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)], [part]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)], [left, right]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            work, least, most, usage = _FUNCTIONS[name]
            if not least <= len(args) <= most:
                raise ValueError(f"{name} is written {usage}, not with {len(args)} values")
            return (work, len(args)), list(args)
    raise ValueError("has a comma or a * where an expression has none")


def _evaluated(program: _Program, names: dict[str, float]) -> float:
    stack: list[float] = []
    for step in program:
        if isinstance(step, tuple):
            work, takes = step
            values = stack[-takes:]
            del stack[-takes:]
            stack.append(_finite(work(*values)))
        else:
            stack.append(names[step] if isinstance(step, str) else step)
    return stack[0]
