from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dreamvid.errors import MediaError
from dreamvid.frame import Frame, Size
from dreamvid.media import ffmpeg
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.resize import resize_area
from tests import media_factory as make

MEDIA = os.environ.get("DREAMVID_TEST_MEDIA")
needs_media = pytest.mark.skipif(not MEDIA, reason="DREAMVID_TEST_MEDIA is unset")

Color = tuple[float, ...]


def near(seen: Sequence[Color], meant: Sequence[Color], levels: float) -> bool:
    return bool(np.abs(np.array(seen) - np.array(meant)).max() <= levels)


def save(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


# Clips


def numbers(frames: Iterable[Frame]) -> list[int]:
    return [make.number(frame) for frame in frames]


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm", "avi", "gif", "ts", "mpg"])
def test_every_frame_of_every_container_comes_once(tmp_path: Path, ending: str) -> None:
    clip = probe(make.clip(tmp_path / f"a.{ending}", frames=20))
    frames = list(read_clip(clip))
    assert numbers(frames) == list(range(20))
    assert frames[0].dtype == np.float32
    assert frames[0].shape == (48, 64, 3)


def test_ranges_are_exact_to_the_frame(tmp_path: Path) -> None:
    clip = probe(make.h264(tmp_path / "a.mp4", "-g", "10", frames=100, rate=Fraction(30000, 1001)))
    tick = 1001 / Fraction(30000)
    assert numbers(read_clip(clip, start=37 * tick, frames=3)) == [37, 38, 39]
    assert numbers(read_clip(clip, start=37 * tick - tick / 2, end=40 * tick)) == [37, 38, 39]
    assert numbers(read_clip(clip, start=95 * tick)) == [95, 96, 97, 98, 99]
    assert numbers(read_clip(clip, start=98 * tick, frames=50)) == [98, 99]
    assert numbers(read_clip(clip, end=2 * tick)) == [0, 1]
    assert numbers(read_clip(clip, start=5 * tick, end=9 * tick, frames=2)) == [5, 6]
    assert numbers(read_clip(clip, start=5 * tick, end=7 * tick, frames=9)) == [5, 6]
    with pytest.raises(MediaError, match="no frame"):
        read_clip(clip, start=100 * tick)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_clips_are_shown_upright(tmp_path: Path, rotation: int) -> None:
    path = make.turned(tmp_path / "a.mp4", rotation)
    [frame] = read_clip(probe(path), frames=1)
    turned = np.rot90(make.quadrants(), -rotation // 90)
    assert frame.shape == turned.shape
    lower = [index for index, color in enumerate(make.corners(turned)) if color in LOWER]
    seen, meant = make.corners(frame), make.corners(turned)
    assert len(lower) == 2  # the stored upper half holds the numbers
    for index in lower:
        assert near([seen[index]], [meant[index]], 12)


LOWER = [tuple(map(float, color)) for color in make.QUADRANTS[2:]]


def test_wide_pixels_become_square_and_keep_every_line(tmp_path: Path) -> None:
    clip = probe(make.h264(tmp_path / "a.mp4", frames=3, filters="setsar=4/3"))
    frames = list(read_clip(clip))
    assert [frame.shape for frame in frames] == [(48, 85, 3)] * 3
    assert numbers(frames) == [0, 1, 2]
    narrow = probe(make.h264(tmp_path / "b.mp4", frames=1, filters="setsar=3/4"))
    assert next(read_clip(narrow)).shape == (48, 48, 3)


def test_odd_sizes_come_whole(tmp_path: Path) -> None:
    clip = probe(make.clip(tmp_path / "a.mkv", "-c:v", "ffv1", size=(65, 49), frames=2))
    first, second = read_clip(clip)
    assert np.array_equal(first, make.numbered(0, 65, 49))
    assert np.array_equal(second, make.numbered(1, 65, 49))


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m"])
@pytest.mark.parametrize("span", ["tv", "pc"])
def test_colors_are_those_of_the_clips_own_matrix_and_range(
    tmp_path: Path, matrix: str, span: str
) -> None:
    convert = f"scale=out_color_matrix={matrix}:out_range={span}:flags=accurate_rnd"
    tags = f"setparams=colorspace={matrix}:range={span}"
    path = make.h264(tmp_path / "a.mp4", frames=1, filters=f"{convert},format=yuv420p,{tags}")
    [frame] = read_clip(probe(path))
    assert near(make.corners(frame)[2:], make.QUADRANTS[2:], 5)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm", "avi", "gif"])
def test_a_clip_that_breaks_off_gives_its_good_frames_and_then_an_error(
    tmp_path: Path, ending: str
) -> None:
    options = ["-movflags", "+faststart"] if ending == "mp4" else []
    noisy = "noise=alls=40:allf=t"  # or the first frame is most of the file
    whole = make.clip(tmp_path / f"whole.{ending}", *options, frames=60, filters=noisy)
    path = make.cut_off(whole, tmp_path / f"a.{ending}", 0.6)
    clip = probe(path)
    came: list[Frame] = []
    with pytest.raises(MediaError, match=r"breaks off after frame \d+ \(.+\)") as caught:
        came.extend(read_clip(clip, frames=clip.frames))
    assert 10 < len(came) < 50
    assert f"after frame {len(came)} (" in str(caught.value)
    assert f"`--frames {len(came)}`" in str(caught.value)
    assert len(list(read_clip(clip, frames=len(came)))) == len(came)


def test_decoders_say_nothing_of_their_own(tmp_path: Path) -> None:
    path = make.cut_off(make.clip(tmp_path / "whole.mkv", frames=60), tmp_path / "a.mkv", 0.6)
    script = (
        "import sys; from pathlib import Path\n"
        "from dreamvid.errors import MediaError\n"
        "from dreamvid.media.probe import probe\n"
        "from dreamvid.media.read import read_clip\n"
        "try: list(read_clip(probe(Path(sys.argv[1]))))\n"
        "except MediaError: print('told')\n"
    )
    words = [sys.executable, "-c", script, str(path)]
    said = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (said.stdout, said.stderr) == ("told\n", "")


def test_what_an_edit_list_hides_is_not_counted(tmp_path: Path) -> None:
    whole = make.h264(tmp_path / "whole.mp4")
    make.run("-ss", "0.3", "-i", whole, "-c", "copy", tmp_path / "a.mp4")  # leaves an edit list
    clip = probe(tmp_path / "a.mp4")
    assert clip.frames == 17
    assert numbers(read_clip(clip)) == list(range(8, 25))


def test_closing_releases_the_file(tmp_path: Path) -> None:
    path = make.h264(tmp_path / "a.mp4", frames=400)  # more than fit into a pipe
    frames = read_clip(probe(path))
    next(frames)
    assert opened(path)
    frames.close()
    assert not opened(path)


def opened(path: Path) -> bool:
    """Whether a process that this one started holds the file open."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc here")
    mine = [p for p in Path("/proc").glob("[0-9]*") if f"PPid:\t{os.getpid()}\n" in status(p)]
    links = [link for process in mine for link in (process / "fd").iterdir()]
    return any(link.exists() and link.samefile(path) for link in links)


def status(process: Path) -> str:
    try:
        return (process / "status").read_text()
    except OSError:
        return ""


def test_a_script_opens_nothing(tmp_path: Path) -> None:
    canary = make.h264(tmp_path / "canary.mp4")
    path = save(tmp_path / "a.mp4", f"ffconcat version 1.0\nfile {canary.name}\n".encode())
    with pytest.raises(MediaError, match="not a clip"):
        probe(path)
    assert "Stream" not in ffmpeg.describe(path)


# Around them


def test_resize() -> None:
    picture = make.quadrants().astype(np.float32)
    assert resize_area(picture, Size(64, 48)) is picture
    for size in ((32, 24), (128, 96), (16, 96), (65, 47)):
        resized = resize_area(picture, Size(*size))
        assert resized.shape == (size[1], size[0], 3)
        assert resized.dtype == np.float32
        assert near(make.corners(resized), make.QUADRANTS, 3)
        assert resized.min() >= 0
        assert resized.max() <= 255
    stripes = np.zeros((48, 64, 3), np.float32)
    stripes[:, ::2] = 200
    assert np.abs(resize_area(stripes, Size(16, 48)) - 100).max() < 0.01  # no stripe survives


def test_a_missing_system_library_is_one_line() -> None:
    script = (
        "import sys, importlib.abc\n"
        "class Missing(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'cv2':\n"
        "            raise ImportError('libGL.so.1: cannot open shared object file')\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from dreamvid.errors import MediaError\n"
        "try:\n"
        "    import dreamvid.media.opencv\n"
        "except MediaError as error:\n"
        "    print(error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "libGL.so.1" in said.stdout
    assert "apt-get install libgl1 libglib2.0-0" in said.stdout
    assert said.stdout.count("\n") == 1


@needs_media
def test_full_range_is_read_as_such() -> None:
    path = Path(str(MEDIA)) / "one_second_clip.mp4"
    frame = next(read_clip(probe(path)))
    # The luma plane of a full-range clip is what the picture's luma must come out as.
    words = ["-i", str(path), "-frames:v", "1", "-vf", "extractplanes=y", "-f", "rawvideo", "-"]
    plane = subprocess.run(ffmpeg.command(words), capture_output=True, check=True).stdout
    stored = np.frombuffer(plane, np.uint8).reshape(720, 1280).astype(np.float32)
    luma = frame @ np.array([0.299, 0.587, 0.114], np.float32)
    assert np.abs(luma - stored).mean() < 1.5
    assert abs(luma.mean() - stored.mean()) < 1


@needs_media
def test_a_real_black_and_white_clip_stays_so() -> None:
    frames = list(read_clip(probe(Path(str(MEDIA)) / "chaplin.mp4"), start=Fraction(9)))
    assert len(frames) == 241 - 225
    assert max(float(np.ptp(frame, axis=2).mean()) for frame in frames) < 6
