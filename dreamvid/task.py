"""The dreamer's interface: the protocols it may follow, and the task that it gets for one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from dreamvid.frame import Colors, Field, Frame, Fresh, Notes, Size
from dreamvid.machine import Machine
from dreamvid.resolve import DreamSettings

GuideFrames = Mapping[str, Frame]
"""The pictures of guides at one frame, (H, W, 3) 0..255, by their files as a recipe has them."""


@dataclass(frozen=True)
class DreamTask:
    """One frame to be dreamed.

    Attributes:
        canvas: (H, W, 3), the picture that the ascent starts from.
        index: the dream's number in its shot, from 0.
        fresh: (H, W), the freshness mask; None: 1 everywhere for index 0, 0 everywhere after it.
        settings: the job's `dream` section at this frame; None: the settings of the dreamer.
        colors: of the shot's first source frame, for the palette `source`; None: of the canvas.
        notes: what the dreamer remembers within a shot from dream to dream; it may add to them.
        source: (H, W, 3), the source frame, from which penalties count and on which channels such
            as `strong5` are chosen; None: the canvas.
        mask: (H, W), 0..1: how much of each step a pixel takes; None: all of it. What is dreamed
            where it is 0 does not matter.
        guides: pictures (H, W, 3) 0..255 by the files that the settings' objective names them by,
            of any size; not to be changed. A dreamer reads a file that is missing here.
    """

    canvas: Frame
    index: int = 0
    fresh: Fresh | None = None
    settings: DreamSettings | None = None
    colors: Colors | None = None
    notes: Notes = field(default_factory=dict)
    source: Frame | None = None
    mask: Field | None = None
    guides: GuideFrames = field(default_factory=dict)


class AnyDreamer(Protocol):
    """Anything that dreams: a function of a task is enough.

    A dreamer may also follow the optional protocols `Identified` and `Octaves`.
    """

    def __call__(self, task: DreamTask, /) -> Frame:
        """The dream of a task's canvas, (H, W, 3) float32, 0..255."""


@runtime_checkable
class Identified(Protocol):
    """A caller's dreamer or source with an identity, so that its renders can be resumed."""

    @property
    def identity(self) -> str:
        """A text that changes whenever the output changes."""


@runtime_checkable
class Octaves(Protocol):
    """A dreamer that reports its octave sizes."""

    def sizes(self, size: Size, /) -> list[Size]:
        """The octave sizes for a frame of `size`, smallest first.

        Raises:
            NetworkError: the frame is too small.
        """


@runtime_checkable
class OnMachine(Protocol):
    """A dreamer that reports what it computes with, which a resumed render repeats."""

    @property
    def machine(self) -> Machine:
        """Its threads, precision and tile."""
