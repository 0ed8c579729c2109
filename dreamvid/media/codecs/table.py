"""All codecs, and the one for an output. A new codec is added here, and its name in
`dreamvid.recipe.encode`.

Of the codecs that a file extension can hold, the first is its default one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from dreamvid.errors import OutputError
from dreamvid.media.codecs.animation import Gif, WebP
from dreamvid.media.codecs.codec import Codec, FilmCodec, StillCodec
from dreamvid.media.codecs.delivery import AV1, H264, H265
from dreamvid.media.codecs.ffv1 import FFV1
from dreamvid.media.codecs.hap import Hap, HapAlpha, HapQ
from dreamvid.media.codecs.pictures import Exr, Jpeg, Png, Png16, Tiff16, WebPStill
from dreamvid.media.codecs.prores import ProRes

FILM_CODECS: tuple[FilmCodec, ...] = (
    H264(),
    H265(),
    AV1(),
    ProRes(),
    FFV1(),
    Hap(),
    HapAlpha(),
    HapQ(),
    Gif(),
    WebP(),
)

STILL_CODECS: tuple[StillCodec, ...] = (Png(), Png16(), Tiff16(), Exr(), Jpeg(), WebPStill())

KEY = "encode.codec"

AnyCodec = TypeVar("AnyCodec", bound=Codec)


def film_endings() -> tuple[str, ...]:
    """The file extensions of films."""
    return _endings(FILM_CODECS)


def still_endings() -> tuple[str, ...]:
    """The file extensions of stills."""
    return _endings(STILL_CODECS)


def segment_endings() -> set[str]:
    """The file extensions of segments."""
    return {codec.segment_ending for codec in FILM_CODECS}


def ending_of(path: Path) -> str:
    """The film extension of a name, in lower case, the longest match; "" if it has none."""
    name = path.name.lower()[1:]  # a leading dot marks a hidden file
    known = [ending for ending in film_endings() if name.endswith(ending)]
    return max(known, key=len, default="")


def default_ending(name: str | None, *, film: bool = True) -> str:
    """The file extension of an output in a codec (`encode.codec`) that no one named; "" for a
    folder of pictures.

    Args:
        film: whether it is that of a film, not of one still.
    """
    codecs: Sequence[Codec] = FILM_CODECS if film else STILL_CODECS
    named = [codec for codec in codecs if name in (None, codec.name)]
    return named[0].endings[0] if named else ""


def film_codec(path: Path, name: str | None = None) -> FilmCodec | None:
    """The codec of a film file, by its extension and `encode.codec`; None if it is not that of a
    film. Raises OutputError if the extension cannot hold the codec."""
    ending = ending_of(path)
    held = [codec for codec in FILM_CODECS if ending in codec.endings]
    return _named(path, name, held, ending) if held else None


def still_codec(path: Path, ending: str, name: str | None = None) -> StillCodec:
    """The codec of pictures with an extension, "" for any, and of `encode.codec`. Raises
    OutputError as `film_codec`."""
    held = [codec for codec in STILL_CODECS if not ending or ending in codec.endings]
    return _named(path, name, held, ending)


def carries_recipe(path: Path) -> bool:
    """Whether a file of this name can carry an embedded recipe."""
    ending = ending_of(path)
    return any(codec.carries_recipe for codec in FILM_CODECS if ending in codec.endings)


def _endings(codecs: Sequence[Codec]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ending for codec in codecs for ending in codec.endings))


def _named(path: Path, name: str | None, held: Sequence[AnyCodec], ending: str) -> AnyCodec:
    if name is None:
        return held[0]
    found = next((codec for codec in held if codec.name == name), None)
    if found is not None:
        return found
    others = " or ".join(_places(name))
    raise OutputError(
        f"{ending or 'a folder of pictures'} cannot hold {name}, but {others}; "
        f"or choose {', '.join(codec.name for codec in held)}",
        path=path,
        key=KEY,
    )


def _places(name: str) -> list[str]:
    """Where a codec can be held, for people."""
    films = [ending for codec in FILM_CODECS if codec.name == name for ending in codec.endings]
    stills = [ending for codec in STILL_CODECS if codec.name == name for ending in codec.endings]
    pictures = [f"a folder of pictures ({', '.join(stills)})"] if stills else []
    return [*([", ".join(films)] if films else []), *pictures]
