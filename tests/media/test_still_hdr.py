"""Stills of HDR look as ffmpeg's tone map makes them, and as a clip of the same pictures."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dreamvid.cli import main
from dreamvid.media import ffmpeg
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture, read_picture_with_alpha
from dreamvid.opening import open_source
from dreamvid.recipe import ImageRecipe, VideoRecipe
from tests import profile_factory as profiles
from tests.media_factory import deep_png, run
from tests.tiff_factory import tiff

TONE_MAP = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv444p16le"
)
PQ, HLG = bytes([9, 16, 0, 1]), bytes([9, 18, 0, 1])
NAMES = {PQ: "smpte2084", HLG: "arib-std-b67"}


def noise(channels: int = 3, kind: type[np.uint8 | np.uint16] = np.uint16) -> NDArray[Any]:
    return np.random.default_rng(2).integers(0, np.iinfo(kind).max + 1, (24, 32, channels), kind)


def by_ffmpeg(path: Path, width: int = 32, height: int = 24) -> NDArray[Any]:
    """The file in ffmpeg's own tone map, in levels of 255."""
    filters = f"{TONE_MAP},scale=flags=accurate_rnd+full_chroma_int,format=rgb48le"
    words = ["-i", f"file:{path}", "-vf", filters, "-f", "rawvideo", "-"]
    made = subprocess.run(ffmpeg.command(words), capture_output=True, check=True).stdout
    return np.frombuffer(made, "<u2").reshape(height, width, 3) / 257


def saved(path: Path, stored: NDArray[Any], **chunks: bytes) -> Path:
    path.write_bytes(deep_png(stored, **chunks))
    return path


@pytest.mark.parametrize("primaries", [1, 5, 6, 7, 9, 11, 12])
@pytest.mark.parametrize(("codes", "kind"), [(PQ, np.uint16), (HLG, np.uint8)])
def test_a_png_looks_as_ffmpeg_maps_it(
    tmp_path: Path, codes: bytes, kind: type[np.uint8 | np.uint16], primaries: int
) -> None:
    codes = bytes([primaries]) + codes[1:]
    path = saved(tmp_path / "a.png", noise(kind=kind), cICP=codes)
    seen = read_picture(path)
    assert np.abs(seen - by_ffmpeg(path)).max() < 0.01
    assert np.abs(seen - read_picture(saved(path, noise(kind=kind)))).mean() > 10, "not as stored"


@pytest.mark.parametrize("codes", [PQ, HLG])
def test_a_clip_of_the_same_pixels_looks_the_same(tmp_path: Path, codes: bytes) -> None:
    still = saved(tmp_path / "a.png", noise(), cICP=codes)
    tags = f"setparams=color_primaries=bt2020:color_trc={NAMES[codes]}:colorspace=gbr:range=pc"
    coding = ["-vf", f"format=gbrp16le,{tags}", "-c:v", "ffv1"]
    run("-i", still, "-frames:v", "1", *coding, tmp_path / "a.mkv")
    clip = probe(tmp_path / "a.mkv")
    [frame] = read_clip(clip)
    assert np.abs(frame - read_picture(still)).max() < 0.01
    [note] = clip.track.conversion.notes
    source = open_source(ImageRecipe(source=(still,)))
    assert source.notes == (f"{still}: {note}",)


@pytest.mark.parametrize("bounds", ["pc", "tv"])
@pytest.mark.parametrize("form", ["yuv444p10le", "yuv444p12le", "yuv420p10le"])
def test_an_avif_looks_as_ffmpeg_maps_it(tmp_path: Path, form: str, bounds: str) -> None:
    path = tmp_path / "a.avif"
    tags = f"setparams=range={bounds}:colorspace=bt2020nc:color_primaries=bt2020"
    smooth = "gradients=s=64x48:c0=0x806040:c1=0x304050:x0=0:y0=0:x1=63:y1=47,format=gbrp"
    convert = f"scale=out_color_matrix=bt2020nc:out_range={bounds},{tags}:color_trc=smpte2084"
    words = ["-vf", convert, "-pix_fmt", form, "-c:v", "libaom-av1", "-still-picture", "1"]
    run("-f", "lavfi", "-i", smooth, "-frames:v", "1", *words, "-crf", "0", "-cpu-used", "8", path)
    apart = np.abs(read_picture(path) - by_ffmpeg(path, 64, 48))
    if "444" in form:
        assert apart.max() < 2
    assert apart.mean() < 0.5  # programs place chroma of half the size in one way or another


