"""Outputs: checks before writing, and the sink for a file name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import OutputError, RunError
from dreamvid.frame import Frame, Size
from dreamvid.media import frame_store, sequence
from dreamvid.media.codecs import codec_of, ending_of, film_endings, segment_endings
from dreamvid.media.files import url_in
from dreamvid.media.film import FilmSink
from dreamvid.media.sequence import SequenceSink
from dreamvid.media.sink import FilmSpec, WorkDir
from dreamvid.media.still_writer import STILL_ENDINGS, save_still


def check_output(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """Check that a film can be written to `path`, before anything costly is done.

    A path without an extension, or of an existing folder, means a folder of PNGs.

    Raises:
        OutputError: no codec has its extension; its folder is missing or not writable; it is one of
            `inputs`, or a folder that contains one; it exists, and `overwrite` is not set.
    """
    with _output_errors(path):
        if not _is_folder(path) and not codec_of(path):
            still = " (a still, not a film)" if path.suffix.lower() in STILL_ENDINGS else ""
            raise OutputError(
                f"cannot write a film as {path.suffix}{still}; name it "
                f"{', '.join(film_endings())}, or without an extension for a folder of PNGs",
                path=path,
            )
        _check_place(path, inputs, overwrite)
        if any(path.resolve() == source.resolve().parent for source in inputs):
            raise OutputError("holds the input; name another folder", path=path)


def check_picture(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """As `check_output`, for one still."""
    if path.suffix.lower() not in STILL_ENDINGS:
        raise OutputError(
            f"cannot write a picture as {path.suffix or 'a file without an extension'}; "
            f"name it {', '.join(STILL_ENDINGS)}",
            path=path,
        )
    with _output_errors(path):
        if path.is_dir():
            raise OutputError("is a folder; name a file", path=path)
        _check_place(path, inputs, overwrite)


def check_json(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """As `check_output`, for a file of numbers."""
    if path.suffix.lower() != ".json":
        raise OutputError(f"cannot write JSON as {path.name}; name it .json", path=path)
    with _output_errors(path):
        if path.is_dir():
            raise OutputError("is a folder; name a file", path=path)
        _check_place(path, inputs, overwrite)


def open_sink(
    path: Path, film: FilmSpec, *, overwrite: bool, folder: Path | None = None, done: int = 0
) -> FilmSink | SequenceSink:
    """Open the sink for an output: a film, by its extension, or a folder of PNGs.

    Args:
        folder: work folder, from which another run can resume; None: a temporary one.
        done: how many frames of an earlier run are in it.

    Raises:
        OutputError: as `check_output`; or the rate is too high for the codec.
        RunError: frames of the earlier run are missing.
    """
    check_output(path, [film.sound.path] if film.sound else [], overwrite)
    codec = None if _is_folder(path) else codec_of(path)
    if codec is None:
        target = path.resolve()  # `.` has no name to derive a partial name from
        return SequenceSink(path, film, WorkDir(target, folder), done)
    if codec.fastest is not None and film.rate > codec.fastest:
        raise OutputError(
            f"a {ending_of(path)[1:].upper()} plays at most {codec.fastest} frames a "
            f"second, not {float(film.rate):g}",
            path=path,
        )
    return FilmSink(path, film, codec, WorkDir(path, folder), done)


def is_same_format(film: Path, output: Path) -> bool:
    """Whether a film's segments can be those of another output: both are films of one codec."""
    return not _is_folder(output) and codec_of(film) is codec_of(output)


@dataclass(frozen=True)
class Cost:
    """What an output needs while it is written.

    Attributes:
        disk: bytes a pixel of a frame, in a segment or a picture, and again in the film.
        memory: bytes of memory of the encoder.
    """

    disk: float
    memory: float


def cost_of(path: Path, size: Size) -> Cost:
    """The cost of an output, by its name, for frames of `size`."""
    codec = None if _is_folder(path) else codec_of(path)
    return Cost(codec.disk_bytes, codec.memory(size)) if codec else Cost(sequence.DISK_BYTES, 0)


def is_finished_part(path: Path) -> bool:
    """Whether a file in a sink's work folder, by its name, is a closed segment, a picture or a
    stored frame, which a resume needs. All other files are temporary or incomplete."""
    endings = {*segment_endings(), *frame_store.ENDINGS, sequence.ENDING}
    number, dot, ending = path.name.partition(".")
    return number.isdecimal() and dot + ending in endings


def write_picture(path: Path, frame: Frame, overwrite: bool) -> None:
    """Write one still atomically: (H, W, 3) float32 RGB 0..255.

    Raises:
        OutputError: as `check_picture`.
        RunError: the disk is full.
    """
    check_picture(path, [], overwrite)
    save_still(frame, path)


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


def _is_folder(path: Path) -> bool:
    return path.is_dir() or not path.suffix


def _check_place(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    parent = path.resolve().parent if path.is_dir() else path.parent
    if not parent.is_dir():
        url = url_in(path)
        if url:
            raise OutputError(f"{url}: a URL; films are written to files")
        what = "not a folder" if parent.exists() else "no such folder"
        raise OutputError(f"{what}: {parent}", path=path)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write into {parent}: permission denied", path=path)
    if any(path.exists() and source.exists() and path.samefile(source) for source in inputs):
        raise OutputError("is the input itself; name another output", path=path)
    if path.is_dir():
        if any(path.iterdir()) and not overwrite:
            raise OutputError(f"output exists: {path}{os.sep} (use --overwrite)", path=path)
    elif _is_there(path):
        if _is_folder(path):
            raise OutputError("a file is there; without an extension it means a folder", path=path)
        if not overwrite:
            raise OutputError(f"output exists: {path} (use --overwrite)", path=path)


def _is_there(path: Path) -> bool:
    try:
        path.lstat()  # a dangling symbolic link counts too
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    """Turn a system error about a path into an OutputError of one line."""
    try:
        yield
    # ValueError: a null byte in the name; RuntimeError: circular links
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"cannot be written: {reason}", path=path) from error
