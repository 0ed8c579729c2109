"""Lossless storage of the frames of an open segment, so that a resume can encode it again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import StateError
from dreamvid.media.durable import atomic_write, os_errors

RAW, PACKED = ".npy", ".png"

ENDINGS = (RAW, PACKED)
"""File extensions: of new frames, and of frames packed when the run is finished."""


class FrameStore:
    """Frames in the pixel format of a codec, (H, W) or (H, W, C) of any dtype, as files in a
    folder: `000123.npy`, or packed, if they are 8-bit RGB, `000123.png`."""

    def __init__(self, folder: Path) -> None:
        """Use the frames in an existing folder."""
        self._folder = folder

    @property
    def indices(self) -> list[int]:
        """The indices of the stored frames, ascending. Raises RunError."""
        with os_errors(self._folder):
            stored = [path for path in self._folder.iterdir() if path.suffix in ENDINGS]
        return sorted({int(path.stem) for path in stored if path.stem.isdecimal()})

    def __getitem__(self, index: int) -> NDArray[Any]:
        """Read a frame. Raises StateError."""
        raw, packed = self._names(index)
        try:
            if raw.exists():
                return np.asarray(np.load(raw, allow_pickle=False))
            return np.asarray(iio.imread(packed, plugin="pillow", mode="RGB"), np.uint8)
        except (OSError, ValueError) as error:
            raise StateError(
                f"{raw.stem}: cannot be read ({error}); --restart begins anew"
            ) from None

    def add(self, index: int, pixels: NDArray[Any]) -> None:
        """Store a frame atomically. Raises RunError."""
        with atomic_write(self._names(index)[0]) as file:
            np.save(file, pixels, allow_pickle=False)

    def drop(self, indices: Iterable[int]) -> None:
        """Remove the frames of the given indices that exist. Raises RunError."""
        with os_errors(self._folder):
            for index in indices:
                for path in self._names(index):
                    path.unlink(missing_ok=True)

    def shrink(self) -> None:
        """Pack the frames that can be packed. Raises RunError."""
        with os_errors(self._folder):
            for path in self._folder.glob(f"*{RAW}"):
                self._shrink(path)

    def remove_others(self) -> None:
        """Remove all other files in the folder. Raises RunError."""
        with os_errors(self._folder):
            for path in self._folder.iterdir():
                if path.suffix not in ENDINGS:
                    path.unlink()

    def _shrink(self, path: Path) -> None:
        pixels = self[int(path.stem)]
        if pixels.dtype != np.uint8 or pixels.shape[2:] != (3,):
            return
        data = iio.imwrite("<bytes>", pixels, extension=PACKED, plugin="pillow", compress_level=1)
        with atomic_write(path.with_suffix(PACKED)) as file:
            file.write(data)
        path.unlink()

    def _names(self, index: int) -> tuple[Path, Path]:
        stem = self._folder / f"{index:06d}"
        return stem.with_suffix(RAW), stem.with_suffix(PACKED)
