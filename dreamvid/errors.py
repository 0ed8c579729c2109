"""What can go wrong, as one line that a person can act on.

    DreamvidError
    ├── RecipeError    what was asked for: a key, a value, a flag, a schedule
    ├── MediaError     a picture or a clip that cannot be read, an output that cannot be made
    ├── NetworkError   what dreams: an unknown network or layer, weights that cannot be had
    └── RunError       what happened on the way: a full disk, a dead encoder

The command line prints `dreamvid: error: <message>` and exits with 1; nothing else of an error
reaches the user, so a message names the file or the option and says what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DreamvidError(Exception):
    """Any failure that dreamvid foresees. Its text is one line."""


class RecipeError(DreamvidError):
    """The recipe or the flags ask for something that cannot be."""


class MediaError(DreamvidError):
    """A file cannot be read as what it claims to be, or cannot be written."""


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
