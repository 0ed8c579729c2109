"""What was heard in a sound, for each frame of a film; it can be kept in a file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import StateError
from dreamvid.files import read_bytes
from dreamvid.hearing.beats import Beats
from dreamvid.media.durable import atomic_write
from dreamvid.notices import warn
from dreamvid.recipe.heard import BAR, B, Heard

Strengths = NDArray[np.float32]
"""(frames,): 0..1."""

VERSION = 1
"""Of the file."""

MOST = 2**30
"""Most bytes of the file."""

ENDLESS = 2**62
"""Frames of beats without a sound."""

BLOCK = 4096
"""Frames whose places among the beats are found at once."""


@dataclass(frozen=True)
class Features:
    """What was heard, as a `Timeline` gives it to schedules.

    Attributes:
        start: seconds from the sound's beginning to the film's.
        rate: frames a second.
        frames: frames until the sound ends; what is heard is 0 after it.
        values: of each thing that was listened for, by its text: (frames,), 0..1.
        beats: None: nothing needed them.
        origin: a text that changes whenever the sound does, or how it is listened to.
    """

    start: Fraction
    rate: Fraction
    frames: int
    values: Mapping[str, Strengths] = field(repr=False)
    beats: Beats | None = None
    origin: str = ""

    def at(self, heard: Heard, t: int) -> float:
        """The value at frame `t`.

        Raises:
            KeyError: it was not listened for; see `lacking`.
        """
        if heard.is_rhythm:
            return self._rhythm(heard, t)
        values = self.values[str(heard)]
        return float(values[t]) if t < len(values) else 0.0

    def _rhythm(self, heard: Heard, t: int) -> float:
        if self.beats is None:
            raise KeyError(str(heard))
        if heard.name == "1b":
            return float(self.rate) * 60 / self.beats.tempo
        if heard.name != B.name and t >= self.frames:
            return 0.0
        place = self._place(t)
        if heard.name == B.name:
            return place
        length = BAR if heard.name == "bar" else 1
        return 1 - place % length / length

    def _place(self, t: int) -> float:
        """Where a frame lies among the beats."""
        assert self.beats
        block = t // BLOCK
        if block not in self._blocks:
            frames = np.arange(block * BLOCK, (block + 1) * BLOCK, dtype=float)
            self._blocks[block] = self.beats.positions(self.start, self.rate, frames)
        return float(self._blocks[block][t % BLOCK])

    @cached_property
    def _blocks(self) -> dict[int, NDArray[np.float64]]:
        """The places of `BLOCK` successive frames, by block."""
        return {}

    def lacking(self, wanted: Iterable[Heard]) -> list[Heard]:
        """What of `wanted` was not listened for."""
        return [
            each
            for each in wanted
            if (self.beats is None if each.is_rhythm else str(each) not in self.values)
        ]

    def warn_if_short(self, path: Path, frames: int) -> None:
        """Warn if the sound ends before a film of so many frames."""
        if self.frames < frames:
            lasts, film = float(self.frames / self.rate), float(frames / self.rate)
            warn(
                f"{path}: audio: ends after {lasts:.1f} of the film's {film:.1f} s; what is heard "
                "is 0 after it"
            )

    def store(self, path: Path) -> None:
        """Write it into a file, the same bytes for the same values. Raises RunError."""
        head = {
            "version": VERSION,
            "start": str(self.start),
            "rate": str(self.rate),
            "frames": self.frames,
            "origin": self.origin,
            "names": list(self.values),
            "beats": self.beats and [self.beats.first, self.beats.source],
        }
        arrays = {f"v{index}": values for index, values in enumerate(self.values.values())}
        with atomic_write(path) as file:
            np.savez(
                file,
                allow_pickle=False,
                head=np.frombuffer(json.dumps(head).encode(), np.uint8),
                times=np.array(self.beats.times if self.beats else (), np.float64),
                **arrays,
            )

    @classmethod
    def load(cls, path: Path) -> Features:
        """Read what `store` wrote.

        Raises:
            StateError: it cannot be read, is damaged, or is another version's.
        """
        try:
            with np.load(io.BytesIO(read_bytes(path, MOST)), allow_pickle=False) as file:
                head = json.loads(file["head"].tobytes())
                if head["version"] != VERSION:
                    raise ValueError(f"version {head['version']}")
                times = tuple(map(float, file["times"]))
                beats = head["beats"] and Beats(times, *head["beats"])
                values = {name: file[f"v{index}"] for index, name in enumerate(head["names"])}
                start, rate = Fraction(head["start"]), Fraction(head["rate"])
                frames, origin = int(head["frames"]), str(head["origin"])
                return cls(start, rate, frames, values, beats, origin)
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise StateError(
                f"what was heard cannot be read ({error}); --restart listens anew", path=path
            ) from error
