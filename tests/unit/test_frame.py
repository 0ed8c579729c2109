"""Pictures of the caller's, checked and copied once; sizes in one order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dreamvid import frames
from dreamvid.errors import MediaError
from dreamvid.frame import Size, as_frame
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.dreamers import make_dreamer
from dreamvid.resolve import resolve
from dreamvid.task import DreamTask
from tests.fakes import asleep

BYTES = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)


@pytest.mark.parametrize("kind", [np.uint8, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("ordered", ["C", "F"])
def test_a_picture_of_any_kind_becomes_a_frame_of_its_own(kind: Any, ordered: Any) -> None:
    picture = np.asarray(BYTES.astype(kind), order=ordered)
    before = picture.copy()
    frame = as_frame(picture)
    assert frame.dtype == np.float32
    assert frame.shape == (24, 32, 3)
    np.testing.assert_array_equal(frame, BYTES)
    frame[:] = 0
    np.testing.assert_array_equal(picture, before)


def test_what_is_no_array_may_be_a_picture_too() -> None:
    np.testing.assert_array_equal(as_frame([[[0.5, 1.5, 2.5]]]), [[[0.5, 1.5, 2.5]]])


REFUSED = [
    (np.zeros((24, 32)), r"shape \(height, width, 3\), not \(24, 32\)"),
    (np.zeros((24, 32, 4), np.uint8), r"not \(24, 32, 4\)"),
    (np.zeros((24, 32, 1)), r"not \(24, 32, 1\)"),
    (np.zeros((2, 24, 32, 3)), r"not \(2, 24, 32, 3\)"),
    (np.zeros((0, 32, 3)), r"not \(0, 32, 3\)"),
    (np.zeros((24, 32, 3), np.int64), "uint8 or float, 0 to 255, not int64"),
    (np.zeros((24, 32, 3), np.uint16), "not uint16"),
    (np.zeros((24, 32, 3), bool), "not bool"),
    (np.zeros((24, 32, 3), complex), "not complex128"),
    (np.full((24, 32, 3), "a"), "not <U1"),
    (np.full((24, 32, 3), np.nan), "finite numbers"),
    (np.full((24, 32, 3), np.inf, np.float32), "finite numbers"),
    (None, r"not \(\)"),
]


@pytest.mark.parametrize(("picture", "message"), REFUSED, ids=lambda it: str(it)[:20])
def test_what_is_no_picture_is_refused(picture: Any, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        as_frame(picture)


@pytest.mark.parametrize("at", [0, 2])
@pytest.mark.parametrize("picture", [one for one, _ in REFUSED], ids=lambda it: str(it)[:20])
def test_what_is_no_picture_is_refused_among_sources(picture: Any, at: int) -> None:
    sources: list[Any] = [BYTES] * 3
    sources[at] = picture
    with pytest.raises(MediaError, match="a picture must"):
        list(frames(make_recipe({}, "video"), sources, asleep))


@pytest.mark.parametrize("kind", ["zoom", "video", "image"])
def test_bytes_in_give_float_out_in_every_frame(kind: str) -> None:
    recipe = make_recipe({"network": "none"}, kind)
    made = list(frames(recipe, [BYTES] * 3, make_dreamer(resolve(recipe))))
    assert len(made) == 3
    for frame in made:
        assert frame.dtype == np.float32
        assert frame.shape == BYTES.shape
    np.testing.assert_array_equal(made[0], BYTES)


def test_a_dreamer_is_given_float_frames() -> None:
    seen: list[Any] = []

    def look(task: DreamTask) -> Any:
        seen.append(task.canvas.dtype)
        return task.canvas

    list(frames(make_recipe({}, "zoom"), [BYTES] * 2, look))
    assert set(seen) == {np.dtype(np.float32)}


def test_no_sources_are_no_frames() -> None:
    assert list(frames(make_recipe({}, "video"), [], asleep)) == []


def test_a_size_is_width_and_height_and_an_array_has_them_turned() -> None:
    size = Size.of(BYTES)
    assert size == (32, 24) == (size.width, size.height)
    assert size.shape == BYTES.shape[:2] == (24, 32)
    assert str(size) == "32x24"
    assert Size.of(BYTES[..., 0]) == size
