"""FFV1, which loses nothing: for keeping a film, and for encoding it again."""

from __future__ import annotations

from collections.abc import Sequence

from dreamvid.media.codecs.color import RGB_TAGS
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.sink import FilmSpec


class FFV1(JoinedCodec):
    """FFV1 version 3 in MKV: RGB of 16 bits, and straight alpha; each frame is whole in itself and
    has checksums."""

    name = "ffv1"
    endings = (".mkv",)
    needs = ("ffv1",)
    deep = True
    alpha = True
    segment_ending = ".mkv"
    disk_bytes = 5.0
    memory_bytes = 28e6, 330

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `FilmCodec`."""
        form = ["-level", "3", "-g", "1", "-slicecrc", "1", "-slices", "4", "-threads", "2"]
        pixels = "gbrap16le" if film.alpha else "gbrp16le"
        return ["-vf", f"format={pixels},{RGB_TAGS}", "-c:v", "ffv1", *form]
