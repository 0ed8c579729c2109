"""Draw the sheets of docs/atlas.md: of lite0's layers, of channels of `heads`, and of classes.

python scripts/draw_atlases.py            writes docs/atlas-*.jpg
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from dreamvid.cli import main

ROOT = Path(__file__).parent.parent
CLOUDS = str(ROOT / "dreamvid" / "seeds" / "clouds.jpg")

CLASSES = "peacock,golden retriever,bald eagle,tabby,sports car,daisy"

SHEETS = {
    "layers": ["--size", "160", "--octaves", "4"],
    "heads": ["--layers", "heads", "--channels", "0-95"],
    "classes": ["--classes", CLASSES, "--source", CLOUDS, "--size", "224"],
}
"""The options of each sheet."""

MOST_WIDE, MOST_BYTES = 1300, 390_000
"""Px and bytes of a JPEG at most."""


def save(sheet: Path, path: Path) -> None:
    """Save a sheet as a JPEG of a modest size."""
    with Image.open(sheet) as picture:
        picture.thumbnail((MOST_WIDE, MOST_WIDE), Image.Resampling.LANCZOS)
        for quality in range(88, 20, -4):
            picture.convert("RGB").save(path, "JPEG", quality=quality, optimize=True)
            if path.stat().st_size <= MOST_BYTES:
                return


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for name, options in SHEETS.items():
            made = Path(folder, f"{name}.png")
            if main(["atlas", *options, "-o", str(made)]):
                sys.exit(f"{name}: failed")
            save(made, ROOT / "docs" / f"atlas-{name}.jpg")
