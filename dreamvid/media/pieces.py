"""A finished film taken apart again, without coding anything anew."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from dreamvid.errors import MediaError, RunError, StateError
from dreamvid.media import ffmpeg
from dreamvid.media.files import require_file

LEAST_SCALE = 10_000
"""Units of time in a second, as ffmpeg's MP4 has them at least."""


def count_frames(film: Path) -> int:
    """How many pictures a film file holds. Raises MediaError if that cannot be told."""
    require_file(film)
    try:
        seen = ffmpeg.packets(film, "video")
    except RunError as error:
        raise MediaError(f"{film}: cannot be read ({error})") from None
    if seen is None:
        raise MediaError(f"{film}: has no pictures")
    return seen.count


def cut_pieces(film: Path, count: int, length: int, rate: Fraction, folder: Path) -> None:
    """Cut a film's first `count` pieces of `length` frames out of it: `000000.mp4` and on.

    They are those that it was joined of: each begins with a picture that needs none before it. Its
    times are made exact again, which MKV rounds.

    Raises:
        RunError: it cannot be cut there.
    """
    if not count:
        return
    cuts = ",".join(str(length * at) for at in range(1, count + 1))
    source = [*ffmpeg.GUARD, "-copyts", "-i", ffmpeg.url(film), "-map", "0:v:0", "-c", "copy"]
    scale = rate.numerator
    while scale < LEAST_SCALE:
        scale *= 2
    tick = scale // rate.numerator * rate.denominator
    exact = f"pts=round(PTS/{tick})*{tick}:dts=(round(STARTDTS/{tick})+N)*{tick}:duration={tick}"
    source += ["-bsf:v", f"setts=time_base=1/{scale}:prescale=1:{exact}"]
    where = ["-frames:v", str(count * length), "-f", "segment", "-segment_frames", cuts]
    form = ["-segment_format", "mp4", "-reset_timestamps", "1", "-y", "%06d.mp4"]
    patience = ffmpeg.patience(count * length)
    ffmpeg.run([*source, *where, *form], cwd=folder, timeout=patience)
    for at in range(count):
        piece = ffmpeg.packets(folder / f"{at:06d}.mp4", "video")
        if piece is None or piece.count != length:
            raise StateError(f"{film}: cannot be cut after every {length} frames")
