"""A recipe's schedules as curves over its film, and the sound that they hear."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from typing import Any, get_args

import numpy as np
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dreamvid.errors import DreamvidError, RecipeError
from dreamvid.media.sound import Sound, beginning
from dreamvid.media.sound_decoder import RATE, decode_sound
from dreamvid.recipe import Recipe
from dreamvid.recipe.at_frame import schedules
from dreamvid.recipe.expression import short
from dreamvid.recipe.heard import B
from dreamvid.recipe.interpolation import BETWEEN
from dreamvid.recipe.keyframe import Key
from dreamvid.recipe.schedule import Schedule, parse_schedule
from dreamvid.recipe.timeline import Timeline
from dreamvid.source import Source
from dreamvid.studio.recipes import faults_of

SAMPLES = 400
"""Most values of a curve, and peaks of a sound."""

UNKNOWN = 300
"""Frames that are shown of a film whose length is not known."""


def curves(recipe: Recipe, source: Source) -> dict[str, Any]:
    """The curves of a recipe, and its sound; see `/api/curves`."""
    timeline = source.timeline
    frames = timeline.frames or UNKNOWN
    every = max(1, math.ceil(frames / SAMPLES))
    shown = [_curve(recipe, *each, timeline, frames, every) for each in schedules(recipe)]
    answer = {"frames": timeline.frames, "fps": float(timeline.rate), "curves": shown}
    return {**answer, "sound": _sound(source, frames), "faults": []}


def text_of(keys: Sequence[Any], between: str) -> str:
    """Keyframes as a schedule's text.

    Args:
        keys: of each its `word` and its `text`.

    Raises:
        RecipeError: they are no schedule; one line.
    """
    given: dict[str, str] = {}
    for each in keys:
        word = str(each["word"])
        if word in given:
            raise RecipeError(f"has the key {short(word)} twice")
        given[word] = str(each["text"])
    try:
        schedule = parse_schedule({**given, "interpolation": between})
    except ValueError as error:
        raise RecipeError(str(error)) from None
    assert schedule is not None
    return schedule.text


def _curve(
    recipe: Recipe, key: str, schedule: Schedule, timeline: Timeline, frames: int, every: int
) -> dict[str, Any]:
    values: list[float | None] = []
    fault = ""
    for t in range(0, frames, every):
        try:
            values.append(round(schedule.at(timeline[t]), 6))
        except RecipeError as error:
            values.append(None)
            fault = fault or str(error)
    return {
        "key": key,
        "text": schedule.text,
        "values": values,
        "every": every,
        "between": schedule.between,
        "interpolations": list(BETWEEN),
        "keys": _keys(schedule, timeline),
        "bounds": _bounds(type(recipe), key.split(".")),
        "fault": fault,
    }


def _keys(schedule: Schedule, timeline: Timeline) -> list[dict[str, Any]] | None:
    """The keyframes; None: it is an expression."""
    if not schedule.keys[0].word:
        return None
    return [
        {
            "frame": _frame(key, timeline),
            "word": key.word,
            "text": _bare(key.text),
            "number": _number(key),
        }
        for key in schedule.keys
    ]


def _bare(text: str) -> str:
    """An expression without the parentheses around all of it."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if not depth and at < len(text) - 1:
            return text
    return text[1:-1] if text.startswith("(") else text


def _frame(key: Key, timeline: Timeline) -> float | None:
    """The frame that a keyframe lies at; None: it is not known."""
    if key.unit == "s":
        return float(key.place * timeline.rate)
    if key.unit == "b":
        return _frame_of_beat(float(key.place), timeline)
    try:
        return float(key.in_film(timeline[0]).place)
    except (ArithmeticError, ValueError):
        return None


def _frame_of_beat(beat: float, timeline: Timeline) -> float | None:
    try:
        heard = timeline.heard
        return next(
            (float(t) for t in range(timeline.frames or 0) if heard and heard.at(B, t) >= beat),
            None,
        )
    except KeyError:
        return None


def _number(key: Key) -> float | None:
    """The value of a keyframe that is a plain number; None: it is an expression."""
    try:
        return float(key.text.strip("() "))
    except ValueError:
        return None


def _bounds(model: type[BaseModel], parts: list[str]) -> list[float] | None:
    """The least and the most of a key's value; None: it has no two bounds."""
    field: FieldInfo | None = model.model_fields.get(parts[0])
    if field is None:
        return None
    kinds = [field.annotation, *get_args(field.annotation)]
    inner = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
    if inner is not None and len(parts) > 1:
        return _bounds(inner, [part for part in parts[1:] if not part.isdecimal()] or parts[1:])
    marks = [*field.metadata, *_marks(field.annotation)]
    least = [m.ge if isinstance(m, Ge) else m.gt for m in marks if isinstance(m, Ge | Gt)]
    most = [m.le if isinstance(m, Le) else m.lt for m in marks if isinstance(m, Le | Lt)]
    return [float(least[0]), float(most[0])] if least and most else None  # type: ignore[arg-type]


def _marks(annotation: Any) -> Iterator[Any]:
    for part in get_args(annotation):
        for mark in getattr(part, "__metadata__", ()):
            yield mark
            yield from getattr(mark, "metadata", ())
        yield from _marks(part)


def _sound(source: Source, frames: int) -> dict[str, Any] | None:
    """The wave and the beats of a film's sound; None: it has none."""
    if source.sound is None:
        return None
    seconds = frames / source.rate
    try:
        peaks = _peaks(source.sound, seconds)
    except DreamvidError as error:
        return {"peaks": [], "beats": [], "faults": faults_of(error)}
    return {"peaks": peaks, "beats": _beats(source.timeline, frames)}


def _peaks(sound: Sound, length: Fraction) -> list[float]:
    """The loudest sample of each of `SAMPLES` parts of a film of `length` seconds, 0..1."""
    first, count = int(sound.start * RATE), max(1, int(length * RATE))
    peaks, at = np.zeros(SAMPLES, np.float32), 0
    with closing(decode_sound(sound.path, beginning(sound))) as blocks:
        for block in blocks:
            places = np.arange(at, at + len(block)) - first
            at += len(block)
            inside = (places >= 0) & (places < count)
            if inside.any():
                bins = places[inside] * SAMPLES // count
                np.maximum.at(peaks, bins, np.abs(block[inside]))
            if at - first >= count:
                break
    top = float(peaks.max()) or 1.0
    return [round(float(peak) / top, 3) for peak in peaks]


def _beats(timeline: Timeline, frames: int) -> list[int]:
    """The frames at which beats fall; empty: they are not known."""
    if timeline.heard is None:
        return []
    try:
        counted = [math.floor(timeline.heard.at(B, t)) for t in range(frames)]
    except KeyError:
        return []
    return [t for t in range(1, frames) if counted[t] > counted[t - 1]]
