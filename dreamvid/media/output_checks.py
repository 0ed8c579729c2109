"""Checks of outputs, before anything costly is done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dreamvid.errors import OutputError
from dreamvid.frame import Size
from dreamvid.media.capabilities import missing
from dreamvid.media.codecs.codec import Codec, FilmCodec, StillCodec
from dreamvid.media.codecs.table import (
    FILM_CODECS,
    KEY,
    STILL_CODECS,
    film_codec,
    film_endings,
    still_codec,
    still_endings,
)
from dreamvid.media.files import url_in
from dreamvid.media.frame_names import FrameNames, is_pattern
from dreamvid.recipe.encode import USUAL_NAME

BUNDLED = "imageio-ffmpeg 0.8"
"""The first version whose ffmpeg has every encoder and filter; of its builds those for Windows lack
HAP's and AV1's encoder, those for Macs with Intel's processors AV1's."""


def is_sequence(path: Path) -> bool:
    """Whether a film's output is numbered pictures: a folder, or a pattern of names."""
    return path.is_dir() or not path.suffix or is_pattern(path)


def codec_for(path: Path, name: str | None = None, *, film: bool = True) -> FilmCodec | StillCodec:
    """The codec of an output.

    Args:
        name: `encode.codec`; None: the default one.
        film: whether it is a film's, not one still's.

    Raises:
        OutputError: no codec has its extension, or it cannot hold the codec.
    """
    if not film:
        return picture_codec(path, name)
    if is_sequence(path):
        return still_codec(path, path.suffix.lower() if is_pattern(path) else "", name)
    codec = film_codec(path, name)
    if codec is None:
        still = " (a still, not a film)" if path.suffix.lower() in still_endings() else ""
        raise OutputError(
            f"cannot write a film as {path.suffix}{still}; name it {', '.join(film_endings())}, "
            "without an extension for a folder of pictures, or shot.%04d.png for numbered ones",
            path=path,
        )
    return codec


def picture_codec(path: Path, name: str | None = None) -> StillCodec:
    """As `codec_for`, for one still."""
    ending = path.suffix.lower()
    if ending not in still_endings():
        raise OutputError(
            f"cannot write a picture as {path.suffix or 'a file without an extension'}; "
            f"name it {', '.join(still_endings())}",
            path=path,
        )
    return still_codec(path, ending, name)


def check_codec(
    path: Path,
    name: str | None = None,
    *,
    film: bool = True,
    alpha: bool = False,
    size: Size | None = None,
) -> None:
    """Check that an output can hold its codec, and that this ffmpeg can encode it.

    Args:
        name: `encode.codec`; None: the default one.
        film: whether a film is made, not one still.
        alpha: whether the frames have alpha.
        size: of the frames; None: not known yet.

    Raises:
        OutputError: as `codec_for`; or it cannot hold alpha or frames of that size, or this ffmpeg
            lacks its encoder.
        RunError: ffmpeg cannot be run.
    """
    codec = codec_for(path, name, film=film)
    require_alpha(path, codec, alpha)
    if size is not None:
        require_size(path, codec, size)
    lacking = missing(codec.needs)
    if lacking:
        raise OutputError(
            f"{codec.name} needs {' and '.join(lacking)}, which this ffmpeg lacks; {BUNDLED} has "
            "it, for Linux and for Macs with Apple's processors",
            path=path,
            key=KEY,
        )


def require_alpha(path: Path, codec: Codec, alpha: bool) -> None:
    """Raise OutputError if frames have alpha, and the codec cannot hold it."""
    if alpha and not codec.alpha:
        able = [each for each in (*FILM_CODECS, *STILL_CODECS) if each.alpha]
        names = [f"{each.name} ({', '.join(each.endings)})" for each in able]
        raise OutputError(
            f"{codec.name} cannot hold alpha; these can: {', '.join(names)}", path=path, key=KEY
        )


def require_size(path: Path, codec: Codec, size: Size) -> None:
    """Raise OutputError if a codec cannot hold frames of a size."""
    if size.width > codec.largest.width or size.height > codec.largest.height:
        raise OutputError(
            f"{codec.name} holds frames of up to {codec.largest}, not {size}; give another codec "
            "or a smaller --size",
            path=path,
            key=KEY,
        )


def check_frame_name(path: Path, name: str) -> None:
    """Raise OutputError unless `encode.frame_name` can name the frames of a film's output."""
    if name == USUAL_NAME or (is_sequence(path) and not is_pattern(path)):
        return
    reason = "has names for its frames" if is_pattern(path) else "is one file"
    raise OutputError(f"the output {reason}; leave it out", path=path, key="encode.frame_name")


def check_output(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """Check that a film can be written to `path`, before anything costly is done.

    A path without an extension, or of an existing folder, means a folder of pictures, and a pattern
    such as `out/shot.%04d.exr` pictures with such names; their folder may be missing.

    Raises:
        OutputError: no codec has its extension; its folder is missing or not writable; it is one of
            `inputs`, or a folder that contains one; it exists, and `overwrite` is not set.
    """
    with _output_errors(path):
        codec_for(path)
        if is_pattern(path):
            _check_pattern(path, inputs, overwrite)
            return
        _check_place(path, inputs, overwrite)
        if any(path.resolve() == source.resolve().parent for source in inputs):
            raise OutputError("holds the input; name another folder", path=path)


def check_picture(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """As `check_output`, for one still."""
    picture_codec(path)
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


def check_page(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """As `check_output`, for a page that a browser shows."""
    with _output_errors(path):
        if path.is_dir():
            raise OutputError("is a folder; name a file", path=path)
        _check_place(path, inputs, overwrite)


def is_there(path: Path) -> bool:
    """Whether an output exists: a file, a folder, or a picture of a pattern. Raises OSError."""
    if is_pattern(path):
        return bool(FrameNames.of_pattern(path).there())
    return path.exists()


def _check_pattern(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    names = FrameNames.of_pattern(path)
    folder = names.folder
    _check_parent(path, folder if folder.is_dir() else folder.parent)
    beside = [source.name for source in inputs if source.resolve().parent == folder.resolve()]
    if any(name in names or name == path.name for name in beside):
        raise OutputError("is the input itself; name another output", path=path)
    if names.there() and not overwrite:
        raise OutputError(f"output exists: {path} (use --overwrite)", path=path)


def _check_parent(path: Path, parent: Path) -> None:
    if not parent.is_dir():
        url = url_in(path)
        if url:
            raise OutputError(f"{url}: a URL; films are written to files")
        what = "not a folder" if parent.exists() else "no such folder"
        raise OutputError(f"{what}: {parent}", path=path)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write into {parent}: permission denied", path=path)


def _check_place(path: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    _check_parent(path, path.resolve().parent if path.is_dir() else path.parent)
    if any(path.exists() and source.exists() and path.samefile(source) for source in inputs):
        raise OutputError("is the input itself; name another output", path=path)
    if path.is_dir():
        if any(path.iterdir()) and not overwrite:
            raise OutputError(f"output exists: {path}{os.sep} (use --overwrite)", path=path)
    elif _is_taken(path):
        if not path.suffix:
            raise OutputError("a file is there; without an extension it means a folder", path=path)
        if not overwrite:
            raise OutputError(f"output exists: {path} (use --overwrite)", path=path)


def _is_taken(path: Path) -> bool:
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
