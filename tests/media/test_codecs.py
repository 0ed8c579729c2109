"""Every codec of films: what ffmpeg reads back of them, their tags, the same bytes each time."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dreamvid.errors import OutputError
from dreamvid.frame import Frame, Size
from dreamvid.media import ffmpeg
from dreamvid.media.codecs.table import FILM_CODECS
from dreamvid.media.metadata import read_comment
from dreamvid.media.outputs import open_sink
from dreamvid.media.sink import FilmSpec
from tests import media_factory as make

NTSC = Fraction(30000, 1001)

STREAM = {
    "h264": r"h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709",
    "h265": r"hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv, bt709",
    "av1": r"av1 (libdav1d) (Main) (av01 / 0x31307661), yuv420p10le(tv, bt709",
    "prores": r"prores (HQ) (apch / 0x68637061), yuv422p10le(tv, bt709",
    "prores alpha": r"prores (4444) (ap4h / 0x68347061), yuva444p12le(tv, bt709",
    "ffv1": r"ffv1, gbrp16le(pc, gbr/bt709/bt709",
    "ffv1 alpha": r"ffv1, gbrap16le(pc, gbr/bt709/bt709",
    "hap": r"hap (Hap1 / 0x31706148), rgb0(gbr/bt709/bt709",
    "hap alpha": r"hap (Hap5 / 0x35706148), rgba(gbr/bt709/bt709",
    "hap_alpha": r"hap (Hap5 / 0x35706148), rgba(gbr/bt709/bt709",
    "hap_alpha alpha": r"hap (Hap5 / 0x35706148), rgba(gbr/bt709/bt709",
    "hap_q": r"hap (HapY / 0x59706148), rgb0(gbr/bt709/bt709",
}
"""What ffmpeg says of the stream, by codec, in its first container."""

JOINED = [codec for codec in FILM_CODECS if codec.carries_recipe]

EVERY = pytest.mark.parametrize(
    ("codec", "ending", "alpha"),
    [
        pytest.param(codec.name, ending, alpha, id=f"{codec.name}{ending}{'-alpha' * alpha}")
        for codec in JOINED
        for ending in codec.endings
        for alpha in (False, True)[: 1 + codec.alpha]
    ],
)


def film(path: Path, pictures: list[Frame], **changes: Any) -> Path:
    settings: dict[str, Any] = {"rate": NTSC, "crf": 10, "segment_frames": 7, "note": "a note"}
    spec = FilmSpec(size=Size.of(pictures[0]), **(settings | changes))
    sink = open_sink(path, spec, overwrite=True)
    for picture in pictures:
        sink.write(picture)
    made = sink.close()
    assert made == path
    return made


def pictures(count: int, *, alpha: bool = False, size: tuple[int, int] = (64, 48)) -> list[Frame]:
    numbered = [make.numbered(index, *size).astype(np.float32) for index in range(count)]
    return [with_ramp(picture) for picture in numbered] if alpha else numbered


def with_ramp(picture: Frame) -> Frame:
    """With an alpha that rises from the left to the right."""
    ramp = np.linspace(0, 255, picture.shape[1], dtype=np.float32)
    return np.dstack([picture, np.tile(ramp, (picture.shape[0], 1))])


def seen(path: Path, *, alpha: bool = False) -> NDArray[Any]:
    """All pictures by ffmpeg, on the scale of 255; of Y'CbCr by zscale, which computes exactly, but
    divides color by alpha: the two are read apart."""
    stream = ffmpeg.describe(path)
    if "yuv" not in stream:
        return samples(path, "rgba64le", 4)[..., : 3 + alpha]
    apart = "format=yuv444p12le," if "yuva" in stream else ""
    to_rgb = "zscale=matrixin=709:rangein=limited:range=full,format=gbrp16le"
    color = samples(path, "rgb48le", 3, "-vf", apart + to_rgb)
    if not alpha:
        return color
    opacity = samples(path, "gray16le", 1, "-vf", "alphaextract,format=gray16le")
    return np.concatenate([color, opacity], axis=-1)


def samples(path: Path, form: str, channels: int, *words: str) -> NDArray[Any]:
    """All pictures, (N, H, W, channels), in ffmpeg's 16-bit format `form`, on the scale of 255."""
    size = re.search(r"Video: .*?, (\d+)x(\d+)", ffmpeg.describe(path))
    assert size
    command = ffmpeg.command(["-i", ffmpeg.url(path), *words])
    raw = subprocess.run(
        [*command, "-pix_fmt", form, "-f", "rawvideo", "-"], capture_output=True, check=True
    ).stdout
    shape = -1, int(size[2]), int(size[1]), channels
    return np.asarray(np.frombuffer(raw, "<u2").reshape(shape) / 257)


