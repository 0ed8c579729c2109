"""Films of many frames with a network."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dreamvid import frames as dream_frames
from dreamvid.frame import Frame
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.dreamers import make_dreamer
from dreamvid.resolve import resolve


def test_a_zoom_keeps_its_color_over_many_frames(picture: Frame) -> None:
    """With a real dream: means within 8 levels and spreads within a quarter after 50 frames."""
    recipe = make_recipe({"frames": 50}, "zoom")
    dream = make_dreamer(resolve(recipe))
    *_, last = dream_frames(recipe, itertools.repeat(picture, 50), dream)
    np.testing.assert_allclose(last.mean((0, 1)), picture.mean((0, 1)), atol=8)
    np.testing.assert_allclose(last.std((0, 1)), picture.std((0, 1)), rtol=0.25)


@pytest.mark.parametrize("value", [0.0, 255.0, 127.0])
def test_flat_seeds_do_not_run_away(value: float) -> None:
    recipe = make_recipe({"frames": 12, "dream": {"octaves": 2}}, "zoom")
    flat = np.full((48, 64, 3), value, np.float32)
    frames = list(dream_frames(recipe, [flat] * 12, make_dreamer(resolve(recipe))))
    assert np.isfinite(frames).all()
    assert abs(frames[-1].mean() - value) < 12
    assert frames[-1].std() < 40
