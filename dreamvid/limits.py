"""Limits on what a file from a stranger may take."""

from __future__ import annotations

MAX_PIXELS = 2**27
"""A still with more pixels than this (16384 by 8192) is refused."""

MAX_CLIP_PIXELS = 2**26
"""A clip of larger pictures than this (8192 by 8192) is refused, as stored and as shown."""

MAX_SIDE = 32768
"""Pixels of a picture's longer side; OpenCV warps no longer one."""

MAX_FRAMES = 10_000_000
"""A longer clip is refused, in frames at its own rate: some 46 hours at 60 a second."""

MAX_LISTED = 2**21
"""Pictures that a clip may hold: 9.7 hours at 60 a second."""

MAX_GIF_FRAMES = 2**14
"""Pictures that a GIF may hold, of which each is looked at: 9 minutes at 30 a second."""

DECODER_BYTES = 3 * 2**29
"""Memory of a process that reads a stranger's file, where the system can hold it to that."""

ANSWER_SECONDS = 20.0
"""To open a file, or for its next picture: a decoder that takes longer hangs."""

MAX_STILL_BYTES = 2**30
"""Size of a still's file."""
