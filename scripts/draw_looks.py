"""Draw the pictures of docs/looks.md: each look dreamed into the shipped picture.

python scripts/draw_looks.py [NAME…]        without names: all; about a minute each

A look is a preset that says of what is dreamed, for any kind of film: one without `kind`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from dreamvid.recipe.load import make_recipe, presets, read_recipe
from dreamvid.rendering.render import render

ROOT = Path(__file__).parent.parent
SEED = ROOT / "dreamvid" / "seeds" / "clouds.jpg"
PICTURES = ROOT / "docs" / "looks"
SIZE = "640x360"
"""At which they are dreamed."""
SHOWN = 480, 270
"""At which they are shown."""


def looks() -> list[str]:
    """The names of the looks."""
    return [name for name in presets() if "kind" not in read_recipe(name)]


def main() -> None:
    """Draw the looks that are named, or all."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or looks():
            dream, output = Path(folder, f"{name}.png"), PICTURES / f"{name}.jpg"
            recipe = {**read_recipe(name), "source": str(SEED), "size": SIZE, "output": str(dream)}
            for _ in render(make_recipe(recipe, "image")):
                pass
            with Image.open(dream) as picture:
                picture.resize(SHOWN, Image.Resampling.LANCZOS).save(output, quality=88)
            print(output.relative_to(ROOT), flush=True)


if __name__ == "__main__":
    main()
