"""What is carried over many frames: it follows what it lies on, and neither runs away nor fades."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dreamvid.frame import Frame, Fresh
from tests.fakes import UNHELD, Told, dreamed, dreaming
from tests.scenes import Scene, grid

MOVING = Scene(contrast=25)


@pytest.mark.parametrize("cadence", [1, 4])
def test_a_carried_dream_follows_what_it_lies_on(cadence: int) -> None:
    """A soft dot, dreamed once on the middle of the disc, is in its middle 15 frames later."""

    @dreaming
    def dot(canvas: Frame, t: int, bare: Fresh) -> Frame:
        spot = 40 * np.exp(-(MOVING.from_center(0) ** 2) / (2 * 2.5**2)) * bare * (t == 0)
        return canvas + spot[..., None].astype(np.float32)

    sources = MOVING.frames(16)
    for t, frame in enumerate(dreamed(sources, dot, cadence=cadence, **UNHELD)):
        residual = (frame - sources[t]).sum(-1)
        x, y = grid()
        found = [float((residual * at).sum() / residual.sum()) for at in (x, y)]
        assert np.hypot(*np.subtract(found, MOVING.center(t))) < 0.5
        left = 0.97 ** len(range(0, t, cadence))  # the share is taken once from dream to dream
        assert residual.max() == pytest.approx(120 * left, rel=0.15)
        assert np.abs(residual[MOVING.from_center(t) > 15]).max() < 4


@pytest.mark.parametrize("cadence", [1, 4])
def test_a_dream_leaves_no_ghost_where_its_thing_has_been(cadence: int) -> None:
    @dreaming
    def disc(canvas: Frame, t: int, bare: Fresh) -> Frame:
        return canvas + np.float32(40) * MOVING.on_disc(0, inside=0)[..., None] * (t == 0)

    sources = MOVING.frames(16)
    for t, frame in enumerate(dreamed(sources, disc, cadence=cadence, **UNHELD)):
        residual = np.abs(frame - sources[t]).max(-1)
        assert residual[MOVING.from_center(t) > MOVING.radius + 4].max() < 4
        assert residual[MOVING.on_disc(t, inside=6)].mean() > 0.85 * 40 * 0.97**t


@dreaming
def around_zero(canvas: Frame, t: int, bare: Fresh) -> Frame:
    """Lays on a checkerboard that no anchor takes for a color."""
    y, x = np.mgrid[0 : bare.shape[0], 0 : bare.shape[1]]
    board = np.where((x // 3 + y // 3) % 2, 8.0, -8.0)[..., None]
    return np.asarray(canvas + board, np.float32)


@pytest.mark.parametrize("contrast", [0, 40, 200])
def test_a_residual_never_runs_away(contrast: float) -> None:
    """A hundred frames to and fro, black and white cut off; held, it comes to twice a first one."""
    scene = Scene(ground=(0.8, 0.3), disc=(1.5, -1), begins=(30, 30), contrast=contrast)
    there = [scene.frame(t)[:48, :64] for t in range(13)]
    sources = list(itertools.islice(itertools.cycle(there + there[-2:0:-1]), 100))
    for sections in ({}, {"blend": 1}, {"cadence": 5}):
        film = dreamed(sources, around_zero, cuts=False, **sections)
        assert np.isfinite(film).all()
        assert np.min(film) >= 0
        assert np.max(film) <= 255
        spreads = [float((f - s).std()) for f, s in zip(film, sources, strict=True)]
        assert max(spreads) < 2.2 * 8
        assert sum(spreads[50:]) > 0.5 * 50 * spreads[0], "nor fades"


@pytest.mark.parametrize("level", [0, 255])
def test_a_flash_does_not_explode(level: float) -> None:
    sources = Scene().frames(11)
    sources[5] = np.full_like(sources[5], level)
    told = Told(around_zero)
    film = dreamed(sources, told)
    assert told.t == list(range(11)), "it is no cut"
    assert np.isfinite(film).all()
    spreads = [float((f - s).std()) for f, s in zip(film, sources, strict=True)]
    assert max(spreads[5:]) < 1.5 * max(spreads[:5])
    assert min(spreads[6:]) > 4
