"""Expressions in schedules: parsed, compiled and evaluated to a number per frame.

A recipe may come from an untrusted source, so an expression is never run as Python. It is split
into known tokens first, which bounds its length, its operations and its nesting; `ast.parse` then
finds its structure; and a few kinds of node are compiled into a program for a small stack machine
that computes with floats only.
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
MAX_DEPTH = 24  # nested parentheses

BETWEEN = ("linear", "step", "ease", "cubic")  # interpolation between keyframes

# A number, a variable, or a function with its number of arguments.
Step = float | str | tuple[Callable[..., float], int]
Program = tuple[Step, ...]


def short(given: Any) -> str:
    """A value for an error message: quoted, on one line, shortened."""
    text = str(given) if isinstance(given, str | int | float) else f"a {type(given).__name__}"
    return repr(text if len(text) < 40 else text[:39] + "…")


def finite(value: float) -> float:
    """The value itself. Raises OverflowError if it is infinite or NaN."""
    if not math.isfinite(value):
        raise OverflowError
    return value


def _power(base: float, exponent: float) -> float:
    if base < 0 and not exponent.is_integer():
        raise ValueError("takes a root of a negative number")
    return float(base**exponent)


def fade(share: float) -> float:
    """Smoothstep: from 0 to 1 as `share` goes from 0 to 1, with zero slope at both ends."""
    return share * share * (3 - 2 * share)


def clip(x: float, low: float, high: float) -> float:
    """`x` clipped to `low`..`high`."""
    return min(max(x, low), high)


def _smooth(x: float, a: float, b: float) -> float:
    return float(x >= a) if a == b else fade(clip(finite((x - a) / (b - a)), 0.0, 1.0))


def _mixed(number: int) -> int:
    """Hash an integer to 64 bits (the finalizer of splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    number = (number ^ number >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return number ^ number >> 31


def _noise(x: float, k: float = 0.0) -> float:
    """Value noise: random values in −1..1 at integer x, smooth in between; `k` selects the noise.

    Not gradient noise, which is 0 at every integer x, so that `noise(t)` would be constant.
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
_TOKEN = re.compile(
    r" ?(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>\*\*|//|[-+*/%(),]))"
)


def known() -> tuple[str, ...]:
    """The variables and functions that an expression may use."""
    return *NAMES, *_FUNCTIONS


def _unknown(token: str, usable: Collection[str]) -> str:
    hint = near(token, (*usable, *BETWEEN)) or f"; it knows {', '.join(usable)}"
    hint = "; it goes after the last key" if token in BETWEEN else hint
    return f"{short(token)} is no number and no name in an expression{hint}"


def _tokens(text: str, names: Collection[str]) -> Iterable[str]:
    """The tokens of an expression, each of them known and within the limits."""
    place = depth = nodes = 0
    usable = (*names, *_FUNCTIONS)
    last, operand = "", False  # operand: whether the last token may end an operand
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            raise ValueError(f"{short(text[place:].lstrip()[0])} has no meaning in an expression")
        place, token = match.end(), match[0].strip()
        if match["name"] and token not in usable:
            raise ValueError(_unknown(token, usable))
        if operand and (match["number"] or match["name"] or token == "("):
            between = f"{short(last)} and {short(token)}"
            raise ValueError(f"lacks an operator, such as *, between {between}")
        depth += (token == "(") - (token == ")")
        nodes += token not in ("(", ")", ",")
        if depth < 0:
            break
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            most = f"{MAX_DEPTH} parentheses deep, {MAX_NODES} numbers, names and operators"
            raise ValueError(f"has an expression over the limit ({most})")
        # Every number becomes a float: powers of integers could grow without bound.
        yield repr(finite(float(token))) if match["number"] else token
        last, operand = token, bool(match["number"]) or token in (*names, ")")
    if depth:
        raise ValueError("has parentheses that do not match")


def compiled(text: str, names: Collection[str] = NAMES) -> Program:
    """Compile an expression in the variables `names`. Raises ValueError if it is invalid."""
    if len(text) > MAX_EXPRESSION:
        raise ValueError(f"has an expression longer than {MAX_EXPRESSION} characters")
    try:
        tokens = " ".join(_tokens(text, names))
        todo: list[ast.AST] = [ast.parse(tokens, mode="eval").body]
    except OverflowError:
        raise ValueError("has a number over 1e308") from None
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{short(text)} is no number and no expression") from None
    steps: list[Step] = []
    # Preorder with the last child first; reversed, that is postorder, the order of evaluation.
    while todo:
        step, parts = _step(todo.pop(), names)
        steps.append(step)
        todo.extend(parts)
    return tuple(reversed(steps))


def _step(node: ast.AST, names: Collection[str]) -> tuple[Step, list[Any]]:
    """A node's step of the program, and its child nodes."""
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
            function, fewest, most, usage = _FUNCTIONS[name]
            if not fewest <= len(args) <= most:
                raise ValueError(f"{name} is written {usage}, not with {len(args)} values")
            return (function, len(args)), list(args)
    raise ValueError("has a comma or a * where an expression has none")


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
        parts = _TOKEN.finditer(" ".join(self.text.split()))
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


def evaluated(program: Program, names: dict[str, float]) -> float:
    """Evaluate a program. Raises ArithmeticError or ValueError if it has no finite value."""
    stack: list[float] = []
    for step in program:
        if isinstance(step, tuple):
            function, count = step
            values = stack[-count:]
            del stack[-count:]
            stack.append(finite(function(*values)))
        else:
            stack.append(names[step] if isinstance(step, str) else step)
    return stack[0]