@EVERY
def test_a_film_holds_every_frame_its_tags_and_its_note(
    tmp_path: Path, codec: str, ending: str, alpha: bool
) -> None:
    path = film(tmp_path / f"a{ending}", pictures(17, alpha=alpha), codec=codec, alpha=alpha)
    assert list(tmp_path.iterdir()) == [path]
    back = seen(path, alpha=alpha)
    assert [make.number(picture[..., :3]) for picture in back] == list(range(17))
    assert read_comment(path) == "a note"
    listed = ffmpeg.packets(path, "video")
    assert listed is not None
    off = [abs(time * listed.tick - index / NTSC) for index, time in enumerate(listed.times)]
    assert max(off) <= (Fraction(1, 2000) if ending == ".mkv" else 0)
    said = STREAM[f"{codec} alpha" if alpha else codec]
    form = said if ending == FILM_CODECS[names().index(codec)].endings[0] else said.split(", ")[1]
    assert form.removesuffix("(") in ffmpeg.describe(path)
    data = path.read_bytes()
    assert b"Lavc6" not in data
    if ending != ".mkv":
        assert data.index(b"moov") < data.index(b"mdat")
        box = data[data.index(b"colr") + 4 :]
        matrix = 0 if codec.startswith("hap") else 1
        assert (box[:3], struct.unpack(">3H", box[4:10])) == (b"ncl", (1, 1, matrix))
        return
    # The elements of Matroska: matrix, range (limited or full), transfer, primaries.
    matrix, span = (0, 2) if codec == "ffv1" else (1, 1)
    for name, value in ((0xB1, matrix), (0xB9, span), (0xBA, 1), (0xBB, 1)):
        assert bytes([0x55, name, 0x81, value]) in data, hex(name)


def names() -> list[str]:
    return [codec.name for codec in FILM_CODECS]


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be taken away here")
@pytest.mark.parametrize("codec", JOINED, ids=lambda codec: codec.name)
def test_the_same_frames_are_the_same_bytes_on_one_core_and_on_two(
    tmp_path: Path, codec: Any
) -> None:
    rng = np.random.default_rng(1)
    world = rng.integers(0, 256, (96, 160, 3)).astype(np.float32)
    shots = [world[n : n + 48, 2 * n : 2 * n + 64] for n in range(9)]
    shots = [with_ramp(shot) for shot in shots] if codec.alpha else shots
    path, made = tmp_path / f"a{codec.endings[0]}", []
    for cores in (1, 2):
        with on_cores(cores):
            film(path, shots, codec=codec.name, alpha=codec.alpha)
        made.append(path.read_bytes())
    assert made[0] == made[1]


PATCHES = 6, 8


def patches(seed: int = 1) -> Frame:
    """48 patches of 8x8 pixels, the first ones black, white and pure."""
    rng = np.random.default_rng(seed)
    colors = rng.random((*PATCHES, 3)) * 255
    colors[0, :5] = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]
    return np.repeat(np.repeat(colors, 8, axis=0), 8, axis=1).astype(np.float32)


def inside(picture: NDArray[Any]) -> NDArray[Any]:
    """The middle of each patch, (6, 8, C)."""
    return picture[4::8, 4::8]


@pytest.mark.parametrize(
    ("codec", "ending", "most"),
    [
        ("ffv1", ".mkv", 0.002),
        ("prores", ".mov", 0.45),
        ("h265", ".mp4", 2.5),
        ("av1", ".mp4", 3.5),
        ("hap", ".mov", 4.5),
        ("hap_q", ".mov", 4.5),
    ],
)
def test_patches_of_one_color_come_back(
    tmp_path: Path, codec: str, ending: str, most: float
) -> None:
    # 4:2:0 mixes the colors of neighbors: 16x16 pixels to a patch, of which the middle counts.
    wide = np.repeat(np.repeat(patches()[:24, :32], 2, axis=0), 2, axis=1)
    path = film(tmp_path / f"a{ending}", [wide], codec=codec, crf=1)
    off = np.abs(seen(path)[0] - wide)[8::16, 8::16]
    assert off.max() < most
    if codec in ("prores", "h265"):
        assert off.mean() < 0.2, "more than 8 bits are kept"


