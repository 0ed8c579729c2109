"""The alpha of source frames: kept beside their color, which alone is dreamed on."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing

import numpy as np

from dreamvid.frame import Field, Frame
from dreamvid.motion.camera import View


class AlphaTrack:
    """Takes the alpha off source frames, and puts it onto the dreamed ones, moved by the camera."""

    def __init__(self, skip: int = 0) -> None:
        """
        Args:
            skip: how many frames were dreamed before, in a film that is resumed.
        """
        self._skip = skip
        self._waiting: deque[Field] = deque()

    def colors(self, frames: Generator[Frame]) -> Generator[Frame]:
        """The color of frames (H, W, 3), or (H, W, 4) with alpha; closes them at the end."""
        with closing(frames):
            for index, frame in enumerate(frames):
                if frame.shape[2] == 3:
                    yield frame
                    continue
                if index >= self._skip:
                    self._waiting.append(np.ascontiguousarray(frame[..., 3:]))
                yield np.ascontiguousarray(frame[..., :3])

    def onto(self, pictures: Sequence[Frame], view: View) -> list[Frame]:
        """Pictures of the next frame with its alpha, (H, W, 4); as they are where the source has
        none."""
        if not self._waiting:
            return list(pictures)
        alpha = view.seen(np.repeat(self._waiting.popleft(), 3, -1))[..., :1]
        return [np.concatenate([picture, alpha], -1) for picture in pictures]
