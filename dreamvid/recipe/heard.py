"""What a schedule can hear in a film's sound: names such as `bass`, and bands such as
`low(50, 120)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NYQUIST = 11025.0
"""Hz: the highest frequency that is listened to, half the rate at which sound is analysed."""

BAR = 4
"""Beats of a bar."""

LEVELS = ("bass", "mid", "treble", "loud")
HITS = ("onset", "kick", "snare", "hat")
CHROMA = tuple(f"chroma{pitch}" for pitch in range(12))
RHYTHM = ("beat", "bar", "b")
PARTS = ("section", "part")

NAMES = (*LEVELS, *HITS, "beat", "bar", *PARTS, *CHROMA, "b")
"""The names that stand alone. All are 0..1 but `b`, the beats since the first, and `part`, which
counts the sections from 0."""

BANDS = {"low": "low(50, 120)", "onset": "onset(200, 4000)"}
"""The names that take a band of frequencies, and how they are written."""

SMOOTHING = ("attack", "release")
"""The words of seconds in parentheses, as in `kick(release=0.3)`."""

NO_SOUND = "is heard in a sound; name one: --audio FILE"
SILENT = "name a sound, --audio FILE, or the tempo, --bpm 120"
"""What to do without a sound, for all that is heard, and for beats."""

LONGEST = 60.0
"""Most seconds of an attack or release."""


@dataclass(frozen=True)
class Heard:
    """Something that can be heard in a sound, as a number at each frame.

    Attributes:
        name: one of `NAMES` or `BANDS`, or `1b`: the frames that a beat lasts.
        band: the lowest and highest frequency in Hz, within 0..`NYQUIST`; None: the name's own.
        attack, release: seconds in which it rises before a peak and falls after it; None: as set
            for the whole sound.
    """

    name: str
    band: tuple[float, float] | None = None
    attack: float | None = None
    release: float | None = None

    def __str__(self) -> str:
        values = [f"{hertz:g}" for hertz in self.band or ()]
        pairs = [(word, getattr(self, word)) for word in SMOOTHING]
        values += [f"{word}={value:g}" for word, value in pairs if value is not None]
        return f"{self.name}({','.join(values)})" if values else self.name

    @property
    def is_rhythm(self) -> bool:
        """Whether it needs the times of the beats."""
        return self.name in (*RHYTHM, "1b")


B = Heard("b")
"""The beats since the first, before it below 0."""

BEAT_FRAMES = Heard("1b")
"""The frames that a beat lasts."""


def heard_call(name: str, values: Sequence[float], words: Mapping[str, float]) -> Heard:
    """What `name(values, words)` stands for, as in `onset(200, 4000, release=0.2)`.

    Raises:
        ValueError: nothing; one line.
    """
    usage = BANDS.get(name, f"{name}(release=0.3)")
    if (name in RHYTHM or name in PARTS) or not (values or words):
        raise ValueError(f"{name} is a name; write it without parentheses" + _unless(name))
    if (values and name not in BANDS) or len(values) not in (0, 2):
        raise ValueError(f"{name} is written {usage}, not with {len(values)} values")
    if name == "low" and not values:
        raise ValueError(f"{name} is written {usage}")
    for word, seconds in words.items():
        if not 0 <= seconds <= LONGEST:
            raise ValueError(f"{word} in {name} must be from 0 to {LONGEST:g} seconds")
    heard = Heard(name, (values[0], values[1]) if values else None, **words)
    if heard.band is not None:
        low, high = heard.band
        if high > NYQUIST:
            raise ValueError(f"{heard} ends over {NYQUIST:g} Hz, the highest that is listened to")
        if not 0 <= low < high:
            raise ValueError(f"{heard} must go from a lower to a higher frequency, as {usage}")
    return heard


def _unless(name: str) -> str:
    return f", or as {BANDS[name]}" if name in BANDS else ""
