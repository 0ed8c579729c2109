"""Extending a finished film, or branching another from it, by resuming its run.

The extension is exact if the run's last checkpoint was kept. Otherwise, and for a branch before the
end, a checkpoint is recovered from the film's compressed frames, which differ from the dreamed ones
by the encoder's loss.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dreamvid import notices
from dreamvid.errors import MediaError, RecipeError, StateError
from dreamvid.frame import Frame
from dreamvid.machine import Machine
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.codecs.table import default_ending
from dreamvid.media.cutting import count_frames, cut_film, cut_places
from dreamvid.media.frame_store import FrameStore
from dreamvid.media.output_checks import check_codec, check_frame_name, check_output
from dreamvid.media.outputs import open_sink, shared_format
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.sink import FilmSpec
from dreamvid.names import derived
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.opening import open_source
from dreamvid.recipe import KINDS, FilmRecipe, Recipe, recipe_files
from dreamvid.recipe.at_frame import schedules
from dreamvid.recurrence import Checkpoint
from dreamvid.rendering.embedded import Embedded, read_embedded
from dreamvid.rendering.manifest import WEIGHTS, Manifest, compared, described
from dreamvid.rendering.plan import SEGMENT, is_done
from dreamvid.rendering.recovery import recovered
from dreamvid.rendering.run import (
    finished_run,
    folder_of,
    load_checkpoint,
    prepare_run,
    unfinished_run,
)
from dreamvid.source import Source

OF_THE_FRAMES = ("kind", "size", "fps", "start", "mix")
"""Keys that cannot change within a film."""


def default_extension(film: Path) -> Recipe:
    """The default recipe of an extension: the film's recipe, with its kind's default length.

    Raises:
        MediaError, RecipeError: there is no such film, or it carries no recipe.
    """
    recipe = read_embedded(film).recipe
    manifest = unfinished_run(film) or finished_run(film)
    files = manifest.files if manifest else []
    source = tuple(Path(each["path"]) for each in files if each["key"] == "source")
    weights = next((each["path"] for each in files if each["key"] == WEIGHTS), None)
    network = recipe.network.model_copy(update={"weights": weights or recipe.network.weights})
    length = {
        key: field.default
        for key, field in KINDS[recipe.kind].model_fields.items()
        if key in ("frames", "end")
    }
    return recipe.model_copy(update={"source": source, "network": network, **length})


def extend(film: Path, recipe: Recipe, start: str | None, overwrite: bool) -> Recipe:
    """Prepare an unfinished run that holds the film's first frames; `record` then dreams the rest.

    Args:
        recipe: of the new frames; `frames` is their number.
        start: after how many frames to branch; None: at the end.
        overwrite: whether another output that exists may be replaced.

    Returns:
        The recipe of the complete film. Its output is the film itself unless it branches.

    Raises:
        DreamvidError: the film cannot be extended; one line.
    """
    assert isinstance(recipe, FilmRecipe), "stills carry no recipe"
    extension = _extension(film, recipe, start)
    if unfinished_run(extension.output) is not None:
        return extension.recipe  # interrupted: `record` resumes it or reports what differs
    if extension.output != film and not overwrite and is_done(extension.recipe):
        return extension.recipe
    source = _checked(extension, overwrite)
    old = finished_run(film)
    machine = old.machine if old else Machine.here()
    manifest = Manifest.of(with_network_defaults(extension.recipe), SEGMENT, machine)
    hashes = {each["sha256"] for each in manifest.files if each["key"] == "source"}
    if hashes != set(extension.embedded.hashes_of("source")):
        raise RecipeError(f"is not what {film} was made from", key="source")
    exact = extension.at_end and old is not None and old.dream == extension.embedded.dream

    def fill(folder: Path) -> Checkpoint:
        return _fill(extension, source, folder, exact)

    prepare_run(extension.output, manifest, fill, anew=not extension.in_place)
    return extension.recipe


@dataclass(frozen=True)
class _Extension:
    """A film, and the longer film or branch to be rendered.

    Attributes:
        recipe: of the complete new film.
        output: where the new film goes.
        done: how many frames are taken from the film.
        length: how many frames the film has.
        changed: keys whose values differ for the new frames.
    """

    film: Path
    embedded: Embedded
    recipe: FilmRecipe
    output: Path
    done: int
    length: int
    changed: list[str]

    @property
    def at_end(self) -> bool:
        """Whether all frames of the film are taken."""
        return self.done == self.length

    @property
    def in_place(self) -> bool:
        """Whether the film itself is extended."""
        return self.output.resolve() == self.film.resolve()

    @property
    def shared_codec(self) -> JoinedCodec | None:
        """See `shared_format`."""
        before = self.embedded.recipe
        old = before.encode.codec if isinstance(before, FilmRecipe) else None
        return shared_format(self.film, old, self.output, self.recipe.encode.codec)


def _extension(film: Path, recipe: FilmRecipe, start: str | None) -> _Extension:
    embedded = read_embedded(film)
    if not recipe.source:
        name = embedded.name_of("source")
        raise RecipeError(f"name its source: --source {name}", path=film)
    length = count_frames(film)
    done = length if start is None else _parse_start(start, length)
    frames = None if recipe.frames is None else done + recipe.frames
    recipe = recipe.model_copy(update={"frames": frames})
    changed = _changed(embedded.recipe, recipe)
    output = recipe.output
    if output is None:
        branch = done < length or bool(changed)
        ending = film.suffix
        if "encode.codec" in changed:
            ending = default_ending(recipe.encode.codec)
        output = derived(film.parent, film.stem, f"-{done}", ending) if branch else film
    recipe = recipe.model_copy(update={"output": output})
    return _Extension(film, embedded, recipe, output, done, length, changed)


def _checked(extension: _Extension, overwrite: bool) -> Source:
    """Open the source of a valid extension. Raises DreamvidError for an invalid one."""
    recipe, film = extension.recipe, extension.film
    if extension.in_place and (not extension.at_end or extension.changed):
        raise MediaError("a branch needs another output: -o FILE", path=film)
    if not extension.in_place:
        check_output(extension.output, [film, *recipe.source], overwrite)
        check_codec(extension.output, recipe.encode.codec)
        check_frame_name(extension.output, recipe.encode.frame_name)
    for key in extension.changed:
        if key in OF_THE_FRAMES:
            raise RecipeError("cannot change within a film", key=key)
    for key, schedule in schedules(recipe):
        if schedule.uses_length and not any(key.startswith(each) for each in extension.changed):
            raise RecipeError(
                "uses n, the film's length, which changes; set it again by its option", key=key
            )
    source = open_source(recipe)
    if source.frames is not None and source.frames <= extension.done:
        raise StateError(
            f"has only the {extension.done} frames that are already dreamed", path=recipe.source[0]
        )
    return source


def _fill(extension: _Extension, source: Source, folder: Path, exact: bool) -> Checkpoint:
    """Fill a run's folder with the film's frames. Returns the checkpoint after them."""
    film, done = extension.film, extension.done
    checkpoint = load_checkpoint(folder_of(film) / "state.npz") if exact else None
    if checkpoint is not None and checkpoint.done != done:
        checkpoint = None
    codec = extension.shared_codec
    if codec is None:
        _encode_again(extension, source, folder)
        tail = range(0)
    else:
        if checkpoint is not None and not extension.in_place:
            for path in folder_of(film).glob("film/*"):
                shutil.copy2(path, folder / path.name)
        start = _open_segment(film, done, FrameStore(folder) if checkpoint is not None else None)
        cut_film(film, codec, start, source.rate, folder)
        tail = range(start, done)
    if checkpoint is not None:
        return checkpoint
    notices.warn(
        f"{film}: its checkpoint is missing; resuming from its compressed frame {done - 1}"
    )
    store = FrameStore(folder)

    def keep(index: int, picture: Frame) -> None:
        if codec is not None and index in tail:
            store.add(index, codec.pixels(picture))

    return recovered(film, extension.embedded.recipe, source, done, keep)


def _open_segment(film: Path, done: int, stored: FrameStore | None) -> int:
    """Where the open segment begins after a film's first `done` frames.

    Args:
        stored: the frames that the film's run kept of it; None: it begins with a keyframe of the
            film, as late as there is one.

    Raises:
        StateError: the film cannot be cut there.
    """
    places = cut_places(film, SEGMENT)
    if stored is None:
        return max(place for place in places if place <= done)
    start = min((index for index in stored.indices if index < done), default=done)
    if start not in places:
        raise StateError(f"cannot be cut after {start} frames", path=film)
    return start


def _encode_again(extension: _Extension, source: Source, folder: Path) -> None:
    """Write the film's frames to a folder in the output's format, which is another one."""
    height, width = source.size.shape
    encode, alpha = extension.recipe.encode, source.alpha
    spec = FilmSpec.of(encode, source.size, source.rate, SEGMENT, alpha=alpha)
    sink = open_sink(extension.output, spec, overwrite=True, folder=folder)
    film = probe(extension.film)
    try:
        with closing(read_clip(film, frames=extension.done, alpha=alpha)) as pictures:
            for picture in pictures:
                sink.write(picture[:height, :width])  # without the row that makes it even
    finally:
        sink.abandon(keep=False)


def _parse_start(typed: str, length: int) -> int:
    if not typed.isdecimal() or not 1 <= int(typed) <= length:
        raise RecipeError(f"must be a whole number from 1 to {length}, not {typed!r}", key="from")
    return int(typed)


def _changed(old: Recipe, new: Recipe) -> list[str]:
    """Keys whose values differ for the new frames, except the length and the input files."""
    ignored = ("frames", "end", "source", *(key for key, _ in recipe_files(new)))
    pairs = compared(described(with_network_defaults(old)), described(with_network_defaults(new)))
    return [key for key, _, _ in pairs if key not in ignored]
