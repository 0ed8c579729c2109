"""Expressions in schedules: parsed, compiled and evaluated to a number per frame.

A recipe may come from an untrusted source, so an expression is never run as Python. It is split
into known tokens first, which bounds its length, its operations and its nesting; `ast.parse` then
finds its structure; and a few kinds of node are compiled into a program for a small stack machine
that computes with floats only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from dreamvid.errors import near
from dreamvid.recipe import heard as hearing
from dreamvid.recipe.functions import FUNCTIONS, OPERATORS, SIGNS, finite, where
from dreamvid.recipe.heard import BEAT_FRAMES, Heard, heard_call
from dreamvid.recipe.interpolation import BETWEEN
from dreamvid.recipe.timeline import NAMES

MAX_EXPRESSION = 1000  # characters of one expression
MAX_NODES = 200  # numbers, names, operators and functions in one expression
MAX_DEPTH = 24  # nested parentheses

# A number, a variable, something heard, or a function with its number of arguments.
Step = float | str | Heard | tuple[Callable[..., float], int]
Program = tuple[Step, ...]


def short(given: Any) -> str:
    """A value for an error message: quoted, on one line, shortened."""
    text = str(given) if isinstance(given, str | int | float) else f"a {type(given).__name__}"
    return repr(text if len(text) < 40 else text[:39] + "…")


_BEATS = "_beat"
"""Stands for `BEAT_FRAMES` between tokens and syntax tree; no token of an expression is that."""

TOKEN = re.compile(
    r" ?(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?P<beats>b(?!\w))?"
    rf"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>{SIGNS}))",
    re.ASCII,
)
_REWRITTEN = {"^": "**"}


def known() -> tuple[str, ...]:
    """The variables, functions and names of what is heard that an expression may use."""
    return tuple(dict.fromkeys((*NAMES, *FUNCTIONS, *_heard_words())))


def _heard_words() -> tuple[str, ...]:
    return *hearing.NAMES, *hearing.BANDS, *hearing.SMOOTHING


def _unknown(token: str, usable: Collection[str], heard: Collection[str]) -> str:
    hint = near(token, (*usable, *heard, *BETWEEN)) or f"; it knows {', '.join(usable)}"
    hint = "; it goes after the last key" if token in BETWEEN else hint
    return f"{short(token)} is no number and no name in an expression{hint}"


def _tokens(text: str, names: Collection[str], heard: Collection[str]) -> Iterable[str]:
    """The tokens of an expression, each of them known and within the limits."""
    place = depth = nodes = 0
    usable = (*names, *FUNCTIONS)
    values = (*names, *(name for name in heard if name in hearing.NAMES), ")")
    last, operand = "", False  # operand: whether the last token may end an operand
    while place < len(text):
        match = TOKEN.match(text, place)
        if not match:
            raise ValueError(f"{short(text[place:].lstrip()[0])} has no meaning in an expression")
        place, token = match.end(), match[0].strip()
        if match["name"] and token not in usable and token not in heard:
            raise ValueError(_unknown(token, usable, heard))
        # What is heard may be called: kick(release=0.3).
        called = token == "(" and last in heard
        if operand and not called and (match["number"] or match["name"] or token == "("):
            between = f"{short(last)} and {short(token)}"
            raise ValueError(f"lacks an operator, such as *, between {between}")
        depth += (token == "(") - (token == ")")
        nodes += token not in ("(", ")", ",")
        if depth < 0:
            break
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            most = f"{MAX_DEPTH} parentheses deep, {MAX_NODES} numbers, names and operators"
            raise ValueError(f"has an expression over the limit ({most})")
        yield _rewritten(match, token, heard)
        last, operand = token, bool(match["number"]) or token in values
    if depth:
        raise ValueError("has parentheses that do not match")


def _rewritten(match: re.Match[str], token: str, heard: Collection[str]) -> str:
    """A token in Python's syntax."""
    if not match["number"]:
        return _REWRITTEN.get(token, token)
    # Every number becomes a float: powers of integers could grow without bound.
    number = repr(finite(float(match["number"])))
    if match["beats"] and not heard:
        raise ValueError(f"{short(token)} are beats, which have no meaning here")
    return f"({number}*{_BEATS})" if match["beats"] else number


def compiled(
    text: str, names: Collection[str] = NAMES, heard: Collection[str] | None = None
) -> Program:
    """Compile an expression.

    Args:
        names: the variables that it may use.
        heard: the names of what is heard that it may use; None: all.

    Raises:
        ValueError: it is invalid; one line.
    """
    if len(text) > MAX_EXPRESSION:
        raise ValueError(f"has an expression longer than {MAX_EXPRESSION} characters")
    try:
        tokens = " ".join(_tokens(text, names, _heard_words() if heard is None else heard))
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
        case ast.Name(id=name):
            return _named(name, names), []
        case ast.UnaryOp(op=op, operand=part) if type(op) in OPERATORS:
            return OPERATORS[type(op)], [part]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)], [left, right]
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
            return OPERATORS[type(op)], [left, right]
        case ast.Compare():
            raise ValueError("compares more than two values; write (1 < t) & (t < 9)")
        case ast.Call(func=ast.Name(id=name), args=args, keywords=words) if name not in FUNCTIONS:
            pairs = {word.arg or "": _constant(name, word.value) for word in words}
            if pairs.keys() - {*hearing.SMOOTHING} or len(pairs) < len(words):
                raise ValueError(f"{name} takes {' and '.join(hearing.SMOOTHING)} once, by name")
            return heard_call(name, [_constant(name, each) for each in args], pairs), []
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            usage = FUNCTIONS[name]
            if not usage.fewest <= len(args) <= usage.most:
                raise ValueError(f"{name} is written {usage.written}, not with {len(args)} values")
            return (usage.function, len(args)), list(args)
    raise ValueError("has a comma or a * where an expression has none")


def _named(name: str, names: Collection[str]) -> str | Heard:
    if name in names:
        return name
    if name == _BEATS:
        return BEAT_FRAMES
    if name in hearing.NAMES:
        return Heard(name)
    written = FUNCTIONS[name].written if name in FUNCTIONS else hearing.BANDS.get(name)
    if written is None:
        raise ValueError(f"{name} belongs into parentheses, as in kick({name}=0.3)")
    raise ValueError(f"{name} is a function; write {written}")


def _constant(name: str, node: ast.AST) -> float:
    """A plain number among the values of what is heard."""
    match node:
        case ast.Constant(value=float(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=float(number))):
            return -number
    raise ValueError(f"{name} takes plain numbers, as its sound is analysed before the film")


def evaluated(program: Program, names: Mapping[Any, float]) -> float:
    """Evaluate a program.

    Args:
        names: the value of each variable, and of each `Heard`, that it uses.

    Raises:
        ArithmeticError, ValueError: it has no finite value.
    """
    stack: list[float | Exception] = []
    for step in program:
        if isinstance(step, tuple):
            function, count = step
            values = stack[-count:]
            del stack[-count:]
            stack.append(_applied(function, values))
        else:
            stack.append(step if isinstance(step, float) else names[step])
    if isinstance(stack[0], Exception):
        raise stack[0]
    return stack[0]


def _applied(function: Callable[..., float], values: list[Any]) -> float | Exception:
    """A function's value, or its fault, which counts only where `where` chooses it."""
    looked_at = values[:1] if function is where else values
    for value in looked_at:
        if isinstance(value, Exception):
            return value
    try:
        result = function(*values)
        return result if isinstance(result, Exception) else finite(result)
    except (ArithmeticError, ValueError) as error:
        return error
