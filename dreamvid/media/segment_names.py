"""Names of closed segments: the frames that each holds, `000048-000060.mp4` frames 48 to 59."""

from __future__ import annotations

import re
from pathlib import Path

NAME = re.compile(r"([0-9]{6,9})-([0-9]{6,9})(\..+)", re.ASCII)


def segment_name(frames: range, ending: str) -> str:
    """The name of the segment of some frames, with a file extension."""
    return f"{frames.start:06d}-{frames.stop:06d}{ending}"


def frames_of(name: str, ending: str) -> range | None:
    """The frames of a segment by its name; None if this is no name of one with that extension."""
    matched = NAME.fullmatch(name)
    if matched is None or matched[3] != ending:
        return None
    return range(int(matched[1]), int(matched[2])) or None


def closed_frames(folder: Path, ending: str, first: int = 0) -> list[range]:
    """The frames of each closed segment in a folder, in order: from frame `first` up to the first
    gap."""
    longest: dict[int, range] = {}
    for path in folder.iterdir():
        frames = frames_of(path.name, ending)
        if frames and len(frames) > len(longest.get(frames.start, ())):
            longest[frames.start] = frames
    closed: list[range] = []
    while (start := closed[-1].stop if closed else first) in longest:
        closed.append(longest[start])
    return closed
