"""HAP, which graphics cards decode: for VJ programs that play many films at once."""

from __future__ import annotations

from collections.abc import Sequence

from dreamvid.media.codecs.color import RGB_TAGS
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.sink import FilmSpec


class Hap(JoinedCodec):
    """HAP; with alpha HAP Alpha, straight. Color is that of DXT textures, 16 colors to a block of
    4x4 pixels, and sides grow to multiples of 4."""

    name = "hap"
    endings = (".mov",)
    needs = ("hap",)
    alpha = True
    segment_ending = ".mov"
    multiple = 4
    disk_bytes = 0.6
    memory_bytes = 32e6, 62

    def texture(self, film: FilmSpec) -> str:
        """ffmpeg's name of the texture format."""
        return "hap_alpha" if film.alpha else "hap"

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `FilmCodec`."""
        filters = f"format=rgba,{RGB_TAGS}"
        return ["-vf", filters, "-c:v", "hap", "-format", self.texture(film), "-threads", "1"]


class HapAlpha(Hap):
    """HAP Alpha in any case; opaque where a film has no alpha."""

    name = "hap_alpha"
    disk_bytes = 1.0

    def texture(self, film: FilmSpec) -> str:
        """See `Hap`."""
        return "hap_alpha"


class HapQ(Hap):
    """HAP Q: better color, twice the size, no alpha."""

    name = "hap_q"
    alpha = False
    disk_bytes = 1.0

    def texture(self, film: FilmSpec) -> str:
        """See `Hap`."""
        return "hap_q"
