"""What can go wrong, as one line that a person can act on and as data that a program can.

    DreamvidError
    ├── RecipeError      what is asked for: a key, a value, a flag, a schedule
    ├── MediaError       a picture or a clip
    │   ├── InputError   one that cannot be read
    │   └── OutputError  one that cannot be made
    ├── NetworkError     the network: an unknown one, an unknown layer, weights that cannot be had
    │   └── DownloadError  weights that could not be fetched just now
    └── RunError         a failure while rendering: a full disk, a lock, a dead encoder
        └── StateError   an unfinished run that cannot be resumed as it is

The command line prints `dreamvid: error: <message>` and exits with 1, or with 3 where `retry` says
that the same command may succeed later; nothing else of an error reaches the user, so a message
names the file or the option and says what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        key: where it stands in the recipe, as `dream.octaves`; empty where it has no one place.
        message: what is wrong, or what would be right.
        hint: what was probably meant, as `did you mean octaves?`; it ends the line.
    """

    key: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return _line((self.key, self.message), self.hint)


class DreamvidError(Exception):
    """Any failure that dreamvid foresees. Its text is one line: `path: key: message; hint`.

    Args:
        message: what is wrong, or what would be right.
        key: the recipe's key that it is about, as `dream.octaves`.
        path: the file that it is about; put in front of a message that does not name it.
        hint: what was probably meant, as `did you mean octaves?`.

    Attributes:
        retry: whether the same command may succeed when it is run again.
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
        named = path is None or str(path) in message
        super().__init__(_line((None if named else path, key, message), hint))
        self.key = key
        self.path = None if path is None else Path(path)
        self.hint = hint


class RecipeError(DreamvidError):
    """The recipe or the flags ask for something that cannot be.

    Attributes:
        faults: all that is wrong, at least one.
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
        """Several faults, in one line; `key` and `hint` are those of the first that has one."""
        faults = tuple(faults)
        error = cls("; ".join(map(str, faults)), path=path)
        error.faults = faults
        error.key = next((fault.key for fault in faults if fault.key), None)
        error.hint = next((fault.hint for fault in faults if fault.hint), None)
        return error


class MediaError(DreamvidError):
    """A file cannot be read as what it claims to be, or cannot be written."""


class InputError(MediaError):
    """A picture or a clip cannot be read."""


class OutputError(MediaError):
    """An output cannot be made."""


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


class FaultError(ValueError):
    """For validators: a fault of a key within the value that is being validated."""

    def __init__(self, key: str, message: str, hint: str | None = None) -> None:
        self.fault = Fault(key, message, hint)
        super().__init__(str(self.fault))


def suggestion(word: str, known: Iterable[str], most: int = 3) -> str | None:
    """`did you mean octaves?` where `most` of `known` resemble `word`."""
    matches = difflib.get_close_matches(word, list(known), n=most, cutoff=0.6)
    return f"did you mean {' or '.join(matches)}?" if matches else None


def near(word: str, known: Iterable[str], most: int = 3) -> str:
    """A `suggestion` with its semicolon, to stand within a message; an empty text if there is
    none."""
    found = suggestion(word, known, most)
    return f"; {found}" if found else ""


def _line(parts: Iterable[object], hint: str | None) -> str:
    line = ": ".join(str(part) for part in parts if part is not None and str(part))
    return f"{line}; {hint}" if hint else line
