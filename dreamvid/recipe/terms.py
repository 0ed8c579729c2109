"""The terms of an objective: what is dreamed of, each with its weight.

A kind of term is one class here, in the union `Term`, and one function in
`dreaming/objectives.py`. The class says how the term is written, what it is called in plots and at
the prompt, and which files it needs.
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
"""Letters of the name of a network or a layer."""

MAX_TERMS = 1000
"""Terms of an objective."""


class BaseTerm(Section):
    """What every kind of term has: a weight."""

    telling: ClassVar[str]
    """The key that only this kind of term has."""

    weight: Annotated[float, Field(ge=-1e6, le=1e6), Varies()] = Field(
        1.0, description="Weight of the term; a negative one subdues it."
    )

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """The term's data, without its weight, if a name is written as this kind's are."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The term without its weight, as `parse` takes it."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """The term as it is written at the prompt: `heads=0.5`."""
        if self.weight == 1:
            return self.name
        weight = self.weight
        return f"{self.name}={f'{weight:g}' if isinstance(weight, int | float) else weight}"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it is made of."""
        return tuple(path for _, path in recipe_files(self))


class LayerTerm(BaseTerm):
    """One layer of the network; a negative weight subdues it."""

    telling = "layer"

    layer: str = Field(min_length=1, max_length=MAX_NAME, description="Name of the layer.")

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """Any name may be a layer's."""
        return {"layer": name}

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer


Term: TypeAlias = LayerTerm
"""A term of any kind: the union of all kinds. Where a name could be of several, the first has it;
layers, which may have any name, come last."""

TERMS: tuple[type[BaseTerm], ...] = get_args(Term) or (Term,)
"""The kinds of term."""


def parse_terms(value: Any) -> Any:
    """An objective: `"mixed3,mixed5=.5"`, `{mixed3: 1, mixed5: .5}`, or a list of terms; as a list
    of terms or of their data."""
    if isinstance(value, str):
        return [_of_text(text) for text in split_terms(value)]
    if isinstance(value, Mapping):
        return [_of_name(name) | {"weight": weight} for name, weight in value.items()]
    if isinstance(value, list | tuple):
        return [_of_name(each) if isinstance(each, str) else each for each in value]
    return value


def split_terms(text: str) -> list[str]:
    """The texts of single terms, which commas or spaces part, though not those of a weight: in
    `heads=min(1, t/50), eyes=0:(1), 50:(0.2) ease` there are two."""
    terms: list[list[str]] = []
    weighted = keyed = False  # whether the last term has a weight, and whether that has a key
    for gap, word in _words(text):
        if terms and _continues(terms[-1][-1], gap, word, weighted, keyed):
            terms[-1] += [gap, word]
        else:
            terms.append([word])
            weighted = keyed = False
        rest = word
        if not weighted:
            _, sign, rest = _parted(word)
            weighted = bool(sign)
        keyed = keyed or (weighted and ":" in rest)
    return ["".join(term) for term in terms]


def are_terms(text: str) -> bool:
    """Whether a word at the prompt can be nothing but terms: names, perhaps with weights."""
    terms = split_terms(text)
    return bool(terms) and all(map(_is_term, terms))


def _is_term(text: str) -> bool:
    name, sign, weight = _parted(text)
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        return False
    try:
        return not sign or parse_schedule(weight) is not None or bool(weight)
    except ValueError:
        return False


_SIGN = re.compile(r"[=:]")
_KEY = re.compile(r"(\d+|[\d.]+s)(:|$)")


def _words(text: str) -> Iterator[tuple[str, str]]:
    """The words between commas and spaces that stand in no parentheses, each after its gap."""
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


def _parted(text: str) -> tuple[str, str, str]:
    sign = _SIGN.search(text)
    if not sign:
        return text, "", ""
    return text[: sign.start()].rstrip(), sign[0], text[sign.end() :].lstrip()


def _of_text(text: str) -> dict[str, Any]:
    name, _, weight = _parted(text)
    return _of_name(name) | ({"weight": weight} if weight else {})


def _of_name(name: Any) -> dict[str, Any]:
    if isinstance(name, str):
        for kind in TERMS:
            data = kind.parse(name)
            if data is not None:
                return data
    return {LayerTerm.telling: name}


def _made(value: Any) -> Any:
    """Data of a term as a term of its kind."""
    if isinstance(value, BaseTerm):
        return value
    known = value if isinstance(value, Mapping) else ()
    return next((kind for kind in TERMS if kind.telling in known), LayerTerm).model_validate(value)


def _short(terms: tuple[BaseTerm, ...] | None) -> Any:
    weights = {term.name: term.model_dump()["weight"] for term in terms or ()}
    if terms is not None and len(weights) < len(terms):  # one is named twice
        return [term.model_dump(mode="json") for term in terms]
    return None if terms is None else weights


def _some_weight(terms: tuple[BaseTerm, ...] | None) -> tuple[BaseTerm, ...] | None:
    if terms is not None and not any(term.weight for term in terms):
        raise ValueError("every weight is 0, which leaves nothing to dream of")
    return terms


_Term = Annotated[Term, BeforeValidator(_made)]

Objective = Annotated[
    Annotated[tuple[_Term, ...], Field(min_length=1, max_length=MAX_TERMS)] | None,
    BeforeValidator(parse_terms),
    AfterValidator(_some_weight),
    PlainSerializer(_short),
    Flag("layers", metavar="LAYER[=WEIGHT],…"),
]
"""What is dreamed of: terms, not all of weight 0; None: what the network is good at."""
