"""How the channels of a sound track are laid out in AAC, which codes speakers, not numbers.

Cameras, recorders and MKV say nothing of their channels' places, and AAC has no layouts without
places, nor with more than eight channels. Its LFE, the bass channel of 5.1 and 7.1, holds nothing
above some 250 Hz, so that a microphone coded as one would be lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

CODED = {
    "mono": "FC",
    "stereo": "FL+FR",
    "2.1": "FL+FR+LFE",
    "3.0": "FL+FR+FC",
    "3.0(back)": "FL+FR+BC",
    "3.1": "FL+FR+FC+LFE",
    "4.0": "FL+FR+FC+BC",
    "quad": "FL+FR+BL+BR",
    "quad(side)": "FL+FR+SL+SR",
    "4.1": "FL+FR+FC+LFE+BC",
    "5.0": "FL+FR+FC+BL+BR",
    "5.0(side)": "FL+FR+FC+SL+SR",
    "5.1": "FL+FR+FC+LFE+BL+BR",
    "5.1(side)": "FL+FR+FC+LFE+SL+SR",
    "6.0": "FL+FR+FC+BC+SL+SR",
    "6.0(front)": "FL+FR+FLC+FRC+SL+SR",
    "hexagonal": "FL+FR+FC+BL+BR+BC",
    "6.1": "FL+FR+FC+LFE+BC+SL+SR",
    "6.1(back)": "FL+FR+FC+LFE+BL+BR+BC",
    "6.1(front)": "FL+FR+LFE+FLC+FRC+SL+SR",
    "7.0": "FL+FR+FC+BL+BR+SL+SR",
    "7.0(front)": "FL+FR+FC+FLC+FRC+SL+SR",
    "7.1": "FL+FR+FC+LFE+BL+BR+SL+SR",
    "7.1(wide)": "FL+FR+FC+LFE+BL+BR+FLC+FRC",
    "7.1(wide-side)": "FL+FR+FC+LFE+FLC+FRC+SL+SR",
    "octagonal": "FL+FR+FC+BL+BR+BC+SL+SR",
}
"""The layouts that ffmpeg's AAC encoder takes, by ffmpeg's names, with their channels in order."""

UNLABELLED = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0"}
"""The layouts of unlabelled channels: AAC's own (ISO/IEC 14496-3, table 1.19), which every player
decodes, without an LFE. A player that mixes them for two speakers makes all of them heard. More
channels become tracks of two, as broadcasters pair them (EBU R 123)."""

WITH_BASS = {6: "5.1", 8: "7.1"}
"""The layouts of unlabelled channels whose fourth is a bass channel; so 5.1 is stored in MKV."""

FOURTH = 3
"""Its place, counted from 0."""

BASS = ("LFE", "LFE2")
"""The channels that AAC codes as bass channels, or that are mixed into one."""

TALL = {
    "3.1.2": "FL+FR+FC+LFE+TFL+TFR",
    "5.1.2": "FL+FR+FC+LFE+SL+SR+TFL+TFR",
    "5.1.2(back)": "FL+FR+FC+LFE+BL+BR+TFL+TFR",
    "cube": "FL+FR+BL+BR+TFL+TFR+TBL+TBR",
    "5.1.4": "FL+FR+FC+LFE+SL+SR+TFL+TFR+TBL+TBR",
    "7.1.2": "FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR",
    "7.1.4": "FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR+TBL+TBR",
    "7.2.3": "FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR+TBC+LFE2",
    "9.1.4": "FL+FR+FC+LFE+BL+BR+FLC+FRC+SL+SR+TFL+TFR+TBL+TBR",
    "9.1.6": "FL+FR+FC+LFE+BL+BR+FLC+FRC+SL+SR+TFL+TFR+TBL+TBR+TSL+TSR",
    "hexadecagonal": "FL+FR+FC+BL+BR+BC+SL+SR+TFL+TFC+TFR+TBL+TBC+TBR+WL+WR",
    "22.2": "FL+FR+FC+LFE+BL+BR+FLC+FRC+BC+SL+SR+TC+"
    "TFL+TFC+TFR+TBL+TBC+TBR+LFE2+TSL+TSR+BFC+BFL+BFR",
}
"""Layouts with loudspeakers above or below; they are mixed down to 7.1."""

NEAREST = {
    **{"FLC": "FL", "TFL": "FL", "BFL": "FL", "WL": "FL", "TFC": "FC", "BFC": "FC", "LFE2": "LFE"},
    **{"FRC": "FR", "TFR": "FR", "BFR": "FR", "WR": "FR", "TSL": "SL", "TSR": "SR", "TC": "SL+SR"},
    **{"BC": "BL+BR", "TBC": "BL+BR", "TBL": "BL", "TBR": "BR"},
}
"""The loudspeakers of 7.1 that sound for the others."""

PAIRS = {"binaural": "BIL+BIR", "downmix": "DL+DR"}
"""Layouts for headphones and of what was mixed down before."""

KNOWN = {speaker for layout in (*CODED.values(), *TALL.values()) for speaker in layout.split("+")}
"""The loudspeakers with a place; others (UNSD, UNK, AMBI0) have none."""

FOLDED = 0.707
"""What of another loudspeaker is added, 3 dB less, as ffmpeg and ITU-R BS.775 have it."""

GUESSED = {
    *("mono", "stereo", "2.1", "4.0", "5.0", "5.0(side)", "5.1", "5.1(side)", "6.1", "7.1"),
    *("5.1.4", "7.1.4", "9.1.4", "9.1.6", "22.2"),
}
"""The layouts that a reader takes PCM in MKV for, where no layout is stored."""


@dataclass(frozen=True)
class Part:
    """A track of the film, made of some or all channels of a source's track.

    Attributes:
        layout: ffmpeg's name of its layout.
        filter: the ffmpeg filter that makes it.
    """

    layout: str
    filter: str

    @property
    def speakers(self) -> list[str]:
        """Its loudspeakers, one for each channel."""
        return _speakers(self.layout)


def arranged(layout: str, is_bass: Callable[[int], bool]) -> tuple[list[Part], str]:
    """The tracks that hold all channels of a source's track in AAC.

    Args:
        layout: by ffmpeg: `5.1(side)`, `4 channels`, `2 channels (FR+FL)`, `ambisonic 1`.
        is_bass: whether the channel at a place has low frequencies only; asked if it matters.

    Returns:
        The tracks, and what a listener should know of them, "" if nothing.
    """
    labels = _labels(layout)
    notes = []
    if layout in CODED:  # named, since the layout of a broadcast may change
        parts = [Part(layout, f"aformat=channel_layouts={layout}")]
    elif layout in TALL:
        parts = [_mixed_down(labels)]
        notes.append(f"is mixed down from {layout} to 7.1")
    elif labels:
        parts = list(_divided(labels, is_bass))
        if layout.startswith("ambisonic"):
            notes.append("is ambisonic, and not decoded")
        if len(parts) > 1:
            notes.append(f"becomes {len(parts)} tracks of its {len(labels)} channels")
    else:  # a layout that is not listed here
        parts = [Part("stereo", "anull")]
    if any("LFE" in part.speakers for part in parts):
        full = [at for at, name in enumerate(labels) if name in BASS and not is_bass(at)]
        parts += [_chosen([place], "mono") for place in full]
        if full:
            notes.append("has more than bass in its bass channel, which is kept as a track as well")
    return parts, ", and ".join(notes)


def holds(suffix: str, layout: str) -> bool:
    """Whether a file with this ending can hold PCM, and the places of its channels."""
    if suffix == ".mkv":  # which stores how many there are
        return layout in GUESSED or not any(_labels(layout) or [layout])
    return suffix == ".mov"


def _labels(layout: str) -> list[str]:
    """The channels' loudspeakers in order, "" for one without; nothing for an unknown layout."""
    named = {**CODED, **TALL, **PAIRS}.get(layout)
    custom = re.fullmatch(r"(\d+) channels(?: \((.+)\))?", layout)
    ambisonic = re.fullmatch(r"ambisonic (\d+)(?:\+(.+))?", layout)
    if named:
        return named.split("+")
    if custom:
        listed = custom[2].split("+") if custom[2] else [""] * int(custom[1])
        return [label if label in KNOWN else "" for label in listed]
    if ambisonic:
        return [""] * (int(ambisonic[1]) + 1) ** 2 + (_labels(ambisonic[2]) if ambisonic[2] else [])
    return []


