"""Decoding a file's sound to listen to it: its first track, mixed to mono, in blocks of samples."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import InputError, RunError
from dreamvid.limits import MAX_SOUND_SECONDS
from dreamvid.media import ffmpeg, tracks
from dreamvid.media.ffmpeg_pipe import FfmpegPipe
from dreamvid.media.files import require_file
from dreamvid.media.sound_encoder import seconds
from dreamvid.notices import warn

Samples = NDArray[np.float32]

RATE = 22050
"""Samples a second of decoded sound: frequencies up to 11025 Hz, in which drums and tones lie."""

BLOCK = 2**16
"""Samples in a block, some 3 s."""

AUDIO = "audio"
"""The key of the recipe that errors are about."""

NOTHING = "nothing in it"
"""Why a sound cannot be decoded, where ffmpeg does not complain."""


def decode_sound(path: Path, zero: Fraction) -> Generator[Samples]:
    """The sound of a file's first track, from its time `zero` on, at `RATE` samples a second.

    Channels are mixed to mono. Before a track that begins later there is silence, and where samples
    are missing.

    Args:
        zero: seconds on the file's clock; see `beginning`.

    Yields:
        Samples, -1..1 or a little beyond, (BLOCK,), fewer in the last block.

    Raises:
        InputError: it has no sound, none that can be decoded, or lasts longer than
            `MAX_SOUND_SECONDS`.
        RunError: ffmpeg cannot be started.
    """
    filters = (
        f"asetpts=PTS-({seconds(zero)})/TB,aresample={RATE}:async=1:first_pts=0,"
        f"aformat=sample_fmts=flt:sample_rates={RATE}:channel_layouts=mono"
    )
    source = ["-copyts", "-max_error_rate", "1", *ffmpeg.GUARD, "-i", ffmpeg.url(path)]
    output = ["-map", "0:a:0", "-af", filters, "-f", "f32le", "pipe:1"]
    count = 0
    with closing(FfmpegPipe(path, [*source, *output])) as pipe:
        while data := pipe.receive_most(4 * BLOCK):
            block = np.frombuffer(data[: len(data) // 4 * 4], "<f4").astype(np.float32)
            count += len(block)
            if count > MAX_SOUND_SECONDS * RATE:
                hours = MAX_SOUND_SECONDS // 3600
                raise InputError(f"lasts longer than {hours} hours; cut it", path=path, key=AUDIO)
            # A file of floats may hold anything.
            yield np.clip(np.nan_to_num(block), -8, 8)
            if len(block) < BLOCK:
                break
        status = pipe.wait()
        fault = pipe.reason(status) if status or pipe.messages.faults else ""
    if not count:
        raise InputError(f"its sound cannot be decoded ({fault or NOTHING})", path=path, key=AUDIO)
    if fault:
        warn(f"{path}: its sound is damaged, it is silent there ({fault})")


def sound_rate(path: Path) -> int:
    """The samples a second of a file's first sound track; 0 if unknown.

    Raises:
        InputError: it has no sound, or cannot be read.
        RunError: ffmpeg cannot be started.
    """
    require_file(path)
    try:
        text = ffmpeg.describe(path)
    except RunError as error:
        raise InputError(f"cannot be read: {error}", path=path, key=AUDIO) from error
    found = tracks.listed(text)
    if not found:
        raise InputError(
            "has no sound that can be read; name a sound or a clip with sound", path=path, key=AUDIO
        )
    return found[0].rate
