"""Cutting a finished film, without encoding it again."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from dreamvid.errors import InputError, RunError, StateError
from dreamvid.media import ffmpeg
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.durable import commit, os_errors, temp_name
from dreamvid.media.files import require_file
from dreamvid.media.segment_names import frames_of, segment_name

MIN_TIME_SCALE = 10_000
"""Ticks a second; ffmpeg's MP4 muxer uses at least this many."""

DECODED_AHEAD = 2
"""Frames by which x264 and x265 decode before they show; in a film of two frames they do not, but
what follows it does."""


def count_frames(film: Path) -> int:
    """The number of pictures in a film file. Raises InputError if it cannot be read."""
    return _pictures(film).count


def cut_places(film: Path, segment_frames: int) -> list[int]:
    """The numbers of frames after which a film can be cut, from 0 on: where a keyframe follows, and
    at its end.

    Args:
        segment_frames: the most frames of a segment, each of which begins with a keyframe.

    Raises:
        InputError: the film cannot be read.
        StateError: keyframes are farther apart, so that another program encoded it.
    """
    listed = _pictures(film)
    places = [*listed.keys, listed.count]
    if places[0] or any(after - before > segment_frames for before, after in pairwise(places)):
        raise StateError(f"has no keyframe every {segment_frames} frames", path=film)
    return places


def cut_film(film: Path, codec: JoinedCodec, count: int, rate: Fraction, folder: Path) -> None:
    """Copy a film's first `count` frames, one of its `cut_places`, into one segment in a folder, in
    place of all segments there.

    Joined with others, it is the same bytes as the segments that the film was joined from. Times
    that MKV rounded are made exact again.

    Raises:
        RunError: it cannot be cut there.
    """
    if count:
        _copy(film, codec, folder / segment_name(range(count), codec.segment_ending), count, rate)
    with os_errors(folder):
        for path in folder.iterdir():
            frames = frames_of(path.name, codec.segment_ending)
            if frames and frames != range(count):
                path.unlink()


def _pictures(film: Path) -> ffmpeg.Packets:
    """The packets of a film's pictures. Raises InputError."""
    require_file(film)
    try:
        listed = ffmpeg.packets(film, "video")
    except RunError as error:
        raise InputError(f"cannot be read ({error})", path=film) from None
    if listed is None:
        raise InputError("has no pictures", path=film)
    return listed


def _copy(film: Path, codec: JoinedCodec, segment: Path, count: int, rate: Fraction) -> None:
    """Copy a film's first `count` frames into a segment. Raises RunError."""
    scale = rate.numerator
    while scale < MIN_TIME_SCALE:
        scale *= 2
    tick = scale // rate.numerator * rate.denominator
    ahead = DECODED_AHEAD if codec.reorders else 0
    exact = f"pts=round(PTS/{tick})*{tick}:dts=(N-{ahead})*{tick}:duration={tick}"
    part = temp_name(segment, codec.segment_ending)
    source = [*ffmpeg.GUARD, "-copyts", "-i", ffmpeg.url(film), "-map", "0:v:0", "-c", "copy"]
    times = ["-bsf:v", f"setts=time_base=1/{scale}:prescale=1:{exact}"]
    form = ["-frames:v", str(count), *codec.tagged(codec.segment_ending), "-y", ffmpeg.url(part)]
    try:
        ffmpeg.run([*source, *times, *form], timeout=ffmpeg.patience(count))
        copied = ffmpeg.packets(part, "video")
        if copied is None or copied.count != count:
            raise StateError(f"cannot be cut after {count} frames", path=film)
        with os_errors(segment):
            commit(part, segment)
    finally:
        part.unlink(missing_ok=True)
