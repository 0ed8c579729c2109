"""Every channel of a track gets a place in AAC, and those with a place keep it."""

from __future__ import annotations

import re

import pytest

from dreamvid.media.channels import CODED, NEAREST, TALL, arranged, holds
from dreamvid.media.tracks import listed


def parts(layout: str, *, bass: bool = False) -> list[str]:
    """Each track's layout and the places of the channels that it is made of."""
    made, _ = arranged(layout, lambda place: bass)
    return [
        f"{part.layout} {(re.findall('=([0-9|]+):', part.filter) or [''])[0]}".strip()
        for part in made
    ]


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("stereo", ["stereo"]),
        ("5.0(side)", ["5.0(side)"]),
        ("1 channels", ["mono 0"]),
        ("1 channels (LFE)", ["mono 0"]),
        ("2 channels", ["stereo 0|1"]),
        ("2 channels (FR+FL)", ["stereo 1|0"]),
        ("2 channels (FL+FC)", ["stereo 0|1"]),
        ("downmix", ["stereo 0|1"]),
        ("3 channels", ["3.0 0|1|2"]),
        ("4 channels (UNSD+UNSD+UNSD+UNSD)", ["4.0 0|1|2|3"]),
        ("ambisonic 1", ["4.0 0|1|2|3"]),
        ("5 channels", ["5.0 0|1|2|3|4"]),
        ("6 channels", ["stereo 0|1", "stereo 2|3", "stereo 4|5"]),
        ("7 channels", ["stereo 0|1", "stereo 2|3", "stereo 4|5", "mono 6"]),
        ("4 channels (FL+FR+UNSD+UNSD)", ["stereo 0|1", "stereo 2|3"]),
        ("4 channels (FL+FR+FL+FR)", ["stereo 0|1", "stereo 2|3"]),
        ("8 channels (FL+FR+FC+SL+SR+BC+DL+DR)", ["6.0 0|1|2|5|3|4", "stereo 6|7"]),
        ("", ["stereo"]),
    ],
)
def test_channels_are_laid_out_as_documented(layout: str, expected: list[str]) -> None:
    assert parts(layout) == expected


def test_what_might_be_a_bass_channel_is_listened_to() -> None:
    film_order = "6 channels (FL+FC+FR+SL+SR+LFE)"
    assert parts("6 channels", bass=True) == ["5.1 0|1|2|3|4|5"]
    assert parts("8 channels", bass=True) == ["7.1 0|1|2|3|4|5|6|7"]
    assert parts("7 channels", bass=True) == parts("7 channels")
    assert parts("5.1", bass=True) == ["5.1"]
    assert parts("5.1") == ["5.1", "mono 3"]
    assert parts(film_order, bass=True) == ["5.1(side) 0|2|1|5|3|4"]
    assert parts(film_order) == ["5.1(side) 0|2|1|5|3|4", "mono 5"]
    asked: list[int] = []

    def listen(place: int) -> bool:
        asked.append(place)
        return True

    for layout in ("4 channels", "quad", "7 channels", "1 channels (LFE)", "22.2"):
        arranged(layout, listen)
    assert asked == [3, 18]


@pytest.mark.parametrize("layout", TALL)
def test_every_loudspeaker_is_in_the_mix(layout: str) -> None:
    [mixed], note = arranged(layout, lambda place: True)
    speakers = TALL[layout].split("+")
    for place, speaker in enumerate(speakers):
        targets = NEAREST.get(speaker, speaker).split("+")
        gain = "" if speaker in CODED["7.1"].split("+") else r"0\.707\*"
        for target in targets:
            assert re.search(rf"\b{target}=([^|]*\+)?{gain}c{place}\b", mixed.filter)
    assert note == f"is mixed down from {layout} to 7.1"


def test_what_is_laid_out_otherwise_is_said() -> None:
    def note(layout: str) -> str:
        return arranged(layout, lambda place: False)[1]

    assert [note(name) for name in ("stereo", "4 channels", "2 channels (FR+FL)")] == [""] * 3
    assert note("16 channels") == "becomes 8 tracks of its 16 channels"
    assert "not decoded" in note("ambisonic 1")
    assert "more than bass" in note("5.1")


def test_mkv_holds_pcm_that_its_readers_guess_right() -> None:
    held = {"stereo", "5.1(side)", "4 channels (UNSD+UNSD+UNSD+UNSD)", "6 channels", "7.1.4"}
    lost = {"3.0", "quad", "6 channels (FL+FC+FR+SL+SR+LFE)", "a layout of next year"}
    assert all(holds(".mkv", layout) for layout in held)
    assert not any(holds(".mkv", layout) for layout in lost)
    assert all(holds(".mov", layout) for layout in held | lost)
    assert not any(holds(".mp4", layout) for layout in held | lost)


BROADCAST = """\
Input #0, mpegts, from 'Audio: fake.ts':
  Metadata:
    title           : Stream #0:7: Audio: aac, 48000 Hz, mono, fltp
  Program 1
  Stream #0:0[0x100]: Video: h264 (High) ([27][0][0][0] / 0x001B), yuv420p, 64x48, 25 fps
  Stream #0:3[0x1103](pt-BR): Audio: ac3 (AC-3 / 0x332D4341), 48000 Hz, 5.1(side), fltp, 448 kb/s
  Stream #0:2[0x1102](und): Audio: none ([6][0][0][0] / 0x0006)
  Program 2
  Stream #0:1[0x1101](x): Audio: pcm_s24le (lpcm), 48000 Hz, 2 channels (FR+FL), s32 (default)
  Stream #0:3[0x1103](pt-BR): Audio: ac3 (AC-3 / 0x332D4341), 48000 Hz, 5.1(side), fltp, 448 kb/s
  Stream #0:4[0x1104](a)b: Audio: c): Audio: dts (dca) (DTS-HD MA + DTS:X), 44100 Hz, stereo, fltp
"""


def test_ffmpegs_list_of_tracks_is_read_whatever_it_says() -> None:
    found = listed(BROADCAST)
    assert [track.index for track in found] == [0, 1, 2, 3]
    assert [track.codec for track in found] == ["pcm_s24le", "none", "ac3", "dts"]
    assert [track.layout for track in found] == ["2 channels (FR+FL)", "", "5.1(side)", "stereo"]
    assert [track.rate for track in found] == [48000, 0, 48000, 44100]
    assert [track.language for track in found] == ["", "", "pt-BR", ""]
    assert [track.default for track in found] == [True, False, False, False]
