"""Clips whose motion is known exactly: smooth ground that pans, and a disc that moves over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Frame
from dreamvid.shots import split_shots

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

W, H = 120, 90


def grid(width: int = W, height: int = H) -> tuple[Floats, Floats]:
    """Each pixel's x and y."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    return x, y


def texture(
    seed: int, periods: tuple[float, float] = (5, 30), gray: float = 0.7
) -> Callable[[Floats, Floats], Floats]:
    """Forty waves of random directions, of unit deviation: (H, W, 3) at any positions, exactly."""
    draw = np.random.default_rng(seed)
    period, turn = draw.uniform(*periods, 40), draw.uniform(0, np.pi, 40)
    phase = draw.uniform(0, 2 * np.pi, (40, 4))
    across, down = (2 * np.pi / period * part for part in (np.cos(turn), np.sin(turn)))

    def at(x: Floats, y: Floats) -> Floats:
        angle = across[:, None, None] * x + down[:, None, None] * y
        waves = [np.cos(angle + phase[:, k, None, None]).sum(0) / np.sqrt(20) for k in range(4)]
        color: Floats = np.stack(waves[:3], -1)
        return np.asarray(gray * waves[3][..., None] + np.sqrt(1 - gray**2) * color)

    return at


@dataclass(frozen=True)
class Scene:
    """A textured disc over textured ground, both moving evenly: px a frame, right and down."""

    ground: tuple[float, float] = (1.3, -0.4)
    disc: tuple[float, float] = (3.2, 0.7)
    begins: tuple[float, float] = (35.0, 42.0)
    radius: float = 18.0
    contrast: float = 35.0
    seed: int = 1
    periods: tuple[float, float] = (5, 30)

    def frame(self, t: float) -> Frame:
        """The frame at t, (H, W, 3)."""
        x, y = grid()
        ground, disc = texture(self.seed, self.periods), texture(self.seed + 100, self.periods)
        cx, cy = self.center(t)
        cover = np.clip(self.radius + 0.5 - self.from_center(t), 0, 1)[..., None]
        below = 110 + self.contrast * ground(x - self.ground[0] * t, y - self.ground[1] * t)
        above = 140 + self.contrast * disc(x - cx, y - cy)
        return np.clip(below * (1 - cover) + above * cover, 0, 255).astype(np.float32)

    def frames(self, count: int) -> list[Frame]:
        """The first frames."""
        return [self.frame(t) for t in range(count)]

    def center(self, t: float) -> tuple[float, float]:
        """The disc's (x, y)."""
        return self.begins[0] + self.disc[0] * t, self.begins[1] + self.disc[1] * t

    def from_center(self, t: float) -> Floats:
        """Each pixel's distance from the disc's center."""
        x, y = grid()
        cx, cy = self.center(t)
        return np.asarray(np.hypot(x - cx, y - cy))

    def on_disc(self, t: float, inside: float = 4) -> Mask:
        """The disc, but for so much of its rim."""
        return np.asarray(self.from_center(t) < self.radius - inside)

    def on_ground(self, t: float, aside: float = 8) -> Mask:
        """The ground farther than so much from the disc and the frame's border."""
        x, y = grid()
        away = np.minimum(np.minimum(x, W - 1 - x), np.minimum(y, H - 1 - y))
        return np.asarray((self.from_center(t) > self.radius + aside) & (away > aside))

    def uncovered(self, t: float, within: float = 0.5) -> Mask:
        """The ground that lay under the disc at t − 1 and no longer does."""
        x, y = grid()
        cx, cy = self.center(t - 1)
        was = np.hypot(x - self.ground[0] - cx, y - self.ground[1] - cy) < self.radius - within
        return np.asarray(was & (self.from_center(t) > self.radius + within))

    def outside(self) -> Mask:
        """The ground that was not yet in the frame at t − 1."""
        x, y = grid()
        was_x, was_y = x - self.ground[0], y - self.ground[1]
        return np.asarray((was_x < 0) | (was_x > W - 1) | (was_y < 0) | (was_y > H - 1))


Shot = list[Frame]


def indices(frames: Shot) -> list[int]:
    return [index for index, _ in split_shots(iter(frames), True)]


def cuts(frames: Shot) -> list[int]:
    """Where shots begin, but for the first."""
    return [at for at, index in enumerate(indices(frames)) if index == 0][1:]


def grey(frames: Shot) -> Shot:
    return [np.repeat(frame.mean(axis=2, keepdims=True), 3, axis=2) for frame in frames]
