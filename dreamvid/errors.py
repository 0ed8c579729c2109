"""What can go wrong, as one line that a person can act on.

    DreamvidError
    ├── RecipeError    what was asked for: a key, a value, a flag, a schedule
    ├── MediaError     a picture, a clip or an output
    │   ├── InputError     a file that cannot be read as what it claims to be
    │   └── OutputError    an output that cannot be made where or as it is asked for
    ├── NetworkError   what dreams: an unknown network or layer, weights that cannot be had
    └── RunError       what happened on the way: a full disk, a dead encoder

The command line prints `dreamvid: error: <message>` and exits with 1; nothing else of an error
reaches the user, so a message names the file or the option and says what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class DreamvidError(Exception):
    """Any failure that dreamvid foresees. Its text is one line.

    Attributes:
        key: the recipe's key that it is about, with dots, where it is about one.
        path: the file that it is about, where it is about one.
        hint: what would help, where that is known apart from the text.
    """

    def __init__(
        self,
        message: str = "",
        *,
        key: str | None = None,
        path: Path | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.key = key
        self.path = path
        self.hint = hint


class RecipeError(DreamvidError):
    """The recipe or the flags ask for something that cannot be."""


class MediaError(DreamvidError):
    """A file cannot be read as what it claims to be, or cannot be written."""


class InputError(MediaError):
    """A file cannot be read as what it claims to be."""


class OutputError(MediaError):
    """An output cannot be made where or as it is asked for."""


class NetworkError(DreamvidError):
    """A network, its layers or its weights cannot be had."""


class RunError(DreamvidError):
    """A render broke on the way."""


class UsageError(Exception):
    """The words at the prompt are not dreamvid's; one line."""


def near(word: str, known: Iterable[str], most: int = 3) -> str:
    """`"; did you mean octaves?"` where `most` of `known` resemble `word`, else an empty text."""
    matches = difflib.get_close_matches(word, list(known), n=most, cutoff=0.6)
    return f"; did you mean {' or '.join(matches)}?" if matches else ""
