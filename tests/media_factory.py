"""Small synthetic media: clips by ffmpeg, stills by Pillow and OpenCV, each as its name says."""

from __future__ import annotations

import copy
import functools
import io
import math
import struct
import subprocess
import zlib
from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dreamvid.frame import Size
from dreamvid.media import ffmpeg
from dreamvid.media.conversion import Conversion
from dreamvid.media.pictures import PictureTrack
from dreamvid.media.probe import Clip, probe
from dreamvid.media.read import read_clip
from dreamvid.media.timing import Timing

Picture = NDArray[Any]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def made_once(
    make: Callable[Concatenate[Path, _P], _R],
) -> Callable[Concatenate[Path, _P], _R]:
    """A maker of a file whose bytes depend on its arguments and the name's ending alone.

    The bytes are kept in this process, so that ffmpeg is started once for each such file.
    """
    made: dict[str, tuple[bytes, _R]] = {}

    @functools.wraps(make)
    def maker(path: Path, /, *args: _P.args, **keywords: _P.kwargs) -> _R:
        key = repr((path.suffix, args, sorted(keywords.items())))
        if key not in made:
            answer = make(path, *args, **keywords)
            made[key] = path.read_bytes(), answer
            return answer
        data, answer = made[key]
        path.write_bytes(data)
        return path if isinstance(answer, Path) else copy.copy(answer)  # type: ignore[return-value]

    return maker


def probed(path: Path, size: Size, rate: Fraction, frames: int) -> Clip:
    """What `probe` would say of an even clip without sound."""
    return Clip(
        PictureTrack(path, 0, size, Conversion()), Timing(rate, frames), size, has_audio=False
    )


QUADRANTS = ((220, 30, 30), (30, 200, 40), (40, 50, 210), (230, 220, 60))
"""Colors of the upper left, upper right, lower left and lower right of `quadrants`."""


