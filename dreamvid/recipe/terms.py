"""The terms of an objective, each with its weight.

A kind of term is one class here, in the union `Term`, and one function in
`dreaming/objectives.py`. The class defines how the term is written, its label in plots and on the
command line, and which files it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from dreamvid.recipe.base import Section
from dreamvid.recipe.expression import BETWEEN
from dreamvid.recipe.fields import Flag, Varies
from dreamvid.recipe.paths import recipe_files
from dreamvid.recipe.schedule import parse_schedule

MAX_NAME = 1000
"""Longest name of a network or a layer, in characters."""

MAX_TERMS = 1000
"""Most terms of an objective."""


class BaseTerm(Section):
    """Base class of all kinds of term."""

    telling: ClassVar[str]
    """The key that identifies this kind of term: no other kind has it."""

    weight: Annotated[float, Field(ge=-1e6, le=1e6), Varies()] = Field(
        1.0, description="Weight of the term; a negative one subdues it."
    )

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """Parse a name into the term's data without its weight; None if it is of another kind."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The term without its weight, in the form that `parse` reads."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """The term as typed on the command line: `heads=0.5`."""
        if self.weight == 1:
            return self.name
        weight = self.weight
        return f"{self.name}={f'{weight:g}' if isinstance(weight, int | float) else weight}"

    @property
    def layers(self) -> tuple[str, ...]:
        """The network's layers whose features the term is computed from."""
        return ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The input files of the term."""
        return tuple(path for _, path in recipe_files(self))


class LayerTerm(BaseTerm):
    """One layer of the network; a negative weight subdues it."""

    telling = "layer"

    layer: str = Field(min_length=1, max_length=MAX_NAME, description="Name of the layer.")

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """Any name may be that of a layer."""
        return {"layer": name}

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer

    @property
    def layers(self) -> tuple[str, ...]:
        """The layer."""
        return (self.layer,)


Term: TypeAlias = LayerTerm
"""A term of any kind. The first kind whose `parse` accepts a name gets it; layers, which may have
any name, come last."""

TERMS: tuple[type[BaseTerm], ...] = get_args(Term) or (Term,)
"""The kinds of term."""


def parse_terms(value: Any) -> Any:
    """Expand an objective, `"mixed3,mixed5=.5"`, `{mixed3: 1, mixed5: .5}`, a list or an
    `Objective`, into a list of terms or of their data."""
    value = getattr(value, "terms", value)
    if isinstance(value, str):
        return [_of_text(text) for text in split_terms(value)]
    if isinstance(value, Mapping):
        return [_of_name(name) | {"weight": weight} for name, weight in value.items()]
    if isinstance(value, list | tuple):
        return [_of_name(each) if isinstance(each, str) else each for each in value]
    return value


def split_terms(text: str) -> list[str]:
    """Split an objective into terms, at commas and spaces outside of weights:
    `heads=min(1, t/50), eyes=0:(1), 50:(0.2) ease` has two terms."""
    terms: list[list[str]] = []
    weighted = keyed = False  # whether the last term has a weight, and that weight keyframes
    for gap, word in _words(text):
        if terms and _continues(terms[-1][-1], gap, word, weighted, keyed):
            terms[-1] += [gap, word]
        else:
            terms.append([word])
            weighted = keyed = False
        rest = word
        if not weighted:
            _, sign, rest = _split_weight(word)
            weighted = bool(sign)
        keyed = keyed or (weighted and ":" in rest)
    return ["".join(term) for term in terms]


def are_terms(text: str) -> bool:
    """Whether a command-line argument can only be terms: names, perhaps with weights."""
    terms = split_terms(text)
    return bool(terms) and all(map(_is_term, terms))


def _is_term(text: str) -> bool:
    name, sign, weight = _split_weight(text)
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        return False
    try:
        return not sign or parse_schedule(weight) is not None or bool(weight)
    except ValueError:
        return False


_SIGN = re.compile(r"[=:]")
_KEY = re.compile(r"(\d+|[\d.]+s)(:|$)")


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Split at commas and spaces outside of parentheses: each word with the gap before it."""
    depth, gap, word = 0, "", ""
    for letter in text:
        depth = max(0, depth + (letter == "(") - (letter == ")"))
        if depth or not (letter == "," or letter.isspace()):
            word += letter
            continue
        if word:
            yield gap, word
            gap = word = ""
        gap += letter
    if word:
        yield gap, word


def _continues(last: str, gap: str, word: str, weighted: bool, keyed: bool) -> bool:
    """Whether a word belongs to the same term as the one before it."""
    if "," not in gap:
        if word[0] in "=:" or last[-1] in "=:":
            return True
        if weighted and (word[0] in "+-*/%;" or last[-1] in "+-*/%;"):
            return True
    return (weighted and bool(_KEY.match(word))) or (keyed and word.lower() in BETWEEN)


def _split_weight(text: str) -> tuple[str, str, str]:
    sign = _SIGN.search(text)
    if not sign:
        return text, "", ""
    return text[: sign.start()].rstrip(), sign[0], text[sign.end() :].lstrip()


def _of_text(text: str) -> dict[str, Any]:
    name, sign, weight = _split_weight(text)
    return _of_name(name) | ({"weight": weight} if sign else {})


def _of_name(name: Any) -> dict[str, Any]:
    if isinstance(name, str):
        for kind in TERMS:
            data = kind.parse(name)
            if data is not None:
                return data
    return {LayerTerm.telling: name}


def _make_term(value: Any) -> Any:
    """Validate data as a term of its kind."""
    if isinstance(value, BaseTerm):
        return value
    keys = value if isinstance(value, Mapping) else ()
    return next((kind for kind in TERMS if kind.telling in keys), LayerTerm).model_validate(value)


def _short(terms: tuple[BaseTerm, ...] | None) -> Any:
    weights = {term.name: term.model_dump()["weight"] for term in terms or ()}
    if terms is not None and len(weights) < len(terms):  # a duplicate name
        return [term.model_dump(mode="json") for term in terms]
    return None if terms is None else weights


def _some_weight(terms: tuple[BaseTerm, ...] | None) -> tuple[BaseTerm, ...] | None:
    if terms is not None and not any(term.weight for term in terms):
        raise ValueError("every weight is 0, which leaves nothing to dream of")
    return terms


_Term = Annotated[Term, BeforeValidator(_make_term)]

Objective = Annotated[
    Annotated[tuple[_Term, ...], Field(min_length=1, max_length=MAX_TERMS)] | None,
    BeforeValidator(parse_terms),
    AfterValidator(_some_weight),
    PlainSerializer(_short),
    Flag("layers", metavar="LAYER[=WEIGHT],…"),
]
"""The terms to dream on, not all of weight 0; None: the network's default objective."""
