"""An expression of a schedule: a number worked out from a frame's time.

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
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from dreamvid.errors import near
from dreamvid.recipe.timeline import NAMES

MAX_EXPRESSION = 1000  # characters of one expression
MAX_NODES = 200  # numbers, names, operators and functions in one expression
MAX_DEPTH = 24  # parentheses within one another

BETWEEN = ("linear", "step", "ease", "cubic")  # how to go from one key to the next

# A number, a name, or a function with how many values it takes.
Step = float | str | tuple[Callable[..., float], int]
Program = tuple[Step, ...]


def short(given: Any) -> str:
    """What was given, for a message: in quotes, one line, and not long."""
    text = str(given) if isinstance(given, str | int | float) else f"a {type(given).__name__}"
    return repr(text if len(text) < 40 else text[:39] + "…")


def finite(value: float) -> float:
    """The value itself. Raises OverflowError if it is infinite or none."""
    if not math.isfinite(value):
        raise OverflowError
    return value


def _power(base: float, exponent: float) -> float:
    if base < 0 and not exponent.is_integer():
        raise ValueError("takes a root of a negative number")
    return float(base**exponent)


def fade(share: float) -> float:
    """From 0 to 1 as `share` goes there, beginning and ending level."""
    return share * share * (3 - 2 * share)


def clip(x: float, low: float, high: float) -> float:
    """`x` within `low` and `high`."""
    return min(max(x, low), high)


def _smooth(x: float, a: float, b: float) -> float:
    return float(x >= a) if a == b else fade(clip(finite((x - a) / (b - a)), 0.0, 1.0))


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
    share = fade(x - cell)
    return clip((1 - share) * a + share * b, min(a, b), max(a, b))


_FUNCTIONS: dict[str, tuple[Callable[..., float], int, int, str]] = {
    "sin": (math.sin, 1, 1, "sin(x)"),
    "cos": (math.cos, 1, 1, "cos(x)"),
    "abs": (abs, 1, 1, "abs(x)"),
    "min": (lambda *x: min(x), 1, MAX_NODES, "min(x, y)"),
    "max": (lambda *x: max(x), 1, MAX_NODES, "max(x, y)"),
    "clip": (clip, 3, 3, "clip(x, low, high)"),
    "smooth": (_smooth, 3, 3, "smooth(x, from, to)"),
    "noise": (_noise, 1, 2, "noise(x) or noise(x, k)"),
}
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


def known() -> tuple[str, ...]:
    """The names and functions that an expression may use."""
    return *NAMES, *_FUNCTIONS


def _words(text: str, names: Collection[str]) -> Iterable[str]:
    """The words of an expression, each of them known, and no more than may be."""
    place = depth = nodes = 0
    usable = (*names, *_FUNCTIONS)
    last, operand = "", False  # whether what came last may end an operand
    while place < len(text):
        match = _WORD.match(text, place)
        if not match:
            raise ValueError(f"{short(text[place:].lstrip()[0])} has no meaning in an expression")
        place, word = match.end(), match[0].strip()
        if match["name"] and word not in usable:
            hint = near(word, (*usable, *BETWEEN)) or f"; it knows {', '.join(usable)}"
            hint = "; it goes after the last key" if word in BETWEEN else hint
            raise ValueError(f"{short(word)} is no number and no name in an expression{hint}")
        if operand and (match["number"] or match["name"] or word == "("):
            between = f"{short(last)} and {short(word)}"
            raise ValueError(f"lacks an operator, as * is, between {between}")
        depth += (word == "(") - (word == ")")
        nodes += word not in ("(", ")", ",")
        if depth < 0:
            break
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            most = f"{MAX_DEPTH} parentheses deep, {MAX_NODES} numbers, names and operators"
            raise ValueError(f"has an expression over the most there may be ({most})")
        # Every number is a float: powers of whole numbers have no end.
        yield repr(finite(float(word))) if match["number"] else word
        last, operand = word, bool(match["number"]) or word in (*names, ")")
    if depth:
        raise ValueError("has parentheses that do not match")


def compiled(text: str, names: Collection[str] = NAMES) -> Program:
    """The steps that work out an expression in these names; a ValueError says why it is none."""
    if len(text) > MAX_EXPRESSION:
        raise ValueError(f"has an expression longer than {MAX_EXPRESSION} characters")
    try:
        words = " ".join(_words(text, names))
        todo: list[ast.AST] = [ast.parse(words, mode="eval").body]
    except OverflowError:
        raise ValueError("has a number over 1e308") from None
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{short(text)} is no number and no expression") from None
    steps: list[Step] = []
    # Each node before its parts, the last part first: backwards, that is the order to compute in.
    while todo:
        step, parts = _step(todo.pop(), names)
        steps.append(step)
        todo.extend(parts)
    return tuple(reversed(steps))


def _step(node: ast.AST, names: Collection[str]) -> tuple[Step, list[Any]]:
    """What one node does, and the nodes that it does it to."""
    match node:
        case ast.Constant(value=float(number)):
            return number, []
        case ast.Name(id=name) if name in names:
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


VARIABLE = "x"
"""What a `Form` calls the expression that is put into it."""


@dataclass(frozen=True)
class Form:
    """An expression in `x`, such as `max(1, x - 2)`, into which others can be put.

    Raises:
        ValueError: the text is no expression in `x`.
    """

    text: str

    def __post_init__(self) -> None:
        compiled(self.text, (*NAMES, VARIABLE))

    def of_text(self, text: str) -> str:
        """The text of the form with an expression in the place of `x`."""
        put = text if _is_bracketed(text) else f"({text})"
        parts = _WORD.finditer(" ".join(self.text.split()))
        return "".join(
            part[0].replace(VARIABLE, put) if part["name"] == VARIABLE else part[0]
            for part in parts
        )

    def of_program(self, program: Program) -> Program:
        """The steps of the form with another's in the place of `x`."""
        made: list[Step] = []
        for step in compiled(self.text, (*NAMES, VARIABLE)):
            made += program if step == VARIABLE else (step,)
        return tuple(made)


def _is_bracketed(text: str) -> bool:
    """Whether the parenthesis at the beginning of an expression is closed at its end."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return at == len(text) - 1 and letter == ")"
    return False


def evaluated(program: Program, names: dict[str, float]) -> float:
    """The number that a program comes to. Raises ArithmeticError or ValueError if none."""
    stack: list[float] = []
    for step in program:
        if isinstance(step, tuple):
            work, takes = step
            values = stack[-takes:]
            del stack[-takes:]
            stack.append(finite(work(*values)))
        else:
            stack.append(names[step] if isinstance(step, str) else step)
    return stack[0]
