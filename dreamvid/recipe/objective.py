"""The key `objective`: terms with weights, in each of the forms in which they can be written.

At the prompt a term is `NAME` or `NAME=WEIGHT`, and a name is `LAYER`, `LAYER:CHANNELS`,
`class:CLASS`, `diversity:LAYER:CHANNELS` or `guide:FILE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from dreamvid.recipe.base_term import BaseTerm
from dreamvid.recipe.expression import BETWEEN
from dreamvid.recipe.fields import Flag
from dreamvid.recipe.guide import GuideTerm
from dreamvid.recipe.paths import Expanded, may_name_files
from dreamvid.recipe.schedule import parse_schedule
from dreamvid.recipe.terms import ClassTerm, Term, made, named

MAX_TERMS = 1000
"""Most terms of an objective."""


def parse_terms(value: Any) -> Any:
    """Expand an objective, `"mixed3:17,mixed5=.5"`, `{mixed3: 1, mixed5: .5}`, a list or an
    `Objective`, into a list of terms or of their data."""
    value = getattr(value, "terms", value)
    if isinstance(value, str):
        return [_of_text(text) for text in split_terms(value)]
    if isinstance(value, Mapping):
        return [named(name) | {"weight": weight} for name, weight in value.items()]
    if isinstance(value, list | tuple):
        return [named(each) if isinstance(each, str) else each for each in value]
    return value


def split_terms(text: str) -> list[str]:
    """Split an objective into terms, at commas and spaces that are not within a weight, several
    channels, a class's name or a file's: `heads:3,17=min(1, t/50), class:golden retriever,
    eyes=0:(1), 50:(0.2) ease` has three terms."""
    terms: list[list[str]] = []
    for gap, word in _words(text):
        if terms and _continues("".join(terms[-1]), gap, word):
            terms[-1] += [gap, word]
        else:
            terms.append([word])
    return ["".join(term) for term in terms]


def are_terms(text: str) -> bool:
    """Whether a command-line argument can only be terms: names, perhaps with weights."""
    terms = split_terms(text)
    return bool(terms) and all(map(_is_term, terms))


def _is_term(text: str) -> bool:
    name, sign, weight = _split_weight(text)
    if not re.fullmatch(r"[A-Za-z]\w*(:[^/\\=]*)?", name) and not GuideTerm.parse(name):
        return False
    try:
        return not sign or parse_schedule(weight) is not None or bool(weight)
    except ValueError:
        return False


_SPACED = (f"{ClassTerm.telling}:", f"{GuideTerm.telling}:")
"""How terms begin in which there may be spaces."""

_KEY = re.compile(r"(\d+|[\d.]+s)(:|$)")
_KEYED = re.compile(r"=\s*(\d+|[\d.]+s)\s*:")
_NUMBERED = re.compile(r"[^=]*:\s*\d+(\s*,\s*\d+)*")
_NUMBER = re.compile(r"\d+(=.*)?")


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


def _continues(term: str, gap: str, word: str) -> bool:
    """Whether a word belongs to the term before it."""
    if "=" not in term and "," in gap:
        return bool(_NUMBERED.fullmatch(term) and _NUMBER.fullmatch(word))
    if "," not in gap:
        if word[0] in "=:" or term[-1] in "=:":
            return True
        if "=" not in term:
            return term.startswith(_SPACED)
        if word[0] in "+-*/%;" or term[-1] in "+-*/%;":
            return True
    return bool(_KEY.match(word)) or (bool(_KEYED.search(term)) and word.lower() in BETWEEN)


def _split_weight(text: str) -> tuple[str, str, str]:
    name, sign, weight = text.partition("=")
    return name.rstrip(), sign, weight.lstrip()


def _of_text(text: str) -> dict[str, Any]:
    name, sign, weight = _split_weight(text)
    return named(name) | ({"weight": weight} if sign else {})


def _short(terms: tuple[BaseTerm, ...] | None) -> Any:
    """Terms as written in YAML: weights by name, or a list where a name occurs twice, would be
    read as another term, or has a file in it, which has a key of its own in a list."""
    if terms is None:
        return None
    weights = {term.name: term.model_dump()["weight"] for term in terms}
    if len(weights) == len(terms) and all(_named_well(term) for term in terms):
        return weights
    return [term.model_dump(mode="json", by_alias=True) for term in terms]


def _named_well(term: BaseTerm) -> bool:
    if may_name_files(term):
        return False
    data = term.model_dump(by_alias=True, exclude={"weight"})
    try:
        again = made(named(term.name))
        return bool(again.model_dump(by_alias=True, exclude={"weight"}) == data)
    except ValueError:
        return False


def _some_weight(terms: tuple[BaseTerm, ...] | None) -> tuple[BaseTerm, ...] | None:
    if terms is not None and not any(term.weight for term in terms):
        raise ValueError("every weight is 0, which leaves nothing to dream of")
    return terms


_Term = Annotated[Term, BeforeValidator(made)]

Objective = Annotated[
    Annotated[tuple[_Term, ...], Field(min_length=1, max_length=MAX_TERMS)] | None,
    BeforeValidator(parse_terms),
    AfterValidator(_some_weight),
    PlainSerializer(_short),
    Flag("layers", metavar="TERM[=WEIGHT],…"),
    Expanded(parse_terms),
]
"""The terms to dream on, not all of weight 0; None: the network's default objective."""
