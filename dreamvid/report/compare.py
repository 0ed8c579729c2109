"""Comparing a dreamed film with its source clip, or a dreamed still with its picture."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from dreamvid.errors import MediaError
from dreamvid.frame import Frame, Size
from dreamvid.looping import counted, film_alone, looped
from dreamvid.media.conversion import Deinterlace
from dreamvid.media.output_checks import check_json, check_picture
from dreamvid.media.probe import Clip, probe
from dreamvid.media.read import read_clip, read_picture
from dreamvid.media.still_writer import STILL_ENDINGS
from dreamvid.opening import fit, open_source
from dreamvid.recipe import Recipe, VideoRecipe
from dreamvid.rendering.embedded import find_embedded
from dreamvid.report.gallery import Gallery
from dreamvid.report.judge import find_judge
from dreamvid.report.measure import Compared, Measured, measure
from dreamvid.report.request import STDOUT, Request
from dreamvid.report.summary import Report
from dreamvid.source import Source

Watch = Callable[[Iterator[Compared], int | None], Iterable[Compared]]
"""Wraps the measured frames, for example in a progress bar. The number is how many there will
be."""


@dataclass(frozen=True)
class Films:
    """A film and its source, aligned frame by frame.

    Attributes:
        size: (width, height) that they are compared at.
        rate: frames a second; None for stills.
        source_frames: the source's frames from where the film begins; None: unknown.
        dreamed_frames: the film's frames; None: unknown.
        notes: how the source was adapted to the film, for people.
        open_source: begins reading the source.
        open_dreamed: begins reading the film.
    """

    size: tuple[int, int]
    rate: Fraction | None
    source_frames: int | None
    dreamed_frames: int | None
    notes: tuple[str, ...]
    open_source: Callable[[], Generator[Frame]]
    open_dreamed: Callable[[], Iterator[Frame]]

    @contextmanager
    def opened(self) -> Generator[tuple[Generator[Frame], Iterator[Frame]]]:
        """Begin reading source and film; their files are closed at the end of the context."""
        with ExitStack() as stack:
            source, dreamed = self.open_source(), self.open_dreamed()
            for reading in (source, dreamed):
                if isinstance(reading, Generator):
                    stack.callback(reading.close)
            yield source, dreamed

    def lengths(self, compared: int) -> Iterator[str]:
        """Notes on which of the two has more than the `compared` frames."""
        for name, frames in (("source", self.source_frames), ("film", self.dreamed_frames)):
            if frames is not None and compared < frames:
                yield f"the first {compared} of the {name}'s {frames} frames are compared"

    @property
    def frames(self) -> int | None:
        """How many frames both have; None: unknown."""
        known = [n for n in (self.source_frames, self.dreamed_frames) if n is not None]
        return min(known, default=None)


def open_films(
    dreamed: Path,
    source: Path,
    *,
    start: Fraction | None = None,
    fps: Fraction | None = None,
    frames: int | None = None,
    said: Recipe | None = None,
) -> Films:
    """Open a film and its source clip, which is fitted to the film's size and rate as in a render.

    Args:
        start: seconds into the clip at which the film begins; None: as embedded, else 0.
        fps: frames a second of the render, if the film's rate is only near it.
        frames: compare at most this many.
        said: the recipe embedded in the film, if any; supplies what the other arguments omit.

    Raises:
        MediaError: a file cannot be read, the clip has no frame from `start` on, or the film is one
            pixel wide or high, too small to measure motion.
    """
    film, clip = probe(dreamed), probe(source)
    size = _rendered_size(film, clip)
    if min(size) < 2:
        raise MediaError(f"{_shown(size)} is too small to measure motion in", path=dreamed)
    part = _part(said, film.rate)
    notes = []
    if start is not None:
        part = part._replace(start=start, end=None, loop=None)
    elif part.start:
        notes.append(f"according to the film it begins at {float(part.start):g} s of its source")
    if fps is None and part.fps:
        notes.append(f"according to the film it was rendered at {part.fps} fps")
    rate = fps or part.fps or film.rate
    part = part._replace(fps=rate, frames=film.frames if part.loop else frames or part.frames)
    opened = _open_part(source, Size(*size), part, embedded=start is None)
    if size != clip.size:
        notes.append(f"the source, {_shown(clip.size)}, is fitted to {_shown(size)}")
    if rate != clip.rate:
        notes.append(f"the source, {clip.rate} fps, is read at {rate} fps")

    def read() -> Iterator[Frame]:
        for frame in read_clip(film, frames=frames):
            yield frame[: size[1], : size[0]]

    known = [n for n in (film.frames, frames) if n is not None]
    return Films(
        size, rate, opened.frames, min(known, default=None), tuple(notes), opened.open, read
    )


class _Part(NamedTuple):
    """The part of the source clip, and the rate, stated by a film's part recipe."""

    start: Fraction | None = None
    end: Fraction | None = None
    fps: Fraction | None = None
    frames: int | None = None
    deinterlace: Deinterlace = "auto"
    loop: Fraction | None = None
    """Seconds over which the film's end passes into its beginning; None: it does not close."""


