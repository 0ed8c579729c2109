"""The functions and operators of schedules' expressions: floats in, a float out."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

Function = Callable[..., float]


class Usage(NamedTuple):
    """A function of expressions.

    Attributes:
        function: of floats; it may raise ArithmeticError, or ValueError with the reason.
        fewest, most: how many values it takes.
        written: how it is written, for error messages.
    """

    function: Function
    fewest: int
    most: int
    written: str


def finite(value: float) -> float:
    """The value itself. Raises OverflowError if it is infinite or NaN."""
    if not math.isfinite(value):
        raise OverflowError
    return value


def fade(share: float) -> float:
    """Smoothstep: from 0 to 1 as `share` goes from 0 to 1, with zero slope at both ends."""
    return share * share * (3 - 2 * share)


def clip(x: float, low: float, high: float) -> float:
    """`x` clipped to `low`..`high`."""
    return min(max(x, low), high)


def where(condition: float, yes: float, no: float) -> float:
    """`yes` where `condition` is not 0, else `no`."""
    return yes if condition else no


def _power(base: float, exponent: float) -> float:
    if base < 0 and not exponent.is_integer():
        raise ValueError("takes a root of a negative number")
    return float(base**exponent)


def _logarithm(x: float) -> float:
    if x <= 0:
        raise ValueError("takes the logarithm of a number that is not over 0")
    return math.log(x)


def _smooth(x: float, a: float, b: float) -> float:
    return float(x >= a) if a == b else fade(clip(finite((x - a) / (b - a)), 0.0, 1.0))


def mixed(number: int) -> int:
    """Hash an integer to 64 bits (the finalizer of splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    number = (number ^ number >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return number ^ number >> 31


def _noise(x: float, k: float = 0.0) -> float:
    """Value noise: random values in −1..1 at integer x, smooth in between; `k` selects the noise.

    Not gradient noise, which is 0 at every integer x, so that `noise(t)` would be constant.
    """
    cell, which = math.floor(x), mixed(math.floor(k))
    a, b = ((mixed(cell + i + which) >> 11) / 2**52 - 1 for i in (0, 1))
    share = fade(x - cell)
    return clip((1 - share) * a + share * b, min(a, b), max(a, b))


ANY = 10_000
"""More values than an expression can hold."""

FUNCTIONS: dict[str, Usage] = {
    "sin": Usage(math.sin, 1, 1, "sin(x)"),
    "cos": Usage(math.cos, 1, 1, "cos(x)"),
    "tan": Usage(math.tan, 1, 1, "tan(x)"),
    "sqrt": Usage(lambda x: _power(x, 0.5), 1, 1, "sqrt(x)"),
    "exp": Usage(math.exp, 1, 1, "exp(x)"),
    "log": Usage(_logarithm, 1, 1, "log(x)"),
    "abs": Usage(abs, 1, 1, "abs(x)"),
    "floor": Usage(lambda x: float(math.floor(x)), 1, 1, "floor(x)"),
    "ceil": Usage(lambda x: float(math.ceil(x)), 1, 1, "ceil(x)"),
    "min": Usage(lambda *x: min(x), 1, ANY, "min(x, y)"),
    "max": Usage(lambda *x: max(x), 1, ANY, "max(x, y)"),
    "clip": Usage(clip, 3, 3, "clip(x, low, high)"),
    "smooth": Usage(_smooth, 3, 3, "smooth(x, from, to)"),
    "where": Usage(where, 3, 3, "where(condition, yes, no)"),
    "noise": Usage(_noise, 1, 2, "noise(x) or noise(x, k)"),
}


def _truth(test: Callable[..., Any]) -> Function:
    return lambda *x: float(bool(test(*x)))


OPERATORS: dict[type[ast.AST], tuple[Function, int]] = {
    ast.Add: (operator.add, 2),
    ast.Sub: (operator.sub, 2),
    ast.Mult: (operator.mul, 2),
    ast.Div: (operator.truediv, 2),
    ast.FloorDiv: (operator.floordiv, 2),
    ast.Mod: (operator.mod, 2),
    ast.Pow: (_power, 2),
    ast.USub: (operator.neg, 1),
    ast.UAdd: (operator.pos, 1),
    ast.Lt: (_truth(operator.lt), 2),
    ast.LtE: (_truth(operator.le), 2),
    ast.Gt: (_truth(operator.gt), 2),
    ast.GtE: (_truth(operator.ge), 2),
    ast.Eq: (_truth(operator.eq), 2),
    ast.NotEq: (_truth(operator.ne), 2),
    ast.BitAnd: (_truth(lambda x, y: x and y), 2),
    ast.BitOr: (_truth(lambda x, y: x or y), 2),
    ast.Invert: (_truth(operator.not_), 1),
}
"""What each operator of Python's syntax does here: comparisons give 1 or 0, and `& | ~` combine
them, as in NumExpr."""

SIGNS = r"\*\*|//|<=|>=|==|!=|[-+*/%^<>&|~(),=]"
"""The operators as written, a regular expression; `^` is another way to write `**`."""
