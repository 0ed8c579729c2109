"""Clips of many kinds are read as ffmpeg itself shows them."""

from __future__ import annotations

import itertools
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dreamvid.media import ffmpeg
from dreamvid.media.conversion import EXACT
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from tests import media_factory as make

NTSC = Fraction(30000, 1001)


@dataclass(frozen=True)
class Kind:
    """A kind of clip: its container, its codec, and what else is said of it."""

    ending: str
    codec: str
    pixels: str = "yuv420p"
    rate: Fraction = Fraction(25)
    rotation: int = 0
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        turned = f" turned {self.rotation}" if self.rotation else ""
        return f"{self.codec} {self.pixels} {self.ending} {self.rate}{turned}"


OPTIONS = {
    "libx264": ("-crf", "5", "-bf", "3", "-g", "10"),
    "libx265": ("-crf", "5", "-x265-params", "keyint=10:log-level=none"),
    "libsvtav1": ("-crf", "10", "-preset", "12", "-svtav1-params", "keyint=10"),
    "libvpx": ("-crf", "4", "-b:v", "2M", "-auto-alt-ref", "1", "-lag-in-frames", "10"),
    "libvpx-vp9": ("-crf", "4", "-b:v", "0", "-g", "10", "-cpu-used", "8"),
    "mpeg2video": ("-q:v", "2", "-bf", "2", "-g", "10"),
    "mpeg4": ("-q:v", "2", "-g", "10"),
    "libvvenc": ("-qp", "12"),
}

KINDS = [
    *(Kind(ending, "libx264") for ending in ("mp4", "mov", "mkv", "ts", "avi", "flv")),
    *(Kind("mp4", "libx264", rate=rate) for rate in (NTSC, Fraction(24000, 1001), Fraction(60))),
    *(Kind("mp4", "libx264", rotation=rotation) for rotation in (90, 180, 270)),
    *(Kind("mov", "libx265", rotation=rotation) for rotation in (90, 270)),
    *(Kind("mp4", "libx264", pixels) for pixels in ("yuv422p", "yuv444p", "yuv420p10le", "gray")),
    *(Kind("mkv", "libx265", pixels) for pixels in ("yuv420p", "yuv420p10le", "yuv422p12le")),
    *(Kind(ending, "libsvtav1") for ending in ("mp4", "webm")),
    Kind("mkv", "libsvtav1", "yuv420p10le"),
    Kind("webm", "libvpx"),
    Kind("webm", "libvpx-vp9"),
    Kind("mp4", "libvpx-vp9", "yuv444p"),
    Kind("mpg", "mpeg2video"),
    Kind("ts", "mpeg2video", rate=NTSC),
    Kind("mxf", "mpeg2video"),
    Kind("avi", "mpeg4"),
    Kind("avi", "mjpeg", "yuvj422p"),
    Kind("mov", "prores_ks", "yuv422p10le"),
    Kind("mov", "qtrle", "rgb24"),
    Kind("mov", "png", "rgb48be"),
    Kind("mkv", "ffv1", "yuv444p16le"),
    Kind("mkv", "ffv1", "gbrp12le"),
    Kind("mkv", "ffv1", "bgr0"),
    Kind("mkv", "huffyuv", "yuv422p"),
    Kind("mp4", "libvvenc", "yuv420p10le"),
    Kind("ogv", "libtheora"),
]


def made(folder: Path, kind: Kind) -> Path:
    stored = folder / f"stored.{kind.ending}"
    coding = ["-c:v", kind.codec, "-pix_fmt", kind.pixels, *OPTIONS.get(kind.codec, ())]
    make.clip(stored, *coding, frames=32, rate=kind.rate, size=(64, 48))
    if not kind.rotation:
        return stored
    path = folder / f"a.{kind.ending}"
    make.run("-display_rotation", str(-kind.rotation), "-i", stored, "-c", "copy", path)
    return path


def shown_by_ffmpeg(path: Path, deep: bool, width: int, height: int) -> NDArray[np.float64]:
    """All pictures as ffmpeg shows them, (N, H, W, 3), 0 to 255."""
    pixels = ("rgb48le", "<u2") if deep else ("rgb24", "u1")
    filters = ["-vf", f"scale={EXACT}"] if deep else []
    words = ["-i", str(path), "-fps_mode", "passthrough", *filters, "-pix_fmt", pixels[0]]
    said = subprocess.run(
        [ffmpeg.executable(), "-v", "error", *words, "-f", "rawvideo", "-"],
        capture_output=True,
        check=True,
    )
    samples = np.frombuffer(said.stdout, pixels[1]).reshape(-1, height, width, 3)
    return samples * (255.0 / np.iinfo(samples.dtype).max)


def is_deep(pixels: str) -> bool:
    return any(bits in pixels for bits in ("10", "12", "16", "48"))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_clip_is_read_as_ffmpeg_shows_it(tmp_path: Path, kind: Kind) -> None:
    clip = probe(made(tmp_path, kind))
    assert (clip.rate, clip.frames) == (kind.rate, 32)
    assert clip.size == ((48, 64) if kind.rotation in (90, 270) else (64, 48))
    wanted = shown_by_ffmpeg(clip.path, is_deep(kind.pixels), *clip.size)
    frames = list(read_clip(clip))
    assert [make.number(frame) for frame in unturned(frames, kind)] == list(range(32))
    np.testing.assert_allclose(frames, wanted, atol=1e-4)


def unturned(frames: list[NDArray[np.float32]], kind: Kind) -> list[NDArray[np.float32]]:
    return [np.rot90(frame, kind.rotation // 90) for frame in frames]


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if not kind.rotation and kind.rate == 25], ids=str
)
def test_a_late_start_is_exact(tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the keyframe before it, the same pictures come as from the beginning."""
    monkeypatch.setattr("dreamvid.media.clip_pictures.SOON", Fraction(0))
    monkeypatch.setattr("dreamvid.media.pictures.MARGIN", Fraction(1, 25))
    clip = probe(made(tmp_path, kind))
    frames = list(read_clip(clip))
    for first in (1, 9, 10, 11, 23, 31):
        late = list(itertools.islice(read_clip(clip, start=Fraction(first, 25)), 3))
        np.testing.assert_array_equal(late, frames[first : first + 3])


@pytest.mark.parametrize(
    "name",
    [
        "a.y4m",
        "a.apng",
        "a.webp",
        "a.nut",
        "a.m4v",
        "a.mjpeg",
        "a.h264",
        "a.hevc",
        "a.ivf",
        "a.wtv",
    ],
)
def test_other_containers_are_read(tmp_path: Path, name: str) -> None:
    """Also streams without a container, whose pictures have no times."""
    options = {
        "a.webp": ["-c:v", "libwebp_anim", "-quality", "95"],
        "a.ivf": ["-c:v", "libvpx-vp9", *OPTIONS["libvpx-vp9"]],
        "a.wtv": ["-c:v", "mpeg2video", "-q:v", "2"],
        "a.hevc": ["-c:v", "libx265", *OPTIONS["libx265"]],
        "a.y4m": ["-pix_fmt", "yuv444p"],
        "a.mjpeg": ["-q:v", "2"],
        "a.m4v": ["-q:v", "2"],
    }
    clip = probe(make.clip(tmp_path / name, *options.get(name, []), frames=20))
    assert clip.rate == 25
    assert [make.number(frame) for frame in read_clip(clip)] == list(range(20))
