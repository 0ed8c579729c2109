"""The frames of a piece of film that is not closed yet, for another process to code."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import StateError
from dreamvid.media.durable import told, written

QUICK = ".npy"
SMALL = ".png"


class KeptFrames:
    """Frames (H, W, 3) uint8 as files of a folder: `000123.npy`, or smaller, `000123.png`."""

    def __init__(self, folder: Path) -> None:
        """Those in a folder that is there."""
        self._folder = folder

    def __contains__(self, index: int) -> bool:
        return any(path.exists() for path in self._names(index))

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        quick, small = self._names(index)
        try:
            if quick.exists():
                return np.asarray(np.load(quick, allow_pickle=False), np.uint8)
            return np.asarray(iio.imread(small, plugin="pillow", mode="RGB"), np.uint8)
        except (OSError, ValueError) as error:
            raise StateError(
                f"{quick.stem}: cannot be read ({error}); --restart begins anew"
            ) from None

    def keep(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Write one; once this returns it is safe. Raises RunError."""
        with written(self._names(index)[0]) as file:
            np.save(file, picture, allow_pickle=False)

    def drop(self, indices: range) -> None:
        """Remove those that are there."""
        with told(self._folder):
            for index in indices:
                for path in self._names(index):
                    path.unlink(missing_ok=True)

    def shrink(self) -> None:
        """Make all of them small. Raises RunError."""
        with told(self._folder):
            for path in self._folder.glob(f"*{QUICK}"):
                picture = self[int(path.stem)]
                packed = iio.imwrite(
                    "<bytes>", picture, extension=SMALL, plugin="pillow", compress_level=1
                )
                with written(path.with_suffix(SMALL)) as file:
                    file.write(packed)
                path.unlink()

    def _names(self, index: int) -> tuple[Path, Path]:
        return tuple(self._folder / f"{index:06d}{ending}" for ending in (QUICK, SMALL))  # type: ignore[return-value]