def test_prores_4444_keeps_color_and_alpha_to_a_third_of_a_level(tmp_path: Path) -> None:
    frames = []
    for seed in range(4):
        alpha = inside(patches(10 + seed))[..., :1]
        alpha[1] = 0  # under which the color stays
        wide = np.repeat(np.repeat(alpha, 8, axis=0), 8, axis=1)
        frames.append(np.concatenate([patches(seed), wide], axis=-1))
    path = film(tmp_path / "a.mov", frames, codec="prores", alpha=True)
    for frame, back in zip(frames, seen(path, alpha=True), strict=True):
        off = np.abs(back - frame)
        assert off[..., 3].max() < 0.2
        assert inside(off)[..., :3].max() < 0.3


def test_ffv1_keeps_every_bit_of_color_and_alpha(tmp_path: Path) -> None:
    frame = (np.random.default_rng(2).random((48, 64, 4)) * 255).astype(np.float32)
    path = film(tmp_path / "a.mkv", [frame, frame], codec="ffv1", alpha=True)
    assert np.abs(seen(path, alpha=True) - frame).max() < 0.51 / 257 + 1e-4


@pytest.mark.parametrize("codec", ["hap", "hap_alpha"])
def test_alpha_of_hap_is_that_of_its_texture(tmp_path: Path, codec: str) -> None:
    frame = with_ramp(make.quadrants().astype(np.float32))
    back = seen(film(tmp_path / "a.mov", [frame], codec=codec, alpha=True), alpha=True)[0]
    assert np.abs(back[..., 3] - frame[..., 3]).max() < 2
    opaque = seen(film(tmp_path / "a.mov", [frame[..., :3]], codec="hap_alpha"), alpha=True)[0]
    assert opaque[..., 3].min() > 254.9


@pytest.mark.parametrize(
    ("codec", "ending", "size"),
    [
        ("hap", ".mov", (68, 52)),
        ("h265", ".mp4", (66, 50)),
        ("av1", ".mp4", (66, 50)),
        ("prores", ".mov", (66, 50)),
        ("ffv1", ".mkv", (65, 49)),
    ],
)
def test_an_odd_size_grows_by_repeated_lines_where_it_must(
    tmp_path: Path, codec: str, ending: str, size: tuple[int, int]
) -> None:
    path = film(tmp_path / f"a{ending}", pictures(2, size=(65, 49)), codec=codec, crf=1)
    assert f" {size[0]}x{size[1]}" in ffmpeg.describe(path)
    raw = subprocess.run(
        ffmpeg.command(["-i", ffmpeg.url(path), "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]),
        capture_output=True,
        check=True,
    ).stdout
    picture = np.frombuffer(raw, np.uint8).reshape(2, size[1], size[0], 3)[0].astype(int)
    assert np.abs(picture[-1, :65] - picture[48, :65]).mean() < 4
    assert np.abs(picture[:49, -1] - picture[:49, 64]).mean() < 4


@pytest.mark.parametrize(("codec", "ending"), [("h265", ".mp4"), ("prores", ".mov")])
def test_the_smallest_frame_is_a_film(tmp_path: Path, codec: str, ending: str) -> None:
    path = film(tmp_path / f"a{ending}", pictures(2, size=(1, 1)), codec=codec)
    listed = ffmpeg.packets(path, "video", decode=True)
    assert listed is not None
    assert listed.count == 2


def test_each_segment_of_h265_begins_a_closed_group(tmp_path: Path) -> None:
    """Cut at any segment and decoded from there, nothing before it is missed."""
    path = film(tmp_path / "a.mp4", pictures(21), codec="h265")
    at = float(7 / NTSC)
    cut = tmp_path / "cut.mp4"
    ffmpeg.run(["-ss", f"{at - 0.001:.6f}", "-i", ffmpeg.url(path), "-c", "copy", ffmpeg.url(cut)])
    assert [make.number(picture) for picture in seen(cut)] == list(range(7, 21))


def test_alpha_is_not_lost_silently(tmp_path: Path) -> None:
    spec = FilmSpec(Size(64, 48), NTSC, 18, 7, alpha=True)
    with pytest.raises(OutputError, match="h264 cannot hold alpha"):
        open_sink(tmp_path / "a.mp4", spec, overwrite=False)
    sink = open_sink(tmp_path / "a.mov", FilmSpec(Size(64, 48), NTSC, 18, 7), overwrite=False)
    with pytest.raises(ValueError, match="a frame of shape"):
        sink.write(pictures(1, alpha=True)[0])
    sink.abandon(keep=False)
    assert not list(tmp_path.iterdir())
