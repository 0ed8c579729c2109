"""Shots and cuts: where one shot ends and the next begins, found while the frames are read.

PySceneDetect's adaptive detector reports the frames that differ from the one before far more than
their neighbours do. A reported frame is a cut unless the picture returns, as after a flash, or is
one of several that are repeated for some frames each, as in drawn films. The decision about a frame
depends only on WINDOW frames before and after it, and on its shot so far.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Frame, Size
from dreamvid.media.opencv import cv2  # before scenedetect, which imports cv2 directly
from dreamvid.media.resize import resize_area
from dreamvid.pipeline import closing_iterator

# isort: split
from scenedetect.common import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

WINDOW = 3
"""Frames on either side of a cut that the decision uses; a longer flash counts as a shot."""

SHORTEST = WINDOW + 1
"""Frames of the shortest shot, apart from the film's last: no cut lies in another's window."""

FIRST_LEAST = 3
"""Frames of the first shot of a list, at least: in a first segment of fewer, x264 and x265 do not
decode ahead as in the others. See `Segments.end_segment`."""

PAD = WINDOW + 1
"""Pictures before and after a change that are compared with each other; also how often a shot's
first picture is repeated, because the detector reports nothing for its first pictures."""

WIDTH = 32
"""Px, width of the pictures that are compared: too few for grain and small motion to count. At
256 px, the detector's default, grain of 20 levels makes a change of 20, and a cut one of 60 to 120;
at this width 3 to 5, and 50 to 120."""

RATIO = 3.0
"""Change at a cut, as a multiple of its neighbours' change, at least. Within real shots that is at
most 2.7, for a change of 1 level."""

LEAST = 6.0
"""Mean change at a cut (levels), at least: two shots at night differ by some 10. Motion in real
shots made 1 or 2, at most 6, but then less than twice its neighbours' change."""

REPEATED = 0.5
"""Largest mean change (levels) of a picture that is shown again; coding it twice causes it."""

Picture = NDArray[np.uint8]


def split_shots(
    frames: Iterable[Frame], find: bool, cuts: Collection[int] | None = None, first: int = 0
) -> Generator[tuple[int, Frame]]:
    """Each frame with its index within its shot: 0 where a shot begins.

    A shot gets the same indices alone as within a film. WINDOW frames are read ahead; where reading
    fails, the frames read before are yielded first. `frames` is closed at the end.

    Args:
        find: detect cuts; otherwise all frames are one shot.
        cuts: the numbers of the frames at which shots begin; None: they are not known.
        first: the number of the first frame, at which a shot begins.
    """
    with closing_iterator(frames) as frames:
        if cuts is not None or not find:
            index = 0
            for number, given in enumerate(frames, first):
                index = 0 if cuts and number in cuts else index
                yield index, given
                index += 1
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
                for _, in_window in window:
                    shot.ends_before_last(in_window)
            decided, _ = window.popleft()
            assert decided is not None
            yield index, decided
            index += 1


@dataclass(frozen=True)
class Shot:
    """A shot of a clip: the frames `start` up to, not including, `stop`, counted in the clip."""

    start: int
    stop: int

    @property
    def count(self) -> int:
        """How many frames it has."""
        return self.stop - self.start


def find_shots(frames: Iterable[Frame]) -> Generator[Shot]:
    """The shots of a clip, without dreaming. A shot is yielded once the first frames of the next
    are read. `frames` is closed at the end."""
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
    """Cut detection within one shot, from its first frame on."""

    def __init__(self) -> None:
        # The detector reports nothing for its first frames: it gets the first PAD more times.
        self._detector = AdaptiveDetector(
            adaptive_threshold=RATIO,
            min_scene_len=PAD + SHORTEST,
            window_width=WINDOW,
            min_content_val=LEAST,
            luma_only=True,
        )
        self._pictures: deque[Picture] = deque(maxlen=2 * PAD)
        self._processed = 0

    def ends_before_last(self, picture: Picture) -> bool:
        """Add the next picture; whether another shot begins WINDOW pictures before it."""
        detected = False
        for _ in range(1 if self._processed else 1 + PAD):
            self._pictures.append(picture)
            time = FrameTimecode(self._processed, fps=25.0)  # only counts frames: any rate will do
            detected = bool(self._detector.process_frame(time, picture))
            self._processed += 1
        return detected and not self._returns() and not self._is_drawn()

    def _returns(self) -> bool:
        """Whether the picture returns, as after a flash: some picture after the change differs from
        one before it by less than half the change."""
        pictures = list(self._pictures)
        before, after = pictures[:PAD], pictures[PAD:]
        change = _distance(before[-1], after[0])
        return any(_distance(old, new) < change / 2 for old in before for new in after)

    def _is_drawn(self) -> bool:
        """Whether other pictures in the window change about as much, as in drawn films; repeated
        pictures do not count."""
        changes = [_distance(old, new) for old, new in pairwise(self._pictures)]
        change = changes.pop(PAD - 1)
        others = [other for other in changes if other > REPEATED]
        return bool(others) and change < RATIO * sum(others) / len(others)


def _distance(one: Picture, other: Picture) -> float:
    """The mean absolute difference of two pictures, in levels."""
    return float(cv2.absdiff(one, other).mean())


def _with_pictures(frames: Iterable[Frame]) -> Iterator[tuple[Frame | None, Picture]]:
    """Each frame with its small picture; then WINDOW times the last picture without a frame, so
    that the last frames are decided too. An error of `frames` is raised after that."""
    picture, failure = None, None
    try:
        for frame in frames:
            picture = _picture(frame)
            yield frame, picture
    except Exception as error:
        failure = error
    if picture is not None:
        yield from [(None, picture)] * WINDOW
    if failure is not None:
        raise failure


def _picture(frame: Frame) -> Picture:
    """The frame shrunk, with R, G and B as gray pictures side by side: (H, 3W, 3) uint8.

    The detector would compare hues, which are noise where there is no color; so it is given the
    channels in gray and compares luma only.
    """
    height, width = frame.shape[:2]
    scale = min(0.25, WIDTH / width)
    small = resize_area(frame, Size(max(1, round(width * scale)), max(1, round(height * scale))))
    grey = np.concatenate(np.moveaxis(small, 2, 0), axis=1)
    return np.repeat(np.rint(np.clip(grey, 0, 255)).astype(np.uint8)[..., np.newaxis], 3, axis=2)
