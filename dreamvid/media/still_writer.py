"""Writing stills."""

from __future__ import annotations

from pathlib import Path

from dreamvid.frame import Frame
from dreamvid.media.codecs.codec import StillCodec
from dreamvid.media.codecs.table import still_endings
from dreamvid.media.durable import atomic_write
from dreamvid.media.sink import WorkDir

STILL_ENDINGS = still_endings()


def save_still(frame: Frame, path: Path, codec: StillCodec) -> None:
    """Write a frame atomically to a path that has been checked. Raises RunError."""
    work = WorkDir(path)
    try:
        name = f"still{path.suffix.lower()}"
        with atomic_write(work.folder / name) as file:
            file.write(codec.encode(frame))
        work.place(name, path)
    finally:
        work.remove()
