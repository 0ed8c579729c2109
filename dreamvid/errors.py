"""What can go wrong, as one line that a person can act on.

    DreamvidError
    ├── RecipeError    what was asked for: a key, a value, a flag, a schedule
    ├── MediaError     a picture or a clip that cannot be read, an output that cannot be made
    ├── NetworkError   what dreams: an unknown network or layer, weights that cannot be had
    │   └── DownloadError   weights that could not be fetched just now
    └── RunError       what happened on the way: a full disk, a lock, a dead encoder
        └── StateError      an unfinished run that cannot be resumed as it is

The command line prints `dreamvid: error: <message>` and exits with 1, or with 3 where `retry` says
that the same command may succeed later; nothing else of an error reaches the user, so a message
names the file or the option and says what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DreamvidError(Exception):
    """Any failure that dreamvid foresees. Its text is one line.

    Attributes:
        retry: whether the same command may succeed when it is run again.
    """

    retry = False


class RecipeError(DreamvidError):
    """The recipe or the flags ask for something that cannot be."""


class MediaError(DreamvidError):
    """A file cannot be read as what it claims to be, or cannot be written."""


class NetworkError(DreamvidError):
    """A network, its layers or its weights cannot be had."""


class DownloadError(NetworkError):
    """Weights could not be fetched; the connection may come back."""

    retry = True


class RunError(DreamvidError):
    """A render broke on the way: a full disk, a lock that another holds, a dead encoder."""

    retry = True


class StateError(RunError):
    """What an unfinished run or a film left behind cannot be gone on with; no retry helps."""

    retry = False


class UsageError(Exception):
    """The words at the prompt are not dreamvid's; one line."""


def near(word: str, known: Iterable[str], most: int = 3) -> str:
    """`"; did you mean octaves?"` where `most` of `known` resemble `word`, else an empty text."""
    matches = difflib.get_close_matches(word, list(known), n=most, cutoff=0.6)
    return f"; did you mean {' or '.join(matches)}?" if matches else ""
