"""The streams of a media file, parsed from ffmpeg's description of it.

The bundled ffmpeg comes without ffprobe, so the text of `ffmpeg -i` is read. Names and tags in it
are untrusted, but ffmpeg indents them, so that none can pass for a stream's line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_INPUT = re.compile(r"^Input #0, (\S+), from", re.MULTILINE)
_STREAM = re.compile(r"^ *Stream #0:(\d+)(?:\[\w+\])?(?:\((\w+)\))?: (\w+): (.*)$")
_PART = re.compile(r"(?:[^,(\[]|\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\])+")
_RATE = re.compile(r"([\d.]+)(k?) (fps|tbr)")
_SIZE = re.compile(r"^(\d+)x(\d+)")
_TAG = re.compile(r"^ {6,}(\w+) *: (.*)$")

FIELDS = ("top first", "bottom first", "top coded first", "bottom coded first")
"""ffmpeg's names for the orders of an interlaced picture's fields."""


@dataclass(frozen=True)
class PictureStream:
    """A stream of pictures.

    Attributes:
        index: its index in the file.
        codec: ffmpeg's name of the codec, such as `h264`.
        pixel_format: ffmpeg's name, such as `yuv420p10le`; "" if unknown.
        matrix, primaries, transfer: ffmpeg's names of its colors, as `bt709`; "" if not stated.
        interlaced: whether the stream says so. Single pictures may say otherwise.
        size: stored (width, height); (0, 0) if unknown.
        rate: frames a second, as stated or guessed from the first pictures; 0 if unknown.
        attached: whether it is a cover or thumbnail, not a clip.
        default: whether it is flagged as the one to show.
        has_alpha_track: whether its transparency is stored beside the pictures, as in WebM.
    """

    index: int
    codec: str
    pixel_format: str = ""
    matrix: str = ""
    primaries: str = ""
    transfer: str = ""
    interlaced: bool = False
    size: tuple[int, int] = (0, 0)
    rate: float = 0.0
    attached: bool = False
    default: bool = False
    has_alpha_track: bool = False


@dataclass(frozen=True)
class Streams:
    """The streams of a file.

    Attributes:
        container: ffmpeg's name of the container, such as `matroska,webm`; "" if it cannot be read.
        pictures: its streams of pictures.
        sounds: how many streams of sound it has.
        others: how many other streams it has.
    """

    container: str
    pictures: list[PictureStream] = field(default_factory=list)
    sounds: int = 0
    others: int = 0

    @property
    def shown(self) -> PictureStream | None:
        """The clip: the first stream flagged as default, else the first. Covers are none."""
        clips = [stream for stream in self.pictures if not stream.attached]
        return next((stream for stream in clips if stream.default), clips[0] if clips else None)


def parse_streams(text: str) -> Streams:
    """Parse the description that `ffmpeg -i` prints."""
    container = _INPUT.search(text)
    pictures: list[PictureStream] = []
    kinds: list[str] = []
    for kind, index, rest, tags in _described(text):
        kinds.append(kind)
        if kind == "Video":
            pictures.append(_picture_stream(index, rest, tags))
    others = len(kinds) - len(pictures) - kinds.count("Audio")
    return Streams(container[1] if container else "", pictures, kinds.count("Audio"), others)


def _described(text: str) -> Iterator[tuple[str, int, str, dict[str, str]]]:
    """Each stream's kind, index, description and tags."""
    found: list[tuple[str, int, str, dict[str, str]]] = []
    for line in text.splitlines():
        stream, tag = _STREAM.match(line), _TAG.match(line)
        if stream:
            found.append((stream[3], int(stream[1]), stream[4], {}))
        elif tag and found:
            found[-1][3].setdefault(tag[1].lower(), tag[2].strip())
    yield from found


def _picture_stream(index: int, rest: str, tags: dict[str, str]) -> PictureStream:
    codec, *parts = [part.strip() for part in _PART.findall(rest)]
    pixels = re.match(r"(\w+)(?:\((.*)\))?$", parts[0]) if parts else None
    details = [each.strip() for each in pixels[2].split(",")] if pixels and pixels[2] else []
    matrix, primaries, transfer = _colors(details)
    sizes = [size for size in map(_SIZE.match, parts) if size]
    rates = {match[3]: _number(match) for match in _RATE.finditer(rest)}
    return PictureStream(
        index,
        codec.split(" ")[0],
        pixels[1] if pixels else "",
        matrix,
        primaries,
        transfer,
        any(each.startswith(FIELDS) for each in details),
        (int(sizes[0][1]), int(sizes[0][2])) if sizes else (0, 0),
        rates.get("fps", rates.get("tbr", 0.0)),
        "(attached pic)" in rest or "(timed thumbnails)" in rest or "(still image)" in rest,
        "(default)" in rest,
        tags.get("alpha_mode") == "1",
    )


def _colors(details: list[str]) -> tuple[str, str, str]:
    """The matrix, primaries and transfer that the details of a pixel format state; "" where not."""
    named = next((each.split("/") for each in details if "/" in each), [])
    if not named:  # one name where all three are the same
        named = 3 * [each for each in details if re.fullmatch(r"(bt|smpte)\w+", each)][:1]
    stated = ["" if each in ("unknown", "reserved") else each for each in named]
    return (stated[0], stated[1], stated[2]) if len(stated) == 3 else ("", "", "")


def _number(rate: re.Match[str]) -> float:
    try:
        return float(rate[1]) * (1000 if rate[2] else 1)
    except ValueError:
        return 0.0
