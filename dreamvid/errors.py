"""Errors: each one line that a person can act on, with data for a program.

    DreamvidError
    ├── RecipeError      the recipe: a key, a value, an option, a schedule
    ├── MediaError       a picture, a clip or an output
    │   ├── InputError   a file that cannot be read
    │   └── OutputError  a file that cannot be written
    ├── NetworkError     the network: an unknown name, an unknown layer, unusable weights
    │   └── DownloadError  weights that could not be downloaded just now
    └── RunError         a failure while rendering: a full disk, a lock, a dead encoder
        └── StateError   an unfinished run that cannot be resumed as it is

The command line prints `dreamvid: error: <message>` and exits with 1, or with 3 where `retry` says
that the same command may succeed later. The user sees no traceback, so the message names the file
or the option and states what would be valid.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """One fault in a recipe.

    Attributes:
        key: the recipe key, such as `dream.octaves`; empty where no single key is at fault.
        message: what is wrong, or what would be valid.
        hint: a suggestion such as `did you mean octaves?`; appended to the line.
    """

    key: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return _line((self.key, self.message), self.hint)


class DreamvidError(Exception):
    """Base class of all errors that dreamvid raises. The text is one line: `path: key: message;
    hint`.

    Args:
        message: what is wrong, or what would be valid.
        key: the recipe key at fault, such as `dream.octaves`.
        path: the file at fault; prepended unless the message begins by naming it.
        hint: a suggestion such as `did you mean octaves?`.

    Attributes:
        retry: whether running the same command again may succeed.
    """

    retry = False

    def __init__(
        self,
        message: str,
        *,
        key: str | None = None,
        path: str | Path | None = None,
        hint: str | None = None,
    ) -> None:
        shown = None if path is None or _names(message, path) else path
        super().__init__(_line((shown, key, message), hint))
        self.key = key
        self.path = None if path is None else Path(path)
        self.hint = hint


class RecipeError(DreamvidError):
    """The recipe or the options are invalid.

    Attributes:
        faults: every fault found, at least one.
    """

    def __init__(
        self,
        message: str,
        *,
        key: str | None = None,
        path: str | Path | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, key=key, path=path, hint=hint)
        self.faults: tuple[Fault, ...] = (Fault(key or "", message, hint),)

    @classmethod
    def of(cls, faults: Iterable[Fault], path: str | Path | None = None) -> RecipeError:
        """One error for several faults; `key` and `hint` are the first ones that are set."""
        faults = tuple(faults)
        error = cls("; ".join(map(str, faults)), path=path)
        error.faults = faults
        error.key = next((fault.key for fault in faults if fault.key), None)
        error.hint = next((fault.hint for fault in faults if fault.hint), None)
        return error


class MediaError(DreamvidError):
    """A picture or a clip cannot be read, or an output cannot be written."""


class InputError(MediaError):
    """A picture or a clip cannot be read."""


class OutputError(MediaError):
    """An output cannot be written."""


class NetworkError(DreamvidError):
    """A network, one of its layers or its weights are not available."""


class DownloadError(NetworkError):
    """Weights could not be downloaded; a retry may succeed."""

    retry = True


class RunError(DreamvidError):
    """A render failed: a full disk, a lock held by another process, a dead encoder."""

    retry = True


class LockedError(RunError):
    """Another process is rendering the same output."""


class StateError(RunError):
    """A checkpoint, segment or film cannot be resumed from; a retry does not help."""

    retry = False


class UsageError(Exception):
    """The command line cannot be parsed: an unknown command or option. One line."""


class FaultError(ValueError):
    """Raised by validators: a fault in a key nested in the value being validated."""

    def __init__(self, key: str, message: str, hint: str | None = None) -> None:
        self.fault = Fault(key, message, hint)
        super().__init__(str(self.fault))


def suggestion(word: str, known: Iterable[str], most: int = 3) -> str | None:
    """`did you mean octaves?`, with up to `most` names of `known` that resemble `word`; None where
    none does."""
    matches = difflib.get_close_matches(word, list(known), n=most, cutoff=0.6)
    return f"did you mean {' or '.join(matches)}?" if matches else None


def near(word: str, known: Iterable[str], most: int = 3) -> str:
    """A `suggestion` after a semicolon, to append to a message; "" if there is none."""
    hint = suggestion(word, known, most)
    return f"; {hint}" if hint else ""


def _names(message: str, path: str | Path) -> bool:
    """Whether a message begins by naming a file, as `weights a.h5: …`, or the URL in its place."""
    name = re.escape(str(path)).replace(":/", ":/+")  # a path has one slash of a URL's two
    return re.match(rf"(weights |output exists: )?{name}(: |.? \()", message) is not None


def _line(parts: Iterable[object], hint: str | None) -> str:
    line = ": ".join(str(part) for part in parts if part is not None and str(part))
    return f"{line}; {hint}" if hint else line
