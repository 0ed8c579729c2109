"""A list of a film's shots, in a file that a person may edit: JSON, or an edit decision list."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from dreamvid.errors import InputError, RecipeError
from dreamvid.recipe import Recipe, VideoRecipe
from dreamvid.shots import FIRST_LEAST, Shot
from dreamvid.source import Source

EDL = ".edl"
"""The file extension of a CMX 3600 edit decision list; any other is read as JSON."""

MAX_BYTES = 2**24
"""Largest file of a list."""

_EVENT = re.compile(r"\s*\d+\s+\S+\s+V\S*\s+C\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*")
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)[:;.](\d\d)")


@dataclass(frozen=True)
class ShotList:
    """The shots of a film, from its first frame to its last, without a gap.

    Attributes:
        shots: in order, at least one; numbered from 1 on for people.
        rate: frames a second; None: the list does not say.
        begin: seconds in the clip at which the first frame is shown; None: the list does not say.
    """

    shots: tuple[Shot, ...]
    rate: Fraction | None = None
    begin: Fraction | None = None

    def __post_init__(self) -> None:
        if not self.shots:
            raise InputError("has no shot")
        for number, shot in enumerate(self.shots, 1):
            if shot.stop <= shot.start:
                raise InputError(f"shot {number} stops at frame {shot.stop}, before it starts")
        if self.shots[0].start:
            raise InputError(f"the first shot must start at frame 0, not {self.shots[0].start}")
        for number, (one, other) in enumerate(pairwise(self.shots), 1):
            if other.start != one.stop:
                which = "overlap" if other.start < one.stop else "leave a gap"
                raise InputError(
                    f"shots {number} and {number + 1} {which}: one stops at frame {one.stop}, the "
                    f"other starts at {other.start}"
                )
        if len(self.shots) > 1 and self.shots[0].stop < FIRST_LEAST:
            raise InputError(
                f"the first shot has {self.shots[0].stop} frames; it needs {FIRST_LEAST}"
            )

    @property
    def frames(self) -> int:
        """How many frames all shots have."""
        return self.shots[-1].stop

    @property
    def cuts(self) -> frozenset[int]:
        """The frames at which a shot begins that follows another."""
        return frozenset(shot.start for shot in self.shots[1:])

    def text(self, clip: str) -> str:
        """The list as JSON; `clip`: the clip's name."""
        rows = ",\n".join(
            f'  {{"shot": {number}, "start": {shot.start}, "stop": {shot.stop}}}'
            for number, shot in enumerate(self.shots, 1)
        )
        head = {
            "clip": clip,
            "rate": None if self.rate is None else str(self.rate),
            "begin": None if self.begin is None else str(self.begin),
            "frames": self.frames,
        }
        lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
        return "{\n" + ",\n".join(lines) + f',\n "shots": [\n{rows}\n ]\n}}\n'

    def edl(self, clip: str) -> str:
        """The list as a CMX 3600 edit decision list, of a rate that is rounded to whole frames a
        second, as its time codes are."""
        rate = self.rate or Fraction(25)
        begin = round((self.begin or 0) * rate)
        lines = [f"TITLE: {Path(clip).stem}", "FCM: NON-DROP FRAME", ""]
        for number, shot in enumerate(self.shots, 1):
            times = [begin + shot.start, begin + shot.stop, shot.start, shot.stop]
            codes = " ".join(_timecode(frame, round(rate)) for frame in times)
            lines += [
                f"{number:03d}  AX       V     C        {codes}",
                f"* FROM CLIP NAME: {clip}",
                "",
            ]
        return "\n".join(lines)


