"""The sound that a recipe names, and how long a film the recipe asks for, which it may decide."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from dreamvid.errors import InputError, RecipeError, RunError
from dreamvid.media import ffmpeg
from dreamvid.media.sound import Sound, beginning
from dreamvid.media.sound_decoder import AUDIO, NOTHING, sound_rate
from dreamvid.recipe import USUAL_FRAMES, FilmRecipe, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.recipe.audio import Audio


def named_sound(audio: Audio) -> Sound | None:
    """The part of a sound that a recipe names; None: it names none.

    Raises:
        RecipeError: a part of no sound is named, or one after its end.
        InputError: it has no sound, or none that can be read.
    """
    start = audio.start or Fraction(0)
    if audio.file is None:
        for key in ("start", "end"):
            if getattr(audio, key) is not None:
                raise RecipeError("is of a sound; name it: --audio FILE", key=f"audio.{key}")
        return None
    whole = Sound(Path(audio.file))
    sound_rate(whole.path)  # raises if it has none
    if start and start >= (lasts := seconds(whole)):
        raise RecipeError(
            f"{float(start):g} s is after the sound's end, at {float(lasts):.2f} s",
            key="audio.start",
            path=audio.file,
        )
    return Sound(whole.path, start, None if audio.end is None else audio.end - start)


def seconds(sound: Sound) -> Fraction:
    """How long a part of a sound is, by its first track, which is decoded for it.

    Raises:
        InputError: it cannot be decoded.
    """
    try:
        zero = beginning(sound)
        listed = ffmpeg.packets(sound.path, "audio", decode=True, timeout=ffmpeg.PATIENCE)
    except RunError as error:
        reason = str(error)
    else:
        if listed is not None:
            lasts = max(Fraction(0), listed.end - zero - sound.start)
            return lasts if sound.duration is None else min(lasts, sound.duration)
        reason = NOTHING
    raise InputError(f"its sound cannot be decoded ({reason})", path=sound.path, key=AUDIO)


def frames_asked(recipe: Recipe, rate: Fraction) -> int | None:
    """How many frames of its source a recipe asks for, at so many a second; None: as many as there
    are, or as its beats last, which are not known yet. A clip that closes takes more than its film
    has.

    Raises:
        RecipeError, InputError: as `named_sound`.
    """
    if not isinstance(recipe, FilmRecipe) or not isinstance(recipe.frames, int | None):
        return None
    if recipe.frames is not None and recipe.loop and isinstance(recipe, VideoRecipe):
        return recipe.frames + recipe.blend_frames(rate)
    if recipe.frames is not None or not isinstance(recipe, ZoomRecipe):
        return recipe.frames
    sound = named_sound(recipe.audio)
    return USUAL_FRAMES if sound is None else max(1, round(seconds(sound) * rate))
