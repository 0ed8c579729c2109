"""A film that is done, made longer, or branched into another: its run is taken up again.

A film goes on exactly where its run's folder was kept. Else, and where it branches before its end,
it goes on from its own coded picture, which differs from the dream by what coding took away.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from dreamvid.dream.catalogue import settled
from dreamvid.errors import MediaError, RecipeError, StateError
from dreamvid.manifest import Manifest, compared, described
from dreamvid.means import Means
from dreamvid.media.kept import KeptFrames
from dreamvid.media.pieces import count_frames, cut_pieces
from dreamvid.media.write import check_output
from dreamvid.note import read_note
from dreamvid.recipe import KINDS, FilmRecipe, Recipe
from dreamvid.recovery import recovered
from dreamvid.recurrence import State
from dreamvid.rendering import SEGMENT, is_done
from dreamvid.run import begun, finished, folder_of, lay_out, load_state
from dreamvid.scheduled import schedules
from dreamvid.source import open_source

log = logging.getLogger("dreamvid")

OF_THE_FRAMES = ("kind", "size", "fps", "start", "mix")
"""Keys that cannot change within a film."""


def asked(film: Path) -> Recipe:
    """What a film is continued with unless told otherwise: its recipe, for as many frames more as
    such a film has unless told.

    Raises:
        MediaError, RecipeError: there is no such film, or it carries no recipe.
    """
    noted = read_note(film)
    manifest = begun(film) or finished(film)
    files = manifest.files if manifest else []
    source = tuple(Path(each["path"]) for each in files if each["key"] == "source")
    weights = next((each["path"] for each in files if each["key"] == "network.weights"), None)
    network = noted.recipe.network.model_copy(
        update={"weights": weights or noted.recipe.network.weights}
    )
    more = KINDS[noted.recipe.kind].model_fields["frames"].default
    return noted.recipe.model_copy(update={"source": source, "network": network, "frames": more})


def prepare(film: Path, recipe: Recipe, start: str | None, overwrite: bool) -> Recipe:
    """Lay out a run that has the film's first frames done; carried out, it dreams the rest.

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
    noted = read_note(film)
    if not recipe.source:
        name = noted.name_of("source")
        raise RecipeError(f"{film}: name what it was made of: --source {name}")
    length = count_frames(film)
    done = length if start is None else _whole(start, length)
    frames = None if recipe.frames is None else done + recipe.frames
    recipe = recipe.model_copy(update={"frames": frames})
    changed = _changed(noted.recipe, recipe)
    output = recipe.output
    if output is None:
        branch = done < length or bool(changed)
        output = film.with_name(f"{film.stem}-{done}{film.suffix}") if branch else film
    recipe = recipe.model_copy(update={"output": output})
    if begun(output) is not None or (output != film and not overwrite and is_done(recipe)):
        return recipe  # interrupted: goes on, or says what differs; or there is nothing to do
    longer = output.resolve() == film.resolve()
    if longer and (done < length or changed):
        raise MediaError(f"{film}: a branch needs a name of its own: -o FILE")
    if not longer:
        check_output(output, [film, *recipe.source], overwrite)
    _refuse(recipe, changed)
    source = open_source(recipe)
    if source.frames is not None and source.frames <= done:
        raise StateError(f"{recipe.source[0]}: has no more than the {done} frames that are dreamed")
    old = finished(film)
    manifest = Manifest.of(settled(recipe), SEGMENT, old.means if old else Means.here())
    mine = {each["sha256"] for each in manifest.files if each["key"] == "source"}
    if mine != {each["sha256"] for each in noted.files if each["key"] == "source"}:
        raise RecipeError(f"source: is not what {film} was made of")

    kept = done == length and old is not None and old.dream == noted.dream

    def fill(place: Path) -> State:
        cut_pieces(film, done // SEGMENT, SEGMENT, source.rate, place)
        state = load_state(folder_of(film) / "state.npz") if kept else None
        if state is not None and state.done == done:
            if not longer:
                for path in folder_of(film).glob("film/*"):
                    shutil.copy2(path, place / path.name)
            return state
        log.warning(
            "%s: what it was dreamed with is not at hand; it goes on from its "
            "picture %d as it was coded",
            film,
            done - 1,
        )
        frames = KeptFrames(place)
        tail = range(done - done % SEGMENT, done)
        return recovered(film, noted.recipe, source, done, frames, tail)

    lay_out(output, manifest, fill, anew=not longer)
    return recipe


def _whole(said: str, length: int) -> int:
    if not said.isdecimal() or not 1 <= int(said) <= length:
        raise RecipeError(f"from: must be a whole number from 1 to {length}, not {said!r}")
    return int(said)


def _changed(old: Recipe, new: Recipe) -> list[str]:
    """Keys in which the new frames are another recipe's; lengths, names and coding aside."""
    aside = ("frames", "source", "network.weights")
    pairs = compared(described(settled(old)), described(settled(new)))
    return [key for key, _, _ in pairs if key not in aside]


def _refuse(recipe: Recipe, changed: list[str]) -> None:
    for key in changed:
        if key in OF_THE_FRAMES:
            raise RecipeError(f"{key}: cannot change within a film")
    for key, schedule in schedules(recipe):
        if schedule.uses_length and not any(key.startswith(each) for each in changed):
            raise RecipeError(
                f"{key}: uses n, the film's length, which changes; give it anew by its flag"
            )
