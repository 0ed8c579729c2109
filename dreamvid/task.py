"""What a dreamer is, and what it is given for one frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from dreamvid.frame import Colors, Frame, Fresh, Notes, Size
from dreamvid.resolve import DreamSettings


@dataclass(frozen=True)
class DreamTask:
    """One frame to be dreamed.

    Attributes:
        canvas: (H, W, 3), what the dream begins from.
        index: the dream's number in its shot, from 0.
        fresh: (H, W), where no dream lies on the canvas yet, so that it takes a burst of steps;
            None: everywhere on a first frame, nowhere on later ones.
        settings: the job's section in force at this frame; None: the dreamer's own.
        colors: of the shot's first source frame, for the palette `source`; None: the canvas's.
        notes: what the dreamer keeps of a shot from dream to dream; it may add to them.
    """

    canvas: Frame
    index: int = 0
    fresh: Fresh | None = None
    settings: DreamSettings | None = None
    colors: Colors | None = None
    notes: Notes = field(default_factory=dict)


class AnyDreamer(Protocol):
    """Anything that dreams: a function of a task will do.

    It may have more, which is looked for by `Identified` and `Octaves`.
    """

    def __call__(self, task: DreamTask, /) -> Frame:
        """The dream of a task's canvas, (H, W, 3) float32, 0..255."""


@runtime_checkable
class Identified(Protocol):
    """A dreamer or source of one's own that says what it is, so that a render can be resumed."""

    @property
    def identity(self) -> str:
        """A text that changes whenever what is made changes."""


@runtime_checkable
class Octaves(Protocol):
    """A dreamer that tells at which sizes it dreams."""

    def sizes(self, size: Size, /) -> list[Size]:
        """Those for a frame of `size`, smallest first. Raises NetworkError if it is too small."""
