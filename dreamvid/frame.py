"""The picture between two stages."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Frame: TypeAlias = NDArray[np.float32]
"""Float32 RGB of shape (H, W, 3) on the 0–255 scale, not rounded before it is encoded."""
