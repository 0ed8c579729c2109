"""What a render resumes from: all that later frames depend on."""

from __future__ import annotations

from dataclasses import dataclass

from dreamvid.blend import Carried
from dreamvid.color import Anchor
from dreamvid.frame import Colors, Notes
from dreamvid.motion.affine import Affine


@dataclass(frozen=True)
class ShotState:
    """State that all frames of a shot share.

    Attributes:
        anchor: holds the color of the shot's frames.
        colors: color covariance of the shot's first source frame, for the palette `source`.
        notes: the dreamer's notes after the last dream.
    """

    anchor: Anchor
    colors: Colors
    notes: Notes


@dataclass(frozen=True)
class Checkpoint:
    """Everything that later frames depend on, apart from their sources: a render resumes from it.

    Attributes:
        done: number of finished frames of the film; below 0 while those are dreamed that lead into
            it.
        t: index of the last finished frame in its shot.
        carried: what that frame passes to the next.
        shot: the state of its shot.
        camera: the camera's position at that frame.
        source_digest: digest of that frame's source as it was read, to detect a changed source.
    """

    done: int
    t: int
    carried: Carried
    shot: ShotState
    camera: Affine
    source_digest: str

    @property
    def shown(self) -> int:
        """Number of finished frames of the film, at least 0."""
        return max(0, self.done)
