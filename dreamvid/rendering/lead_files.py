"""What leads into a film that closes, in files of its run's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreamvid.errors import StateError
from dreamvid.frame import Field, Size
from dreamvid.media.arrays import read_arrays
from dreamvid.media.durable import atomic_write, os_errors

BYTES = 6
"""Of a pixel: three float16."""


@dataclass(frozen=True)
class LeadFiles:
    """A `LeadStore` of files `lead/000001.npz`, counted backwards from the film's first frame.

    Attributes:
        size: of the frames.
    """

    folder: Path
    size: Size

    def keep(self, index: int, dreamed: Field) -> None:
        """See `LeadStore`. Raises RunError."""
        with os_errors(self.folder):
            self.folder.mkdir(exist_ok=True)
        with atomic_write(self._path(index)) as file:
            np.savez(file, allow_pickle=False, dreamed=dreamed)

    def at(self, index: int) -> Field:
        """See `LeadStore`."""
        path = self._path(index)
        most = 2 * BYTES * self.size.width * self.size.height + 10_000
        try:
            dreamed = read_arrays(path, most)["dreamed"]
            if dreamed.shape != (*self.size.shape, 3) or dreamed.dtype.kind != "f":
                raise ValueError(f"it is {dreamed.dtype} {dreamed.shape}")
        except (OSError, ValueError, KeyError) as error:
            raise StateError(
                f"cannot be read ({error}); --restart begins anew", path=path
            ) from None
        return dreamed

    def _path(self, index: int) -> Path:
        return self.folder / f"{-index:06d}.npz"
