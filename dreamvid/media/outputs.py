"""Outputs: whether they may be written, and the sink for a name."""

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
from dreamvid.media.film import FilmSink
from dreamvid.media.sequence import SequenceSink
from dreamvid.media.sink import FilmSpec, Sink, WorkDir
from dreamvid.media.still_writer import STILL_ENDINGS, save_still


def check_output(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """Check that a film can be written to `path`, before anything costly is done.

    A path without an ending, or of a folder that exists, means a folder of PNGs.

    Raises:
        OutputError: no codec has its ending; its folder is missing or not writable; it is one of
            `inputs`, or a folder that contains one; it exists, and `overwrite` is not set.
    """
    with _output_errors(path):
        if not _is_folder(path) and not codec_of(path):
            still = " (a still, not a film)" if path.suffix.lower() in STILL_ENDINGS else ""
            raise OutputError(
                f"{path}: cannot write a film as {path.suffix}{still}; "
                f"name it {', '.join(film_endings())}, or without an ending for a folder of PNGs",
                path=path,
            )
        _check_place(path, inputs, overwrite)
        if any(path.resolve() == given.resolve().parent for given in inputs):
            raise OutputError(f"{path}: holds the input; name another folder", path=path)


def check_picture(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """As `check_output`, for one still."""
    if path.suffix.lower() not in STILL_ENDINGS:
        raise OutputError(
            f"{path}: cannot write a picture as {path.suffix or 'a file without an ending'}; "
            f"name it {', '.join(STILL_ENDINGS)}",
            path=path,
        )
    with _output_errors(path):
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file", path=path)
        _check_place(path, inputs, overwrite)


def check_json(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """As `check_output`, for a file of numbers."""
    if path.suffix.lower() != ".json":
        raise OutputError(f"{path}: cannot write JSON as {path.name}; name it .json", path=path)
    with _output_errors(path):
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file", path=path)
        _check_place(path, inputs, overwrite)


def open_sink(
    path: Path, film: FilmSpec, *, overwrite: bool, folder: Path | None = None, done: int = 0
) -> Sink:
    """Begin an output: a film by the codec of its ending, or a folder of PNGs.

    Args:
        folder: to work in, so that another run can resume; None: a temporary one.
        done: how many frames an earlier run left there.

    Raises:
        OutputError: as `check_output`; or the rate is too high for the codec.
        RunError: frames of the earlier run are missing.
    """
    check_output(path, [film.sound.path] if film.sound else [], overwrite)
    codec = None if _is_folder(path) else codec_of(path)
    if codec is None:
        folder_of = path.resolve()  # `.` has no name to put `partial` into
        return SequenceSink(path, film, WorkDir(folder_of, folder), done)
    if codec.fastest is not None and film.rate > codec.fastest:
        raise OutputError(
            f"{path}: a {ending_of(path)[1:].upper()} plays at most {codec.fastest} frames a "
            f"second, not {float(film.rate):g}",
            path=path,
        )
    return FilmSink(path, film, codec, WorkDir(path, folder), done)


@dataclass(frozen=True)
class Cost:
    """What an output takes while it is made.

    Attributes:
        disk: bytes a pixel of a frame, in a segment or a picture, and again in the film.
        memory: bytes that the encoder takes.
    """

    disk: float
    memory: float


def cost_of(path: Path, size: Size) -> Cost:
    """What the output of this name takes, of frames of `size`."""
    codec = None if _is_folder(path) else codec_of(path)
    return Cost(codec.disk_bytes, codec.memory(size)) if codec else Cost(sequence.DISK_BYTES, 0)


def is_finished_part(path: Path) -> bool:
    """Whether a file in a sink's work folder is a closed segment, a picture or a stored frame,
    which a resume needs; told by its name. All else is temporary, or was left half written."""
    endings = {*segment_endings(), *frame_store.ENDINGS, sequence.ENDING}
    return path.stem.isdecimal() and path.suffix in endings


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
        raise RunError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        work.remove()


def _is_folder(path: Path) -> bool:
    return path.is_dir() or not path.suffix


def _check_place(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    parent = path.resolve().parent if path.is_dir() else path.parent
    if not parent.is_dir():
        what = "not a folder" if parent.exists() else "no such folder"
        raise OutputError(f"{path}: {what}: {parent}", path=path)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: cannot write into {parent}: permission denied", path=path)
    if any(path.exists() and given.exists() and path.samefile(given) for given in inputs):
        raise OutputError(f"{path}: is the input itself; name another output", path=path)
    if path.is_dir():
        if any(path.iterdir()) and not overwrite:
            raise OutputError(f"output exists: {path}{os.sep} (use --overwrite)", path=path)
    elif _is_there(path):
        if _is_folder(path):
            raise OutputError(
                f"{path}: a file is there; without an ending it means a folder", path=path
            )
        if not overwrite:
            raise OutputError(f"output exists: {path} (use --overwrite)", path=path)


def _is_there(path: Path) -> bool:
    try:
        path.lstat()  # a dangling symbolic link is in the way too
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    """Turn an error of the system about a path into an OutputError of one line."""
    try:
        yield
    # ValueError: a null byte in the name; RuntimeError: links in a circle
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"{path}: cannot be written: {reason}", path=path) from error
