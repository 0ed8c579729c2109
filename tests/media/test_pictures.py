"""Pictures of 16 bits and half floats, as stills and as sequences; read by other programs."""

from __future__ import annotations

import struct
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dreamvid.errors import MediaError, RunError, StateError
from dreamvid.frame import Frame, Size
from dreamvid.media import ffmpeg
from dreamvid.media.outputs import open_sink, write_picture
from dreamvid.media.sequence import SequenceSink
from dreamvid.media.sink import FilmSpec
from tests import media_factory as make


def deep(alpha: bool = False) -> Frame:
    """Levels between the whole ones; alpha is nothing on one side, with color under it."""
    rng = np.random.default_rng(4)
    frame = (rng.random((48, 64, 4)) * 255).astype(np.float32)
    frame[:, :9, 3] = 0
    return frame if alpha else frame[..., :3]


def by_opencv(path: Path) -> NDArray[Any]:
    samples = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert samples is not None
    return np.asarray(samples[..., [2, 1, 0, 3][: samples.shape[2]]])


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize(("codec", "ending"), [("png16", ".png"), ("tiff16", ".tif")])
def test_sixteen_bits_are_exact(tmp_path: Path, codec: str, ending: str, alpha: bool) -> None:
    path, frame = tmp_path / f"a{ending}", deep(alpha)
    write_picture(path, frame, False, codec)
    assert list(tmp_path.iterdir()) == [path]
    samples = by_opencv(path)
    assert samples.dtype == np.uint16
    assert np.abs(samples / 65535 - frame / 255).max() <= 1 / 65535
    tags = Image.open(path)
    if ending == ".tif":
        assert isinstance(tags, Image.Image)
        assert tags.tag_v2.get(338) == ((2,) if alpha else None), "unassociated alpha"  # type: ignore[attr-defined]
        assert tags.tag_v2[259] == 8, "Deflate as Adobe's programs read it"  # type: ignore[attr-defined]
    else:
        assert "srgb" in tags.info


def test_a_still_is_of_8_bits_unless_asked(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", deep(), False)
    write_picture(tmp_path / "b.png", deep(True), False)
    assert by_opencv(tmp_path / "a.png").dtype == np.uint8
    assert np.array_equal(by_opencv(tmp_path / "b.png"), np.rint(deep(True)))
    write_picture(tmp_path / "a.TIFF", deep(), False)
    assert by_opencv(tmp_path / "a.TIFF").dtype == np.uint16


def header_of(data: bytes) -> dict[str, bytes]:
    """The attributes of an OpenEXR file, by the format's description."""
    assert data[:8] == b"v/1\x01\x02\0\0\0", "version 2, one part of scan lines"
    at, found = 8, {}
    while data[at]:
        name, _, rest = data[at:].partition(b"\0")
        kind, _, rest = rest.partition(b"\0")
        at += len(name) + len(kind) + 2
        (length,) = struct.unpack("<i", data[at : at + 4])
        found[name.decode()] = data[at + 4 : at + 4 + length]
        at += 4 + length
    return found


def channels_of(header: dict[str, bytes]) -> list[tuple[str, int]]:
    """The names of the channels, and their types: 1 is half."""
    rest, found = header["channels"], []
    while rest[0]:
        name, _, rest = rest.partition(b"\0")
        found.append((name.decode(), struct.unpack("<i", rest[:4])[0]))
        rest = rest[16:]
    return found


def light_of(levels: NDArray[Any]) -> NDArray[Any]:
    """sRGB decoded, in double precision."""
    coded = np.abs(levels.astype(np.float64)) / 255
    light = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.copysign(light, levels))


