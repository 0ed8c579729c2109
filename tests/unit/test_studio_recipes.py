"""Recipes typed on the page: told as the form shows them, and confined to the folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dreamvid.errors import DreamvidError
from dreamvid.recipe import KINDS
from dreamvid.recipe.load import load_recipe, parse_yaml, preset_folder, presets
from dreamvid.studio.folder import SEED, Folder
from dreamvid.studio.recipes import Recipes, expanded, faults_of
from tests.recipes import LAUGHS, fields

posix = pytest.mark.skipif(os.name != "posix", reason="links")


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipes:
    """Of a folder with files of each kind, beside another with a secret."""
    mine, other = tmp_path / "mine", tmp_path / "other"
    for folder in (mine / "shots", other):
        folder.mkdir(parents=True)
    for name in ("a.png", "a.mp4", "a.wav", "a.h5", "shots/1.png", "shots/2.png"):
        (mine / name).write_bytes(b"a")
    for name in ("s.png", "s.mp4", "s.wav", "s.h5", "1.png"):
        (other / name).write_bytes(b"s")
    (other / "s.yaml").write_text("blend: .25\n")
    monkeypatch.chdir(mine)  # as `dreamvid studio` does
    return Recipes(Folder(mine))


def told(recipes: Recipes, data: Any = None, text: str | None = None) -> dict[str, Any]:
    """The answer to a check, as the page gets it: JSON, with all its keys."""
    answer = recipes.check(data, text)
    again: dict[str, Any] = json.loads(json.dumps(answer, allow_nan=False, ensure_ascii=False))
    json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
    keys = {"data", "yaml", "values", "base", "changed", "faults", "film"}
    assert set(again) == keys
    for fault in again["faults"]:
        assert set(fault) == {"key", "message", "hint", "line"}
        assert fault["line"]
        assert "\n" not in fault["line"].replace(fault["key"], "")
    assert bool(again["faults"]) or again["values"] is not None
    return again


def lines(recipes: Recipes, data: Any = None, text: str | None = None) -> list[str]:
    return [fault["line"] for fault in told(recipes, data, text)["faults"]]


# Told as the form shows them


def test_data_and_yaml_tell_the_same(recipes: Recipes) -> None:
    data = {
        "kind": "zoom",
        "frames": 9,
        "motion": {"zoom": "0:(1), 8:(1.1)"},
        "dream": {"steps": 3},
    }
    by_data = told(recipes, data)
    assert by_data["data"] == data
    assert parse_yaml(by_data["yaml"], "") == data
    by_text = told(recipes, None, by_data["yaml"])
    assert by_text == by_data
    assert by_data["faults"] == []
    assert by_data["values"]["frames"] == 9
    assert by_data["values"]["dream"]["steps"] == 3
    assert by_data["values"]["dream"]["octaves"] is not None
    assert by_data["film"] is None, "there is no source yet"


def test_what_is_told_reads_back_as_the_same_recipe(recipes: Recipes) -> None:
    for name in presets():
        data = parse_yaml((preset_folder() / f"{name}.yaml").read_text(), name)
        answer = told(recipes, data)
        if answer["faults"]:  # it names files of its own
            assert all("lies outside" in each["line"] for each in answer["faults"]), name
            continue
        assert load_recipe(parse_yaml(answer["yaml"], "")) == load_recipe(data), name


def test_changed_are_the_keys_that_one_set(recipes: Recipes) -> None:
    data = {
        "kind": "zoom",
        "extends": "owls",
        "output": "b.mp4",
        "version": 2,
        "frames": 5,
        "motion": {"zoom": 1.1, "angle": 0},
        "dream": {"objective": {"heads": 1}},
    }
    answer = told(recipes, data)
    assert answer["changed"] == ["dream.objective", "frames", "motion.angle", "motion.zoom"]
    assert told(recipes, {"kind": "zoom"})["changed"] == []


def test_base_is_what_undo_leads_to(recipes: Recipes) -> None:
    (recipes.folder.path / "mine.yaml").write_text("blend: .25\nframes: 7\n")
    data = {
        "kind": "zoom",
        "extends": "mine.yaml",
        "blend": {"carry": "picture"},
        "dream": {"steps": 3},
    }
    answer = told(recipes, data)
    assert answer["faults"] == []
    assert (answer["values"]["frames"], answer["base"]["frames"]) == (7, 7)
    assert answer["base"] == told(recipes, {"kind": "zoom", "extends": "mine.yaml"})["values"]
    assert answer["base"]["dream"]["steps"] != answer["values"]["dream"]["steps"] == 3


def test_short_forms_are_written_out_and_empty_sections_left_out(recipes: Recipes) -> None:
    data = {"network": "none", "dream": {}, "blend": 0.5, "color": None}
    answer = told(recipes, data)
    assert answer["data"]["network"] == {"name": "none"}
    assert isinstance(answer["data"]["blend"], dict)
    assert "dream" not in answer["data"]
    assert "network.name" in answer["changed"]
    plain = expanded({"network": "none", "blend": 0.5})
    assert load_recipe(plain) == load_recipe({"network": "none", "blend": 0.5})


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"frames": 0}, "frames"),
        ({"kind": "zoom", "motion": {"zoom": 99}}, "motion.zoom"),
        ({"dream": {"octavs": 3}}, "dream.octavs"),
        ({"dream": {"objective": {"heads": "x"}}}, "dream.objective"),
        ({"kind": "nothing"}, "kind"),
        ({"extends": 5}, "extends"),
        ({"extends": "owlz"}, "extends"),
        ({"kind": "zoom", "motion": {"zoom": "1/"}}, "motion.zoom"),
    ],
)
def test_a_fault_is_told_at_its_key(recipes: Recipes, data: dict[str, Any], key: str) -> None:
    answer = told(recipes, data)
    assert answer["faults"]
    assert answer["faults"][0]["key"].startswith(key)
    assert answer["values"] is answer["film"] is None
    assert answer["data"], "what one typed stays"
    by_text = told(recipes, None, answer["yaml"])
    assert [each["line"] for each in by_text["faults"]] == lines(recipes, data)


def test_every_fault_is_told_and_what_was_probably_meant(recipes: Recipes) -> None:
    faults = told(recipes, {"kind": "zoom", "frames": 0, "dream": {"octavs": 3}})["faults"]
    assert {each["key"] for each in faults} == {"frames", "dream.octavs"}
    assert next(each["hint"] for each in faults if each["hint"]) == "did you mean octaves?"


@pytest.mark.parametrize(
    "text",
    [
        "frames: [",
        "- a",
        "a",
        "frames: 1\nframes: 2",
        "\0",
        "a: !!python/object:os.system x",
        "&a a: *a",
        "x: .nan",
        "x: .inf",
        "x: 2020-01-01",
        "x: !!binary aGk=",
        "x: !!set {a, b}",
        "? [a, b]\n: c",
        "1: 2",
        "~: 1",
        'x: "\\ud800"',
        "x: " + "[" * 20 + "]" * 20,
        "x: " + "[" * 2000,
        LAUGHS,
        "frames: " + "9" * 5000,
        "%YAML 9.9\n---\na: b",
        "{}",
        "",
        "extends: [a]",
        "dream: 5",
        "dream: [5]",
        "source: {a: b}",
        "source: 5",
        "kind: [zoom]",
        "kind: {a: b}",
        "motion: {1: 2}",
        "network: {name: {a: b}}",
        "network: [5]",
        "x: 0x" + "f" * 999,
    ],
)
def test_any_text_is_answered(recipes: Recipes, text: str) -> None:
    answer = told(recipes, None, text)
    assert answer["yaml"] is not None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**6)
    | st.integers()
    | st.text(max_size=8)
    | st.floats()
    | st.sampled_from(["a.png", "none", "owls", "0:(1), 9:(2)", "t/0", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=6) | st.sampled_from(["name", "zoom", "carry"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)

SECTIONS = sorted({key.split(".")[0] for model in KINDS.values() for key, _ in fields(model)})
KEYS = sorted({key for model in KINDS.values() for key, _ in fields(model)})


@st.composite
def typed(draw: st.DrawFn) -> dict[str, Any]:
    """Any JSON at keys that recipes have, in sections or in their place."""
    data: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=3)):
        section, _, name = key.partition(".")
        if section == "source":
            continue
        if name and isinstance(data.setdefault(section, {}), dict):
            data[section][name] = draw(JSON)
        else:
            data[section] = draw(JSON)
    for section in draw(st.lists(st.sampled_from(SECTIONS), max_size=2)):
        if section != "source":
            data[section] = draw(JSON)
    return data | draw(st.dictionaries(st.text(max_size=5), JSON, max_size=2))


anything = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@anything
@given(data=typed())
def test_any_json_is_answered(recipes: Recipes, data: dict[str, Any]) -> None:
    told(recipes, data)


@anything
@given(
    text=st.text()
    | st.lists(
        st.sampled_from(
            [
                "frames",
                "motion",
                ":",
                " ",
                "\n",
                "  ",
                "- ",
                "{",
                "}",
                "[",
                "]",
                "zoom",
                "1",
                "&a",
                "*a",
                "!!",
                "int",
                "'",
                '"',
                "|",
                ">",
                "?",
                "~",
                ".nan",
                "2020-01-01",
                "#",
                "<<",
                ",",
            ]
        )
    ).map("".join)
)
def test_any_yaml_is_answered(recipes: Recipes, text: str) -> None:
    told(recipes, None, text)


@pytest.mark.parametrize("depth", [30, 40, 300, 900, 5000])
@pytest.mark.parametrize("key", ["x", "source", "dream", "network", "extends", "kind"])
def test_deep_nesting_is_answered(recipes: Recipes, depth: int, key: str) -> None:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    answer = recipes.check({key: value}, None)
    assert answer["faults"]


# Confined


def confined(recipes: Recipes, data: dict[str, Any]) -> str:
    """The line that refuses a recipe."""
    with pytest.raises(DreamvidError) as raised:
        recipes.read(data)
    (fault,) = faults_of(raised.value)
    assert "lies outside the folder" in fault["line"]
    assert told(recipes, data)["faults"] == [fault]
    return str(fault["key"])


def named(key: str, name: str) -> dict[str, Any]:
    """A recipe that names a file at a key."""
    all_keys: dict[str, dict[str, Any]] = {
        "source": {"kind": "zoom", "source": name},
        "source.1": {"kind": "zoom", "source": ["a.png", name]},
        "output": {"kind": "zoom", "output": name},
        "weights": {"network": {"name": "lite0", "weights": name}},
        "guide": {"dream": {"objective": [{"guide": name}]}},
        "mask": {"mask": name},
        "mask.file": {"mask": {"file": name}},
        "audio": {"kind": "zoom", "audio": {"file": name}},
    }
    return all_keys[key]


ENDINGS = {"weights": ".h5", "audio": ".wav", "output": ".mp4"}


def with_ending(key: str, name: str) -> str:
    return name + ENDINGS.get(key, ".png")


FILES = ["source", "source.1", "output", "weights", "guide", "mask", "mask.file", "audio"]


@pytest.mark.parametrize("key", FILES)
def test_every_file_lies_in_the_folder(recipes: Recipes, key: str, tmp_path: Path) -> None:
    own = with_ending(key, "a")
    recipes.read(named(key, own))
    recipes.read(named(key, str(recipes.folder.path / own)))
    for name in ("../other/s", "shots/../../other/s", str(tmp_path / "other" / "s"), "/etc/none"):
        at = confined(recipes, named(key, with_ending(key, name)))
        assert key.partition(".")[0] in at


@posix
@pytest.mark.parametrize("key", FILES)
def test_a_link_leads_a_recipe_nowhere(recipes: Recipes, key: str, tmp_path: Path) -> None:
    name = with_ending(key, "link")
    (recipes.folder.path / name).symlink_to(tmp_path / "other" / with_ending(key, "s"))
    (recipes.folder.path / "way").symlink_to(tmp_path / "other")
    confined(recipes, named(key, name))
    confined(recipes, named(key, with_ending(key, "way/s")))
    dangling = with_ending(key, "dangling")
    (recipes.folder.path / dangling).symlink_to(tmp_path / "other" / "none")
    confined(recipes, named(key, dangling))


def test_the_packages_own_files_are_read(recipes: Recipes) -> None:
    recipes.read({"source": str(SEED)})
    assert confined(recipes, {"output": str(SEED.with_suffix(".mp4"))}) == "output"


@posix
@pytest.mark.parametrize("source", ["shots", "shots/*.png", "shots/%d.png", "shots/#.png"])
def test_a_link_among_pictures_leads_nowhere(recipes: Recipes, source: str, tmp_path: Path) -> None:
    recipes.read({"kind": "video", "source": source})
    (recipes.folder.path / "shots" / "3.png").symlink_to(tmp_path / "other" / "s.png")
    assert confined(recipes, {"kind": "video", "source": source}) == "source"


@pytest.mark.parametrize(
    "source", ["../other", "../other/*.png", "../other/%d.png", "..", "/*.png"]
)
def test_a_folder_or_pattern_lies_inside(recipes: Recipes, source: str) -> None:
    assert confined(recipes, {"kind": "video", "source": source}) == "source"


def test_what_is_extended_lies_inside(recipes: Recipes, tmp_path: Path) -> None:
    mine = recipes.folder.path
    (mine / "near.yaml").write_text("blend: .5\n")
    (mine / "sub").mkdir()
    (mine / "sub" / "below.yaml").write_text("extends: ../near.yaml\n")
    recipes.read({"extends": "near.yaml"})
    recipes.read({"extends": "sub/below.yaml"})
    for name in ("../other/s.yaml", str(tmp_path / "other" / "s.yaml"), "sub/../../other/s.yaml"):
        assert confined(recipes, {"extends": name}) == "extends"
        (mine / "far.yaml").write_text(f"extends: {name}\n")
        (mine / "chain.yaml").write_text("extends: far.yaml\n")
        assert confined(recipes, {"extends": "far.yaml"}) == "extends"
        assert confined(recipes, {"extends": "chain.yaml"}) == "extends"


@posix
def test_a_link_is_not_extended(recipes: Recipes, tmp_path: Path) -> None:
    (recipes.folder.path / "link.yaml").symlink_to(tmp_path / "other" / "s.yaml")
    (recipes.folder.path / "plain").symlink_to(tmp_path / "other" / "s.yaml")
    assert confined(recipes, {"extends": "link.yaml"}) == "extends"
    assert confined(recipes, {"extends": "plain"}) == "extends"


def test_what_is_extended_names_files_inside(recipes: Recipes) -> None:
    (recipes.folder.path / "far.yaml").write_text("source: ../other/s.png\n")
    assert confined(recipes, {"extends": "far.yaml"}) == "source"
    (recipes.folder.path / "round.yaml").write_text("extends: round.yaml\n")
    (line,) = lines(recipes, {"extends": "round.yaml"})
    assert "circular" in line


@pytest.mark.parametrize(
    "name", ["none.yaml", "a.png", "shots", "a\0.yaml", "x" * 300 + ".yaml", "x" * 300, ""]
)
def test_what_is_no_recipe_is_not_extended(recipes: Recipes, name: str) -> None:
    assert lines(recipes, {"extends": name})
