"""What a codec is: of a film in one file, or of single pictures."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Field, Frame, Size
from dreamvid.limits import MAX_SIDE
from dreamvid.media.sink import FilmSpec, to_uint8, to_uint16


class Codec:
    """What is common to both kinds.

    Attributes:
        name: its name in a recipe (`encode.codec`).
        endings: file extensions of the files that can hold it, the default one first; the longest
            match counts.
        needs: the encoders and filters of ffmpeg that it uses.
        deep: whether it keeps more than 8 bits a channel.
        alpha: whether it can hold alpha.
        signed: whether it stores linear light as it is, below 0 and over 1 too.
        largest: the largest frame that it can hold.
        disk_bytes: bytes a pixel in a segment or a picture, and again in the film.
    """

    name: str
    endings: tuple[str, ...]
    needs: tuple[str, ...] = ()
    deep: bool = False
    alpha: bool = False
    signed: bool = False
    largest: Size = Size(MAX_SIDE, MAX_SIDE)
    disk_bytes: float

    def stored(self, frame: Frame) -> Field:
        """The numbers that are stored for a frame's color, (H, W, 3), before compression loses any:
        0..1, display-coded; linear light where the codec is `signed`."""
        color = frame[..., :3]
        levels, white = (to_uint16(color), 65535) if self.deep else (to_uint8(color), 255)
        return levels.astype(np.float32) / np.float32(white)

    def of_data(self) -> Self:
        """The codec for frames that are numbers, not pictures: what 255 levels stand for is stored
        as 1.0, as exactly as it can."""
        return self


class FilmCodec(Codec, ABC):
    """How frames become segments, and segments a film.

    Attributes:
        segment_ending: file extension of its segments.
        multiple: both sides of a stored frame are multiples of this.
        least: the shortest side of a stored frame.
        carries_recipe: whether its files can hold a comment, and so the recipe.
        fastest: highest frame rate; None: any.
        memory_bytes: of the encoder of a segment: at any size, and a pixel. Measured with 48 frames
            at 640x360 and at 1920x1080.
    """

    segment_ending: str
    multiple: int = 1
    least: int = 1
    carries_recipe: bool = False
    fastest: int | None = None
    memory_bytes: tuple[float, float] = (0, 0)

    def pixel_format(self, film: FilmSpec) -> str:
        """ffmpeg's name for the encoder's input format, which `pixels` produces."""
        if self.deep:
            return "rgba64le" if film.alpha else "rgb48le"
        return "rgba" if film.alpha else "rgb24"

    def pixels(self, frame: Frame) -> NDArray[Any]:
        """Convert a frame of the stored size, (H, W, 3), or (H, W, 4) with alpha, to samples of
        `pixel_format`, row by row."""
        return to_uint16(frame) if self.deep else to_uint8(frame)

    def stored_size(self, size: Size) -> Size:
        """The size of the frames in the file, at least `size`."""
        return Size(*(max(self.least, math.ceil(s / self.multiple) * self.multiple) for s in size))

    def padded(self, frame: Frame) -> Frame:
        """A frame of the stored size: the last row and column of a smaller one are repeated."""
        size = Size.of(frame)
        stored = self.stored_size(size)
        rest = [(0, stored.height - size.height), (0, stored.width - size.width), (0, 0)]
        return np.pad(frame, rest, mode="edge")

    def memory(self, size: Size) -> float:
        """Memory of the encoder of a segment in bytes."""
        fixed, pixel = self.memory_bytes
        return fixed + pixel * size.width * size.height

    @abstractmethod
    def options(self, film: FilmSpec) -> Sequence[str]:
        """The ffmpeg options for encoding one segment."""

    @abstractmethod
    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """Make one file of all `frames` frames from the segments in a folder (`joining.SEGMENTS`).

        Returns:
            The name of the file in the folder, with the extension `ending`.

        Raises:
            RunError: ffmpeg failed, or frames are missing.
        """


class StillCodec(Codec, ABC):
    """How a frame becomes a picture of its own: a still, or one of a sequence."""

    @abstractmethod
    def encode(self, frame: Frame, rate: str = "") -> bytes:
        """Encode a frame, (H, W, 3), or (H, W, 4) with straight alpha, as the bytes of a file.

        Args:
            rate: frames a second of its sequence, as `30000/1001`; "" for a still.

        Raises:
            RunError: ffmpeg failed.
        """
