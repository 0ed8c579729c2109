"""Passes: what one render writes of each frame beside the dream, for compositing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Field, Frame
from dreamvid.media.codecs.codec import Codec
from dreamvid.media.codecs.table import ending_of
from dreamvid.media.frame_names import FrameNames, is_pattern
from dreamvid.media.opencv import cv2
from dreamvid.media.output_checks import codec_for, is_sequence
from dreamvid.names import derived
from dreamvid.recipe.encode import PassName

WHITE = 64
"""Change in levels, or more, of what is white in the matte."""

AROUND = 0.015
"""Sigma of the Gaussian over which the matte is averaged, as a share of the shorter side."""


def pass_path(output: Path, name: PassName) -> Path:
    """The output of a pass: `a.residual.mov` beside `a.mov`, the folder `frames-residual` beside
    `frames`, `shot.residual.%04d.exr` beside `shot.%04d.exr`."""
    if name == "dream":
        return output
    if is_pattern(output):
        before = FrameNames.of_pattern(output).before
        mark = before[-1] if before.endswith((".", "_", "-", " ")) else "."
        start = before.removesuffix(mark) + mark if before else ""
        return output.with_name(f"{start}{name}{mark}{output.name[len(before) :]}")
    if is_sequence(output):
        folder = output.resolve()  # `.` has no name
        return derived(folder.parent, folder.name.replace(".", "-"), f"-{name}")
    ending = output.name[len(output.name) - len(ending_of(output) or output.suffix) :]
    return derived(output.parent, output.name.removesuffix(ending), f".{name}", ending)


PATCH = np.ones((9, 9), np.uint8)
"""The smallest patch of unchanged pixels on which nothing was dreamed."""


@dataclass(frozen=True)
class Passes:
    """The passes of an output.

    Attributes:
        output: of the dream.
        names: as in `encode.passes`; the dream is always there.
        codec_name: `encode.codec`.
        film: whether the output is a film's, not one still's.
    """

    output: Path
    names: tuple[PassName, ...]
    codec_name: str | None
    film: bool

    @cached_property
    def codec(self) -> Codec:
        """The codec of all of them. Raises OutputError."""
        return codec_for(self.output, self.codec_name, film=self.film)

    def path(self, name: PassName) -> Path:
        """The output of a pass."""
        return pass_path(self.output, name)

    def frame(self, name: PassName, dream: Frame, source: Frame | None) -> Frame:
        """The frame of a pass, to be encoded.

        Args:
            dream: (H, W, 3), 0..255, or (H, W, 4) with straight alpha.
            source: the same frame, not dreamed on; None where there is no pass but the dream.
        """
        if name == "dream" or source is None:
            return dream
        if name == "source":
            return source
        return matte(dream, source) if name == "matte" else residual(dream, source, self.codec)


def is_data(name: PassName) -> bool:
    """Whether a pass holds numbers, not a picture: it has no alpha, and is encoded as exactly as
    the codec can."""
    return name in ("residual", "matte")


def residual(dream: Frame, source: Frame, codec: Codec) -> Frame:
    """The dream less its source, (H, W, 3), between the numbers that the codec stores of both, so
    that rounding them adds nothing.

    Where the codec is `signed` it is the difference itself; else half of it about mid-grey, so
    that dream = source + 2 · residual - 255, which compositing programs call Linear Light.
    """
    difference = (codec.stored(dream) - codec.stored(source)) * np.float32(255)
    return difference if codec.signed else np.float32(127.5) + difference / np.float32(2)


def matte(dream: Frame, source: Frame) -> Field:
    """How much was dreamed, (H, W, 3), equal in all channels: the root mean square of the change
    around each pixel, of the channel that changed most; 255 where it is `WHITE` levels or more.

    The change itself is 0 wherever a dream's pattern crosses its source, and would leave holes.
    """
    change = np.square(dream[..., :3] - source[..., :3]).max(-1)
    around = cv2.GaussianBlur(change, (0, 0), AROUND * min(change.shape))
    level = np.sqrt(around) * np.float32(255 / WHITE)
    level[_still(change)] = 0
    return np.repeat(np.minimum(level, 255)[..., None], 3, -1)


def _still(change: Field) -> NDArray[np.bool_]:
    """Where nothing was dreamed, as outside of a mask: patches without any change. Single pixels of
    a dream are unchanged too, where it is clipped to black or white."""
    unchanged = (change == 0).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(unchanged, cv2.MORPH_OPEN, PATCH)) > 0