def quadrants(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Four colors that tell which way up a picture is."""
    picture = np.empty((height, width, 3), np.uint8)
    half, mid = height // 2, width // 2
    picture[:half, :mid], picture[:half, mid:] = QUADRANTS[0], QUADRANTS[1]
    picture[half:, :mid], picture[half:, mid:] = QUADRANTS[2], QUADRANTS[3]
    return picture


def corners(picture: Picture) -> list[tuple[float, ...]]:
    """The colors in the middle of the four quarters: upper left, upper right, lower left, right."""
    height, width = picture.shape[:2]
    rows, columns = (height // 4, height * 3 // 4), (width // 4, width * 3 // 4)
    return [tuple(map(float, picture[row, column])) for row in rows for column in columns]


def numbered(index: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Quadrants with the frame's number in a strip of 8 grey blocks, most significant bit first."""
    picture = quadrants(width, height)
    for bit in range(8):
        left, right = bit * width // 8, (bit + 1) * width // 8
        picture[: height // 4, left:right] = 255 if index >> (7 - bit) & 1 else 0
    return picture


def number(frame: Picture) -> int:
    """The number that `numbered` drew."""
    height, width = frame.shape[:2]
    bits = [frame[height // 8, bit * width // 8 + width // 16].mean() > 127 for bit in range(8)]
    return sum(1 << (7 - place) for place, bit in enumerate(bits) if bit)


def run(*words: str | Path) -> None:
    """Run ffmpeg."""
    subprocess.run([ffmpeg.executable(), "-v", "error", "-y", *map(str, words)], check=True)


@made_once
def clip(
    path: Path,
    *options: str,
    frames: int = 25,
    rate: Fraction = Fraction(25),
    size: tuple[int, int] = (64, 48),
    sound: float = 0,
    filters: str = "null",
) -> Path:
    """A clip of `numbered` frames, with `sound` seconds of a tone if more than 0.

    `options` are the output's for ffmpeg; without any, the ending's own codec is used.
    """
    raw = b"".join(numbered(index, *size).tobytes() for index in range(frames))
    tone = ["-f", "lavfi", "-i", f"sine=440:d={sound}:r=44100"] if sound else []
    command = [ffmpeg.executable(), "-v", "error", "-y", *tone, "-f", "rawvideo"]
    command += ["-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(rate), "-i", "pipe:0"]
    if tone:
        command += ["-map", "1:v", "-map", "0:a"]
    command += ["-vf", filters, *options, f"file:{path}"]
    subprocess.run(command, input=raw, check=True)
    return path


def h264(path: Path, *options: str, **keywords: Any) -> Path:
    """A clip in H.264, of a quality that leaves the numbers readable."""
    coding = ["-c:v", "libx264", "-crf", "5", "-pix_fmt", "yuv420p", "-preset", "veryfast"]
    return clip(path, *coding, *options, **keywords)


@made_once
def uneven(
    path: Path,
    *options: str,
    parts: Sequence[tuple[int, Fraction]],
    jitter: float = 0,
    size: tuple[int, int] = (64, 48),
    white: Collection[int] = (),
    sound: str = "",
) -> list[float]:
    """A clip of parts of so many frames at such a rate; `numbered`, but for those in `white`.

    Args:
        jitter: seconds by which frames come early or late.
        sound: ffmpeg's source of it, if any.

    Returns:
        When each frame is shown, in seconds; the first one at 0.
    """
    count, times, when, begin, first = sum(n for n, _ in parts), list[float](), "", Fraction(0), 0
    for frames, rate in parts:
        times += [float(begin + index / rate) for index in range(frames)]
        when += f"if(lt(N,{first + frames}),{float(begin)}+(N-{first})/({rate}),"
        begin, first = begin + frames / rate, first + frames
    shake = [jitter * math.sin(12.9898 * index) if index else 0 for index in range(count)]
    when += "0" + ")" * len(parts) + f"+if(N,{jitter}*sin(12.9898*N),0)"
    blank = np.full((size[1], size[0], 3), 255, np.uint8).tobytes()
    raw = b"".join(
        blank if n in white else numbered(n % 200, *size).tobytes() for n in range(count)
    )
    command = [ffmpeg.executable(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{size[0]}x{size[1]}", "-r", "25", "-i", "pipe:0"]
    command += ["-f", "lavfi", "-i", sound] if sound else []
    command += ["-vf", f"settb=1/90000,setpts='({when})/TB'", "-fps_mode", "passthrough"]
    command += ["-enc_time_base", "1:90000", "-c:v", "libx264", "-crf", "5", "-preset", "veryfast"]
    command += ["-pix_fmt", "yuv420p", *options, f"file:{path}"]
    subprocess.run(command, input=raw, check=True)
    return [time + shaken for time, shaken in zip(times, shake, strict=True)]


@made_once
def turned(path: Path, rotation: int) -> Path:
    """A clip like a phone's, which is to be turned clockwise by `rotation` to be shown."""
    stored = h264(path.with_name(f"stored-{path.name}"), frames=5)
    run("-display_rotation", str(-rotation), "-i", f"file:{stored}", "-c", "copy", f"file:{path}")
    return path


def cut_off(source: Path, path: Path, share: float) -> Path:
    """The first `share` of a file's bytes."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def exif_still(path: Path, orientation: int) -> Path:
    """`quadrants`, stored such that a viewer who honors EXIF sees them upright."""
    stored = Image.fromarray(quadrants())
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # Pillow turns counterclockwise
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    if orientation in back:
        stored = stored.transpose(back[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(path, exif=exif, quality=95)
    return path


def encoded(picture: Picture, kind: str, mode: str | None = None, **options: Any) -> bytes:
    """A still of `kind` (PNG, JPEG, …) by Pillow, converted to `mode` before."""
    image = Image.fromarray(picture)
    data = io.BytesIO()
    (image.convert(mode) if mode else image).save(data, kind, **options)
    return data.getvalue()


@made_once
def sounding(
    path: Path,
    *tracks: tuple[str, Sequence[int]],
    coding: Sequence[str] = ("-c:a", "pcm_s16le"),
    video: Sequence[str] = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    rate: int = 48000,
    seconds: int = 1,
) -> Path:
    """A clip of 25 frames a second whose sound is on from .25 to .75 s of its last second.

    Args:
        tracks: for each its layout, as ffmpeg names it, and a tone (Hz) for each channel.
    """
    words: list[str | Path] = ["-f", "lavfi", "-i", f"testsrc=s=64x48:r=25:d={seconds}"]
    maps = ["-map", "0:v"]
    begin = seconds - 0.75
    for index, (layout, tones) in enumerate(tracks):
        raw = path.with_name(f"{path.stem}-{index}.raw")
        times = np.arange(rate * seconds) / rate
        on = LOUD * ((times >= begin) & (times < begin + 0.5))
        waves = [on * np.sin(2 * np.pi * tone * times) + 0.0 for tone in tones]
        raw.write_bytes(np.stack(waves, axis=1).astype("<f4").tobytes())
        words += ["-f", "f32le", "-ar", str(rate), "-ch_layout", layout, "-i", f"file:{raw}"]
        maps += ["-map", f"{index + 1}:a"]
    run(*words, *maps, *video, *coding, f"file:{path}")
    for index in range(len(tracks)):
        path.with_name(f"{path.stem}-{index}.raw").unlink()
    return path


LOUD = 0.125
"""The amplitude of each tone of `sounding`, of full scale."""


def samples(path: Path, track: int) -> NDArray[np.float32]:
    """A sound track's channels from its file's time 0 on, (N, C), at 48,000 samples a second."""
    words = ["-copyts", "-guess_layout_max", "0", "-i", ffmpeg.url(path), "-map", f"0:a:{track}"]
    words += ["-af", "aresample=async=1:first_pts=0", "-ar", "48000", "-c:a", "pcm_f32le"]
    said = subprocess.run(ffmpeg.command([*words, "-f", "wav", "-"]), capture_output=True)
    wave = said.stdout
    channels = int.from_bytes(wave[22:24], "little")
    data = np.frombuffer(wave[wave.index(b"data") + 8 :], "<f4")
    return data.reshape(-1, channels)


def heard(path: Path) -> NDArray[np.int16]:
    """A file's sound from its first picture on, mono, 44,100 samples a second."""
    words = ["-i", ffmpeg.url(path), "-map", "0:a:0", "-af", "aresample=async=1:first_pts=0"]
    words += ["-ac", "1", "-ar", "44100", "-f", "s16le", "-"]
    said = subprocess.run(ffmpeg.command(words), capture_output=True, check=True)
    return np.frombuffer(said.stdout, np.int16)


def tone_bounds(path: Path) -> tuple[float, float]:
    """From when to when, in seconds after the file's first picture, its sound is not silent."""
    loud = np.flatnonzero(np.abs(heard(path).astype(int)) > 500)
    return float(loud[0]) / 44100, float(loud[-1] + 1) / 44100


@made_once
def picture(path: Path, width: int, height: int, seed: int = 1) -> Path:
    """A still of soft colored blobs."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
    coarse.resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


def moving_clip(path: Path, width: int, height: int, frames: int, cut: int) -> Path:
    """Soft blobs that move to the left, others from frame `cut` on, with a tone."""
    return shots_clip(path, width, height, (min(cut, frames), max(0, frames - cut)))


@made_once
def shots_clip(path: Path, width: int, height: int, lengths: Sequence[int]) -> Path:
    """Shots of so many frames, each of other soft blobs that move to the left, with a tone."""
    pictures: list[bytes] = []
    at = 0
    for seed, length in enumerate(lengths, 1):
        rng = np.random.default_rng(seed)
        coarse = Image.fromarray(rng.integers(0, 256, (7, 16, 3), np.uint8))
        world = np.asarray(coarse.resize((3 * width, height), Image.Resampling.BICUBIC))
        for _ in range(length):
            left = 2 * at % (2 * width)
            pictures.append(np.ascontiguousarray(world[:, left : left + width]).tobytes())
            at += 1
    command = [ffmpeg.executable(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{width}x{height}", "-r", "25", "-i", "pipe:0", "-f", "lavfi", "-i"]
    command += ["sine=440:r=44100", "-shortest", "-c:v", "libx264", "-qp", "4", str(path)]
    subprocess.run(command, input=b"".join(pictures), check=True)
    return path


def decoded(path: Path) -> NDArray[np.uint8]:
    """All frames of a film, (N, H, W, 3)."""

    return np.stack([np.rint(frame).astype(np.uint8) for frame in read_clip(probe(path))])


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def deep_png(stored: Picture, **chunks: bytes) -> bytes:
    """A PNG of 8 or 16 bits, grey, RGB or with alpha, with chunks before its picture."""
    height, width, channels = stored.shape
    size = stored.dtype.itemsize
    lines = b"".join(b"\0" + row.astype(f">u{size}").tobytes() for row in stored)
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", width, height, 8 * size, color, 0, 0, 0)
    middle = b"".join(chunk(name.encode(), body) for name, body in chunks.items())
    end = chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + middle + end


def bomb(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
