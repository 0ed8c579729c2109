"""Filling the run of a longer film with the frames of a finished one: the film and its passes."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid import notices
from dreamvid.checkpoint import Checkpoint
from dreamvid.errors import StateError
from dreamvid.media.codecs.codec import FilmCodec
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.cutting import cut_film, cut_places
from dreamvid.media.frame_store import FrameStore
from dreamvid.media.outputs import open_sink
from dreamvid.media.passes import is_data, pass_path
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.sink import FilmSpec
from dreamvid.recipe import FilmRecipe, Recipe
from dreamvid.rendering.recovery import recovered
from dreamvid.rendering.run import Run, folder_of, load_checkpoint
from dreamvid.source import Source


@dataclass(frozen=True)
class Taken:
    """What is taken of a finished film.

    Attributes:
        film: its path.
        recipe: by which it was made.
        source: of the longer film.
        done: how many of its frames are taken.
        exact: whether its run has the checkpoint after them.
        codec: of the film and of the longer one alike; None: it is encoded again.
        segment: the most frames in a closed segment.
    """

    film: Path
    recipe: Recipe
    source: Source
    done: int
    exact: bool
    codec: JoinedCodec | None
    segment: int

    def fill(self, run: Run, longer: FilmRecipe, *, in_place: bool) -> Checkpoint:
        """Fill the run of the longer film. Returns the checkpoint after the frames.

        Args:
            longer: the longer film's recipe, with its output.
            in_place: whether the run is the film's own.

        Raises:
            RunError, MediaError: the film cannot be read, or not be cut.
        """
        checkpoint = self._checkpoint()
        for name in longer.encode.passes:
            film, folder, data = pass_path(self.film, name), run.part(name).film, is_data(name)
            folder.mkdir(parents=True, exist_ok=True)
            alpha = self.source.alpha and not data
            if self.codec is None:
                self._encode_again(longer, folder, alpha)
                continue
            if checkpoint is not None and not in_place:
                for path in Run(self.film).part(name).film.iterdir():
                    shutil.copy2(path, folder / path.name)
            stored = FrameStore(folder)
            start = self._open_segment(film, stored if checkpoint else None)
            cut_film(film, self.codec, start, self.source.rate, folder)
            if checkpoint is None:
                codec = self.codec.of_data() if data else self.codec
                _store(film, range(start, self.done), self.source.rate, codec, stored, alpha)
        if checkpoint is not None:
            return checkpoint
        notices.warn(
            f"{self.film}: its checkpoint is missing; resuming from its compressed frame "
            f"{self.done - 1}"
        )
        # A film only names the files of its masks; those given again are in the longer recipe.
        masks = {"mask": longer.mask, "regions": longer.regions}
        recipe = self.recipe.model_copy(update=masks)
        return recovered(self.film, recipe, self.source, self.done)

    def _checkpoint(self) -> Checkpoint | None:
        """The checkpoint that the film's run kept, if it is the one after these frames."""
        kept = load_checkpoint(folder_of(self.film) / "state.npz") if self.exact else None
        return kept if kept is not None and kept.done == self.done else None

    def _open_segment(self, film: Path, stored: FrameStore | None) -> int:
        """Where the open segment begins after the first frames of the film, or of a pass.

        Args:
            stored: the frames that the film's run kept of it; None: it begins with a keyframe of
                the film, as late as there is one.

        Raises:
            StateError: the film cannot be cut there.
        """
        places = cut_places(film, self.segment)
        if stored is None:
            return max(place for place in places if place <= self.done)
        kept = [index for index in stored.indices if index < self.done]
        start = min(kept, default=self.done)
        if start not in places:
            raise StateError(f"cannot be cut after {start} frames", path=film)
        return start

    def _encode_again(self, longer: FilmRecipe, folder: Path, alpha: bool) -> None:
        """Write the film's frames to a folder in the longer film's format, which is another one."""
        assert longer.output is not None
        size = self.source.size
        spec = FilmSpec.of(longer.encode, size, self.source.rate, self.segment, alpha=alpha)
        sink = open_sink(longer.output, spec, overwrite=True, folder=folder)
        try:
            with closing(read_clip(probe(self.film), frames=self.done, alpha=alpha)) as pictures:
                for picture in pictures:
                    # Without the row that makes its height even.
                    sink.write(picture[: size.height, : size.width])
        finally:
            sink.abandon(keep=False)


def _store(
    film: Path, frames: range, rate: Fraction, codec: FilmCodec, store: FrameStore, alpha: bool
) -> None:
    """Store some frames of a film as those of an open segment, in the size that the film has."""
    if not frames:
        return
    begin = Fraction(frames.start) / rate
    with closing(read_clip(probe(film), start=begin, frames=len(frames), alpha=alpha)) as pictures:
        for index, picture in zip(frames, pictures, strict=True):
            store.add(index, codec.pixels(picture))