@pytest.mark.parametrize("alpha", [False, True])
def test_exr_is_linear_in_halves(tmp_path: Path, alpha: bool) -> None:
    path, frame = tmp_path / "a.exr", deep(alpha)
    frame[0, :3, :3] = [[0, 0, 0], [255, 255, 255], [-20, 300, 1000]]
    write_picture(path, frame, False)
    header = header_of(path.read_bytes())
    names = ["A", "B", "G", "R"] if alpha else ["B", "G", "R"]
    assert channels_of(header) == [(name, 1) for name in names]
    assert header["compression"] == b"\3", "ZIP, 16 lines"
    assert header["dataWindow"] == header["displayWindow"] == struct.pack("<4i", 0, 0, 63, 47)
    exr = pytest.importorskip("OpenEXR", reason="OpenEXR is not installed")
    read = exr.File(str(path), separate_channels=True).channels()
    light = np.stack([read[name].pixels for name in "RGB"], -1)
    assert light.dtype == np.float16
    wanted = light_of(frame[..., :3])
    assert np.abs(light - wanted).max() <= np.abs(wanted).max() * 2**-11
    assert (np.abs(light - wanted) <= np.abs(wanted) * 2**-11 + 2**-24).all()
    assert light[0, 1].tolist() == [1, 1, 1]
    assert light[0, 2, 0] < 0
    assert light[0, 2, 2] > 20
    if alpha:
        assert np.abs(read["A"].pixels - frame[..., 3] / 255).max() < 2**-11


def test_an_exr_states_its_straight_alpha_and_is_read_as_without(tmp_path: Path) -> None:
    path, plain, frame = tmp_path / "a.exr", tmp_path / "b.exr", deep(True)
    frame = np.vstack([frame, frame])  # several chunks
    write_picture(path, frame, False)
    stated = struct.pack("<22sx3sxii", b"oiio:UnassociatedAlpha", b"int", 4, 1)
    data = path.read_bytes()
    assert data.count(stated) == 1
    assert header_of(data)["oiio:UnassociatedAlpha"] == struct.pack("<i", 1)
    # What ffmpeg wrote: without the attribute, and each place in the table before it.
    begin = data.index(stated)
    table = begin + len(stated) + 1
    chunks = struct.unpack_from("<Q", data, table)[0]
    places = np.frombuffer(data[table:chunks], "<u8") - np.uint64(len(stated))
    assert len(places) == 96 // 16
    plain.write_bytes(data[:begin] + b"\0" + places.tobytes() + data[chunks:])
    assert np.array_equal(by_ffmpeg(path), by_ffmpeg(plain))
    assert np.array_equal(by_ffmpeg(path)[3], (frame[..., 3] / 255).astype(np.float16))
    exr = pytest.importorskip("OpenEXR", reason="OpenEXR is not installed")
    read, other = (exr.File(str(each), separate_channels=True) for each in (path, plain))
    assert read.header()["oiio:UnassociatedAlpha"] == 1
    for name in "RGBA":
        assert np.array_equal(read.channels()[name].pixels, other.channels()[name].pixels)
    write_picture(tmp_path / "c.exr", deep(), False)
    assert "oiio:UnassociatedAlpha" not in header_of((tmp_path / "c.exr").read_bytes())


def by_ffmpeg(path: Path) -> NDArray[Any]:
    """The planes G, B, R and A of an EXR of 64×96."""
    words = ["-i", f"file:{path}", "-f", "rawvideo", "-pix_fmt", "gbrapf16le", "-"]
    made = subprocess.run(ffmpeg.command(words), capture_output=True, check=True)
    assert not made.stderr
    return np.frombuffer(made.stdout, "<f2").reshape(4, 96, 64)


# Sequences


def begin(path: Path, *, overwrite: bool = False, **changes: Any) -> SequenceSink:
    settings: dict[str, Any] = {"rate": Fraction(25), "crf": 18, "segment_frames": 7}
    spec = FilmSpec(size=Size(64, 48), **(settings | changes))
    work = {"folder": changes.pop("folder")} if "folder" in changes else {}
    sink = open_sink(path, spec, overwrite=overwrite, **work)
    assert isinstance(sink, SequenceSink)
    return sink


