"""The sound of a film: what its schedules hear in it, and the part of it that the film has."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from dreamvid.errors import RecipeError
from dreamvid.frame import Frame
from dreamvid.looping import passing_over
from dreamvid.media.files import digest
from dreamvid.media.named_sound import named_sound
from dreamvid.media.sound import Sound
from dreamvid.recipe import BeatCount, FilmRecipe, Recipe, recipe_files
from dreamvid.recipe.at_frame import heard_by
from dreamvid.recipe.audio import Audio
from dreamvid.recipe.heard import BEAT_FRAMES, SILENT, Heard
from dreamvid.recipe.timeline import Hearing
from dreamvid.source import Source

if TYPE_CHECKING:
    from dreamvid.hearing.features import Features  # which a film without sound does without


def with_sound(
    recipe: Recipe,
    source: Source,
    known: Hearing | None = None,
    more: Sequence[Heard] = (),
) -> Source:
    """A source with the recipe's sound, what its schedules hear, and a length in beats made one in
    frames.

    Args:
        known: what an earlier run heard; listened to anew where that is of something else.
        more: what is listened for besides.

    Raises:
        RecipeError, InputError: the sound cannot be used; beats are not known.
    """
    if not isinstance(recipe, FilmRecipe):
        return source
    sound = named_sound(recipe.audio) or _own(recipe, source)
    features = listened(recipe, sound, source.rate, known, more)
    heard = features or source.heard
    source = replace(source, sound=sound if recipe.encode.audio == "keep" else None, heard=heard)
    if features is not None and features.beats is not None:
        source = replace(source, notes=(*source.notes, f"{_name(recipe)}: {features.beats.line}"))
    if not isinstance(recipe.frames, BeatCount):
        return source
    most = beats_in_frames(recipe.frames, heard) + passing_over(recipe, source)
    return _limited(source, most)


def _own(recipe: FilmRecipe, source: Source) -> Sound | None:
    """A clip's own sound; of one that closes, from its film's first frame on."""
    lead, sound = passing_over(recipe, source) / source.rate, source.sound
    if not lead or sound is None:
        return sound
    lasts = None if sound.duration is None else sound.duration - lead
    return replace(sound, start=sound.start + lead, duration=lasts, passes=lead)


def listened(
    recipe: FilmRecipe,
    sound: Sound | None,
    rate: Fraction,
    known: Hearing | None = None,
    more: Sequence[Heard] = (),
) -> Features | None:
    """What the schedules of a recipe hear in a sound, at so many frames a second; None: nothing.

    Raises:
        RecipeError, InputError: as `dreamvid.hearing.listen.listen`.
    """
    wanted = _wanted(recipe)
    if sound is None and wanted:
        return _beats_alone(recipe.audio, wanted, rate)
    wanted = [*wanted, *more]
    if not wanted or sound is None:
        return None
    if recipe.audio.file is None:
        sound = replace(sound, duration=None)  # of a clip's own all, so that its film may go on
    origin = _origin(recipe, sound)
    from dreamvid.hearing.features import Features  # not of a film without sound
    from dreamvid.hearing.listen import listen

    if isinstance(known, Features):
        is_same = (known.origin, known.rate) == (origin, rate)
        if is_same and not known.lacking(wanted):
            return known
    return replace(listen(sound, rate, wanted, recipe.audio), origin=origin)


def _beats_alone(how: Audio, wanted: Sequence[Heard], rate: Fraction) -> Features | None:
    """The beats that are given, where there is no sound; None: none are, or more is heard."""
    from dreamvid.hearing.listen import beats_alone

    return beats_alone(rate, how) if all(each.is_rhythm for each in wanted) else None


def beats_in_frames(length: BeatCount, heard: Hearing | None) -> int:
    """How many frames some beats last. Raises RecipeError if they are not known."""
    if heard is None:
        raise RecipeError(f"{length} needs the beats: {SILENT}", key="frames")
    return length.frames(heard.at(BEAT_FRAMES, 0))


def warn_if_short(recipe: Recipe, source: Source) -> None:
    """Warn if the sound that schedules hear ends before the film."""
    if source.heard is None or source.frames is None or not isinstance(recipe, FilmRecipe):
        return
    from dreamvid.hearing.features import Features

    if isinstance(source.heard, Features):
        source.heard.warn_if_short(Path(_name(recipe)), source.frames)


def _wanted(recipe: FilmRecipe) -> list[Heard]:
    in_bars = recipe.loop and (recipe.audio.bpm or recipe.audio.beats)
    counted = [BEAT_FRAMES] if in_bars or isinstance(recipe.frames, BeatCount) else []
    return list(dict.fromkeys([*heard_by(recipe), *counted]))


def _origin(recipe: FilmRecipe, sound: Sound) -> str:
    """A text that changes with the sound and with how it is listened to."""
    files = {sound.path, *(path for _, path in recipe_files(recipe.audio))}
    how = recipe.audio.model_dump(mode="json", exclude={"file", "beats"})
    part = [str(sound.start), str(sound.duration), sound.pictures]
    content = [sorted(map(digest, files)), recipe.audio.beats is not None, how, part]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _name(recipe: FilmRecipe) -> str:
    """The file whose sound is heard."""
    return recipe.audio.file or str(next(iter(recipe.source), "the source"))


def _limited(source: Source, most: int) -> Source:
    """The first frames of a source."""

    def read(first: int = 0) -> Generator[Frame]:
        with closing(source.since(first)) as frames:
            yield from itertools.islice(frames, most - first)

    frames = most if source.frames is None else min(most, source.frames)
    # Of a clip whose length is unknown it stays so.
    known = source.still or source.frames is not None
    return replace(source, open=read, seek=read, frames=frames if known else None)
