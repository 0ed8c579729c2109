"""Properties of a clip, before its frames are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import InputError, RunError
from dreamvid.frame import Size
from dreamvid.limits import MAX_CLIP_PIXELS, MAX_FRAMES, MAX_SIDE
from dreamvid.media import ffmpeg
from dreamvid.media.conversion import Deinterlace, conversion_of, decoder_of
from dreamvid.media.files import require_file
from dreamvid.media.pictures import PictureTrack, sample
from dreamvid.media.streams import PictureStream, Streams, parse_streams
from dreamvid.media.timing import Timing, timing_of


@dataclass(frozen=True)
class Clip:
    """A clip that can be read.

    Attributes:
        track: its stream of pictures, and how they are converted.
        timing: when its pictures are shown.
        size: displayed size in pixels, upright and with square pixels.
        has_audio: whether it has a sound track.
    """

    track: PictureTrack
    timing: Timing
    size: Size
    has_audio: bool

    @property
    def path(self) -> Path:
        """The file."""
        return self.track.path

    @property
    def rate(self) -> Fraction:
        """Frames a second; see `Timing`."""
        return self.timing.rate

    @property
    def frames(self) -> int | None:
        """How many frames it lasts at its rate; None if unknown."""
        return self.timing.frames

    @property
    def even(self) -> bool:
        """Whether its rate is constant. If not, each frame is shown from its time stamp on."""
        return self.timing.even

    @property
    def duration(self) -> Fraction | None:
        """Duration of the pictures in seconds; None if unknown."""
        return None if self.frames is None else self.frames / self.rate

    def span(
        self, start: Fraction, end: Fraction | None, frames: int | None
    ) -> tuple[int, int | None]:
        """The frames between two times.

        Args:
            start: seconds; the first frame is the first one shown at or after it.
            end: seconds; frames shown at it or later are left out. None: to the clip's end.
            frames: at most this many. None: all.

        Returns:
            The index of the first frame, and the number of frames (None: unknown, to the end).
            Their sound begins at `index / rate` seconds.

        Raises:
            InputError: there is no frame between them.
        """
        first = math.ceil(start * self.rate)
        last = None if end is None else math.ceil(end * self.rate)
        stops = [stop for stop in (last, self.frames) if stop is not None]
        count = min(stops) - first if stops else None
        if count is not None and count <= 0:
            length = "" if self.duration is None else f"; it lasts {float(self.duration):.3f} s"
            until = "its end" if end is None else f"{float(end):g} s"
            raise InputError(f"no frame from {float(start):g} s to {until}{length}", path=self.path)
        if frames is not None:
            count = frames if count is None else min(count, frames)
        return first, count


def probe(path: Path, deinterlace: Deinterlace = "auto") -> Clip:
    """Examine a clip, decoding its first pictures.

    Args:
        deinterlace: as for `conversion_of`.

    Raises:
        InputError: the file is missing, empty, a folder, not a clip, or has no decodable picture.
    """
    require_file(path)
    try:
        streams = parse_streams(ffmpeg.describe(path))
        stream = _shown(path, streams)
        width, height = stream.size
        first = sample(path, stream.index, decoder_of(stream), width * height)
    except RunError as error:
        raise InputError(f"{error}", path=path) from error
    picture = first.pictures[0]
    stored = Size(*picture.size)
    turned = picture.size != stream.size and picture.size == stream.size[::-1]
    size = square_size(stored, picture.aspect, turned=turned)
    _require_size(path, stored, size)
    interlaced = stream.interlaced or any(each.interlaced for each in first.pictures)
    conversion = conversion_of(stream, picture.pixel_format, interlaced, deinterlace)
    timing = timing_of(path, streams.container, stream.codec, stream.index, first)
    if (timing.frames or 0) > MAX_FRAMES:
        raise InputError(f"states a length of more than {MAX_FRAMES} frames", path=path)
    return Clip(
        PictureTrack(path, stream.index, stored, conversion), timing, size, streams.sounds > 0
    )


def _shown(path: Path, streams: Streams) -> PictureStream:
    """The stream of pictures to read. Raises InputError."""
    if not streams.container:
        raise InputError(
            "not a clip that can be read; give MP4, MOV, MKV, WebM, AVI, GIF or MPEG", path=path
        )
    stream = streams.shown
    if stream is None:
        content = "only sound" if streams.sounds else "no pictures"
        raise InputError(f"holds {content}; give a clip with pictures", path=path)
    _require_size(path, Size(*stream.size))
    return stream


def _require_size(path: Path, *sizes: Size) -> None:
    """Raise InputError if stored or displayed pictures of a clip are too large."""
    for size in sizes:
        if size.width * size.height > MAX_CLIP_PIXELS or max(size) > MAX_SIDE:
            raise InputError(
                f"its pictures, {size}, are too large; "
                f"at most {MAX_CLIP_PIXELS // 10**6} million pixels, {MAX_SIDE} a side",
                path=path,
            )


def square_size(size: Size, aspect: Fraction, *, turned: bool) -> Size:
    """The size with square pixels; the stored width is scaled, so that no stored line is lost.

    Args:
        size: of an upright picture.
        aspect: a pixel's width by its height.
        turned: whether the stored width is the picture's height.
    """
    width, height = size
    if turned:
        return Size(width, max(1, round(height / aspect)))
    return Size(max(1, round(width * aspect)), height)
