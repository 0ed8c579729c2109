"""What a film goes on from: all of it is kept, and the film that goes on is the same to the bit."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.blend import Carried
from dreamvid.checkpoint import Checkpoint, ShotState
from dreamvid.color import Anchor, PictureAnchor, ResidualAnchor
from dreamvid.errors import RunError
from dreamvid.frame import Frame, Size
from dreamvid.motion.affine import Affine
from dreamvid.recipe import Recipe
from dreamvid.recipe.load import make_recipe
from dreamvid.recurrence import DreamedGroup, dreamed_groups
from dreamvid.rendering.run import load_checkpoint, save_checkpoint
from dreamvid.resolve import film_timeline, resolve
from dreamvid.task import AnyDreamer, DreamTask, GuideFrames
from tests.loaded import dreamer_of
from tests.scenes import Scene

NETWORK = {"name": "lite0", "weights": "random", "precision": "float32"}
SHAPED = {
    "octaves": 3,
    "octave_top": 0,
    "steps": 1,
    "burst": 4,
    "stagger": 3,
    "palette": "source",
    "laplacian": 2,
}


def kept(state: Checkpoint, folder: Path) -> Checkpoint:
    """A checkpoint as another process finds it."""
    save_checkpoint(state, folder / "state.npz")
    again = load_checkpoint(folder / "state.npz")
    assert again is not None
    return again


@pytest.mark.parametrize("kind", [PictureAnchor, ResidualAnchor])
def test_a_state_comes_back_as_it_was(kind: Any, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    frames = draw.uniform(0, 255, (2, 24, 32, 3)).astype(np.float32)
    anchor: Anchor = kind.of(frames[0])
    notes = {"scale.0": draw.normal(size=4), "scale.11": draw.normal(size=1), "a.b": np.zeros(0)}
    shot = ShotState(anchor, draw.normal(size=(3, 3)), notes)
    last = Carried(frames[0], frames[1], frames[0, :, :, 0])
    state = Checkpoint(7, 3, last, shot, Affine(draw.normal(size=(3, 3))), "seen")
    again = kept(state, tmp_path)
    assert (again.done, again.t, again.source_digest) == (7, 3, "seen")
    assert type(again.shot.anchor) is kind
    assert list(again.shot.notes) == list(notes)
    for own, found in (
        *((vars(state.carried)[name], value) for name, value in vars(again.carried).items()),
        *((vars(anchor)[name], value) for name, value in vars(again.shot.anchor).items()),
        *((notes[name], value) for name, value in again.shot.notes.items()),
        (shot.colors, again.shot.colors),
        (state.camera.matrix, again.camera.matrix),
    ):
        np.testing.assert_array_equal(found, own)
        assert found.dtype == own.dtype
    assert load_checkpoint(tmp_path / "none.npz") is None


def test_a_state_without_its_shots_colors_is_refused(tmp_path: Path) -> None:
    """As a version that knew of no palette left it."""
    frame = np.zeros((24, 32, 3), np.float32)
    shot = ShotState(PictureAnchor.of(frame), np.eye(3), {})
    last = Carried(frame, frame, frame[..., 0])
    save_checkpoint(Checkpoint(1, 0, last, shot, Affine(), ""), tmp_path / "state.npz")
    with np.load(tmp_path / "state.npz") as arrays:
        np.savez(tmp_path / "old.npz", **{k: v for k, v in arrays.items() if k != "colors"})
    with pytest.raises(RunError, match=r"cannot be read .*--restart begins anew"):
        load_checkpoint(tmp_path / "old.npz")


SCENE = Scene(ground=(0, 0), disc=(6, 1), begins=(25, 40))
CLIP = [*SCENE.frames(6), *(255 - frame for frame in SCENE.frames(3))]
FILMS: dict[str, tuple[str, dict[str, Any], list[Frame]]] = {
    "clip": ("video", {"blend": {"warmup": 2}}, CLIP),
    "every other frame of a clip": ("video", {"cadence": 2}, CLIP),
    "zoom": ("zoom", {"motion": {"zoom": 1.05, "angle": 2}}, [CLIP[0]] * 6),
    "zoom with some seed": ("zoom", {"blend": 0.8}, [CLIP[0]] * 6),
}


def groups(
    recipe: Recipe,
    sources: list[Frame],
    dream: AnyDreamer,
    since: Checkpoint | None = None,
    guides: Generator[GuideFrames] | None = None,
) -> Generator[DreamedGroup]:
    job, timeline = resolve(recipe, Size.of(sources[0])), film_timeline(recipe, len(sources))
    return dreamed_groups(job, timeline, (frame for frame in sources), dream, since, guides)


@pytest.fixture(scope="module")
def dream() -> AnyDreamer:
    """One for all, for each film brings its settings."""
    return dreamer_of(make_recipe({"network": NETWORK, "dream": SHAPED}, "image"))


@pytest.mark.parametrize("film", FILMS.values(), ids=FILMS)
def test_a_film_that_goes_on_is_the_one_that_was_not_interrupted(
    film: tuple[str, dict[str, Any], list[Frame]], dream: AnyDreamer, tmp_path: Path
) -> None:
    """Octaves in turn, boxes as strong as the last whole gradient, colors of its first frame."""
    kind, said, sources = film
    recipe = make_recipe({"network": NETWORK, "dream": SHAPED, **said}, kind)
    whole = list(groups(recipe, sources, dream))
    frames = [frame for group in whole for frame in group.frames]
    assert len(frames) == len(sources)
    for group in whole[:-1]:
        state = kept(group.checkpoint, tmp_path)
        assert state.shot.notes, "every octave had its burst"
        for rest in groups(recipe, sources, dream, since=state):
            wanted = frames[state.done : state.done + len(rest.frames)]
            np.testing.assert_array_equal(rest.frames, wanted)
            break


EVERY_TERM: dict[str, Any] = {
    "objective": "heads:strong3,creatures:weak2=-1,cells:3,17=t/9,class:9=.1,diversity:heads:0,9",
    "jitter_noise": 5,
    "source_difference": 0.2,
}


@pytest.mark.parametrize("kind", ["video", "zoom"])
def test_a_film_of_channels_and_classes_goes_on_as_well(kind: str, tmp_path: Path) -> None:
    recipe = make_recipe({"network": NETWORK, "dream": {**SHAPED, **EVERY_TERM}}, kind)
    still = {**EVERY_TERM, "objective": EVERY_TERM["objective"].replace("t/9", "1")}
    own = {"network": NETWORK, "dream": {**SHAPED, **still}}
    whole = list(groups(recipe, CLIP, dreamer_of(make_recipe(own, "image"))))
    again = dreamer_of(make_recipe(own, "image"))  # as in another process: it has no notes
    for done in (1, 4):
        state = kept(whole[done - 1].checkpoint, tmp_path)
        assert {"channels.heads.strong3", "channels.creatures.weak2"} <= state.shot.notes.keys()
        rest = groups(recipe, CLIP, again, since=state)
        np.testing.assert_array_equal(next(rest).frames, whole[done].frames)
        rest.close()


@pytest.mark.parametrize("kind", ["video", "zoom"])
@pytest.mark.parametrize("match", ["channels", "patches"])
def test_a_guided_film_goes_on_as_well(kind: str, match: str, tmp_path: Path) -> None:
    objective = [{"guide": "clip", "match": match}, {"guide": "still", "layers": "cells"}]
    own = {"network": NETWORK, "dream": {**SHAPED, "objective": objective}}
    recipe, still = make_recipe(own, kind), CLIP[0]

    def guided(dream: AnyDreamer, since: Checkpoint | None = None) -> Generator[DreamedGroup]:
        pictures = ({"clip": np.roll(frame, 5, 1), "still": still} for frame in CLIP)
        return groups(recipe, CLIP, dream, since, pictures)

    whole = list(guided(dreamer_of(make_recipe(own, "image"))))
    again = dreamer_of(make_recipe(own, "image"))
    for done in (1, 4):
        rest = guided(again, kept(whole[done - 1].checkpoint, tmp_path))
        np.testing.assert_array_equal(next(rest).frames, whole[done].frames)
        rest.close()


def test_notes_are_of_the_shot_and_no_dream_changes_what_another_left() -> None:
    given: list[dict[str, Any]] = []

    def noting(task: DreamTask) -> Frame:
        given.append(dict(task.notes))
        task.notes["seen"] = np.array([float(task.index)])
        return task.canvas

    recipe = make_recipe({"blend": {"warmup": 1}}, "video")
    states = [group.checkpoint for group in groups(recipe, CLIP, noting)]
    told = [float(notes["seen"][0]) if notes else None for notes in given]
    assert told == [None, 0, 1, 2, 3, 4, 5, None, 0, 1, 2]
    left = [float(state.shot.notes["seen"][0]) for state in states]
    assert left == [1, 2, 3, 4, 5, 6, 1, 2, 3]


def test_colors_are_of_a_shots_first_source_frame() -> None:
    given: list[Any] = []

    def noting(task: DreamTask) -> Frame:
        given.append(task.colors)
        return task.canvas + np.float32(5)

    recipe = make_recipe({"blend": {"warmup": 0}}, "video")
    list(groups(recipe, CLIP, noting))
    for first, of_shot in ((CLIP[0], given[:6]), (CLIP[6], given[6:])):
        wanted = np.cov(first.reshape(-1, 3).T.astype(np.float64), bias=True)
        for colors in of_shot:
            np.testing.assert_allclose(colors, wanted, rtol=1e-6)
