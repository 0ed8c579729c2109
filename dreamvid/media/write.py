"""Outputs: what may be written where, and the sink that an output's name asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import OutputError, RunError
from dreamvid.frame import Frame
from dreamvid.media import pictures
from dreamvid.media.codings import H264, Coding, Gif, WebP
from dreamvid.media.film import FilmSink
from dreamvid.media.sink import Sink, Workplace
from dreamvid.media.sound import Sound

__all__ = [
    "Sink",
    "Sound",
    "check_json",
    "check_output",
    "check_picture",
    "open_sink",
    "write_json",
    "write_picture",
]

FILM_ENDINGS = (".mp4", ".mov", ".mkv", ".gif", ".webp")

FASTEST_GIF = 50
"""Frames a second: a shorter frame time, 1/100 s, players take for a mistake and slow down."""


def check_output(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """See that a film can be left at `path`, before anything costly is done.

    A path without an ending, or of a folder that is there, means a folder of PNGs.

    Raises:
        MediaError: its ending is none of a film's; its folder is missing or not writable; it is
            one of `inputs`, or a folder with one in it; it exists, and `overwrite` is not given.
    """
    with _told(path):
        if not _is_folder(path) and path.suffix.lower() not in FILM_ENDINGS:
            still = " (a still, not a film)" if path.suffix.lower() in pictures.ENDINGS else ""
            raise OutputError(
                f"{path}: cannot write a film as {path.suffix}{still}; "
                f"name it {', '.join(FILM_ENDINGS)}, or without an ending for a folder of PNGs",
                path=path,
            )
        _check_place(path, inputs, overwrite)
        if any(path.resolve() == given.resolve().parent for given in inputs):
            raise OutputError(f"{path}: holds the input; name another folder", path=path)


def check_picture(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """As `check_output`, for one still."""
    if path.suffix.lower() not in pictures.ENDINGS:
        raise OutputError(
            f"{path}: cannot write a picture as {path.suffix or 'a file without an ending'}; "
            f"name it {', '.join(pictures.ENDINGS)}",
            path=path,
        )
    with _told(path):
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file", path=path)
        _check_place(path, inputs, overwrite)


def check_json(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """As `check_output`, for a file of numbers."""
    if path.suffix.lower() != ".json":
        raise OutputError(f"{path}: cannot write JSON as {path.name}; name it .json", path=path)
    with _told(path):
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file", path=path)
        _check_place(path, inputs, overwrite)


def open_sink(
    path: Path,
    *,
    size: tuple[int, int],
    rate: Fraction,
    crf: float,
    overwrite: bool,
    sound: Sound | None,
    segment: int,
    note: str = "",
    folder: Path | None = None,
    done: int = 0,
) -> Sink:
    """Begin the output that its name asks for.

    `.mp4`, `.mov`, `.mkv`: H.264, with the sound; `.gif`, `.webp`: animations, silent; no ending,
    or a folder that is there: PNGs.

    Args:
        size: (width, height) of the frames to come.
        rate: frames a second.
        crf: x264's constant rate factor, 0 (lossless) to 51; WebP takes 100 - crf for its quality.
        segment: how many frames are coded as one closed piece.
        note: a text that a film file carries as its comment.
        folder: where to work so that another run can go on; else in a place of its own.
        done: how many frames an earlier run left there.

    Raises:
        MediaError: as `check_output`; or a GIF of more than 50 frames a second.
        RunError: what an earlier run left is not whole.
    """
    check_output(path, [sound.path] if sound else [], overwrite)
    if _is_folder(path):
        folder_of = path.resolve()  # `.` has no name to put `partial` into
        return pictures.PictureSink(path, size=size, work=Workplace(folder_of, folder), done=done)
    ending = path.suffix.lower()
    if ending == ".gif" and rate > FASTEST_GIF:
        raise OutputError(
            f"{path}: a GIF plays at most {FASTEST_GIF} frames a second, not {float(rate):g}",
            path=path,
        )
    codings: dict[str, Coding] = {".gif": Gif(), ".webp": WebP(crf)}
    coding = codings.get(ending) or H264(crf, sound, note)
    work = Workplace(path, folder)
    return FilmSink(
        path, size=size, rate=rate, segment=segment, coding=coding, work=work, done=done
    )


def write_picture(path: Path, frame: Frame, overwrite: bool) -> None:
    """Write one still, whole or not at all: (H, W, 3) float32 RGB 0..255.

    Raises:
        MediaError: as `check_picture`.
        RunError: the disk is full.
    """
    check_picture(path, [], overwrite)
    pictures.save(frame, path)


def write_json(path: Path, text: str, overwrite: bool) -> None:
    """Write a JSON text, whole or not at all.

    Raises:
        MediaError: as `check_json`.
        RunError: the disk is full.
    """
    check_json(path, [], overwrite)
    work = Workplace(path)
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
def _told(path: Path) -> Iterator[None]:
    """Say in one line what the system has against a path."""
    try:
        yield
    # ValueError: a null byte in the name; RuntimeError: links in a circle
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"{path}: cannot be written: {reason}", path=path) from error
