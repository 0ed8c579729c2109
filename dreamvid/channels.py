"""What lies beside the color of source frames, which alone is dreamed on: alpha, and masks."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import repeat

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
        self._followers: list[deque[Field]] = []

    def colors(self, frames: Generator[Frame]) -> Generator[Frame]:
        """The color of frames (H, W, n), (H, W, 3); closes them at the end."""
        # A still's frames are one array, whose channels are parted once.
        before: Frame | None = None
        with closing(frames):
            for index, frame in enumerate(frames):
                if frame is not before:
                    before = frame
                    color = frame if frame.shape[2] == 3 else _first_three(frame)
                    others = np.ascontiguousarray(frame[..., 3:])
                if index >= self._skip and frame.shape[2] > 3:
                    for waiting in (self._waiting, *self._followers):
                        waiting.append(others)
                yield color

    def next(self) -> Field | None:
        """The other channels of the next frame, (H, W, n - 3); None where it has none."""
        return self._waiting.popleft() if self._waiting else None

    def follow(self) -> Iterator[Field]:
        """Give back each frame's other channels, (H, W, n - 3), a second time, by an iterator.

        It is to be asked for before any frame is read, and advanced after each.
        """
        follower: deque[Field] = deque()
        self._followers.append(follower)
        return (follower.popleft() for _ in repeat(None))


def _first_three(frame: Frame) -> Frame:
    """The first three channels, (H, W, 3): ten times as quick as NumPy's copy of them."""
    color = np.empty((*frame.shape[:2], 3), np.float32)
    cv2.mixChannels([frame], [color], [0, 0, 1, 1, 2, 2])
    return color
