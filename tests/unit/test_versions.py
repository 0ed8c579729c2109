"""Recipes of version 1: refused in one line that names what was renamed."""

from __future__ import annotations

from typing import Any

import pytest

from dreamvid.cli import main
from dreamvid.errors import RecipeError
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.models import KINDS
from dreamvid.recipe.versions import FLAGS, RENAMED, VALUES, upgraded

OLD: dict[str, Any] = {
    "version": 1,
    "kind": "video",
    "dream": {"smooth": 0.5, "margin": 16, "octaves": 3},
    "motion": {"on": "frame", "zoom": 1.1},
    "blend": {"what": "picture", "by": "still", "settle": 2, "share": 0.5},
    "film": {"crf": 20, "audio": "none"},
}


@pytest.mark.parametrize("version", [{}, {"version": 1}])
def test_every_key_that_is_called_otherwise_is_named_with_its_new_name(
    version: dict[str, int],
) -> None:
    data = {**OLD, **version}
    with pytest.raises(RecipeError, match=r"\A.+\Z") as caught:
        make_recipe(data, name="old.yaml")
    message = str(caught.value)
    assert message.startswith("old.yaml: version: is 1; ")
    assert all(f"{old} is now {new}" in message for old, new in RENAMED.items())
    assert "motion.on is now motion.moves: camera" in message
    assert message.endswith("write version: 2")


def test_a_recipe_of_version_1_without_such_a_key_is_told_so() -> None:
    with pytest.raises(RecipeError, match="is 1; no key was renamed"):
        make_recipe({"version": 1, "frames": 3})


def test_upgraded_it_is_the_same_recipe_by_the_new_names() -> None:
    recipe = make_recipe(upgraded(OLD))
    assert recipe == make_recipe(
        {
            "version": 2,
            "kind": "video",
            "dream": {"gradient_blur": 0.5, "tile_margin": 16, "octaves": 3},
            "motion": {"moves": "camera", "zoom": 1.1},
            "blend": {"carry": "picture", "follow": "still", "warmup": 2, "share": 0.5},
            "encode": {"crf": 20, "audio": "none"},
        }
    )
    assert upgraded(upgraded(OLD)) == upgraded(OLD)
    assert OLD["blend"]["what"] == "picture", "what is given stays as it was"


@pytest.mark.parametrize("data", [{"blend": 0.5}, {"dream": None}, {"film": 3}, {"motion": []}])
def test_what_is_strange_stays_strange(data: dict[str, Any]) -> None:
    made = upgraded(data)
    assert list(made.values()) == list(data.values())


def test_the_new_names_are_keys_that_there_are() -> None:
    model = KINDS["video"]
    for new in [*RENAMED.values(), *VALUES]:
        section, _, key = new.partition(".")
        inner = model.model_fields[section].annotation
        assert not key or key in getattr(inner, "model_fields", {})


@pytest.mark.parametrize("flag", FLAGS)
def test_an_old_flag_names_the_new_one(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["video", "clip.mp4", flag, "1"]) == 2
    assert capsys.readouterr().err == f"dreamvid: error: {flag}: is now {FLAGS[flag]}\n"
