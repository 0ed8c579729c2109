"""Stills of HDR as SDR, by the filters that map clips (`conversion`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dreamvid.errors import InputError, RunError
from dreamvid.frame import Size
from dreamvid.media import ffmpeg
from dreamvid.media.color_codes import HLG, PQ, HdrColors
from dreamvid.media.conversion import conversion_of
from dreamvid.media.samples import Pixels, in_blocks
from dreamvid.media.streams import PictureStream

TRANSFERS = {PQ: "smpte2084", HLG: "arib-std-b67"}
PRIMARIES = {
    **{1: "bt709", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m"},
    **{9: "bt2020", 11: "smpte431", 12: "smpte432"},
}
"""ffmpeg's names by code point (ITU-T H.273)."""

FORMATS = {"uint8": "gbrp", "uint16": "gbrp16le", "float32": "gbrpf32le"}
"""ffmpeg's names of planes of samples, by NumPy's of their type."""


def tone_mapped(path: Path, samples: Pixels, colors: HdrColors) -> tuple[Pixels, tuple[str, ...]]:
    """Regular samples of HDR (`samples`) in the colors of SDR.

    Args:
        path: the still's, which errors are about.

    Returns:
        (H, W, C) of uint16, C 3 or 4; alpha, the 2nd or 4th, is kept. And what was changed, for
        people.

    Raises:
        InputError: ffmpeg cannot be started, lacks the filters, or failed.
    """
    primaries, transfer = PRIMARIES.get(colors.primaries, ""), TRANSFERS.get(colors.transfer, "")
    form, kind = FORMATS[samples.dtype.name], samples.dtype.newbyteorder("<")
    stream = PictureStream(0, "rawvideo", form, "gbr", primaries, transfer)
    conversion = conversion_of(stream, form, False, "off")
    stated = f"setparams=range=pc:colorspace=gbr:color_trc={transfer or 'unknown'}"
    stated += f":color_primaries={primaries or 'unknown'}"

    def mapped(block: Pixels) -> Pixels:
        size = Size(block.shape[1], block.shape[0])
        raw = ["-f", "rawvideo", "-pix_fmt", form, "-s", str(size), "-i", "pipe:0"]
        filters = ",".join([stated, *conversion.filters_to(size)])
        planes = block[..., [1, 2, 0]].transpose(2, 0, 1)
        words = [*raw, "-vf", filters, "-f", "rawvideo", "pipe:1"]
        made = ffmpeg.convert(words, planes.astype(kind, "C").tobytes())
        return np.frombuffer(made, conversion.dtype).reshape(block.shape)

    alpha = samples.shape[2] % 2 == 0
    color = samples[..., : 3 if samples.shape[2] > 2 else 1]
    try:
        made = in_blocks(np.broadcast_to(color, (*color.shape[:2], 3)), mapped)
    except RunError as error:
        raise InputError(f"{error}", path=path) from error
    if alpha:
        scale = 65535 / (np.iinfo(kind).max if kind.kind == "u" else 1)
        made = np.concatenate([made, in_blocks(samples[..., -1:], lambda one: one * scale)], axis=2)
    return made, conversion.notes
