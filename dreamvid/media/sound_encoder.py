"""Encoding the sound of a film: decoded, cut to the sample, filled with silence, as AAC or PCM."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import RunError
from dreamvid.media import channels, ffmpeg, tracks
from dreamvid.media.channels import Part
from dreamvid.media.tracks import Track
from dreamvid.notices import warn

BITRATE = 192
"""kb/s of a track of up to three channels."""

CHANNEL_BITRATE = 64
"""kb/s of each channel of a track of more."""

RATES = (16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000)
"""Samples a second of AAC. At its lower rates a packet would last up to .14 s, and be heard before
its time."""

PACKET = 1024
"""Samples in a packet of AAC."""

PCM = re.compile(r"pcm_(s16|s24|s32|f32|f64)[lb]e")
"""The kinds of PCM that MOV and MKV hold."""

LEAD = 5
"""Seconds decoded before a cut, since seeking is inexact."""


@dataclass(frozen=True)
class Cut:
    """The part of a file's sound that a film has.

    Attributes:
        path: the file.
        zero: when its first picture is shown, in seconds on the file's clock.
        start: seconds from then to the film's beginning.
        audible: seconds from there on that are heard; the rest is silent.
        length: of the film, in seconds.
        passes: seconds at its end over which the sound passes over into what comes before `start`.
        seeks: whether decoding begins shortly before the part; if not, at the file's beginning.
    """

    path: Path
    zero: Fraction
    start: Fraction
    audible: Fraction
    length: Fraction
    passes: Fraction = Fraction(0)
    seeks: bool = True

    @property
    def lead(self) -> Fraction:
        """Seconds before all that is heard from which on samples are counted."""
        return min(self._first, Fraction(2 * LEAD)) if self.seeks else self._first

    @property
    def _first(self) -> Fraction:
        return max(Fraction(0), self.start - self.passes)

    def sought(self) -> list[str]:
        """ffmpeg's options to begin decoding a little before the part."""
        # Asked for a time near 0, ffmpeg seeks before it, and so to anywhere in an AVI or FLV.
        if self._first <= 2 * LEAD or not self.seeks:
            return []
        return ["-ss", seconds(self._first - LEAD)]

    def filters(self) -> str:
        """ffmpeg's filters that make decoded sound as long as the film.

        The part is cut by counting samples, since the times of single packets may be wrong: of
        Vorbis by 10 ms or more where long windows meet short ones, as before a click.
        """
        origin, end = self._first - self.lead, self.length - self.passes
        shape = self._part(self.start - origin, self.audible)
        if self.passes:
            fade = f"afade=%s:d={seconds(self.passes)}:curve=qsin"
            before = self._part(self.start - self.passes - origin, self.passes)
            shape = (
                f"asplit[all][lead];[all]{shape},{fade % 'out'}:st={seconds(end)}[end];"
                f"[lead]{before},{fade % 'in'},asetpts=PTS+{seconds(end)}/TB,"
                "aresample=async=1:first_pts=0[begin];"
                "[end][begin]amix=duration=longest:normalize=0"
            )
        return (
            f"asetpts=PTS-({seconds(self.zero + origin)})/TB,"
            "aresample=async=1:first_pts=0,"  # silence before a late sound, nothing before time 0
            f"{shape},apad=whole_dur={seconds(self.length)}"
        )

    @staticmethod
    def _part(start: Fraction, lasts: Fraction) -> str:
        """The filters that leave so many seconds from a time on."""
        cut = f"atrim=start={seconds(start)}:end={seconds(start + lasts)}"
        return f"{cut},asetpts=PTS-({seconds(start)})/TB"


@dataclass(frozen=True)
class _Output:
    """A track of the film: the source's track that it is made of, its filter and its coding.

    Attributes:
        rate: samples a second of AAC; 0: those of the source.
        leads: whether it comes first of those made of one track, and so is played by default
            where that would be.
    """

    track: Track
    filter: str
    codec: str
    bitrate: int = 0
    rate: int = 0
    leads: bool = True

    def coding(self, place: int) -> list[str]:
        """ffmpeg's options for the track at a place in the film."""
        options = [f"-c:a:{place}", self.codec]
        if self.codec == "aac":
            options += [f"-b:a:{place}", f"{self.bitrate}k", f"-ar:a:{place}", str(self.rate)]
        return options


def encode(cut: Cut, found: Sequence[Track], path: Path) -> None:
    """Encode tracks into a file: PCM as PCM where the file can hold it, all else as AAC.

    A line of warning says what is silent, left out or laid out otherwise.

    Raises:
        RunError: no track can be decoded.
    """
    made = [_outputs(cut, track, path.suffix) for track in found]
    try:
        fault = _run(cut, [output for outputs in made for output in outputs], path)
    except RunError as error:
        kept = _encode_apart(cut, made, path)
        if not kept:
            raise
        many = f"of its {len(made)} sound tracks only {kept} can be read"
        warn(f"{cut.path}: {'its sound is damaged' if kept == len(made) else many} ({error})")
        return
    if _is_longer(cut, made, path):
        _encode_apart(cut, made, path)
    # If decoding begins in the middle, warnings about missing earlier packets are expected.
    elif fault and cut.start == 0:
        warn(f"{cut.path}: its sound is damaged, the film is silent there ({fault})")


