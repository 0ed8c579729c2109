"""Reading OpenEXR stills with the bundled ffmpeg; OpenCV's wheel and Pillow read none.

EXR holds linear light, in which white is 1.0, and color that is already multiplied by its alpha,
unless its header states that alpha is straight, as in the files that dreamvid writes.
"""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path

import numpy as np

from dreamvid.errors import InputError, RunError
from dreamvid.frame import Field, Frame
from dreamvid.limits import MAX_PIXELS
from dreamvid.media import ffmpeg, showinfo
from dreamvid.media.color_space import encoded
from dreamvid.media.exr_header import (
    MAGIC,
    MOST_HEADER,
    SEVERAL_PARTS,
    TILED,
    ExrHeader,
    read_header,
)
from dreamvid.media.ffmpeg_pipe import FfmpegPipe
from dreamvid.media.samples import require_size

PLANES = {
    f"{name}f{bits}le": (planes, f"<f{bits // 8}")
    for name, planes in (("gbrap", 4), ("gbrp", 3), ("gray", 1), ("ya", 2))
    for bits in (16, 32)
}
"""ffmpeg's pixel formats of EXR: how many planes, and the type of their samples."""

GUARD = ("-protocol_whitelist", "file", "-format_whitelist", "exr_pipe", "-f", "exr_pipe")


def is_exr(path: Path) -> bool:
    """Whether a plain file is an EXR, by its first bytes."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_exr(path: Path) -> Frame:
    """Read an EXR: linear light of RGB, gray or RGBA to sRGB, alpha kept, (H, W, 4), 0..255.

    Light over 1.0 becomes white. Color is straight, not multiplied by its alpha.

    Raises:
        InputError: it cannot be decoded, is too large, or holds samples that are not finite.
    """
    with path.open("rb") as file:
        header = read_header(file.read(MOST_HEADER))
    if _is_cut_off(path, header):
        raise InputError("the picture is cut off or damaged", path=path)
    light, alpha = _light(path)
    if not (np.isfinite(light).all() and np.isfinite(alpha).all()):
        raise InputError("the picture holds samples that are not finite", path=path)
    alpha = np.clip(alpha, 0, 1)[..., None]
    if header is None or not header.straight:
        light = np.divide(light, alpha, out=np.zeros_like(light), where=alpha > 0)
    color = 255 * encoded(np.clip(light, 0, 1).astype(np.float64))
    return np.concatenate([color, 255 * alpha], -1, dtype=np.float32)


def _is_cut_off(path: Path, header: ExrHeader | None) -> bool:
    """Whether chunks of pixels are missing, which ffmpeg takes for black.

    After the header comes a table of where each chunk is; files of several parts are not checked.
    """
    if header is None or header.flags & SEVERAL_PARTS:
        return False
    with path.open("rb") as file:
        length = path.stat().st_size
        file.seek(header.end)
        first = int.from_bytes(file.read(8), "little")
        count = (first - header.end) // 8
        if not 0 < count <= length // 8:
            return True
        file.seek(header.end)
        last = int(np.frombuffer(file.read(8 * count).ljust(8 * count, b"\0"), "<u8").max())
        place = 16 if header.flags & TILED else 4  # of the chunk: its tile, or its first line
        file.seek(min(last + place, length))
        return last + place + 4 + int.from_bytes(file.read(4), "little") > length


def _light(path: Path) -> tuple[Frame, Field]:
    """The linear light of R, G and B, and alpha, as stored."""
    pixels = ["-max_pixels", str(MAX_PIXELS), "-threads", "1"]
    source = [*GUARD, *pixels, "-i", ffmpeg.url(path), "-frames:v", "1"]
    wanted = ["-vf", showinfo.FILTER, "-c:v", "rawvideo", "-f", "rawvideo", "-"]
    data = None
    try:
        with closing(FfmpegPipe(path, [*source, *wanted])) as pipe:
            shown = pipe.messages.shown.get()
            planes, kind = PLANES.get(shown.pixel_format, (0, "")) if shown else (0, "")
            if shown:  # ffmpeg waits until its picture is read
                require_size(path, *shown.size)
            if shown and planes:
                shape = planes, shown.size[1], shown.size[0]
                data = pipe.receive(math.prod(shape) * np.dtype(kind).itemsize)
            pipe.wait()
            faults = list(pipe.messages.faults)
    except RunError as error:
        raise InputError(f"{error}", path=path) from error
    if data is None or faults:
        reason = f" ({faults[-1]})" if faults else ""
        raise InputError(f"an EXR that cannot be decoded{reason}", path=path)
    samples = np.frombuffer(data, kind).reshape(shape).astype(np.float32)
    order = [2, 0, 1] if planes > 2 else [0, 0, 0]  # from G, B and R, or gray
    opaque = np.ones(shape[1:], np.float32)
    light = np.asarray(samples[order].transpose(1, 2, 0))
    return light, samples[-1] if planes % 2 == 0 else opaque
