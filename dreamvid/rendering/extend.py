"""A finished film made longer, or branched into another: its run is resumed.

A film is extended exactly where its run's folder was kept. Else, and where it branches before its
end, it goes on from its own compressed picture, which differs from the dream by what coding took
away.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from dreamvid import notices
from dreamvid.errors import MediaError, RecipeError, StateError
from dreamvid.machine import Machine
from dreamvid.media.frame_store import FrameStore
from dreamvid.media.outputs import check_output
from dreamvid.media.segments import count_frames, cut_segments
from dreamvid.networks.defaults import settled
from dreamvid.recipe import KINDS, FilmRecipe, Recipe
from dreamvid.recipe.at_frame import schedules
from dreamvid.recurrence import Checkpoint
from dreamvid.rendering.embedded import Embedded, read_embedded
from dreamvid.rendering.manifest import Manifest, compared, described
from dreamvid.rendering.recovery import recovered
from dreamvid.rendering.render import SEGMENT, is_done
from dreamvid.rendering.run import (
    finished_run,
    folder_of,
    load_checkpoint,
    prepare_run,
    unfinished_run,
)
from dreamvid.source import Source, open_source

OF_THE_FRAMES = ("kind", "size", "fps", "start", "mix")
"""Keys that cannot change within a film."""


def default_extension(film: Path) -> Recipe:
    """What a film is extended with by default: its own recipe, for as many frames more as a film of
    its kind has by default.

    Raises:
        MediaError, RecipeError: there is no such film, or it carries no recipe.
    """
    recipe = read_embedded(film).recipe
    manifest = unfinished_run(film) or finished_run(film)
    files = manifest.files if manifest else []
    source = tuple(Path(each["path"]) for each in files if each["key"] == "source")
    weights = next((each["path"] for each in files if each["key"] == "network.weights"), None)
    network = recipe.network.model_copy(update={"weights": weights or recipe.network.weights})
    more = KINDS[recipe.kind].model_fields["frames"].default
    return recipe.model_copy(update={"source": source, "network": network, "frames": more})


def extend(film: Path, recipe: Recipe, start: str | None, overwrite: bool) -> Recipe:
    """Prepare a run that has the film's first frames done; recorded, it dreams the rest.

    Args:
        recipe: what the new frames are dreamed with; its `frames` are how many.
        start: after how many frames to branch off; None: at the end.
        overwrite: whether another output that exists may be replaced.

    Returns:
        The recipe of the whole film. Its output is the film itself where it only becomes longer.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    assert isinstance(recipe, FilmRecipe), "no still carries a recipe"
    made = _extension(film, recipe, start)
    if unfinished_run(made.output) is not None:
        return made.recipe  # interrupted: it is resumed, or what differs is reported
    if made.output != film and not overwrite and is_done(made.recipe):
        return made.recipe
    source = _checked(made, overwrite)
    old = finished_run(film)
    machine = old.machine if old else Machine.here()
    manifest = Manifest.of(settled(made.recipe), SEGMENT, machine)
    hashes = {each["sha256"] for each in manifest.files if each["key"] == "source"}
    if hashes != set(made.embedded.hashes_of("source")):
        raise RecipeError(f"source: is not what {film} was made of")
    exact = made.at_end and old is not None and old.dream == made.embedded.dream

    def fill(folder: Path) -> Checkpoint:
        return _fill(made, source, folder, exact)

    prepare_run(made.output, manifest, fill, anew=not made.in_place)
    return made.recipe


@dataclass(frozen=True)
class _Extension:
    """A film, and what it becomes.

    Attributes:
        recipe: of the whole film to be.
        done: how many of its frames the film has.
        length: how many frames the film has.
        changed: keys in which the new frames are another recipe's.
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
        """Whether nothing of the film is left out."""
        return self.done == self.length

    @property
    def in_place(self) -> bool:
        """Whether the film itself becomes longer."""
        return self.output.resolve() == self.film.resolve()


def _extension(film: Path, recipe: FilmRecipe, start: str | None) -> _Extension:
    embedded = read_embedded(film)
    if not recipe.source:
        name = embedded.name_of("source")
        raise RecipeError(f"{film}: name what it was made of: --source {name}")
    length = count_frames(film)
    done = length if start is None else _whole(start, length)
    frames = None if recipe.frames is None else done + recipe.frames
    recipe = recipe.model_copy(update={"frames": frames})
    changed = _changed(embedded.recipe, recipe)
    output = recipe.output
    if output is None:
        branch = done < length or bool(changed)
        output = film.with_name(f"{film.stem}-{done}{film.suffix}") if branch else film
    recipe = recipe.model_copy(update={"output": output})
    return _Extension(film, embedded, recipe, output, done, length, changed)


def _checked(made: _Extension, overwrite: bool) -> Source:
    """The source of an extension that can be; raises DreamvidError for one that cannot."""
    recipe, film = made.recipe, made.film
    if made.in_place and (not made.at_end or made.changed):
        raise MediaError(f"{film}: a branch needs a name of its own: -o FILE")
    if not made.in_place:
        check_output(made.output, [film, *recipe.source], overwrite)
    for key in made.changed:
        if key in OF_THE_FRAMES:
            raise RecipeError(f"{key}: cannot change within a film")
    for key, schedule in schedules(recipe):
        if schedule.uses_length and not any(key.startswith(each) for each in made.changed):
            raise RecipeError(
                f"{key}: uses n, the film's length, which changes; give it anew by its flag"
            )
    source = open_source(recipe)
    if source.frames is not None and source.frames <= made.done:
        raise StateError(
            f"{recipe.source[0]}: has no more than the {made.done} frames that are dreamed"
        )
    return source


def _fill(made: _Extension, source: Source, folder: Path, exact: bool) -> Checkpoint:
    """Put a film's frames into the folder of another's run; the checkpoint after them."""
    film, done = made.film, made.done
    cut_segments(film, done // SEGMENT, SEGMENT, source.rate, folder)
    checkpoint = load_checkpoint(folder_of(film) / "state.npz") if exact else None
    if checkpoint is not None and checkpoint.done == done:
        if not made.in_place:
            for path in folder_of(film).glob("film/*"):
                shutil.copy2(path, folder / path.name)
        return checkpoint
    notices.warn(
        f"{film}: its checkpoint is gone; it goes on from its compressed picture {done - 1}"
    )
    tail = range(done - done % SEGMENT, done)
    return recovered(film, made.embedded.recipe, source, done, FrameStore(folder), tail)


def _whole(typed: str, length: int) -> int:
    if not typed.isdecimal() or not 1 <= int(typed) <= length:
        raise RecipeError(f"from: must be a whole number from 1 to {length}, not {typed!r}")
    return int(typed)


def _changed(old: Recipe, new: Recipe) -> list[str]:
    """Keys in which the new frames are another recipe's; lengths, names and coding aside."""
    aside = ("frames", "source", "network.weights")
    pairs = compared(described(settled(old)), described(settled(new)))
    return [key for key, _, _ in pairs if key not in aside]
