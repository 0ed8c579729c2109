"""Which codec an output has, and what cannot be written is refused before the render."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from dreamvid.errors import OutputError, RecipeError
from dreamvid.frame import Frame, Size
from dreamvid.media import capabilities, ffmpeg, output_checks
from dreamvid.media.codecs.codec import Codec, FilmCodec
from dreamvid.media.codecs.table import FILM_CODECS, STILL_CODECS, default_ending
from dreamvid.media.codecs.ycbcr import planes_10_bit
from dreamvid.media.frame_names import FrameNames, is_pattern, title
from dreamvid.media.linear import to_linear
from dreamvid.media.output_checks import (
    check_codec,
    check_frame_name,
    check_output,
    codec_for,
    picture_codec,
)
from dreamvid.media.outputs import shared_format
from dreamvid.media.sink import to_uint16
from dreamvid.recipe.encode import CodecName, FilmCodecName, StillCodecName
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.output import output_of

ALL: tuple[Codec, ...] = (*FILM_CODECS, *STILL_CODECS)


def test_the_recipe_knows_the_names_of_all_codecs() -> None:
    assert [codec.name for codec in FILM_CODECS] == [*get_args(FilmCodecName)]
    assert [codec.name for codec in STILL_CODECS] == [*get_args(StillCodecName)]
    assert {codec.name for codec in ALL} == {*get_args(CodecName)}


@pytest.mark.parametrize(
    ("output", "asked", "codec"),
    [
        ("a.mp4", None, "h264"),
        ("a.mov", None, "h264"),
        ("a.MKV", None, "h264"),
        ("a.gif", None, "gif"),
        ("a.webp", None, "webp"),
        ("frames", None, "png"),
        ("frames", "exr", "exr"),
        ("out/a.%04d.png", None, "png"),
        ("out/a.%04d.png", "png16", "png16"),
        ("out/a.####.tiff", None, "tiff16"),
        ("a.%d.exr", None, "exr"),
        ("a.mp4", "h265", "h265"),
        ("a.mkv", "ffv1", "ffv1"),
        ("a.%04d.mp4", "av1", "av1"),
    ],
)
def test_the_codec_of_an_output(output: str, asked: str | None, codec: str) -> None:
    assert codec_for(Path(output), asked).name == codec


@pytest.mark.parametrize(
    ("output", "asked", "words"),
    [
        ("a.mp4", "prores", r"\.mp4 cannot hold prores, but \.mov, \.mkv; or choose h264, h265"),
        ("a.mov", "av1", r"\.mov cannot hold av1, but \.mp4, \.mkv; or"),
        ("a.mp4", "ffv1", r"\.mp4 cannot hold ffv1, but \.mkv; or"),
        ("a.mkv", "hap", r"\.mkv cannot hold hap, but \.mov; or"),
        ("a.gif", "h264", r"\.gif cannot hold h264, .*; or choose gif"),
        ("a.mov", "exr", r"\.mov cannot hold exr, but a folder of pictures \(\.exr\); or"),
        ("a.mov", "webp", r"cannot hold webp, but \.webp or a folder of pictures \(\.webp\); or"),
        (
            "frames",
            "prores",
            r"a folder of pictures cannot hold prores, but \.mov, \.mkv; or choose",
        ),
        (
            "a.%04d.exr",
            "png16",
            r"\.exr cannot hold png16, but a folder .* \(\.png\); or choose exr",
        ),
        ("a.avi", None, r"cannot write a film as \.avi; name it \.mp4, .*shot\.%04d\.png for"),
        ("a.png", None, "a still, not a film"),
    ],
)
def test_what_an_output_cannot_hold_is_refused(output: str, asked: str | None, words: str) -> None:
    with pytest.raises(OutputError, match=words) as caught:
        check_codec(Path(output), asked)
    assert "\n" not in str(caught.value)
    assert caught.value.path == Path(output)
    assert caught.value.key == (asked and "encode.codec")


def test_a_still_has_codecs_of_its_own() -> None:
    names = {"a.png": "png", "a.TIF": "tiff16", "a.exr": "exr", "a.jpeg": "jpeg", "a.webp": "webp"}
    assert {name: picture_codec(Path(name)).name for name in names} == names
    with pytest.raises(OutputError, match=r"\.png cannot hold exr"):
        check_codec(Path("a.png"), "exr", film=False)
    with pytest.raises(OutputError, match=r"cannot write a picture as \.mp4; name it \.png, \.tif"):
        check_codec(Path("a.mp4"), film=False)


def test_alpha_is_refused_by_what_cannot_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_checks, "missing", lambda needs: [])
    able = {"prores", "ffv1", "hap", "hap_alpha", "png", "png16", "tiff16", "exr"}
    assert {codec.name for codec in ALL if codec.alpha} == able
    for codec in ALL:
        film = isinstance(codec, FilmCodec)
        path = Path(f"a{codec.endings[0]}")
        if codec.alpha:
            check_codec(path, codec.name, film=film, alpha=True)
            continue
        with pytest.raises(OutputError, match=r"cannot hold alpha; these can: prores \(\.mov, \.m"):
            check_codec(path, codec.name, film=film, alpha=True)


def test_an_encoder_that_ffmpeg_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "executable", lambda: "/another/ffmpeg")
    asked = []

    def run(words: list[str], **rest: object) -> tuple[str, str]:
        asked.append(words)
        return " V....D libx264 x\n V....D hap x\n .. notzscale V->V x\n", ""

    monkeypatch.setattr(ffmpeg, "run", run)
    capabilities._listed.cache_clear()
    check_codec(Path("a.mp4"))
    check_codec(Path("a.mov"), "hap")
    check_codec(Path("frames"), "png")  # Pillow's
    assert len(asked) == 2, "asked once, of encoders and of filters"
    with pytest.raises(
        OutputError, match="h265 needs libx265 and zscale, which this ffmpeg lacks"
    ) as c:
        check_codec(Path("a.mp4"), "h265")
    assert output_checks.BUNDLED in str(c.value)
    capabilities._listed.cache_clear()


def test_an_unnamed_output_takes_its_codecs_ending(tmp_path: Path) -> None:
    def name(kind: str, codec: str | None) -> str:
        recipe = {"source": "c.x", "encode": {"codec": codec}}
        return str(output_of(make_recipe(recipe, kind)))

    assert name("video", None) == "c-dream.mp4"
    assert name("video", "prores") == "c-dream.mov"
    assert name("zoom", "ffv1") == "c-dream.mkv"
    assert name("zoom", "exr") == "c-dream"
    assert name("image", None) == "c-dream.png"
    assert name("image", "tiff16") == "c-dream.tif"
    assert default_ending("webp") == ".webp"


def test_segments_are_shared_by_films_of_one_codec() -> None:
    mp4, mov = Path("a.mp4"), Path("b.mov")
    assert shared_format(mp4, None, mov, None) is codec_for(mp4, "h264")
    assert shared_format(mp4, None, mov, "h264") is codec_for(mp4)
    assert shared_format(mp4, "h265", mov, "h265") is codec_for(mp4, "h265")
    assert shared_format(mp4, None, Path("b.mp4"), "h265") is None
    assert shared_format(mp4, "h265", Path("b.mp4"), None) is None
    assert shared_format(mp4, "ffv1", mp4, None) is None, "a renamed film"
    assert shared_format(Path("a.gif"), None, Path("b.gif"), None) is None
    assert shared_format(mp4, None, Path("b"), None) is None


# Names of frames


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.%04d.exr", ["a.0000.exr", "a.0001.exr"]),
        ("a.####.png", ["a.0000.png", "a.0001.png"]),
        ("%d.tif", ["0.tif", "1.tif"]),
        ("#_x.png", ["0_x.png", "1_x.png"]),
    ],
)
def test_a_pattern_names_its_frames(pattern: str, names: list[str]) -> None:
    assert is_pattern(Path(pattern))
    found = FrameNames.of_pattern(Path("out") / pattern)
    assert [found[0], found[1]] == names
    assert all(name in found for name in names)
    assert found.folder == Path("out")


def test_other_files_are_none_of_its_frames() -> None:
    names = FrameNames.of_pattern(Path("a.%04d.exr"))
    assert names[12345] == "a.12345.exr"
    assert "a.12345.exr" in names
    for other in ("a.1.exr", "a.0001.png", "b.0001.exr", "a.000x.exr", "a.0001.exr~", "a..exr"):
        assert other not in names


@pytest.mark.parametrize(
    "name", ["a.png", "a%.png", "%d-%d.png", "%s.png", "%d.mp4", "%4d.png", "#"]
)
def test_what_is_no_pattern(name: str) -> None:
    assert not is_pattern(Path(name))


@pytest.mark.parametrize("name", ["shot", "%04d.%d", "a/%d", "%s", "", "a\n%d", "%04d#"])
def test_a_frame_name_holds_one_number(name: str) -> None:
    with pytest.raises(RecipeError, match=r"encode\.frame_name: must hold the frame's number once"):
        make_recipe({"encode": {"frame_name": name}})


def test_a_frame_name_is_for_a_folder() -> None:
    check_frame_name(Path("frames"), "shot.%04d")
    check_frame_name(Path("a.mp4"), make_recipe({}).encode.frame_name)  # type: ignore[union-attr]
    with pytest.raises(OutputError, match="the output has names for its frames; leave it out"):
        check_frame_name(Path("a.%04d.png"), "shot.%04d")
    with pytest.raises(OutputError, match="the output is one file; leave it out"):
        check_frame_name(Path("a.mp4"), "shot.%04d")


def test_what_a_sequence_is_called() -> None:
    assert title(Path("out/shot.%04d.exr")) == "shot"
    assert title(Path("out/%04d.exr")) == "out"
    assert title(Path("out/a.mp4")) == "a"


def test_a_pattern_in_a_folder_that_may_be_missing(tmp_path: Path) -> None:
    check_output(tmp_path / "new" / "a.%04d.png", [], False)
    assert not (tmp_path / "new").exists()
    with pytest.raises(OutputError, match=r"no such folder: .*gone"):
        check_output(tmp_path / "gone" / "new" / "a.%04d.png", [], False)
    (tmp_path / "a.0007.png").write_bytes(b"x")
    (tmp_path / "b.png").write_bytes(b"x")
    check_output(tmp_path / "b.%04d.png", [], False)
    with pytest.raises(OutputError, match=r"output exists: .*use --overwrite"):
        check_output(tmp_path / "a.%04d.png", [], False)
    check_output(tmp_path / "a.%04d.png", [], True)
    for source in ("a.0007.png", "a.%04d.png"):
        with pytest.raises(OutputError, match="is the input itself"):
            check_output(tmp_path / "a.%04d.png", [tmp_path / source], True)
    check_output(tmp_path / "a.%04d.png", [tmp_path / "b.png"], True)


# Numbers


def test_sixteen_bits_round_and_clip() -> None:
    levels = np.array([-3, 0, 1, 127.5, 255, 300, 0.3 / 257], np.float32)
    assert to_uint16(levels).tolist() == [0, 0, 257, 32768, 65535, 65535, 0]


def test_light_is_linear_and_nothing_is_clipped() -> None:
    levels = np.array([0, 2, 127.5, 255, 510, -127.5], np.float32)
    light = to_linear(levels)
    assert light[:4] == pytest.approx([0, 2 / 255 / 12.92, 0.21404114, 1], rel=1e-6)
    assert light[4] == pytest.approx(((2 + 0.055) / 1.055) ** 2.4, rel=1e-6)
    assert light[5] == -light[2]


def test_ten_bits_are_the_nearest_there_are() -> None:
    rng = np.random.default_rng(1)
    frame: Frame = (rng.random((200, 300, 4)) * 255).astype(np.float32)
    frame[0, :3, :3] = [[0, 0, 0], [255, 255, 255], [255, 0, 0]]
    y, cb, cr, alpha = planes_10_bit(frame).astype(float)
    luma, blue, red = (y - 64) / 876, (cb - 512) / 896, (cr - 512) / 896
    r, b = luma + 1.5748 * red, luma + 1.8556 * blue
    g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
    assert np.abs(np.stack([r, g, b], -1) * 255 - frame[..., :3]).max() < 0.27
    assert np.abs(alpha / 1023 * 255 - frame[..., 3]).max() <= 0.1255
    assert [y[0, 0], cb[0, 0], cr[0, 0]] == [64, 512, 512]
    assert [y[0, 1], cb[0, 1], cr[0, 1]] == [940, 512, 512]
    assert cr[0, 2] == 960


def test_sides_grow_as_far_as_a_codec_needs() -> None:
    sizes = {codec.name: codec.stored_size(Size(9, 50)) for codec in FILM_CODECS}
    assert sizes["h264"] == sizes["av1"] == sizes["prores"] == (10, 50)
    assert sizes["h265"] == (16, 50)
    assert sizes["hap"] == sizes["hap_alpha"] == sizes["hap_q"] == (12, 52)
    assert sizes["ffv1"] == sizes["gif"] == (9, 50)
    frame = np.arange(3 * 5 * 3, dtype=np.float32).reshape(5, 3, 3)
    padded = codec_for(Path("a.mov"), "hap").padded(frame)  # type: ignore[union-attr]
    assert padded.shape == (8, 4, 3)
    assert np.array_equal(padded[:5, :3], frame)
    assert np.array_equal(padded[7, 3], frame[4, 2])
