"""Cuts: where one shot ends and the next begins, found while the frames come.

PySceneDetect's adaptive detector names the frames that differ from the one before far more than
their neighbours do. What it names is a cut unless the picture comes back, as after a flash, or is
one of several held for some frames each, as in drawn films. All that is told of a frame is told
from WINDOW frames before it and after, and from its own shot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Frame, Size
from dreamvid.media.opencv import cv2  # before scenedetect, which imports OpenCV as it is
from dreamvid.media.resize import resize_area
from dreamvid.pipeline import closing_iterator

# isort: split
from scenedetect.common import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

WINDOW = 3
"""Frames on either side that a cut is judged by; a longer flash is a shot."""

SHORTEST = WINDOW + 1
"""Frames of the shortest shot, but for the film's last: no cut lies in another's window."""

PAD = WINDOW + 1

WIDTH = 32
"""Px, of a picture that is looked at: too few for grain and small motion. Grain of 20 levels comes
to 20 of a cut's 60 to 120 levels at 256 px, the detector's own, and to 3 to 5 of 50 to 120 here."""

RATIO = 3.0
"""How many times its neighbours' change a cut is; in real shots at most 2.7, of a change of 1."""

LEAST = 6.0
"""Levels that a cut changes in the mean: two shots at night differ by some 10. Motion in real shots
came to 1 or 2, at most to 6, but then to less than twice its neighbours'."""

HELD = 0.5
"""Levels by which a picture changes that is shown again: what coding it twice makes of it."""

Picture = NDArray[np.uint8]


def split_shots(frames: Iterable[Frame], find: bool) -> Generator[tuple[int, Frame]]:
    """Each frame with its index within its shot: 0 where a shot begins.

    A shot's indices are those that it has alone. WINDOW frames are read ahead; where reading fails,
    those read before are given first. `frames` is closed at the end.

    Args:
        find: look for cuts; else all is one shot.
    """
    with closing_iterator(frames) as frames:
        if not find:
            yield from enumerate(frames)
            return
        window: deque[tuple[Frame | None, Picture]] = deque()
        shot, index = _Shot(), 0
        for frame, picture in _with_pictures(frames):
            window.append((frame, picture))
            cut = shot.ends_before_last(picture)
            if len(window) <= WINDOW:
                continue
            if cut:
                shot, index = _Shot(), 0
                for _, seen in window:
                    shot.ends_before_last(seen)
            known, _ = window.popleft()
            assert known is not None
            yield index, known
            index += 1


@dataclass(frozen=True)
class Shot:
    """A shot of a clip: its frames from `start` to before `stop`, as indices of the clip."""

    start: int
    stop: int


def find_shots(frames: Iterable[Frame]) -> Generator[Shot]:
    """The shots of a clip, nothing dreamed: each is yielded once the next one's first frames are
    read. `frames` is closed at the end."""
    start = stop = 0
    with closing(split_shots(frames, find=True)) as shots:
        for index, _ in shots:
            if index == 0 and stop > start:
                yield Shot(start, stop)
                start = stop
            stop += 1
    if stop > start:
        yield Shot(start, stop)


class _Shot:
    """What is known of one shot, from its first frame on."""

    def __init__(self) -> None:
        # Of its first frames the detector tells nothing: it is shown the first PAD times more.
        self._detector = AdaptiveDetector(
            adaptive_threshold=RATIO,
            min_scene_len=PAD + SHORTEST,
            window_width=WINDOW,
            min_content_val=LEAST,
            luma_only=True,
        )
        self._pictures: deque[Picture] = deque(maxlen=2 * PAD)
        self._seen = 0

    def ends_before_last(self, picture: Picture) -> bool:
        """Take the next picture; whether another shot begins WINDOW pictures before it."""
        named = False
        for _ in range(1 if self._seen else 1 + PAD):
            self._pictures.append(picture)
            at = FrameTimecode(self._seen, fps=25.0)  # it counts frames: any rate will do
            named = bool(self._detector.process_frame(at, picture))
            self._seen += 1
        return named and not self._comes_back() and not self._steps()

    def _comes_back(self) -> bool:
        """Whether some picture after the change is nearer to one before than half the change."""
        pictures = list(self._pictures)
        before, after = pictures[:PAD], pictures[PAD:]
        change = _distance(before[-1], after[0])
        return any(_distance(old, new) < change / 2 for old in before for new in after)

    def _steps(self) -> bool:
        """Whether other pictures, beside those that were only held, change about as much."""
        changes = [_distance(old, new) for old, new in pairwise(self._pictures)]
        change = changes.pop(PAD - 1)
        others = [other for other in changes if other > HELD]
        return bool(others) and change < RATIO * sum(others) / len(others)


def _distance(one: Picture, other: Picture) -> float:
    return float(cv2.absdiff(one, other).mean())


def _with_pictures(frames: Iterable[Frame]) -> Iterator[tuple[Frame | None, Picture]]:
    """Each frame with the picture that is looked at; its last again WINDOW times, without one."""
    picture, fault = None, None
    try:
        for frame in frames:
            picture = _picture(frame)
            yield frame, picture
    except Exception as error:
        fault = error
    if picture is not None:
        yield from [(None, picture)] * WINDOW
    if fault is not None:
        raise fault


def _picture(frame: Frame) -> Picture:
    """Red, green and blue in grey beside each other, small: (H, 3W, 3) uint8.

    The detector compares hues by themselves, which are noise where there is no color.
    """
    height, width = frame.shape[:2]
    scale = min(0.25, WIDTH / width)
    small = resize_area(frame, Size(max(1, round(width * scale)), max(1, round(height * scale))))
    grey = np.concatenate(np.moveaxis(small, 2, 0), axis=1)
    return np.repeat(np.rint(np.clip(grey, 0, 255)).astype(np.uint8)[..., np.newaxis], 3, axis=2)
