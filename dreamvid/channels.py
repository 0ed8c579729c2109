"""What lies beside the color of source frames, which alone is dreamed on: alpha, and masks."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from contextlib import closing

import numpy as np

from dreamvid.frame import Field, Frame
from dreamvid.media.opencv import cv2


class ChannelTrack:
    """Takes the channels after the third off source frames, and gives them back frame by frame."""

    def __init__(self, skip: int = 0) -> None:
        """
        Args:
            skip: how many frames were dreamed before, in a film that is resumed.
        """
        self._skip = skip
        self._waiting: deque[Field] = deque()

    def colors(self, frames: Generator[Frame]) -> Generator[Frame]:
        """The color of frames (H, W, n), (H, W, 3); closes them at the end."""
        with closing(frames):
            for index, frame in enumerate(frames):
                if index >= self._skip and frame.shape[2] > 3:
                    self._waiting.append(np.ascontiguousarray(frame[..., 3:]))
                yield frame if frame.shape[2] == 3 else _first_three(frame)

    def next(self) -> Field | None:
        """The other channels of the next frame, (H, W, n - 3); None where it has none."""
        return self._waiting.popleft() if self._waiting else None


def _first_three(frame: Frame) -> Frame:
    """The first three channels, (H, W, 3): ten times as quick as NumPy's copy of them."""
    color = np.empty((*frame.shape[:2], 3), np.float32)
    cv2.mixChannels([frame], [color], [0, 0, 1, 1, 2, 2])
    return color
