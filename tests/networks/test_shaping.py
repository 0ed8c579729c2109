"""A gradient shaped: its bands evened out, its colors joined."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.color import NATURAL
from dreamvid.dreaming.ascent import Ascent, Scale, StepParams
from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.shaping import SMALLEST, evened, mixing, most_bands
from dreamvid.dreaming.step_map import StepMap
from dreamvid.dreaming.tiles import RolledTiles
from dreamvid.frame import Frame
from dreamvid.inside import covariance
from dreamvid.media.opencv import cv2
from dreamvid.recipe.load import make_recipe
from dreamvid.resolve import resolve
from dreamvid.task import DreamTask
from tests.loaded import dreamer_of


def gradient(size: tuple[int, int], seed: int = 0) -> Frame:
    """Loudest in what is finest: grain, over soft waves of a tenth of it."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[0 : size[0], 0 : size[1]] / 9
    waves = np.stack([np.sin(x + k) * np.cos(1.3 * y + 2 * k) for k in range(3)], -1)
    return (3e-6 * (0.1 * waves + draw.normal(0, 1, (*size, 3)))).astype(np.float32)


# Bands


def pyramid(picture: Frame, bands: int) -> list[Frame]:
    """Burt and Adelson's, finest first, and what is left."""
    parts = []
    for _ in range(bands):
        low: Frame = np.asarray(cv2.pyrDown(picture))
        parts.append(picture - grown(low, picture.shape[:2]))
        picture = low
    return [*parts, picture]


def grown(part: Frame, size: tuple[int, ...]) -> Frame:
    return np.asarray(cv2.pyrUp(part, dstsize=(size[1], size[0])))


def whole_of(parts: list[Frame]) -> Frame:
    """Each part at the picture's own size, and their sum."""
    sizes, added = [part.shape[:2] for part in parts], np.zeros_like(parts[0])
    for at, part in enumerate(parts):
        own = part
        for size in sizes[:at][::-1]:
            own = grown(own, size)
        added = added + own
    return added


@given(
    st.sampled_from([(48, 64), (65, 131), (96, 33), (128, 128)]),
    st.integers(0, 4),
    st.floats(1e-9, 1e9),
)
def test_every_band_comes_to_the_same_strength(
    size: tuple[int, int], bands: int, scale: float
) -> None:
    """That of the whole gradient, whatever its own was."""
    bands = min(bands, most_bands(size))
    found, sizes = evened(gradient(size), bands)
    assert found.dtype == np.float32
    parts = pyramid(gradient(size), bands)
    own = np.sqrt(np.mean(gradient(size) ** 2))
    strengths = [np.sqrt(np.mean(part**2)) / own for part in parts]
    np.testing.assert_allclose(sizes, strengths, rtol=1e-4)
    pairs = zip(parts, strengths, strict=True)
    wanted = whole_of([p / s for p, s in pairs])
    np.testing.assert_allclose(found, wanted, atol=1e-4 * own)
    louder, larger = evened(gradient(size) * np.float32(scale), bands)
    np.testing.assert_allclose(larger, sizes, rtol=1e-4)
    np.testing.assert_allclose(louder / scale, found, atol=2e-4 * own)


def test_a_gradient_that_all_but_vanishes_does_not_grow() -> None:
    faint = np.float32(1e-30) * gradient((48, 64))
    found, _ = evened(faint, 2)
    assert np.abs(found).max() < 1e-25