def sequence(path: Path, count: int, **changes: Any) -> Path:
    sink = begin(path, **changes)
    for index in range(count):
        sink.write(make.numbered(index).astype(np.float32))
    return sink.close()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("output", "options", "names"),
    [
        ("out", {"codec": "exr"}, ["000000.exr", "000001.exr"]),
        ("out", {"codec": "tiff16", "frame_name": "shot.%04d"}, ["shot.0000.tif", "shot.0001.tif"]),
        (
            "out",
            {"frame_name": "a_####_v2", "first_number": 1001},
            ["a_1001_v2.png", "a_1002_v2.png"],
        ),
        ("out", {"frame_name": "s.%d.png", "codec": "png16"}, ["s.0.png", "s.1.png"]),
        ("out/shot.%04d.exr", {"first_number": 9999}, ["shot.10000.exr", "shot.9999.exr"]),
        ("out/####.jpg", {}, ["0000.jpg", "0001.jpg"]),
        ("out/夢 %02d.tiff", {}, ["夢 00.tiff", "夢 01.tiff"]),
    ],
)
def test_a_sequence_has_the_names_that_it_is_asked_for(
    tmp_path: Path, output: str, options: dict[str, Any], names: list[str]
) -> None:
    path = tmp_path / output
    assert sequence(path, 2, **options) == path
    assert files(tmp_path / "out") == names
    assert files(tmp_path) == ["out"]
    first = tmp_path / "out" / sorted(names, key=len)[0]
    if first.suffix not in (".exr", ".jpg"):
        scale = 257 if by_opencv(first).dtype == np.uint16 else 1
        assert np.array_equal(by_opencv(first), make.numbered(0).astype(int) * scale)


def test_a_pattern_takes_only_its_own_pictures(tmp_path: Path) -> None:
    others = ["shot.0001.png", "b.0001.exr", "shot.1.exr", "notes.txt"]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    path = sequence(tmp_path / "shot.%04d.exr", 5)
    with pytest.raises(MediaError, match="output exists"):
        begin(path)
    sequence(path, 2, overwrite=True)
    assert files(tmp_path) == sorted([*others, "shot.0000.exr", "shot.0001.exr"])
    assert all((tmp_path / name).read_bytes() == b"mine" for name in others)


@pytest.mark.parametrize(
    ("output", "partial", "first"),
    [
        ("out/shot.%04d.exr", "out/shot.partial", "shot.0000.exr"),
        ("shot.%04d.exr", "shot.partial", "shot.0000.exr"),
        ("frames", "frames.partial", "000000.png"),
    ],
)
def test_an_abandoned_sequence_is_a_folder_beside(
    tmp_path: Path, output: str, partial: str, first: str
) -> None:
    (tmp_path / "out").mkdir()
    sink = begin(tmp_path / output)
    sink.write(make.numbered(0).astype(np.float32))
    assert sink.abandon(keep=True) == tmp_path / partial
    assert files(tmp_path / partial) == [first]
    sink = begin(tmp_path / output)
    sink.write(make.numbered(0).astype(np.float32))
    assert sink.abandon(keep=False) is None


@pytest.mark.parametrize("codec", ["png", "png16", "tiff16", "exr"])
def test_a_resumed_sequence_is_the_same_bytes(tmp_path: Path, codec: str) -> None:
    whole = sequence(tmp_path / "whole", 4, codec=codec)
    work = tmp_path / "work"
    work.mkdir()
    spec = FilmSpec(Size(64, 48), Fraction(25), 18, 7, codec=codec)
    sink = open_sink(tmp_path / "b", spec, overwrite=False, folder=work)
    for index in range(2):
        sink.write(make.numbered(index).astype(np.float32))
    sink.abandon(keep=False)
    sink = open_sink(tmp_path / "b", spec, overwrite=False, folder=work, done=2)
    for index in (2, 3):
        sink.write(make.numbered(index).astype(np.float32))
    sink.close()
    assert files(tmp_path / "b") == files(whole)
    for name in files(whole):
        assert (whole / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    next(work.glob("000001.*")).unlink()
    with pytest.raises(StateError, match=r"000001.* is missing in"):
        open_sink(tmp_path / "c", spec, overwrite=False, folder=work, done=2)


def test_an_exr_of_a_sequence_has_its_rate(tmp_path: Path) -> None:
    sequence(tmp_path / "out", 1, codec="exr", rate=Fraction(30000, 1001))
    header = header_of((tmp_path / "out" / "000000.exr").read_bytes())
    assert header["framesPerSecond"] == struct.pack("<iI", 30000, 1001)


def test_a_broken_ffmpeg_leaves_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho No space left >&2; exit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "executable", lambda: str(broken))
    with pytest.raises(RunError, match="No space left"):
        write_picture(tmp_path / "a.exr", deep(), False)
    assert files(tmp_path) == ["ffmpeg"]
