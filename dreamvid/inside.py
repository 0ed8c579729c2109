"""Where a mask lets a picture be dreamed on, and the statistics of what is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Colors, Frame, Size
from dreamvid.media.opencv import cv2
from dreamvid.part import Part

Mask = NDArray[np.uint8]
"""(h, w): 255 at the pixels that are looked at, 0 elsewhere."""


@dataclass(frozen=True)
class Inside:
    """Where a mask lets a picture be dreamed on. Only a part of the frame is looked at, and the
    statistics of a picture are those of what is inside.

    Attributes:
        mask: of the part, somewhere 255.
        part: of the frame.
    """

    mask: Mask
    part: Part


def statistics(
    frame: Frame, inside: Inside | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each channel, (3,) each."""
    mean, spread = cv2.meanStdDev(frame, mask=inside.mask if inside else None)
    return np.float64(mean).ravel(), np.float64(spread).ravel()


def covariance(picture: Frame, inside: Inside | None = None) -> Colors:
    """The covariance of a picture's R, G and B, (3, 3), in levels²."""
    pixels = picture.reshape(-1, 3) if inside is None else picture[inside.mask > 0]
    return np.cov(pixels, rowvar=False, bias=True, dtype=np.float64)


def spreads(
    bands: list[Frame], inside: Inside | None, weights: NDArray[np.float64] | None = None
) -> list[float]:
    """The standard deviation of each band of a pyramid, or the root mean square of the weighted
    channels'."""
    spreads = []
    mask = inside.mask if inside else None
    for band in bands:
        if mask is not None:
            smaller = cv2.resize(mask, band.shape[1::-1], interpolation=cv2.INTER_NEAREST)
            mask = np.asarray(smaller, np.uint8)
        deviation = np.float64(cv2.meanStdDev(band, mask=mask)[1]).ravel()
        spread = (
            deviation[0] if weights is None else np.sqrt(np.sum((weights * deviation) ** 2) / 2)
        )
        spreads.append(float(spread))
    return spreads


def saturation(frame: Frame, inside: Inside | None) -> float:
    """The mean over the pixels of the largest less the smallest of R, G and B."""
    red, green, blue = cv2.split(frame)
    largest, smallest = (of_two(of_two(red, green), blue) for of_two in (cv2.max, cv2.min))
    if inside is None:
        return float(np.mean(largest - smallest, dtype=np.float64))
    return float(cv2.mean(cv2.subtract(largest, smallest), mask=inside.mask)[0])


def large_scale(field: Frame, inside: Inside | None) -> Frame:
    """A smooth local mean, over about a quarter of the frame's width and height around each
    pixel."""
    if inside is None:
        return _spread_out(_coarse(field), Size.of(field))
    part, mask = inside.part, (inside.mask > 0)[..., None].astype(np.float32)
    # Shares of the whole frame, in which nothing lies outside.
    sums, shares = (
        _coarse(part.pasted(piece, np.zeros((*part.frame.shape, piece.shape[2]), np.float32)))
        for piece in (field * mask, mask)
    )
    means = sums / np.maximum(shares, np.float32(1e-3)).reshape(4, 4, 1)
    return part.cut(_spread_out(np.asarray(means, np.float32), part.frame))


def _coarse(field: Frame) -> Frame:
    return np.asarray(cv2.resize(field, (4, 4), interpolation=cv2.INTER_AREA))


def _spread_out(coarse: Frame, size: Size) -> Frame:
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR))
