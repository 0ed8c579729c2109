"""A clip's pictures with their times, and what is broken among them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from fractions import Fraction

from dreamvid import notices
from dreamvid.media.decoder_error import DecoderError
from dreamvid.media.pictures import Reading
from dreamvid.media.probe import Clip
from dreamvid.media.samples import Pixels

SOON = Fraction(2)
"""Seconds from the beginning that are decoded sooner than skipped."""

NAMED = 5
"""How many broken pictures a warning names."""


class ClipPictures:
    """The pictures of a clip that are shown from a time on.

    Attributes:
        broken: indices of pictures that could not be decoded, so far.
    """

    def __init__(self, clip: Clip, begin: Fraction, *, strict: bool) -> None:
        """Prepare to read from the picture that is shown at `begin`, in seconds since the first.

        Args:
            strict: whether a broken picture is an error.
        """
        self._clip, self._strict = clip, strict
        self.broken: list[int] = []
        timing = clip.timing
        self._first = timing.index_at(begin) if len(timing.ticks) else 0
        since = int(timing.ticks[self._first]) * timing.tick if self._first else None
        seek = timing.delays is None and since is not None and since - timing.zero > SOON
        self._reading = Reading(clip.track, since, seek=seek)

    def read(self) -> Generator[tuple[Fraction, Pixels]]:
        """Each picture's time since the clip's first, in seconds, and its samples (H, W, C).

        Raises:
            DecoderError: as `Reading.pictures`; or a picture is broken, and `strict` is set.
            RunError: as `Reading.pictures`.
        """
        timing, expected = self._clip.timing, self._first
        with closing(self._reading.pictures()) as pictures:
            for count, (shown, samples) in enumerate(pictures):
                index = timing.index_of(shown.time)
                if index is None:
                    if len(timing.ticks):  # no picture of the list: it is hidden, or has no time
                        continue
                    index = count
                self._note_broken(range(expected, index))
                expected = max(expected, index + 1)
                yield timing.moment(index), samples
            if not timing.fault:  # else the file is cut off there, which is another error
                self._note_broken(range(expected, len(timing.ticks)))

    def _note_broken(self, indices: range) -> None:
        self.broken += indices
        mended = self._reading.messages.mended
        if self._strict and (indices or mended):
            which = f"picture {indices[0]} is broken" if indices else "a picture is damaged"
            raise DecoderError(self._clip.path, which)

    def warn(self) -> None:
        """Warn of the broken pictures that were met."""
        path, count = self._clip.path, len(self.broken)
        if count:
            named = ", ".join(map(str, self.broken[:NAMED])) + (", …" if count > NAMED else "")
            notices.warn(
                f"{path}: broken pictures: {count} ({named}); the last good one is shown instead"
            )
        mended = self._reading.messages.mended
        if mended:
            notices.warn(f"{path}: damaged pictures: {mended}; the decoder guessed what is missing")