def test_what_it_was_divided_by_is_each_bands_root_mean_square() -> None:
    """A grain that an octave below knows nothing of, on an even level."""
    y, x = np.mgrid[0:64, 0:64]
    board = np.where((x + y) % 2, 3.0, -3.0)[..., None] + np.zeros(3) + 0.5
    found, sizes = evened(board.astype(np.float32), 1)
    own = math.hypot(3, 0.5)
    np.testing.assert_allclose(sizes, [3 / own, 0.5 / own], rtol=0.05)
    inner = (slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(found[inner], own * ((board - 0.5) / 3 + 1)[inner], atol=0.05 * own)


def test_without_bands_it_is_itself() -> None:
    whole = gradient((48, 64))
    found, sizes = evened(whole, 0)
    np.testing.assert_allclose(sizes, [1], rtol=1e-6)
    np.testing.assert_allclose(found, whole, rtol=1e-6)


@pytest.mark.parametrize("size", [(48, 64), (65, 131), (33, 97)])
@pytest.mark.parametrize("bands", [0, 1, 2])
def test_divided_by_one_it_is_itself(size: tuple[int, int], bands: int) -> None:
    whole = 1e6 * gradient(size)
    found, _ = evened(whole, bands, np.ones(bands + 1, np.float32))
    np.testing.assert_allclose(found, whole, atol=1e-5)


@pytest.mark.parametrize("bands", [0, 1, 2, 3])
def test_a_part_is_evened_as_the_whole_is(bands: int) -> None:
    """With the whole's sizes, away from its edges."""
    whole = gradient((160, 192))
    found, sizes = evened(whole, bands)
    part, told = evened(whole[32:128, 48:160], bands, sizes)
    assert told is sizes
    far = 2 ** (bands + 2) if bands else 0
    inner = (slice(far, 96 - far), slice(far, 112 - far))
    np.testing.assert_allclose(part[inner], found[32:128, 48:160][inner], atol=1e-4)
    louder, _ = evened(whole[32:128, 48:160] * np.float32(2), bands, sizes)
    np.testing.assert_allclose(louder, 2 * part, rtol=1e-4, atol=1e-4)


def test_a_gradient_of_nothing_stays_nothing() -> None:
    found, _ = evened(np.zeros((48, 64, 3), np.float32), 2)
    assert not found.any()


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_no_band_is_smaller_than_detail_is(high: int, wide: int) -> None:
    bands = most_bands((high, wide))
    assert bands >= 0
    assert bands == 0 or min(high, wide) / 2**bands >= SMALLEST
    assert min(high, wide) / 2 ** (bands + 1) < SMALLEST


# Colors


def test_no_share_mixes_nothing() -> None:
    np.testing.assert_array_equal(mixing(NATURAL, 0), np.eye(3))


def test_a_gray_palette_makes_gray_steps() -> None:
    mixed = gradient((48, 64)) @ mixing(np.ones((3, 3)), 1)
    np.testing.assert_allclose(mixed, np.broadcast_to(mixed.mean(-1, keepdims=True), mixed.shape))
    assert np.abs(mixed).max() > 0


@given(st.floats(0, 1), st.floats(1e-6, 1e6))
def test_what_colors_vary_in_most_keeps_its_strength(share: float, scale: float) -> None:
    """Whatever the covariance is a multiple of; across it as much less as they vary less."""
    table = mixing(NATURAL * scale, share)
    assert table.dtype == np.float32
    values, vectors = np.linalg.eigh(NATURAL)
    for value, vector in zip(values, vectors.T, strict=True):
        wanted = (1 - share) + share * value / values[-1]
        np.testing.assert_allclose(vector @ table, wanted * vector, atol=1e-5)


def chroma(residual: Frame) -> float:
    """How much of it is color."""
    return float((residual - residual.mean(-1, keepdims=True)).std() / residual.std())


SMALL = {"octaves": 2, "octave_top": 0, "steps": 2, "jitter": 8, "step_size": 1}


@pytest.fixture(scope="module")
def dream() -> Dreamer:
    """With the recipe's own settings, which each task may put others for."""
    return dreamer_of(recipe())


def recipe(**dream: Any) -> Any:
    network = {"name": "lite0", "weights": "random", "precision": "float32"}
    return make_recipe({"network": network, "dream": {**SMALL, **dream}}, "image")


def settings(**dream: Any) -> Any:
    return resolve(recipe(**dream)).dream


def test_a_natural_dream_has_less_color_than_neon(dream: Dreamer, picture: Frame) -> None:
    """The more, the further it keeps to natural colors."""
    found = [
        chroma(dream(DreamTask(picture, settings=settings(decorrelate=share))) - picture)
        for share in (0, 0.5, 0.95, 1)
    ]
    assert found == sorted(found, reverse=True)
    assert found[2] < 0.5 * found[0]


@pytest.mark.parametrize("level", [0, 90, 255, None])
def test_of_gray_sources_own_colors_a_dream_is_gray(
    dream: Dreamer, picture: Frame, level: float | None
) -> None:
    """A flat one has no colors to keep to but natural ones."""
    gray = np.repeat(picture.mean(-1, keepdims=True), 3, -1)
    source = gray if level is None else np.full_like(picture, level)
    how = settings(palette="source", decorrelate=1)
    made = dream(DreamTask(source, settings=how, colors=covariance(source)))
    assert np.isfinite(made).all()
    assert not np.array_equal(made, source)
    natural = dream(DreamTask(source, settings=settings(decorrelate=1))) - source
    assert chroma(made - source) < (0.02 if level is None else chroma(natural) + 1e-3)


def test_the_palette_is_the_first_sources_and_not_the_canvas(
    dream: Dreamer, picture: Frame
) -> None:
    how = settings(palette="source", decorrelate=1)
    red = np.diag([1000.0, 0, 0])
    residual = dream(DreamTask(picture, settings=how, colors=red)) - picture
    assert residual[..., 0].std() > 20 * residual[..., 1:].std()
    own = dream(DreamTask(picture, settings=how))
    np.testing.assert_array_equal(
        own, dream(DreamTask(picture, settings=how, colors=covariance(picture)))
    )


def test_bands_soften_a_dream(dream: Dreamer, picture: Frame) -> None:
    def grain(bands: int) -> float:
        how = settings(laplacian=bands, decorrelate=0)
        residual = dream(DreamTask(picture, settings=how)) - picture
        return float(np.abs(np.diff(residual, axis=1)).mean() / residual.std())

    assert grain(2) < 0.9 * grain(0)


# In an ascent


@pytest.mark.parametrize("shape", [{}, {"bands": 2}, {"mixing": mixing(NATURAL, 0.95)}], ids=str)
@pytest.mark.parametrize("smooth", [(0.0, 0.0), (0.8, 0.8)])
def test_tiles_and_the_whole_agree_however_the_gradient_is_shaped(
    shape: dict[str, Any], smooth: tuple[float, float]
) -> None:
    picture = np.random.default_rng(1).uniform(0, 255, (131, 157, 3)).astype(np.float32)
    push = StepParams((1.0,), 1.5, smooth, **{"bands": 2, "mixing": mixing(NATURAL, 0.95), **shape})
    draws = np.array([[7, -5], [-16, 3]], np.int32)
    steps = StepMap((131, 157), 2, 1.0, np.zeros((131, 157), np.float32), (), 0)
    whole, tiled = (
        list(
            Ascent(
                lambda tile, weights: weights[0] * tf.reduce_mean(tile**2),
                RolledTiles(largest, 32, 32),
                normalize="std",
                clip=False,
            ).ascend(tf.constant(picture), steps, push, draws, np.random.default_rng(0))
        )[-1]
        for largest in (768, 64)
    )
    np.testing.assert_allclose(whole.picture, tiled.picture, atol=1e-3)
    # The objective is a mean, and a gradient's scale that of the picture or tile, area undone.
    np.testing.assert_allclose(whole.scale.note, tiled.scale.note, rtol=1e-3)
    assert np.abs(whole.picture - picture).mean() > 1


def test_a_scale_is_kept_as_an_array() -> None:
    for scale in (Scale(None, 2.5), Scale(np.array([0.25, 3], np.float32), 2.5)):
        again = Scale.of(scale.note)
        assert again.norm == scale.norm
        assert scale.note.dtype == np.float64
        assert (again.sizes is None) == (scale.sizes is None)
        if scale.sizes is not None and again.sizes is not None:
            np.testing.assert_array_equal(again.sizes, scale.sizes)
            assert again.sizes.dtype == np.float32


def test_a_step_is_of_the_size_asked_for_however_it_is_shaped(
    dream: Dreamer, picture: Frame
) -> None:
    for change in ({}, {"laplacian": 0}, {"decorrelate": 0}, {"palette": "source"}):
        how = settings(octaves=1, steps=1, step_size=1.5, **change)
        residual = dream(DreamTask(picture, settings=how)) - picture
        assert residual.std() == pytest.approx(1.5, rel=0.02)
