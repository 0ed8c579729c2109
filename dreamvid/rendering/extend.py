"""Extending a finished film, or branching another from it, by resuming its run.

The extension is exact if the run's last checkpoint was kept. Otherwise, and for a branch before the
end, a checkpoint is recovered from the film's compressed frames, which differ from the dreamed ones
by the encoder's loss.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dreamvid.checkpoint import Checkpoint
from dreamvid.errors import MediaError, RecipeError, StateError
from dreamvid.machine import Machine
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.codecs.table import default_ending
from dreamvid.media.cutting import count_frames
from dreamvid.media.output_checks import check_codec, check_frame_name, check_output
from dreamvid.media.outputs import shared_format
from dreamvid.media.passes import pass_path
from dreamvid.names import derived
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.recipe import KINDS, USUAL_FRAMES, BeatCount, FilmRecipe, Recipe, recipe_files
from dreamvid.recipe.at_frame import schedules
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.paths import with_files
from dreamvid.rendering.embedded import Embedded, read_embedded
from dreamvid.rendering.film_source import heard_before, keep_heard, open_film
from dreamvid.rendering.manifest import NO_KEYS, Manifest, compared, described
from dreamvid.rendering.plan import SEGMENT, is_done
from dreamvid.rendering.refill import Taken
from dreamvid.rendering.run import (
    Run,
    finished_run,
    prepare_run,
    unfinished_run,
)
from dreamvid.soundtrack import beats_in_frames
from dreamvid.source import Source

if TYPE_CHECKING:
    from dreamvid.hearing.features import Features

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
    kept = [each for each in files if each["key"] not in ("source", *NO_KEYS)]
    others = {each["key"]: each["path"] for each in kept}
    recipe = make_recipe(with_files(recipe.model_dump(mode="json"), others))
    length = {
        key: field.default
        for key, field in KINDS[recipe.kind].model_fields.items()
        if key in ("frames", "end")
    }
    return recipe.model_copy(update={"source": source, **length})


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
    for key in extension.embedded.keys:
        given = [each["sha256"] for each in manifest.files if each["key"] == key]
        if not given:
            raise RecipeError(f"name {extension.embedded.name_of(key)} again", key=key)
        same = set(given) == set(extension.embedded.hashes_of(key))
        if not same and (key == "source" or extension.in_place):
            raise RecipeError(f"is not what {film} was made from", key=key)
    exact = extension.at_end and old is not None and old.dream == extension.embedded.dream

    taken = extension.taken(source, exact)

    def fill(run: Run) -> Checkpoint:
        keep_heard(run.folder, source.heard)
        return taken.fill(run, extension.recipe, in_place=extension.in_place)

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
        return shared_format(self.film, before.encode.codec, self.output, self.recipe.encode.codec)

    def taken(self, source: Source, exact: bool) -> Taken:
        """What is taken of the film; see `Taken`."""
        recipe = self.embedded.recipe
        return Taken(self.film, recipe, source, self.done, exact, self.shared_codec, SEGMENT)


def _extension(film: Path, recipe: FilmRecipe, start: str | None) -> _Extension:
    embedded = read_embedded(film)
    before = embedded.recipe
    if isinstance(before, FilmRecipe) and before.loop:
        raise RecipeError("closes a film, which has no end to go on from", key="loop", path=film)
    if recipe.loop:
        raise RecipeError("closes a film from its first frame on; render it anew", key="loop")
    if not recipe.source:
        name = embedded.name_of("source")
        raise RecipeError(f"name its source: --source {name}", path=film)
    length = count_frames(film)
    done = length if start is None else _parse_start(start, length)
    recipe = recipe.model_copy(update={"frames": _length(recipe, film, done)})
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


def _heard_in(film: Path) -> Features | None:
    """What a film's run heard; None: it is not known, and is listened to anew."""
    with suppress(StateError):
        return heard_before(film)
    return None


def _length(recipe: FilmRecipe, film: Path, done: int) -> int | None:
    """How many frames the new film has with the first `done`; None: to its source's or sound's
    end."""
    if isinstance(recipe.frames, BeatCount):
        known = _heard_in(film)
        if known is None or known.beats is None:
            raise RecipeError("must be frames, as no beats were kept of the film", key="frames")
        return done + beats_in_frames(recipe.frames, known)
    if recipe.frames is not None:
        return done + recipe.frames
    is_open = recipe.kind == "video" or recipe.audio.file
    return None if is_open else done + USUAL_FRAMES


def _checked(extension: _Extension, overwrite: bool) -> Source:
    """Open the source of a valid extension. Raises DreamvidError for an invalid one."""
    recipe, film = extension.recipe, extension.film
    if extension.in_place and (not extension.at_end or extension.changed):
        raise MediaError("a branch needs another output: -o FILE", path=film)
    if not extension.in_place:
        for name in recipe.encode.passes:
            path = pass_path(extension.output, name)
            check_output(path, [film, *recipe.source], overwrite)
        check_codec(extension.output, recipe.encode.codec)
        check_frame_name(extension.output, recipe.encode.frame_name)
    for key in extension.changed:
        if key in OF_THE_FRAMES:
            raise RecipeError("cannot change within a film", key=key)
    _check_passes(extension)
    for key, schedule in schedules(recipe):
        if schedule.uses_length and not any(key.startswith(each) for each in extension.changed):
            raise RecipeError(
                "uses n, the film's length, which changes; set it again by its option", key=key
            )
    source = open_film(recipe, known=_heard_in(film))
    if source.frames is not None and source.frames <= extension.done:
        if source.still:
            raise RecipeError("the sound ends where the film does; say how many", key="frames")
        raise StateError(
            f"has only the {extension.done} frames that are already dreamed", path=recipe.source[0]
        )
    return source


def _check_passes(extension: _Extension) -> None:
    """Raise DreamvidError unless the passes are those of the film, or fewer, and can go on."""
    film, passes = extension.film, extension.recipe.encode.beside
    for name in passes:
        if name not in extension.embedded.recipe.encode.passes:
            raise RecipeError(f"{film} was made without {name}", key="encode.passes")
        length = count_frames(pass_path(film, name))
        if length != extension.length:
            raise StateError(
                f"has {length} frames, and {film} {extension.length}", path=pass_path(film, name)
            )
    if passes and extension.shared_codec is None:
        raise RecipeError("cannot change in a film with passes", key="encode.codec")


def _parse_start(typed: str, length: int) -> int:
    if not typed.isdecimal() or not 1 <= int(typed) <= length:
        raise RecipeError(f"must be a whole number from 1 to {length}, not {typed!r}", key="from")
    return int(typed)


def _changed(old: Recipe, new: Recipe) -> list[str]:
    """Keys whose values differ for the new frames, except the length and the input files."""
    ignored = ("frames", "end", "source", *(key for key, _ in recipe_files(new)))
    pairs = compared(described(with_network_defaults(old)), described(with_network_defaults(new)))
    return [key for key, _, _ in pairs if key not in ignored]
