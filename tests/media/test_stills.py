"""Stills of every format, as frames."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from dreamvid.errors import MediaError
from dreamvid.media import ffmpeg
from dreamvid.media.opencv import cv2
from dreamvid.media.read import read_picture, read_picture_with_alpha
from tests import media_factory as make
from tests.media_factory import bomb, chunk

Color = tuple[float, ...]


def near(seen: Sequence[Color], meant: Sequence[Color], levels: float) -> bool:
    return bool(np.abs(np.array(seen) - np.array(meant)).max() <= levels)


def save(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def deep_picture(channels: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    return np.linspace(0, 65535, 600 * channels).astype(np.uint16).reshape(20, 30, channels)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "GIF", "BMP"])
def test_lossless_stills_are_read_to_the_level(tmp_path: Path, kind: str) -> None:
    picture = make.quadrants(31, 17)
    frame = read_picture(save(tmp_path / f"a.{kind.lower()}", make.encoded(picture, kind)))
    assert frame.dtype == np.float32
    assert np.array_equal(frame, picture)


@pytest.mark.parametrize(("kind", "levels"), [("JPEG", 3), ("WEBP", 4)])
def test_lossy_stills_keep_their_colors(tmp_path: Path, kind: str, levels: float) -> None:
    data = make.encoded(make.quadrants(), kind, quality=95)
    frame = read_picture(save(tmp_path / "a", data))
    assert near(make.corners(frame), make.QUADRANTS, levels)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_a_picture_exactly_once(tmp_path: Path, ending: str, orientation: int) -> None:
    frame = read_picture(make.exif_still(tmp_path / f"a.{ending}", orientation))
    assert frame.shape == (48, 64, 3)
    assert near(make.corners(frame), make.QUADRANTS, 4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_a_deep_picture_too(tmp_path: Path, orientation: int) -> None:
    shallow = make.exif_still(tmp_path / "a.png", orientation)
    exif = next(body for name, body in chunks(shallow.read_bytes()) if name == b"eXIf")
    with Image.open(shallow) as image:
        stored = np.asarray(image.convert("RGB")).astype(np.uint16) * 257
    ok, data = cv2.imencode(".png", stored[..., ::-1])
    assert ok
    header = 8 + 25
    deep = data.tobytes()[:header] + chunk(b"eXIf", exif) + data.tobytes()[header:]
    frame = read_picture(save(tmp_path / "b.png", deep))
    assert near(make.corners(frame), make.QUADRANTS, 0.01)


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += length + 12
    return found


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_keep_their_fraction(tmp_path: Path, ending: str, channels: int) -> None:
    stored = deep_picture(channels)
    ok, data = cv2.imencode(ending, stored)
    assert ok
    frame = read_picture(save(tmp_path / f"a{ending}", data.tobytes()))
    meant = np.broadcast_to(stored[..., ::-1] / 257, (20, 30, 3))
    assert np.abs(frame - meant).max() < 1e-4
    assert frame.max() == 255


def test_float_tiff_is_0_to_1(tmp_path: Path) -> None:
    for channels in (1, 3):
        stored = np.linspace(0, 1, 20 * 30 * channels, dtype=np.float32).reshape(20, 30, channels)
        _, data = cv2.imencode(".tif", stored)
        frame = read_picture(save(tmp_path / "a.tif", data.tobytes()))
        assert np.abs(frame - stored[..., ::-1] * 255).max() < 1e-3
    _, data = cv2.imencode(".tif", stored * 255)
    with pytest.raises(MediaError, match=r"scale them to 0\.\.1"):
        read_picture(save(tmp_path / "b.tif", data.tobytes()))
    _, data = cv2.imencode(".tif", stored * np.nan)
    with pytest.raises(MediaError, match="not finite"):
        read_picture(save(tmp_path / "c.tif", data.tobytes()))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_shows_white(tmp_path: Path, kind: str) -> None:
    picture = np.zeros((8, 16, 4), np.uint8)
    picture[:, :8] = (200, 100, 50, 255)
    picture[:, 8:] = (200, 100, 50, 102)  # two fifths
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    frame = read_picture(save(tmp_path / "a", make.encoded(picture, kind, **options)))
    assert np.array_equal(frame[4, 4], (200, 100, 50))
    assert np.abs(frame[4, 12] - (233, 193, 173)).max() < 0.01


def test_16_bit_transparency_shows_white(tmp_path: Path) -> None:
    stored = np.full((8, 8, 4), (65535, 32768, 0, 32768), np.uint16)  # blue, green, red, alpha
    _, data = cv2.imencode(".png", stored)
    frame = read_picture(save(tmp_path / "a.png", data.tobytes()))
    half = 32768 / 65535
    meant = 255 * (np.array([0, half, 1]) * half + 1 - half)
    assert np.abs(frame - meant).max() < 1e-3


def test_modes_of_every_day(tmp_path: Path) -> None:
    picture = make.quadrants()
    grey = read_picture(save(tmp_path / "grey.png", make.encoded(picture, "PNG", "L")))
    assert grey.shape == (48, 64, 3)
    assert np.ptp(grey, axis=2).max() == 0
    palette = read_picture(save(tmp_path / "palette.png", make.encoded(picture, "PNG", "P")))
    assert near(make.corners(palette), make.QUADRANTS, 30)  # the web's palette is coarse
    bits = read_picture(save(tmp_path / "bits.png", make.encoded(picture, "PNG", "1")))
    assert set(np.unique(bits)) <= {0.0, 255.0}
    ink = read_picture(
        save(tmp_path / "ink.jpg", make.encoded(picture, "JPEG", "CMYK", quality=99))
    )
    assert near(make.corners(ink), make.QUADRANTS, 4)
    clear = np.zeros((4, 4), np.uint8)
    holes = make.encoded(clear, "PNG", "P", transparency=0)
    assert (read_picture(save(tmp_path / "holes.png", holes)) == 255).all()


def test_the_first_picture_of_a_gif(tmp_path: Path) -> None:
    first, second = make.quadrants(), np.zeros((48, 64, 3), np.uint8)
    path = tmp_path / "a.gif"
    iio.imwrite(path, np.stack([first, second]), plugin="pillow")
    assert near(make.corners(read_picture(path)), make.QUADRANTS, 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_still_that_is_cut_off_is_refused(
    tmp_path: Path, kind: str, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    data = make.encoded(noise, kind)
    path = save(tmp_path / "a", data[: int(len(data) * share)])
    with pytest.raises(MediaError) as caught:
        read_picture(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_a_deep_still_that_is_cut_off_is_refused(tmp_path: Path, ending: str) -> None:
    noise = np.random.default_rng(1).integers(0, 65536, (60, 80, 3), np.uint16)
    for stored in (noise, (noise / 65535).astype(np.float32)):
        if ending == ".png" and stored.dtype != np.uint16:
            continue
        _, data = cv2.imencode(ending, stored)
        for share in (0.3, 0.7, 0.95):
            path = save(tmp_path / f"a{ending}", data.tobytes()[: int(len(data) * share)])
            with pytest.raises(MediaError):
                read_picture(path)


def test_what_is_no_picture_is_refused_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cases = {
        tmp_path / "gone.jpg": "no such file",
        tmp_path: "a folder",
        save(tmp_path / "empty.jpg", b""): "empty",
        save(tmp_path / "text.jpg", b"I am no picture.\n" * 99): "not a picture",
        make.h264(tmp_path / "clip.jpg.mp4", frames=2): "not a picture",
        save(tmp_path / "bomb.png", bomb(60000, 60000)): "too large",
        save(tmp_path / "large.png", bomb(20000, 20000)): "too large",
        save(tmp_path / "long.png", bomb(40000, 10)): "too large",
    }
    for path, words in cases.items():
        with pytest.raises(MediaError, match=words) as caught:
            read_picture(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_alpha_is_kept_straight(tmp_path: Path) -> None:
    stored = np.zeros((8, 16, 4), np.uint8)
    stored[:, :8] = (200, 100, 50, 255)
    stored[:, 8:] = (200, 100, 50, 102)
    path = save(tmp_path / "a.png", make.encoded(stored, "PNG"))
    kept = read_picture_with_alpha(path)
    assert kept.dtype == np.float32
    assert np.array_equal(kept, stored)
    deep = np.full((4, 5, 4), (65535, 32768, 0, 1234), np.uint16)
    _, data = cv2.imencode(".png", deep)
    kept = read_picture_with_alpha(save(tmp_path / "b.png", data.tobytes()))
    assert np.abs(kept - deep[..., [2, 1, 0, 3]] / 257).max() < 1e-4
    opaque = read_picture_with_alpha(make.exif_still(tmp_path / "c.png", 6))
    assert opaque.shape == (48, 64, 4)
    assert (opaque[..., 3] == 255).all()
    assert np.array_equal(opaque[..., :3], read_picture(tmp_path / "c.png"))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_clear_grey_of_a_png_is_clear_at_any_depth(tmp_path: Path, depth: int) -> None:
    levels = np.arange(2 ** min(depth, 4)) * (2**depth - 1) // (2 ** min(depth, 4) - 1)
    row = np.tile(levels, 4)
    clear = int(levels[-2])
    bits = (row[:, np.newaxis] >> np.arange(depth - 1, -1, -1) & 1).astype(np.uint8)
    line = b"\0" + np.packbits(bits).tobytes()
    head = struct.pack(">IIBBBBB", len(row), 2, depth, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tRNS", struct.pack(">H", clear))
    data += chunk(b"IDAT", zlib.compress(line * 2)) + chunk(b"IEND", b"")
    kept = read_picture_with_alpha(save(tmp_path / "a.png", data))
    assert np.abs(kept[0, :, 0] - row / (2**depth - 1) * 255).max() < 1e-3
    assert np.array_equal(kept[1, :, 3], np.where(row == clear, 0, 255))


@pytest.mark.parametrize("white", [1, 3, 100, 254, 255, 256, 1023, 4095, 65534, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_maximum_of_a_pgm_or_ppm_is_white(tmp_path: Path, white: int, channels: int) -> None:
    stored = np.linspace(0, white, 12 * channels).round().astype(int).reshape(3, 4, channels)
    kind = 6 if channels == 3 else 5
    data = f"P{kind}\n# made here\n4 3\n{white}\n".encode()
    data += stored.astype(">u2" if white > 255 else "u1").tobytes()
    frame = read_picture(save(tmp_path / "a.ppm", data))
    assert np.abs(frame - stored / white * 255).max() < 0.003
    plain = f"P{kind - 3} 4 3 {white} ".encode() + " ".join(map(str, stored.ravel())).encode()
    levels = 0.51 if white < 256 or channels == 3 else 0.003  # Pillow's, of 8 bits
    assert np.abs(read_picture(save(tmp_path / "b.ppm", plain)) - frame).max() < levels
    with pytest.raises(MediaError, match="cut off"):
        read_picture(save(tmp_path / "c.ppm", data[:-1]))
    huge = f"P{kind} 40000 40000 255\n".encode()
    with pytest.raises(MediaError, match="too large"):
        read_picture(save(tmp_path / "d.ppm", huge))


@pytest.mark.parametrize("form", ["gray16le", "rgb48le", "rgba64le", "gray12le", "gbrp12le"])
def test_a_deep_jpeg_2000_is_read_as_ffmpeg_reads_it(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.jp2"
    make.run("-f", "lavfi", "-i", "testsrc2=s=64x48", "-frames:v", "1", "-pix_fmt", form, path)
    assert np.abs(read_picture_with_alpha(path) - by_ffmpeg(path)).max() < 0.1


@pytest.mark.parametrize("form", ["gbrp10le", "gray10le", "yuv444p12le"])
def test_a_deep_avif_is_read_as_ffmpeg_reads_it(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.avif"
    words = ["-frames:v", "1", "-pix_fmt", form, "-still-picture", "1", "-crf", "5"]
    make.run("-f", "lavfi", "-i", "testsrc2=s=64x48", *words, "-cpu-used", "8", path)
    apart = np.abs(read_picture(path) - by_ffmpeg(path)[..., :3])
    assert apart.mean() < 0.25
    assert apart.max() < 1.5


def by_ffmpeg(path: Path) -> make.Picture:
    words = ["-i", f"file:{path}", "-f", "rawvideo", "-pix_fmt", "rgba64le", "-"]
    made = subprocess.run(ffmpeg.command(words), capture_output=True, check=True).stdout
    return np.frombuffer(made, "<u2").reshape(48, 64, 4) / 257


@pytest.mark.parametrize(
    ("form", "depth"), [("ya16le", "16"), ("yuv444p10le", "10"), ("yuv420p16le", "16")]
)
def test_a_deep_jpeg_2000_that_would_be_read_wrong_is_refused(
    tmp_path: Path, form: str, depth: str
) -> None:
    path = tmp_path / "a.jp2"
    make.run("-f", "lavfi", "-i", "testsrc2=s=64x48", "-frames:v", "1", "-pix_fmt", form, path)
    with pytest.raises(MediaError, match=r"with all its bits|damaged"):
        read_picture(path)


HARD = {
    "rgb16_planar.tif": (112.2, 112.2, 94.7),
    "gray16_miniswhite.tif": (112.2, 112.2, 112.2),
    "gray10.pgm": (127.4, 127.4, 127.4),
    "p3_red.png": (255, 0, 0),
}
"""Means of hard files by other programs."""


@pytest.mark.parametrize("name", HARD)
def test_hard_files_have_the_means_that_other_programs_see(media: Path, name: str) -> None:
    frame = read_picture(media / "hard" / name)
    assert np.abs(frame.mean((0, 1)) - HARD[name]).max() < 0.1
