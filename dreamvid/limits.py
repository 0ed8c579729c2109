"""Limits on what an untrusted file may cost."""

from __future__ import annotations

MAX_PIXELS = 2**27
"""A still with more pixels than this (16384 by 8192) is refused."""

MAX_CLIP_PIXELS = 2**26
"""A clip with larger pictures than this (8192 by 8192), stored or displayed, is refused."""

MAX_SIDE = 32768
"""Most pixels of a picture's or frame's longer side; OpenCV cannot warp a longer one."""

MAX_FRAMES = 10_000_000
"""A clip with more frames at its own rate is refused: some 46 hours at 60 a second."""

MAX_LISTED = 2**21
"""Most pictures in a clip: 9.7 hours at 60 a second."""

MAX_GIF_FRAMES = 2**14
"""Most pictures in a GIF, all of which are decoded to probe it: 9 minutes at 30 a second."""

DECODER_BYTES = 3 * 2**29
"""Memory limit of a process that reads an untrusted file, where the system can enforce it."""

CLIP_PIXELS_WITHIN = 2**24
"""Pictures with up to so many pixels (4096 by 4096) are decoded within `DECODER_BYTES`."""

CLIP_BYTES_A_PIXEL = 64
"""Bytes more for each pixel beyond: decoders keep several pictures, of up to 8 bytes a pixel."""


def clip_bytes(pixels: int) -> int:
    """Memory limit of an ffmpeg that decodes a clip's pictures."""
    return DECODER_BYTES + CLIP_BYTES_A_PIXEL * max(0, pixels - CLIP_PIXELS_WITHIN)


ANSWER_SECONDS = 20.0
"""Time limit to open a file or decode its next picture; a decoder over it counts as hung."""

MAX_STILL_BYTES = 2**30
"""Largest file of a still."""

MAX_SOUND_SECONDS = 6 * 3600
"""Sound that lasts longer is not listened to."""