def _outputs(cut: Cut, track: Track, suffix: str) -> list[_Output]:
    """The film's tracks for one of the source's."""
    pcm = PCM.fullmatch(track.codec)
    if pcm and channels.holds(suffix, track.layout):
        return [_Output(track, "anull", f"pcm_{pcm[1]}le")]

    def is_bass(place: int) -> bool:
        return tracks.is_bass(cut.path, track, place, cut.sought(), cut.length + 2 * LEAD)

    parts, note = channels.arranged(track.layout, is_bass)
    if note:
        warn(f"{cut.path}: its sound track {track.index + 1} {note}")
    return [_aac(track, part, leads=part is parts[0]) for part in parts]


def _aac(track: Track, part: Part, *, leads: bool = True) -> _Output:
    rate = next((rate for rate in RATES if rate >= track.rate), RATES[-1])
    bitrate = max(BITRATE, CHANNEL_BITRATE * len(part.speakers))
    return _Output(track, part.filter, "aac", bitrate, rate, leads)


def _run(cut: Cut, outputs: Sequence[_Output], path: Path, *, twice: bool = False) -> str:
    """Encode tracks; returns what ffmpeg complained of. `twice`: see `_decoded_twice`."""
    near = ["-copyts", *cut.sought(), "-max_error_rate", "1", *source(cut.path)]
    if twice:
        near += _decoded_twice(cut, outputs)
        maps = [["-map", f"[sound{place}]"] for place in range(len(outputs))]
    else:
        shape = cut.filters()
        maps = [
            ["-map", f"0:a:{output.track.index}", f"-filter:a:{place}", f"{output.filter},{shape}"]
            for place, output in enumerate(outputs)
        ]
    codings = [output.coding(place) for place, output in enumerate(outputs)]
    options = [option for options in (*maps, *codings) for option in options]
    arguments = [*near, *options, *_marked(outputs), *destination(path)]
    return ffmpeg.run(arguments, timeout=ffmpeg.patience(float(cut.length)))[1]


def _decoded_twice(cut: Cut, outputs: Sequence[_Output]) -> list[str]:
    """The options by which ffmpeg converts sound to PCM of one format, and decodes that again.

    Where a broadcast's format changes, ffmpeg makes its filters anew, and these would fill the time
    before it with silence once more.
    """
    options = []
    for output in outputs:
        steady = f"{output.filter},aformat=sample_rates={output.track.rate or RATES[-1]}"
        options += ["-map", f"0:a:{output.track.index}", "-filter:a", steady]
        options += ["-c:a", "pcm_s32le", "-f", "null", "-"]
    shapes = []
    for place in range(len(outputs)):
        options += ["-dec", f"{place}:0"]
        shapes.append(f"[dec:{place}]{cut.filters()}[sound{place}]")
    return [*options, "-filter_complex", ";".join(shapes)]


def _is_longer(cut: Cut, made: Sequence[Sequence[_Output]], path: Path) -> bool:
    """Whether a track has more packets than the film lasts, as where its format changes."""
    place = 0
    for outputs in made:
        rate = outputs[0].rate
        listed = ffmpeg.packets(path, "audio", place) if rate else None
        if listed and listed.count > cut.length * rate / PACKET + 4:  # some fill up the first, last
            return True
        place += len(outputs)
    return False


def _encode_apart(cut: Cut, made: Sequence[Sequence[_Output]], path: Path) -> int:
    """Encode each track for itself, and join those that can be decoded; returns how many can."""
    files, kept = list[Path](), list[_Output]()
    for outputs in made:
        file = path.with_stem(f"{path.stem}-{len(files)}")
        plain = [_aac(outputs[0].track, Part("stereo", "aformat=channel_layouts=stereo"))]
        for some, twice in ((outputs, True), (plain, True), (outputs, False)):
            with contextlib.suppress(RunError):
                _run(cut, some, file, twice=twice)
                files.append(file)
                kept += some
                break
    if files:
        inputs = [word for file in files for word in (*ffmpeg.UNGUESSED, "-i", ffmpeg.url(file))]
        maps = [word for place in range(len(files)) for word in ("-map", f"{place}:a")]
        copied = ["-copyts", *inputs, *maps, "-c", "copy", *_marked(kept), *destination(path)]
        ffmpeg.run(copied, timeout=ffmpeg.PATIENCE)
    for file in files:
        file.unlink()
    return len(files)


def _marked(outputs: Sequence[_Output]) -> list[str]:
    """The options for the tracks' languages, and for which of them are played by default."""
    options = tracks.language_tags(output.track.language for output in outputs)
    if any(output.track.default for output in outputs):
        for place, output in enumerate(outputs):
            sign = "+" if output.track.default and output.leads else "-"
            options += [f"-disposition:a:{place}", f"{sign}default"]
    return options


def source(path: Path) -> list[str]:
    """ffmpeg's options that open a file of a stranger, without guesses at its channels."""
    return [*ffmpeg.GUARD, *ffmpeg.UNGUESSED, "-i", ffmpeg.url(path)]


def destination(path: Path) -> list[str]:
    """ffmpeg's options for a file that has nothing of its source's but the sound."""
    plain = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    return [*plain, "-y", ffmpeg.url(path)]


def seconds(time: Fraction) -> str:
    """A time as ffmpeg takes it."""
    return f"{float(time):.6f}"