def _open_part(source: Path, size: Size, part: _Part, *, embedded: bool) -> Source:
    """A part of a clip, fitted to a size; `embedded`: its start is the one embedded in the film."""
    recipe = VideoRecipe(
        source=(source,),
        size=size,
        start=part.start,
        end=part.end,
        fps=part.fps,
        frames=part.frames,
        deinterlace=part.deinterlace,
        **({"loop": True, "loop_blend": part.loop} if part.loop else {}),
    )
    try:
        return film_alone(looped(recipe, counted(recipe, open_source(recipe))))
    except MediaError as error:
        if embedded and part.start:
            raise MediaError(
                f"{error}; the start is embedded in the film; --start TIME overrides it"
            ) from None
        raise


def open_stills(dreamed: Path, source: Path) -> Films:
    """Open a dreamed still and its picture, which is fitted to the still's size as in a render.

    Raises:
        MediaError: a file cannot be read as a picture.
    """
    still, picture = read_picture(dreamed), read_picture(source)
    size, shown = Size.of(still), Size.of(picture)
    notes: tuple[str, ...] = ()
    if shown != size:
        notes = (f"the source, {shown}, is fitted to {size}",)
    fitted = fit(picture, size)
    return Films(size, None, 1, 1, notes, lambda: _only(fitted), lambda: _only(still))


def _only(picture: Frame) -> Generator[Frame]:
    yield picture


def is_still(path: Path) -> bool:
    """Whether a file is a still, by its extension."""
    return path.suffix.lower() in STILL_ENDINGS


def _part(said: Recipe | None, rate: Fraction) -> _Part:
    """The part of its clip that an embedded recipe states; `fps` only if it differs from the
    film's."""
    if said is None:
        return _Part()
    fps = getattr(said, "fps", None)
    fps = None if fps == rate else fps
    if isinstance(said, VideoRecipe):
        frames = said.frames if isinstance(said.frames, int) else None
        loop = said.loop_blend if said.loop else None
        return _Part(said.start, said.end, fps, frames, said.deinterlace, loop)
    return _Part(fps=fps)


def _rendered_size(film: Clip, clip: Clip) -> tuple[int, int]:
    """The size before encoding: the clip's, if the film is the clip padded to even sides; else the
    film's."""
    grown = clip.size[0] + clip.size[0] % 2, clip.size[1] + clip.size[1] % 2
    return clip.size if film.size == grown else film.size


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def report(
    request: Request, watch: Watch = lambda steps, total: steps
) -> tuple[Report, Gallery | None]:
    """Measure a film against its source; with `plot`, collect pictures in a gallery.

    Raises:
        DreamvidError: they cannot be compared; one line.
    """
    dreamed, source = request.named
    _check_outputs(request)
    origin = None if is_still(dreamed) else find_embedded(dreamed)
    films = _opened(request, origin.recipe if origin else None)
    judge = find_judge(
        origin,
        films.size,
        name=request.judge,
        weights=request.weights,
        layers=request.objective,
    )
    gallery = None if request.plot is None else Gallery()
    frames: list[Measured] = []
    with films.opened() as (original, film):
        for measured, before, after in watch(
            measure(original, film, judge.objective), films.frames
        ):
            frames.append(measured)
            if gallery is not None:
                gallery.offer(measured, before, after)
    if not frames:
        raise MediaError(f"has no frame in common with {source}", path=dreamed)
    result = Report(
        dreamed=dreamed.name,
        source=source.name,
        size=films.size,
        rate=films.rate,
        judge=judge.name,
        judge_dreamed=judge.dreamed,
        notes=(*films.notes, *films.lengths(len(frames)), *judge.notes),
        frames=tuple(frames),
    )
    return result, gallery


def _opened(request: Request, embedded: Recipe | None) -> Films:
    dreamed, source = request.named
    if is_still(dreamed):
        return open_stills(dreamed, source)
    return open_films(
        dreamed,
        source,
        start=request.start,
        fps=request.fps,
        frames=request.frames,
        said=embedded,
    )


def _check_outputs(request: Request) -> None:
    if request.numbers not in (None, STDOUT):
        check_json(request.numbers, request.named, request.overwrite)
    if request.plot is not None:
        check_picture(request.plot, request.named, request.overwrite)
