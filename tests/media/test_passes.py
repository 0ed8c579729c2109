"""Passes: their names, and what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.frame import Frame
from dreamvid.media.codecs.codec import Codec
from dreamvid.media.codecs.table import FILM_CODECS, STILL_CODECS
from dreamvid.media.passes import WHITE, matte, pass_path, residual
from dreamvid.recipe.encode import PassName

CODECS: dict[str, Codec] = {codec.name: codec for codec in (*FILM_CODECS, *STILL_CODECS)}


@pytest.mark.parametrize(
    ("output", "path"),
    [
        ("a.mov", "a.matte.mov"),
        ("out/a.b.MP4", "out/a.b.matte.MP4"),
        ("wall.tif", "wall.matte.tif"),
        ("out/shot.%04d.exr", "out/shot.matte.%04d.exr"),
        ("shot_####.png", "shot_matte_####.png"),
        ("shot%d.png", "shot.matte.%d.png"),
        ("%04d.exr", "matte.%04d.exr"),
        ("a.%04d.b.exr", "a.matte.%04d.b.exr"),
    ],
)
def test_a_pass_lies_beside_the_dream(output: str, path: str) -> None:
    assert pass_path(Path(output), "matte") == Path(path)
    assert pass_path(Path(output), "dream") == Path(output)


def test_a_folder_has_others_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert pass_path(Path("frames"), "source") == tmp_path / "frames-source"
    Path("v1.2").mkdir()
    assert pass_path(Path("v1.2"), "source") == tmp_path / "v1-2-source"
    monkeypatch.chdir("v1.2")
    assert pass_path(Path(), "source") == tmp_path / "v1-2-source"


@given(st.sampled_from(["a.mp4", "frames", "shot.%04d.exr", "#.png"]))
def test_no_two_passes_are_one(output: str) -> None:
    paths = [pass_path(Path(output), name) for name in get_args(PassName)]
    assert len({path.absolute() for path in paths}) == len(paths)


def pictures(seed: int, alpha: bool = False) -> tuple[Frame, Frame]:
    drawn = np.random.default_rng(seed).uniform(-20, 275, (2, 5, 7, 3 + alpha))
    dream, source = np.clip(drawn, 0, 255).astype(np.float32)
    return dream, source


@pytest.mark.parametrize("name", CODECS)
@given(seed=st.integers(0, 2**32), alpha=st.booleans())
def test_dream_is_source_and_residual_to_a_level(name: str, seed: int, alpha: bool) -> None:
    codec = CODECS[name]
    dream, source = pictures(seed, alpha)
    made = residual(dream, source, codec)
    assert made.shape == (5, 7, 3)
    if codec.signed:
        halves = made.astype(np.float32) / 255
        added = codec.stored(source) + halves.astype(np.float16)
        assert np.abs(added - codec.stored(dream)).max() <= 2.0**-11
        return
    assert 0 <= made.min() <= made.max() <= 255
    steps = 257 if codec.deep else 1
    kept = np.rint(made * steps) / steps
    off = np.abs(255 * (codec.stored(source) - codec.stored(dream)) + 2 * kept - 255).max()
    assert off <= (0.01 if codec.deep else 1.001)


def test_an_unchanged_picture_is_mid_grey_and_black() -> None:
    _, source = pictures(1)
    assert np.all(residual(source, source, CODECS["png16"]) == 127.5)
    assert np.all(residual(source, source, CODECS["exr"]) == 0)
    assert np.all(matte(source, source) == 0)


def test_linear_light_is_subtracted_as_such() -> None:
    white, grey = np.full((2, 2, 3), 255, np.float32), np.full((2, 2, 3), 188, np.float32)
    # sRGB 188 is half of the light of white
    assert residual(white, grey, CODECS["exr"]) == pytest.approx(255 * 0.497, abs=0.5)
    assert residual(grey, white, CODECS["exr"]) == pytest.approx(-255 * 0.497, abs=0.5)


def test_the_matte_is_white_where_much_was_dreamed_and_black_where_nothing_was() -> None:
    source = np.full((60, 80, 3), 100, np.float32)
    dream = source.copy()
    dream[:, :40, 1] += np.where(np.arange(40) % 2, WHITE, -WHITE)  # no holes between the stripes
    dream[:, 40:60] += WHITE / 2
    made = matte(dream, source)
    assert np.all(made[..., :1] == made)
    assert made[:, 5:35].min() > 254
    assert made[:, 45:55] == pytest.approx(127.5, abs=1)
    assert np.all(made[:, 60:] == 0), "an edge of a mask is kept"


def test_clipped_pixels_leave_no_holes_in_the_matte() -> None:
    source = np.full((240, 320, 3), 100, np.float32)
    dream = source + WHITE
    dream[10::7, 10::9] = 100
    dream[30:33, 40:44] = 100
    assert matte(dream, source).min() > 150
