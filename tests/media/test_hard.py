"""Files of kinds that other programs got wrong: made here, and those of a collection."""

from __future__ import annotations

import dataclasses
import itertools
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dreamvid.cli import main
from dreamvid.media import ffmpeg
from dreamvid.media.conversion import EXACT
from dreamvid.media.pictures import sample
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.showinfo import Messages
from dreamvid.media.timing import timing_of
from tests import media_factory as make

MEDIA = os.environ.get("DREAMVID_TEST_MEDIA")
HARD = Path(MEDIA or ".") / "hard"
needs_hard = pytest.mark.skipif(
    not HARD.is_dir(), reason="DREAMVID_TEST_MEDIA has no folder `hard`"
)

RED, GREEN, BLUE = (210, 40, 40), (40, 200, 60), (40, 60, 200)


def by_ffmpeg(path: Path, *words: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """What ffmpeg shows of a clip, (N, H, W, 3)."""
    command = [ffmpeg.executable(), "-v", "error", "-i", str(path), *words]
    command += ["-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    said = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(said.stdout, np.uint8).reshape(-1, size[1], size[0], 3)


# Interlaced


BLACK = "color=black:96x64:rate=50:duration=1"


def interlaced(path: Path, *options: str, fields: str = "tff") -> Path:
    """Stripes that move from field to field, in 25 pictures a second of two fields each."""
    shape = f"geq=lum='if(lt(mod(X-4*N,32),16),200,40)':cb=128:cr=128,interlace,setfield={fields}"
    make.run(
        "-f", "lavfi", "-i", "color=black:96x64:rate=50:duration=1", "-vf", shape, *options, path
    )
    return path


INTERLACED = ["-flags", "+ildct+ilme", "-pix_fmt", "yuv420p"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", ["-c:v", "libx264", "-crf", "5", *INTERLACED]),
        ("a.mpg", ["-c:v", "mpeg2video", "-q:v", "2", *INTERLACED]),
        ("a.ts", ["-c:v", "mpeg2video", "-q:v", "2", *INTERLACED]),
        ("a.mov", ["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le", "-flags", "+ildct"]),
    ],
)
def test_interlaced_clips_are_deinterlaced(tmp_path: Path, name: str, options: list[str]) -> None:
    path = interlaced(tmp_path / name, *options)
    clip = probe(path)
    assert (clip.rate, clip.frames) == (Fraction(25), 25)
    assert clip.track.conversion.notes == ("deinterlaced",)
    frames = np.array(list(read_clip(clip)))
    filters = f"bwdif=mode=send_frame,scale={EXACT}"
    wanted = by_ffmpeg(path, "-vf", filters, size=(96, 64)).astype(float)
    assert np.abs(frames - wanted).mean() < 0.7  # of rounding
    combed = np.array(list(read_clip(probe(path, "off"))))
    assert combing(combed) > 2 * combing(frames)


def test_a_clip_that_does_not_say_that_it_is_interlaced_can_be_deinterlaced(tmp_path: Path) -> None:
    path = interlaced(tmp_path / "a.mkv", "-c:v", "ffv1", fields="prog")
    left = np.array(list(read_clip(probe(path))))
    mended = np.array(list(read_clip(probe(path, "on"))))
    assert len(left) == len(mended) == 25
    assert combing(left) > 2 * combing(mended)


def combing(frames: NDArray[np.float32]) -> float:
    """How much rows differ from those beside them; those of the stripes are all alike."""
    return float(np.abs(np.diff(frames, axis=1)).mean())


def test_deinterlacing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = interlaced(tmp_path / "a.mp4", "-c:v", "libx264", *INTERLACED)
    words = ["video", str(path), "--network", "none", "-o", str(tmp_path / "o.mp4")]
    assert main([*words, "--dry-run"]) == 0
    assert "a.mp4: deinterlaced" in capsys.readouterr().out
    assert main(words) == 0
    assert "a.mp4: deinterlaced" in capsys.readouterr().err


# Which stream, which way up, which size


def test_a_cover_before_the_film_is_not_the_clip(tmp_path: Path) -> None:
    film, cover = make.h264(tmp_path / "film.mp4"), tmp_path / "cover.png"
    make.picture(cover, 200, 200)
    path = tmp_path / "a.mp4"
    streams = ["-map", "1:v", "-map", "0:v", "-c", "copy", "-disposition:v:0", "attached_pic"]
    make.run("-i", film, "-i", cover, *streams, path)
    clip = probe(path)
    assert (clip.size, clip.frames) == ((64, 48), 25)
    assert [make.number(frame) for frame in read_clip(clip)] == list(range(25))


def test_the_default_track_is_the_clip(tmp_path: Path) -> None:
    small, large = make.h264(tmp_path / "s.mp4"), make.h264(tmp_path / "l.mp4", size=(96, 64))
    path = tmp_path / "a.mkv"
    streams = ["-map", "0:v", "-map", "1:v", "-c", "copy"]
    flags = ["-disposition:v:0", "0", "-disposition:v:1", "default"]
    make.run("-i", small, "-i", large, *streams, *flags, path)
    assert probe(path).size == (96, 64)
    assert len(list(read_clip(probe(path)))) == 25


@pytest.mark.parametrize(("flip", "rotation"), itertools.product("hv", (0, 90)))
def test_mirrored_clips_are_shown_mirrored(tmp_path: Path, flip: str, rotation: int) -> None:
    stored, path = make.h264(tmp_path / "stored.mp4", frames=3), tmp_path / "a.mp4"
    turn = ["-display_rotation", str(rotation), f"-display_{flip}flip"]
    make.run(*turn, "-i", stored, "-c", "copy", path)
    clip = probe(path)
    wanted = by_ffmpeg(path, size=clip.size)
    np.testing.assert_array_equal(list(read_clip(clip)), wanted)
    plain = next(read_clip(probe(stored)))
    assert not np.array_equal(wanted[0], plain)


def test_a_size_that_changes_stretches_nothing(tmp_path: Path) -> None:
    parts = b""
    for width, height in [(96, 64), (48, 32), (64, 96)]:
        path = tmp_path / "part.ts"
        box = "drawbox=c=white:t=fill:x=(iw-16)/2:y=(ih-16)/2:w=16:h=16"
        source = f"color=black:{width}x{height}:rate=25:duration=0.2"
        make.run("-f", "lavfi", "-i", source, "-vf", box, "-c:v", "libx264", "-qp", "4", path)
        parts += path.read_bytes()
    path.write_bytes(parts)
    frames = list(read_clip(probe(path)))
    assert {frame.shape for frame in frames} == {(64, 96, 3)}
    # The box is a square: of 16, then twice, then one and a half times as large.
    sides = []
    for frame in (frames[2], frames[7], frames[12]):
        white = frame.min(2) > 128
        sides.append((int(white.any(0).sum()), int(white.any(1).sum())))
    assert np.abs(np.array(sides) - [(16, 16), (32, 32), (24, 24)]).max() <= 1


# Broken pictures


def broken(path: Path, *indices: int) -> Path:
    """A clip in MJPEG of which some pictures are zeros."""
    make.clip(path, "-c:v", "mjpeg", "-q:v", "2", frames=30)
    listing = subprocess.run(
        [ffmpeg.executable(), "-v", "error", "-i", path, "-c", "copy", "-f", "framecrc", "-"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    sizes = [int(line.split(",")[4]) for line in listing.splitlines() if line[0] != "#"]
    data = bytearray(path.read_bytes())
    at = data.index(b"\xff\xd8\xff")
    for index, size in enumerate(sizes):
        if index in indices:
            data[at : at + size] = bytes(size)
        at += size
    path.write_bytes(data)
    return path


def test_broken_pictures_are_held_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = broken(tmp_path / "a.mov", 7, 8, 20, 29)
    numbers = [make.number(frame) for frame in read_clip(probe(path))]
    assert numbers == [*range(7), 6, 6, *range(9, 20), 19, *range(21, 29), 28]
    assert "a.mov: broken pictures: 4 (7, 8, 20, 29); the last good one" in caplog.text


def test_strict_ends_at_a_broken_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = broken(tmp_path / "a.mov", 7)
    words = ["video", str(path), "--network", "none", "-o", str(tmp_path / "o.mp4")]
    assert main([*words, "--strict"]) == 1
    assert "breaks off after frame 7 (picture 7 is broken); `--frames 7`" in capsys.readouterr().err
    assert main(words) == 0
    assert "warning" in capsys.readouterr().err
    assert probe(tmp_path / "o.mp4").frames == 30


# Color


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_is_mapped_as_ffmpeg_does(tmp_path: Path, transfer: str) -> None:
    path = tmp_path / "a.mp4"
    tags = f"colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}"
    make.run(
        *("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=0.2"),
        *("-vf", f"scale=out_color_matrix=bt2020,format=yuv420p10le,setparams={tags}:range=tv"),
        *("-c:v", "libx265", "-x265-params", "log-level=none", "-crf", "4", path),
    )
    clip = probe(path)
    name = {"smpte2084": "PQ", "arib-std-b67": "HLG"}[transfer]
    assert clip.track.conversion.notes == (f"tone-mapped from {name} to SDR",)
    mapped = (
        "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
        "zscale=t=bt709:m=bt709:r=tv,format=yuv444p"
    )
    wanted = by_ffmpeg(path, "-vf", mapped, size=(96, 64)).astype(float)
    frames = np.array(list(read_clip(clip)))
    off = np.abs(frames - wanted)  # of which up to 2 by rounding to 8 bits before RGB
    assert off.mean() < 0.7
    assert np.quantile(off, 0.99) <= 2
    flat = by_ffmpeg(path, size=(96, 64)).astype(float)
    assert np.abs(flat - wanted).mean() > 5, "unmapped they differ"


HALF_CLEAR = (
    "color=red:64x48:rate=25:duration=0.2,format=rgba,geq=r=255:g=0:b=0:a='if(lt(X,32),0,255)'"
)


@pytest.mark.parametrize(
    "codec", [["prores_ks", "yuva444p10le"], ["qtrle", "argb"], ["png", "rgba"]]
)
def test_transparency_shows_white(tmp_path: Path, codec: list[str]) -> None:
    path = tmp_path / "a.mov"
    make.run("-f", "lavfi", "-i", HALF_CLEAR, "-c:v", codec[0], "-pix_fmt", codec[1], path)
    frame = next(read_clip(probe(path)))
    assert np.abs(frame[:, :28] - 255).max() < 1.5
    assert np.abs(frame[:, 36:] - (255, 0, 0)).max() < 2.5


def test_transparency_beside_the_pictures_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    make.run("-f", "lavfi", "-i", HALF_CLEAR, "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", path)
    frame = next(read_clip(probe(path)))
    assert np.abs(frame[:, :24] - 255).max() < 8
    assert np.abs(frame[:, 40:] - (255, 0, 0)).max() < 8


# Those of the collection

CLIPS = {
    "i_h264_tff.mp4": (320, 240, 25, 25),
    "i_mpeg2.mpg": (320, 240, 25, 25),
    "codec_av1.webm": (128, 96, 25, 25),
    "vp8_altref.webm": (160, 120, 25, 250),
    "vfr_dup.mkv": (128, 96, 30, 210),
    "three_delays.gif": (128, 96, 10, 16),
    "one_frame_1tick.mp4": (128, 96, 25, 1),
    "cover_first.mp4": (128, 96, 25, 50),
    "mirror_hflip.mp4": (128, 96, 25, 50),
    "mirror_vflip.mp4": (128, 96, 25, 50),
    "last_pause.gif": (128, 96, 10, 29),
    "prores4444_alpha.mov": (128, 96, 25, 12),
    "webrtc_sizes.webm": (128, 96, 25, 75),
    "two_video_small_first.mkv": (320, 240, 25, 50),
    "fast.gif": (128, 96, 10, 6),
    "mjpeg_bad20.mov": (128, 96, 25, 50),
}


@needs_hard
@pytest.mark.parametrize("name", CLIPS)
def test_hard_clips(name: str) -> None:
    clip = probe(HARD / name)
    assert (*clip.size, int(clip.rate), clip.frames) == CLIPS[name]
    frames = list(read_clip(clip))
    assert len(frames) == clip.frames
    assert all(frame.mean() > 10 for frame in frames)


@needs_hard
def test_hard_clips_have_their_colors() -> None:
    interlaced_clip = next(read_clip(probe(HARD / "i_h264_tff.mp4")))
    assert np.abs(interlaced_clip[80, 20] - RED).max() < 12
    for name, corners in {
        "mirror_hflip.mp4": {(30, 110): RED, (30, 15): GREEN, (72, 110): BLUE},
        "mirror_vflip.mp4": {(66, 15): RED, (66, 110): GREEN, (24, 15): BLUE},
    }.items():
        frame = next(read_clip(probe(HARD / name)))
        for (row, column), color in corners.items():
            assert np.abs(frame[row, column] - color).max() < 12, (name, row, column)


@needs_hard
def test_the_flash_of_an_uneven_clip_is_where_it_was() -> None:
    clip = probe(HARD / "vfr_dup.mkv")
    bright = [frame.mean() for frame in read_clip(clip)]
    assert int(np.argmax(bright)) / clip.rate == pytest.approx(6.0, abs=0.05)


def test_what_ffmpeg_says_in_the_middle_of_a_line_is_heard() -> None:
    """`showinfo` ends its lines late, and another thread's message may come before the end."""
    line = (
        "[Parsed_showinfo_0 @ 0x1] [info] n:   1 pts:    512 pts_time:0.04    duration:    512 "
        "duration_time:0.04    fmt:yuvj420p cl:center sar:0/1 s:64x48 i:P iskey:1 type:I "
    )
    messages = Messages()
    messages.line("[Parsed_showinfo_0 @ 0x1] [info] config in time_base: 1/12800, frame_rate: 25/1")
    for rest in ("\n", "No JPEG data found in image\n", "corrupt decoded frame\n"):
        messages.line(line + rest)
        shown = messages.shown.get()
        assert shown is not None
        assert (shown.time, shown.size, shown.key) == (Fraction(1, 25), (64, 48), True)
    assert list(messages.faults) == ["No JPEG data found in image"]
    assert messages.mended == 1


def test_a_broken_picture_among_the_first_hides_nothing(tmp_path: Path) -> None:
    path = broken(tmp_path / "a.mov", 7)
    first = dataclasses.replace(sample(path, 0), faults=[])
    timing = timing_of(path, "mov", "mjpeg", 0, first)
    assert (timing.even, len(timing.ticks)) == (True, 30)