def _divided(labels: Sequence[str], is_bass: Callable[[int], bool]) -> Iterator[Part]:
    """Tracks of the channels: as labelled, as far as AAC has a layout for them, then the rest."""
    start, count = 0, len(labels)
    while start < count:
        ends = range(count, start + 1, -1)
        found = next((end for end in ends if _layout(labels[start:end])), None)
        if found is None:
            break
        layout = _layout(labels[start:found])
        yield _chosen([labels.index(label, start) for label in _speakers(layout)], layout)
        start = found
    rest = range(start, count)
    if len(rest) in UNLABELLED:
        yield _chosen(rest, UNLABELLED[len(rest)])
    elif start == 0 and count in WITH_BASS and is_bass(FOURTH):
        yield _chosen(rest, WITH_BASS[count])
    else:
        for first in range(start, count, 2):
            pair = range(first, min(first + 2, count))
            yield _chosen(pair, UNLABELLED[len(pair)])


def _layout(labels: Sequence[str]) -> str:
    """AAC's layout of these loudspeakers in any order; "" if there is none."""
    same = (name for name in CODED if sorted(_speakers(name)) == sorted(labels))
    return next(same, "")


def _speakers(layout: str) -> list[str]:
    return CODED[layout].split("+") if layout in CODED else []


def _chosen(places: Sequence[int], layout: str) -> Part:
    """The channels at these places, in this order, as a layout."""
    chosen = "|".join(map(str, places))
    return Part(layout, f"channelmap=map={chosen}:channel_layout={layout}")


def _mixed_down(speakers: Sequence[str]) -> Part:
    """7.1 of all loudspeakers."""
    bed = _speakers("7.1")
    sums: dict[str, list[str]] = {speaker: [] for speaker in bed}
    for place, speaker in enumerate(speakers):
        for nearest in NEAREST.get(speaker, speaker).split("+"):
            gain = "" if speaker in bed else f"{FOLDED}*"
            sums[nearest].append(f"{gain}c{place}")
    mixes = (f"{speaker}={'+'.join(terms)}" for speaker, terms in sums.items() if terms)
    return Part("7.1", "pan=7.1|" + "|".join(mixes))
