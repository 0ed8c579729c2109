"""What the header of a still says that Pillow does not tell."""

from __future__ import annotations

from dataclasses import dataclass

from dreamvid.media.color_codes import HdrColors
from dreamvid.media.color_space import ColorSpace


@dataclass(frozen=True)
class StillHeader:
    """What is to be known of a still besides what Pillow tells.

    Attributes:
        white: the number of white. If it is more than 255, the samples have more than 8 bits.
        clear: the grey that is transparent; None: there is none.
        profile: an ICC profile that Pillow does not find; empty if there is none.
        space: the color space that it states in place of a profile; None: none.
        unknown: the colors that it states, if they are not known here; else empty.
        refused: whether its samples have more than 8 bits in a way that would be read wrong.
    """

    white: int = 255
    clear: int | None = None
    profile: bytes = b""
    space: ColorSpace | HdrColors | None = None
    unknown: str = ""
    refused: bool = False

    @property
    def deep(self) -> bool:
        """Whether the samples have more than 8 bits."""
        return self.white > 255
