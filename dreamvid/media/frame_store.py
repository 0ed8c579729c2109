"""The frames of a segment that is not closed yet, for another process to code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import StateError
from dreamvid.media.durable import atomic_write, os_errors

QUICK, SMALL = ".npy", ".png"

ENDINGS = (QUICK, SMALL)
"""Of the files: written at once, and what they become when they are to be kept for long."""


class FrameStore:
    """Frames as a codec takes them, (H, W) or (H, W, C) of any kind of number, as files of a
    folder: `000123.npy`, or smaller where 8-bit RGB allows it, `000123.png`."""

    def __init__(self, folder: Path) -> None:
        """Those in a folder that is there."""
        self._folder = folder

    def __contains__(self, index: int) -> bool:
        return any(path.exists() for path in self._names(index))

    def __getitem__(self, index: int) -> NDArray[Any]:
        """One of them. Raises RunError."""
        quick, small = self._names(index)
        try:
            if quick.exists():
                return np.asarray(np.load(quick, allow_pickle=False))
            return np.asarray(iio.imread(small, plugin="pillow", mode="RGB"), np.uint8)
        except (OSError, ValueError) as error:
            raise StateError(
                f"{quick.stem}: cannot be read ({error}); --restart begins anew"
            ) from None

    def add(self, index: int, pixels: NDArray[Any]) -> None:
        """Write one; once this returns it is safe. Raises RunError."""
        with atomic_write(self._names(index)[0]) as file:
            np.save(file, pixels, allow_pickle=False)

    def drop(self, indices: range) -> None:
        """Remove those that are there."""
        with os_errors(self._folder):
            for index in indices:
                for path in self._names(index):
                    path.unlink(missing_ok=True)

    def shrink(self) -> None:
        """Make those small that can be. Raises RunError."""
        with os_errors(self._folder):
            for path in self._folder.glob(f"*{QUICK}"):
                self._shrink(path)

    def remove_others(self) -> None:
        """Remove all else that is in the folder. Raises RunError."""
        with os_errors(self._folder):
            for path in self._folder.iterdir():
                if path.suffix not in ENDINGS:
                    path.unlink()

    def _shrink(self, path: Path) -> None:
        pixels = self[int(path.stem)]
        if pixels.dtype != np.uint8 or pixels.shape[2:] != (3,):
            return
        packed = iio.imwrite("<bytes>", pixels, extension=SMALL, plugin="pillow", compress_level=1)
        with atomic_write(path.with_suffix(SMALL)) as file:
            file.write(packed)
        path.unlink()

    def _names(self, index: int) -> tuple[Path, Path]:
        stem = self._folder / f"{index:06d}"
        return stem.with_suffix(QUICK), stem.with_suffix(SMALL)
