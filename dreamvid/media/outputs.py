"""Outputs: the sink for a file name, what it costs, and single files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import OutputError, RunError
from dreamvid.frame import Frame, Size
from dreamvid.media import frame_store
from dreamvid.media.codecs.codec import FilmCodec, StillCodec
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.codecs.table import ending_of, segment_endings, still_endings
from dreamvid.media.film import FilmSink
from dreamvid.media.frame_names import is_pattern
from dreamvid.media.output_checks import (
    check_json,
    check_output,
    check_picture,
    codec_for,
    picture_codec,
    require_alpha,
    require_size,
)
from dreamvid.media.segment_names import frames_of
from dreamvid.media.sequence import SequenceSink
from dreamvid.media.sink import FilmSpec, WorkDir
from dreamvid.media.still_writer import save_still


def open_sink(
    path: Path,
    film: FilmSpec,
    *,
    overwrite: bool,
    folder: Path | None = None,
    done: int | None = None,
) -> FilmSink | SequenceSink:
    """Open the sink for an output: a film, by its extension and codec, or numbered pictures.

    Args:
        folder: work folder, from which another run can resume; None: a temporary one.
        done: the number of the frame to go on with; those before it are in the folder, of an
            earlier run. None: none is.

    Raises:
        OutputError: as `check_output` and `codec_for`; the codec cannot hold alpha; or the rate is
            too high for it.
        RunError: frames of the earlier run are missing.
    """
    check_output(path, [film.sound.path] if film.sound else [], overwrite)
    codec = codec_for(path, film.codec)
    require_alpha(path, codec, film.alpha)
    require_size(path, codec, film.size)
    codec = codec.of_data() if film.data else codec
    if isinstance(codec, StillCodec):
        target = path if is_pattern(path) else path.resolve()  # `.` has no name to derive one from
        beside = target if target.parent.is_dir() else target.parent
        return SequenceSink(path, film, codec, WorkDir(beside, folder), done)
    if codec.fastest is not None and film.rate > codec.fastest:
        raise OutputError(
            f"a {ending_of(path)[1:].upper()} plays at most {codec.fastest} frames a "
            f"second, not {float(film.rate):g}",
            path=path,
        )
    return FilmSink(path, film, codec, WorkDir(path, folder), done)


def shared_format(
    film: Path, codec: str | None, output: Path, other: str | None
) -> JoinedCodec | None:
    """The codec of which both a film and another output are, so that the film's segments can be
    those of the output; None: it must be encoded again.

    Args:
        codec, other: `encode.codec` of either.

    Raises:
        OutputError: the output cannot hold its codec.
    """
    new = codec_for(output, other)
    try:
        old = codec_for(film, codec)
    except OutputError:  # the film was renamed
        return None
    return new if isinstance(new, JoinedCodec) and new is old else None


@dataclass(frozen=True)
class Cost:
    """What an output needs while it is written.

    Attributes:
        disk: bytes a pixel of a frame, in a segment or a picture, and again in the film.
        memory: bytes of memory of the encoder.
        stored: bytes a pixel of a frame of the open segment.
    """

    disk: float
    memory: float
    stored: int


def cost_of(path: Path, size: Size, name: str | None = None, *, film: bool = True) -> Cost:
    """The cost of an output, by its path and `encode.codec`, for frames of `size`.

    Args:
        film: whether it is a film's, not one still's.
    """
    codec = codec_for(path, name, film=film)
    if isinstance(codec, FilmCodec):
        return Cost(codec.disk_bytes, codec.memory(size), 6 if codec.deep else 3)
    return Cost(codec.disk_bytes, 0, 0)


def is_finished_part(path: Path) -> bool:
    """Whether a file in a sink's work folder, by its name, is a closed segment, a picture or a
    stored frame, which a resume needs. All other files are temporary or incomplete."""
    number, dot, ending = path.name.partition(".")
    if number.isdecimal():
        return dot + ending in {*frame_store.ENDINGS, *still_endings()}
    return any(frames_of(path.name, each) for each in segment_endings())


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a missing folder for the context; one that stays empty is removed again. Raises
    OutputError."""
    try:
        folder.mkdir()
    except FileExistsError:
        yield
        return
    except OSError as error:
        raise OutputError(f"cannot be made: {error.strerror}", path=folder) from None
    try:
        yield
    finally:
        with suppress(OSError):  # it holds an output
            folder.rmdir()


def write_picture(
    path: Path, frame: Frame, overwrite: bool, codec: str | None = None, *, data: bool = False
) -> None:
    """Write one still atomically: (H, W, 3) float32 RGB 0..255, or (H, W, 4) with straight alpha.

    Args:
        codec: `encode.codec`; None: the default one of its extension.
        data: whether the frame is numbers, not a picture: that of some passes.

    Raises:
        OutputError: as `check_picture` and `picture_codec`.
        RunError: the disk is full, or ffmpeg failed.
    """
    check_picture(path, [], overwrite)
    chosen = picture_codec(path, codec)
    save_still(frame, path, chosen.of_data() if data else chosen)


def write_json(path: Path, text: str, overwrite: bool) -> None:
    """Write a JSON text atomically.

    Raises:
        OutputError: as `check_json`.
        RunError: the disk is full.
    """
    check_json(path, [], overwrite)
    work = WorkDir(path)
    try:
        (work.folder / "numbers").write_text(text, encoding="utf-8")
        work.place("numbers", path)
    except OSError as error:
        raise RunError(f"cannot be written: {error.strerror}", path=path) from error
    finally:
        work.remove()