def test_depth_is_kept_up_to_the_map(tmp_path: Path) -> None:
    ramp = np.arange(20000, 20000 + 768, dtype=np.uint16).reshape(24, 32, 1)
    seen = read_picture(saved(tmp_path / "a.png", np.repeat(ramp, 3, 2), cICP=PQ))
    assert np.ptp(seen) < 10
    assert len(np.unique(seen)) > 200, "of 8 bits these were 4"


def test_gray_and_alpha(tmp_path: Path) -> None:
    stored = noise(4)
    seen = read_picture_with_alpha(saved(tmp_path / "a.png", stored, cICP=PQ))
    assert np.abs(seen[..., 3] - stored[..., 3] / 257).max() < 1e-4
    opaque = saved(tmp_path / "b.png", stored[..., :3], cICP=PQ)
    assert np.array_equal(seen[..., :3], read_picture(opaque))
    for channels, kind in ((1, np.uint16), (2, np.uint8)):
        grey = noise(channels, kind)
        seen = read_picture_with_alpha(saved(tmp_path / "c.png", grey, cICP=HLG))
        same = saved(tmp_path / "d.png", np.repeat(grey[..., :1], 3, 2), cICP=HLG)
        assert np.array_equal(seen[..., :3], read_picture(same))
        if channels == 2:
            assert np.array_equal(seen[..., 3], grey[..., 1])


def test_unstated_primaries_are_those_of_bt2020(tmp_path: Path) -> None:
    unstated = saved(tmp_path / "a.png", noise(), cICP=bytes([2, 16, 0, 1]))
    stated = saved(tmp_path / "b.png", noise(), cICP=PQ)
    assert np.array_equal(read_picture(unstated), read_picture(stated))
    frames = []
    for primaries, matrix in (("unknown", "unknown"), ("bt2020", "bt2020nc")):
        tags = f"color_primaries={primaries}:colorspace={matrix}:color_trc=smpte2084:range=tv"
        words = ["-vf", f"format=yuv444p10le,setparams={tags}", "-c:v", "ffv1"]
        run("-f", "lavfi", "-i", "testsrc2=s=32x24:d=0.04", *words, tmp_path / f"{matrix}.mkv")
        frames += list(read_clip(probe(tmp_path / f"{matrix}.mkv")))
    assert np.array_equal(frames[0], frames[1])


def test_a_profile_may_state_hdr(tmp_path: Path) -> None:
    profile = profiles.rgb(cicp=b"cicp\0\0\0\0" + PQ)
    packed = b"p\0\0" + zlib.compress(profile)
    wanted = read_picture(saved(tmp_path / "a.png", noise(), cICP=PQ))
    assert np.array_equal(read_picture(saved(tmp_path / "b.png", noise(), iCCP=packed)), wanted)
    floats = (noise() / 65535).astype(np.float32)
    (tmp_path / "c.tif").write_bytes(tiff(floats, t34675=profile))
    assert np.abs(read_picture(tmp_path / "c.tif") - wanted).max() < 0.1
    image = Image.fromarray(noise(kind=np.uint8))
    image.save(tmp_path / "d.jpg", quality=95, icc_profile=profile)
    with Image.open(tmp_path / "d.jpg") as jpeg:
        decoded = saved(tmp_path / "e.png", np.asarray(jpeg), cICP=PQ)
    assert np.abs(read_picture(tmp_path / "d.jpg") - read_picture(decoded)).max() < 0.01
    other = profiles.rgb(cicp=b"cicp\0\0\0\0" + bytes([12, 13, 0, 1]))
    plain = saved(tmp_path / "f.png", noise(), iCCP=b"p\0\0" + zlib.compress(profiles.rgb()))
    sdr = saved(tmp_path / "g.png", noise(), iCCP=b"p\0\0" + zlib.compress(other))
    assert np.array_equal(read_picture(sdr), read_picture(plain))


def test_it_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shot").mkdir()
    for number in (1, 2, 3):
        saved(Path(f"shot/a.{number}.png"), noise(), cICP=HLG)
    words = ["image", "shot/a.1.png", "--network", "none", "-o", "o.png"]
    assert main(words) == 0
    said = "shot/a.1.png: tone-mapped from HLG to SDR"
    assert f"dreamvid: {said}\n" in capsys.readouterr().err
    assert main([*words, "--dry-run"]) == 0
    assert said in capsys.readouterr().out
    assert main(["video", "shot", "--network", "none", "-o", "o.mp4"]) == 0
    assert capsys.readouterr().err.count("tone-mapped") == 1
    assert open_source(VideoRecipe(source=(Path("shot"),))).notes == (said,)
