"""Atlases: what each layer, channel or class dreams, kept as it is made."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dreamvid.cli import main
from dreamvid.dreaming import gallery
from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.errors import DreamvidError, NetworkError, RecipeError, StateError
from dreamvid.media.sink import to_uint8
from dreamvid.plots.atlas_page import draw_atlas_page, flag
from dreamvid.plots.atlas_sheet import caption, draw_page, pages, shown
from dreamvid.recipe import LayerTerm
from dreamvid.rendering.atlas import Atlas, Made, Wanted, plan_atlas
from dreamvid.rendering.atlas_request import AtlasRequest
from dreamvid.task import DreamTask
from tests.conftest import SEED

TINY = {"size": 48, "octaves": 1, "steps": 2}


def atlas(folder: Path, **options: Any) -> Atlas:
    return plan_atlas(AtlasRequest(output=folder / "a.png", **{**TINY, **options}))


def names(planned: Atlas) -> list[str]:
    return [each.term.name for each in planned.wanted]


@pytest.mark.parametrize(
    ("options", "term"),
    [
        ({"layers": "heads", "channels": "16-18"}, "heads:17"),
        ({"classes": "daisy,peacock"}, "class:peacock"),
        ({}, "cells"),
    ],
)
def test_a_picture_is_the_dream_of_the_flag_in_its_caption(
    tmp_path: Path, options: dict[str, Any], term: str
) -> None:
    planned = atlas(tmp_path, **options)
    made = {each.wanted.term.name: each for each in planned.make()}
    alone = Dreamer("lite0", layers=term, octaves=1, octave_top=0, burst=2)
    dream = alone(DreamTask(planned.canvas))
    assert np.abs(made[term].picture - to_uint8(dream)).max() <= 1
    assert not made[term].silent


def test_what_an_atlas_is_of(tmp_path: Path) -> None:
    assert names(atlas(tmp_path))[:2] == ["scales", "folds"]
    assert names(atlas(tmp_path, layers="scales")) == [f"scales:{n}" for n in range(96)]
    chosen = atlas(tmp_path, layers="scales,heads", channels="3,90-91")
    assert names(chosen)[2:4] == ["scales:91", "heads:3"]
    every = atlas(tmp_path, classes="all")
    assert len(every.wanted) == 1000
    assert (every.wanted[84].term.name, every.wanted[84].about) == ("class:84", "peacock")


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"channels": "3"}, RecipeError, "channels: name the layer"),
        ({"classes": "daisy", "layers": "heads"}, RecipeError, "classes: give either"),
        ({"layers": "heads", "channels": "5-2"}, RecipeError, "must be channels such as 0-31"),
        ({"layers": "heads", "channels": "0-672"}, NetworkError, "heads has 672 channels"),
        ({"layers": "haeds"}, NetworkError, "did you mean heads"),
        ({"classes": "paecock"}, NetworkError, "did you mean peacock"),
        ({"classes": "0", "network": "vgg16"}, NetworkError, "has no classifier"),
        ({"network": "none"}, RecipeError, "dreams nothing"),
        ({"size": 20}, NetworkError, "needs at least 32x32"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, options: dict[str, Any], error: type[DreamvidError], said: str
) -> None:
    with pytest.raises(error, match=said):
        atlas(tmp_path, **options)


def test_what_is_made_is_kept_and_the_rest_made_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"layers": "scales", "channels": "0-3"}
    whole = [each.picture for each in atlas(tmp_path, **asked).make()]
    atlas(tmp_path, **asked).finish()
    assert [*tmp_path.iterdir()] == []

    making = atlas(tmp_path, **asked).make()
    next(making), next(making)
    making.close()
    again = atlas(tmp_path, **asked)
    assert again.done == 2
    numbers: list[int | None] = []
    tile = gallery.Gallery.tile

    def counted(self: Any, term: Any, number: int | None, canvas: Any) -> Any:
        numbers.append(number)
        return tile(self, term, number, canvas)

    monkeypatch.setattr(gallery.Gallery, "tile", counted)
    rest = [each.picture for each in again.make()]
    assert numbers == [2, 3]
    assert np.array_equal(rest, whole)
    with pytest.raises(StateError, match="--restart begins anew"):
        next(atlas(tmp_path, **asked, seed=1).make())
    next(atlas(tmp_path, **asked, seed=1, restart=True).make())


def test_a_picture_of_ones_own_is_dreamed_on(tmp_path: Path) -> None:
    own = atlas(tmp_path, layers="scales", channels="0", source=SEED)
    (made,) = own.make()
    with Image.open(SEED) as seed:
        left = (seed.width - seed.height) // 2
        square = seed.convert("RGB").crop((left, 0, left + seed.height, seed.height))
        small = np.asarray(square.resize((48, 48), Image.Resampling.BOX), np.float32)
    assert 0 < np.abs(made.picture - small).mean() < 12


def test_the_command_writes_a_sheet_and_a_page_and_leaves_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, page = tmp_path / "a.png", tmp_path / "a.html"
    asked = ["atlas", "--layers", "scales", "--channels", "0-1", "--size", "48", "--steps", "1"]
    for path in (sheet, page):
        assert main([*asked, "-q", "-o", str(path)]) == 0
        assert capsys.readouterr() == (f"{path}\n", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.png"]
    assert "<code>--layers scales:1</code>" in page.read_text()
    assert main([*asked, "-o", str(sheet)]) == 1
    assert "output exists" in capsys.readouterr().err


def test_captions_name_the_network_as_it_was_asked_for(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    asked = [
        "--layers",
        "fire2",
        "--channels",
        "0",
        "--size",
        "48",
        "--steps",
        "1",
        "--octaves",
        "1",
    ]
    network = ["--network", "squeezenet", "--weights", "random", "--preprocess", "unit"]
    assert main(["atlas", *network, *asked, "-q", "-o", str(page)]) == 0
    assert f"<code>{' '.join(network)} --layers fire2:0</code>" in page.read_text()


def made(name: str, about: str = "", silent: bool = False) -> Made:
    picture = np.full((32, 32, 3), 90, np.float32)
    return Made(Wanted(LayerTerm(layer=name), 3, about), picture, silent)


def test_a_page_stands_alone_and_escapes_what_it_shows() -> None:
    evil = made("<script>alert(1)</script>", about="a & b", silent=True)
    plain = made("class:golden retriever")
    tiles = [(each, each.picture) for each in (evil, plain)]
    text = draw_atlas_page("<title>", "--network own.keras", tiles)
    assert "<script" not in text
    assert not re.search(r"(src|href)=\"(?!data:)", text)
    assert "a &amp; b" in text
    assert "answers nothing" in text
    assert '--network own.keras --layers "class:golden retriever"' in unescape(text)


@pytest.mark.parametrize(
    ("term", "pasted"),
    [
        ("heads:17", "--layers heads:17"),
        ("class:golden retriever", '--layers "class:golden retriever"'),
        ("a$b c", "--layers 'a$b c'"),
    ],
)
def test_flags_are_quoted_for_a_shell(term: str, pasted: str) -> None:
    assert flag(term) == pasted


def test_sheets_have_pages_and_captions_that_say_what_is_silent() -> None:
    assert [len(page) for page in pages(672, 128)] == [156, 156, 156, 156, 48]
    assert pages(5, 128) == [range(5)]
    assert caption(made("heads:9", silent=True)) == "heads:9 (answers nothing)"
    tiles = [(f"layer {n}", np.full((64, 64, 3), 200, np.float32)) for n in range(5)]
    page = draw_page("a title", tiles)
    for n in range(5):
        row, column = divmod(n, 3)
        top = 8 * 2 + 17 + row * (64 + 8 + 34)
        picture = page[top : top + 64, 8 + column * 72 : 72 + column * 72]
        assert (picture == 200).all()
        below = page[top + 66 : top + 83, 8 + column * 72 : 72 + column * 72]
        assert below.max() > 200, "a caption"
    faint = np.random.default_rng(0).normal(128, 3, (32, 32, 3)).astype(np.float32)
    assert shown(faint, noise=True).std() == pytest.approx(48, rel=0.05)
    assert shown(faint, noise=False) is faint


def test_a_channel_that_nothing_wakes_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tile = gallery.Gallery.tile

    def dead(self: Any, *given: Any) -> Any:
        return tile(self, *given)._replace(value=0.0)

    monkeypatch.setattr(gallery.Gallery, "tile", dead)
    (one,) = atlas(tmp_path, layers="scales", channels="0").make()
    assert one.silent
    (again,) = atlas(tmp_path, layers="scales", channels="0").make()
    assert again.silent, "as it was stored"