def read_shots(path: Path, rate: Fraction) -> ShotList:
    """Read a list of shots.

    Args:
        rate: the film's frames a second, which an edit decision list does not say.

    Raises:
        InputError: it cannot be read; or its shots overlap or leave a gap.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError("is too large for a list of shots")
        text = path.read_text(encoding="utf-8")
        if path.suffix.lower() == EDL:
            return ShotList(_of_events(text, round(rate)))
        return _of_json(text)
    except InputError as error:
        raise InputError(str(error), path=path, key="cuts") from None
    except (OSError, ValueError, ArithmeticError, LookupError, TypeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no list of shots"
        raise InputError(f"cannot be read: {reason}", path=path, key="cuts") from None


def with_cuts(recipe: Recipe, source: Source) -> Source:
    """A source with the cuts of the list that a recipe names, if it names one.

    Raises:
        InputError: the list cannot be read, or is not of these frames.
    """
    if not isinstance(recipe, VideoRecipe) or not isinstance(recipe.cuts, Path):
        return source
    path, listed = recipe.cuts, read_shots(recipe.cuts, source.rate)
    if recipe.loop:
        raise RecipeError("a clip that closes is one shot: --no-cuts", key="cuts")
    if listed.rate not in (None, source.rate):
        raise InputError(
            f"is of {listed.rate} frames a second, the film of {source.rate}", path=path, key="cuts"
        )
    if listed.begin not in (None, recipe.start or 0):
        raise InputError(
            f"begins at {listed.begin} s of the clip, the film at {recipe.start or 0}",
            path=path,
            key="cuts",
        )
    if source.frames is not None and listed.frames < source.frames:
        raise InputError(
            f"ends before frame {listed.frames}, and the film has {source.frames}",
            path=path,
            key="cuts",
        )
    return replace(source, cuts=listed.cuts)


def listed_cuts(recipe: Recipe, rate: Fraction) -> frozenset[int] | None:
    """The frames at which shots begin, by the list that a recipe names; None: it names none.
    Raises InputError."""
    if not isinstance(recipe, VideoRecipe) or not isinstance(recipe.cuts, Path):
        return None
    return read_shots(recipe.cuts, rate).cuts


def _of_json(text: str) -> ShotList:
    data = json.loads(text)
    shots = tuple(Shot(_whole(each["start"]), _whole(each["stop"])) for each in data["shots"])
    rate, begin = (
        None if data.get(key) is None else Fraction(str(data[key])) for key in ("rate", "begin")
    )
    return ShotList(shots, rate, begin)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"a shot starts and stops at whole numbers of frames, not {value!r}")
    return value


def _of_events(text: str, rate: int) -> tuple[Shot, ...]:
    """The shots of an edit decision list, counted from its first event on."""
    events = [found for line in text.splitlines() if (found := _EVENT.fullmatch(line))]
    spans = [(_frame(found[3], rate), _frame(found[4], rate)) for found in events]
    first = spans[0][0] if spans else 0
    return tuple(Shot(start - first, stop - first) for start, stop in spans)


def _frame(timecode: str, rate: int) -> int:
    found = _TIMECODE.fullmatch(timecode)
    if not found or int(found[4]) >= rate:
        raise InputError(f"{timecode!r} is no time code at {rate} frames a second")
    hours, minutes, seconds, frames = map(int, found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * rate + frames


def _timecode(frame: int, rate: int) -> str:
    seconds, frames = divmod(frame, rate)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frames:02d}"


def named(numbers: Sequence[int]) -> str:
    """Some ascending numbers, as `numbers_of` reads them: `1, 4-6`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if run[1:] else f"{run[0]}" for run in runs)


def numbers_of(text: str, most: int) -> list[int]:
    """The numbers that `3`, `3-7` or `1,4-6` names, ascending, each once.

    Raises:
        InputError: it names none, or one over `most`.
    """
    chosen: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", part)
        if not found:
            raise InputError(f"must be a number such as 3, or several as 3-7, not {text!r}")
        first, last = int(found[1]), int(found[2] or found[1])
        if not 1 <= first <= last:
            raise InputError(f"must be numbers from 1 on, not {text!r}")
        if last > most:
            raise InputError(f"there is no shot {last}; there are {most}")
        chosen.update(range(first, last + 1))
    return sorted(chosen)
