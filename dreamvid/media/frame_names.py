"""The names of a sequence's frames: `000000.png`, or `shot.1001.exr`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dreamvid.media.codecs.codec import StillCodec
from dreamvid.media.codecs.table import still_endings
from dreamvid.media.sink import FilmSpec
from dreamvid.recipe.encode import FRAME_NAME


@dataclass(frozen=True)
class FrameNames:
    """The names of a sequence's frames.

    Attributes:
        folder: where they lie.
        before, after: what stands before and after the number; `after` has the file's extension.
        digits: the number is filled up with zeros to this many; later ones may have more.
        first: the number of the first frame.
    """

    folder: Path
    before: str
    digits: int
    after: str
    first: int = 0

    @classmethod
    def of(cls, path: Path, film: FilmSpec, codec: StillCodec) -> FrameNames:
        """The names for an output: a pattern such as `out/shot.%04d.exr`, or a folder."""
        if is_pattern(path):
            return cls._parsed(path.parent, path.name, film.first_number)
        name = film.frame_name
        if not name.lower().endswith(codec.endings):
            name += codec.endings[0]
        return cls._parsed(path, name, film.first_number)

    @classmethod
    def of_pattern(cls, path: Path) -> FrameNames:
        """The names for a pattern."""
        return cls._parsed(path.parent, path.name, 0)

    @classmethod
    def _parsed(cls, folder: Path, name: str, first: int) -> FrameNames:
        match = FRAME_NAME.fullmatch(name)
        assert match, "the recipe and is_pattern see to that"
        digits = len(match["hashes"]) if match["hashes"] else int(match["digits"] or 1)
        return cls(folder, match["before"], digits, match["after"], first)

    def __getitem__(self, index: int) -> str:
        return f"{self.before}{index + self.first:0{self.digits}d}{self.after}"

    def __contains__(self, name: str) -> bool:
        number = name.removeprefix(self.before).removesuffix(self.after)
        whole = name == f"{self.before}{number}{self.after}"
        return whole and number.isdecimal() and len(number) >= self.digits

    def there(self) -> list[Path]:
        """The files of any number that are there. Raises OSError."""
        if not self.folder.is_dir():
            return []
        return [path for path in self.folder.iterdir() if path.name in self]


def is_pattern(path: Path) -> bool:
    """Whether a name is that of numbered pictures, such as `shot.%04d.exr` or `shot.####.png`."""
    known = path.suffix.lower() in still_endings()
    return known and FRAME_NAME.fullmatch(path.name) is not None


def title(path: Path) -> str:
    """What a sequence or film is called: its folder's name, or its file's without the number and
    the extension."""
    if is_pattern(path):
        return FrameNames.of_pattern(path).before.rstrip(" ._-") or path.absolute().parent.name
    return path.name if path.is_dir() else path.stem
