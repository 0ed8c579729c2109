"""Draw the pictures of docs/looks.md: each look dreamed into the shipped picture.

python scripts/draw_looks.py [NAME…]        without names: all; about a minute each

A look is a preset that says of what is dreamed, for any kind of film: one without `kind`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dreamvid.recipe.load import make_recipe, presets, read_recipe
from dreamvid.rendering.render import render

ROOT = Path(__file__).parent.parent
SEED = ROOT / "dreamvid" / "seeds" / "clouds.jpg"
PICTURES = ROOT / "docs" / "looks"
SIZE = "384x216"


def looks() -> list[str]:
    """The names of the looks."""
    return [name for name in presets() if "kind" not in read_recipe(name)]


def main() -> None:
    """Draw the looks that are named, or all."""
    PICTURES.mkdir(exist_ok=True)
    for name in sys.argv[1:] or looks():
        output = PICTURES / f"{name}.jpg"
        recipe = {**read_recipe(name), "source": str(SEED), "size": SIZE, "output": str(output)}
        for _ in render(make_recipe(recipe, "image"), overwrite=True):
            print(output.relative_to(ROOT), flush=True)


if __name__ == "__main__":
    main()
