"""Sources read from a later frame on: the same frames as when all before them are read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.film_source import open_film
from tests import media_factory as make


def even(path: Path) -> None:
    make.h264(path, "-g", "12", "-bf", "2", frames=120)


def uneven(path: Path) -> None:
    make.uneven(path, parts=[(40, Fraction(25)), (30, Fraction(10)), (30, Fraction(50))])


CLIPS: list[tuple[Callable[[Path], None], dict[str, Any]]] = [
    (even, {}),
    (even, {"start": 0.5, "end": 4}),
    (even, {"fps": "30000/1001"}),
    (even, {"fps": 12, "size": "40x40"}),
    (uneven, {}),
    (uneven, {"fps": 30, "start": 1}),
    (even, {"mask": {"file": "mask.mp4"}, "frames": 100}),
]


@pytest.mark.parametrize(("clip", "said"), CLIPS)
def test_a_clip_from_any_frame_on_has_the_same_frames(
    clip: Callable[[Path], None],
    said: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    clip(Path("clip.mp4"))
    make.h264(Path("mask.mp4"), "-g", "9", frames=60, filters="negate")
    source = open_film(make_recipe({"source": "clip.mp4", **said}, "video"))
    with closing(source.open()) as frames:
        whole = list(frames)
    assert source.frames == len(whole) > 40
    for first in (1, 13, len(whole) // 2, len(whole) - 2, len(whole) - 1):
        with closing(source.since(first)) as frames:
            later = list(frames)
        assert len(later) == len(whole) - first
        assert all(np.array_equal(a, b) for a, b in zip(later, whole[first:], strict=True))


def test_numbered_pictures_from_any_frame_on(tmp_path: Path) -> None:
    for number in range(1, 8):
        make.picture(tmp_path / f"shot.{number:04d}.png", 32, 24, seed=number)
    (tmp_path / "shot.0004.png").unlink()
    source = open_film(make_recipe({"source": str(tmp_path / "shot.%04d.png")}, "video"))
    whole = list(source.open())
    for first in range(len(whole)):
        assert all(map(np.array_equal, source.since(first), whole[first:]))
