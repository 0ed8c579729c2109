"""`dreamvid recipe`: what it prints reads back, the schema knows every key, curves are right."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.cli import main
from dreamvid.cli.recipes import origin_lines
from dreamvid.errors import RecipeError
from dreamvid.media.outputs import write_picture
from dreamvid.media.read import read_picture
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.networks.registry import specs
from dreamvid.plots import schedules as curves
from dreamvid.recipe import KINDS, Recipe
from dreamvid.recipe.at_frame import schedules
from dreamvid.recipe.dump import yaml_lines
from dreamvid.recipe.load import load_recipe, make_recipe, parse_yaml, preset_folder, presets
from dreamvid.recipe.schema import recipe_schema
from dreamvid.recipe.timeline import Timeline
from dreamvid.rendering.embedded import Embedded
from tests import media_factory
from tests.recipes import fields

SCHEMA = recipe_schema(specs())
ZOOM = "0:(1.02), 50:(1.04) ease"
FULL: dict[str, Any] = {
    "kind": "video",
    "source": ["a  b.png", "ü: #1\x85\u2028\n.png"],
    "output": "yes.mp4",
    "size": "640x360",
    "fps": "30000/1001",
    "start": "1/3",
    "end": "1:30",
    "network": "lite0",
    "motion": {"zoom": ZOOM, "center": ["0.5 + 0.1*sin(s)", 0.5], "trim": None},
    "blend": "1e-1",
    "color": {"shift": [0, "noise(t, 3)", 1e-7]},
    "dream": {"octaves": {0: 2, 50: 4, "interpolation": "step"}, "gradient_blur": 0},
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(text: str, name: str = "night.yaml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["recipe", *words]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str, status: int = 1) -> str:
    assert main(["recipe", *words]) == status
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    return line


def read_back(text: str) -> Recipe:
    return make_recipe(parse_yaml(text, "printed"))


# The word


def test_the_help_of_each_word(capsys: pytest.CaptureFixture[str]) -> None:
    usage = printed(capsys)
    assert usage == printed(capsys, "--help") == printed(capsys, "schema", "--help")
    assert all(word in usage for word in ("show", "plot", "schema"))
    for word in ("show", "plot"):
        with pytest.raises(SystemExit) as stop:
            main(["recipe", word, "--help"])
        assert not stop.value.code
        told = capsys.readouterr().out
        assert "--octave-scale" in told
        assert "--dry-run" not in told
        assert ("--overwrite" in told) == (word == "plot")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sohw"], "recipe sohw: unknown; did you mean show?"),
        (["night.yaml"], "recipe night.yaml: unknown; there are list, show, plot, schema"),
        (["show"], "name one recipe: dreamvid recipe show night.yaml"),
        (["plot", "spiral", "tunnel"], "name one recipe: dreamvid recipe plot night.yaml"),
        (["show", "spiral", "--fraems", "3"], "--fraems"),
        (["show", "spiral", "--overwrite"], "--overwrite"),
        (["schema", "zoom"], "recipe schema: takes no arguments, not zoom"),
    ],
)
def test_words_that_are_not_known(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refused(capsys, *words, status=2)


# show


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_shown_whole_and_reads_back(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = with_network_defaults(load_recipe(name))
    shown = printed(capsys, "show", name)
    assert read_back(shown) == recipe
    said = parse_yaml(shown, name)
    assert all(part in said for part in type(recipe).model_fields)
    assert said["dream"]["steps"] is not None
    assert list(said)[:2] == ["version", "kind"]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"blend": ZOOM.replace("1.0", "0.")},
        {"dream": {"objective": {"faces": "t/9", "eyes": -0.5}}},
        {"dream": {"objective": [{"layer": "eyes", "weight": ZOOM}, "eyes"]}},
        {"motion": {"zoom": ", ".join(f"{t}:(1 + {t}/9999)" for t in range(99))}},
        {"network": {"name": "none", "weights": "no"}, "source": "true", "size": None},
    ],
)
def test_what_is_shown_reads_back_as_it_was(more: dict[str, Any]) -> None:
    recipe = with_network_defaults(make_recipe(FULL | more))
    assert read_back("\n".join(yaml_lines(recipe))) == recipe


PATHS = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1)


@given(
    sources=st.lists(PATHS.filter(lambda text: text != "."), max_size=2),
    fps=st.fractions(Fraction(1, 1000), 1000, max_denominator=10**6),
    shift=st.lists(st.floats(-255, 255), min_size=3, max_size=3),
)
@settings(max_examples=60)
def test_any_path_rate_and_number_reads_back(
    sources: list[str], fps: Fraction, shift: list[float]
) -> None:
    said = {"source": sources, "fps": fps, "color": {"shift": shift}}
    recipe = make_recipe(said)
    assert read_back("\n".join(yaml_lines(recipe))) == recipe


def test_flags_over_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    saved("extends: spiral\nmotion: {zoom: 1 + t/100}\noutput: film.mp4\n")
    shown = read_back(printed(capsys, "show", "night.yaml", "--frames", "20", "--source", "a.png"))
    assert shown == with_network_defaults(
        make_recipe(
            {
                "frames": 20,
                "source": "a.png",
                "output": "film.mp4",
                "motion": {"zoom": "1 + t/100", "angle": 0.5},
            }
        )
    )


def test_a_recipe_that_is_wrong_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "fraems: unknown" in refused(capsys, "show", saved("fraems: 3"))
    assert "network vgg61: unknown" in refused(capsys, "show", saved("network: vgg61"))
    assert "at least 1" in refused(capsys, "show", "spiral", "--frames", "0")


def test_a_film_is_shown_with_what_it_was_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    write_picture(Path("still.png"), np.full((48, 64, 3), 90, np.float32), False)
    words = ["--network", "none", "-n", "3", "--zoom", "1+t/9", "-q", "-o", "film.mp4"]
    assert main(["zoom", "still.png", *words]) == 0
    shown = printed(capsys, "show", "film.mp4")
    told = [line for line in shown.splitlines() if line.startswith("#")]
    assert any("source: still.png, SHA-256 " in line for line in told)
    assert told[-1] == "# to be given again: source"
    recipe = read_back(shown)
    assert recipe.source == ()
    assert "zoom: 1+t/9" in shown
    assert printed(capsys, "plot", "film.mp4") == "film-schedules.png\n"


def test_what_a_film_says_cannot_leave_its_comment() -> None:
    files = [{"key": "source", "name": "a\nframes: 9\x1b[2J", "sha256": "0\u2028x: 1"}]
    lines = list(origin_lines("film.mp4", Embedded(make_recipe({}), files, "")))
    assert parse_yaml("\n".join(lines), "comments") == {}
    assert all(line.isprintable() for line in lines)


def test_neither_show_nor_schema_needs_tensorflow_or_opencv() -> None:
    code = """
import sys
from dreamvid.cli import main
assert main(["recipe", "show", "seeds/tutorial"]) == main(["recipe", "schema"]) == 0
heavy = {"tensorflow", "keras", "cv2", "imageio", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# schema


def as_json(value: Any) -> Any:
    """YAML's whole-number keys as an editor takes them: as texts."""
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    return [as_json(each) for each in value] if isinstance(value, list) else value


def faults(recipe: dict[str, Any]) -> list[str]:
    check = jsonschema.Draft202012Validator(SCHEMA)
    return [error.message for error in check.iter_errors(as_json(recipe))]


def test_the_schema_is_one_and_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(printed(capsys, "schema")) == SCHEMA


@pytest.mark.parametrize("path", preset_folder().rglob("*.yaml"), ids=lambda path: path.stem)
def test_every_preset_keeps_to_the_schema(path: Path) -> None:
    assert faults(parse_yaml(path.read_text(encoding="utf-8"), path.name)) == []


def keys_of(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for key, own in schema["properties"].items():
        if own is True:
            continue
        may_lack = own.get("default", ...) is None
        ways = [] if may_lack else [own, *own.get("anyOf", [])]
        refs = [way["$ref"] for way in ways if "$ref" in way]
        section = SCHEMA["$defs"][refs[-1].rpartition("/")[2]] if refs else {}
        if "properties" in section:
            assert own.get("description") or section["description"]
            yield from keys_of(section, f"{prefix}{key}.")
        else:
            yield prefix + key, own


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_tells_of_every_key_what_the_recipe_does(kind: str) -> None:
    known = dict(keys_of(SCHEMA["$defs"][KINDS[kind].__name__]))
    models = {path: own for path, own in fields(KINDS[kind]) if path != "kind"}
    assert set(known) == {*models, "extends"}
    for path, own in models.items():
        assert "default" in known[path], path
        assert known[path]["description"] == (own.description or known["version"]["description"])
    assert (
        faults(as_json(with_network_defaults(make_recipe({}, kind)).model_dump(mode="json"))) == []
    )
    assert faults(as_json(make_recipe({}, kind).model_dump(mode="json"))) == []


RIGHT: list[dict[str, Any]] = [
    {},
    FULL | {"blend": 0.1},
    {"extends": "tunnel", "cuts": False},
    {"extends": "spiral", "mix": 1},
    {"source": "a.png", "size": [640, 360], "fps": "29.97", "color": {"shift": 2}},
    {"blend": "0s:(1), 2.5s:(.5) EASE", "network": {"name": "VGG-16", "weights": "random"}},
    {"blend": {"share": {"0": 1, "50": "abs(sin(t))", "interpolation": "cubic"}}},
    {"network": {"name": "own.keras", "preprocess": "tf"}},
    {"network": {"preprocess": {"mean": 127, "scale": [1, 2, 3], "order": "bgr"}}},
    {"dream": {"objective": "faces,eyes=.5", "steps": None, "power": 2}},
    {"dream": {"objective": {"faces": 1, "eyes": "t / n - 1e-3"}}},
    {"dream": {"objective": ["faces", {"layer": "eyes", "weight": "max(0, 1 - s)"}]}},
    {"color": {"shift": {"0": 1, "50": 2}}, "motion": {"trim": [3, "t"]}},
    {"kind": "video", "start": "0:01:30.5", "end": 100, "frames": None},
    {"kind": "image", "mix": 0, "version": 2},
    {"kind": "image", "encode": {"codec": "exr"}},
    {"encode": {"codec": "png16", "frame_name": "shot.%04d", "first_number": 1001}},
    {"kind": "video", "encode": {"codec": "prores", "frame_name": "####"}},
]
WRONG: list[dict[str, Any]] = [
    {"kind": "vidoe"},
    {"fraems": 3},
    {"network": {"preprocess": "toff"}},
    {"network": {"preprocess": {"mean": [1, 2]}}},
    {"cuts": False},
    {"kind": "image", "frames": 3},
    {"extends": "tunnel", "ctus": False},
    {"extends": 3},
    {"version": 3},
    {"frames": 0},
    {"frames": 2.5},
    {"fps": 0},
    {"fps": "fast"},
    {"size": "640"},
    {"size": [640]},
    {"mix": 1.5},
    {"seed": -1},
    {"source": ["a", "b", "c"]},
    {"network": {"wieghts": "random"}},
    {"network": 3},
    {"motion": {"zom": 1}},
    {"motion": {"zoom": 11}},
    {"motion": {"zoom": "fast"}},
    {"motion": {"zoom": "0:(1), 50:(1.1) easy"}},
    {"motion": {"zoom": {"soon": 1}}},
    {"motion": {"zoom": {"0": "fast"}}},
    {"motion": {"zoom": {"0": 1, "interpolation": "easy"}}},
    {"motion": {"border": "mirror"}},
    {"motion": {"center": [0.5]}},
    {"blend": 2},
    {"blend": {"follow": "flow"}},
    {"dream": {"octaves": 0}},
    {"dream": {"octaves": 2.5}},
    {"dream": {"power": 3}},
    {"dream": {"objective": {}}},
    {"dream": {"objective": [{"weight": 1}]}},
    {"dream": {"objective": {"eyes": "much"}}},
    {"color": {"shift": [1, 2]}},
    {"kind": "video", "start": "soon"},
    {"encode": {"codec": "xvid"}},
    {"kind": "image", "encode": {"codec": "prores"}},
    {"encode": {"frame_name": "shot"}},
    {"encode": {"frame_name": "%d.%d"}},
    {"encode": {"first_number": -1}},
]


@pytest.mark.parametrize("recipe", RIGHT, ids=str)
def test_what_the_recipe_takes_the_schema_takes(recipe: dict[str, Any]) -> None:
    assert faults(recipe) == []
    make_recipe({key: value for key, value in recipe.items() if key != "extends"}, _kind(recipe))


@pytest.mark.parametrize("recipe", WRONG, ids=str)
def test_a_typical_mistake_is_found_by_both(recipe: dict[str, Any]) -> None:
    assert faults(recipe) != []
    if not isinstance(recipe.get("extends"), int):
        with pytest.raises(RecipeError):
            make_recipe({key: value for key, value in recipe.items() if key != "extends"})


def _kind(recipe: dict[str, Any]) -> str | None:
    return "video" if recipe.get("extends") == "tunnel" else recipe.get("kind")


# plot


def drawn(recipe: dict[str, Any], key: str, frames: int) -> list[float]:
    made, timeline = make_recipe(recipe), Timeline(Fraction(30), frames)
    return list(curves._values(made, [key], range(frames), timeline)[key])


def test_curves_are_the_numbers_of_each_frame() -> None:
    recipe = {"dream": {"octaves": "1 + t/2"}, "color": {"shift": [0, "s", 0]}}
    assert drawn(recipe, "dream.octaves", 5) == [1, 2, 2, 2, 3]  # as they are rounded
    assert all(isinstance(value, int) for value in drawn(recipe, "dream.octaves", 5))
    assert drawn(recipe, "color.shift.1", 3) == pytest.approx([0, 1 / 30, 2 / 30])


def test_keys_are_called_by_what_they_hold() -> None:
    recipe = make_recipe(
        {
            "color": {"shift": [0, "t", 0]},
            "motion": {"center": [0.5, "t"], "zoom": ZOOM},
            "dream": {"objective": {"faces": 1, "eyes": "t"}},
        }
    )
    called = [curves._label(recipe, key) for key, _ in schedules(recipe)]
    assert called == ["dream.objective.eyes", "color.shift.G", "motion.zoom", "motion.center.y"]


@pytest.mark.parametrize(
    ("said", "uses"),
    [("sin(t)*abs(t)", False), ("0:(1), 5:(2) step", False), ("t+s", True), ("0s:(1)", True)],
)
def test_seconds_are_told_from_other_words(said: str, uses: bool) -> None:
    recipe = make_recipe({"motion": {"zoom": said}})
    ((_, schedule),) = schedules(recipe)
    assert schedule.uses_seconds is uses


def test_a_plot_has_an_axis_for_each_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    one = saved(f"motion: {{zoom: '{ZOOM}'}}", "one.yaml")
    assert printed(capsys, "plot", one) == "one-schedules.png\n"
    assert "output exists" in refused(capsys, "plot", one)
    before = Path("one-schedules.png").read_bytes()
    printed(capsys, "plot", one, "--overwrite", "--angle", "t/9", "--frames", "1")
    assert Path("one-schedules.png").read_bytes() != before
    two = saved(f"output: film.mp4\nmotion: {{zoom: '{ZOOM}', angle: t/9}}", "two.yaml")
    assert printed(capsys, "plot", two) == "two-schedules.png\n"  # and not its film
    assert printed(capsys, "plot", two, "-o", "made.png") == "made.png\n"
    short, tall = (read_picture(Path(path)).shape for path in ("one-schedules.png", "made.png"))
    assert short == tall
    assert tall[1] == 1200
    assert "cannot write a picture as .mp4" in refused(capsys, "plot", two, "-o", "made.mp4")
    own = ["--source", "made.png", "-o", "made.png", "--overwrite"]
    assert "is the input itself" in refused(capsys, "plot", two, *own)


def test_a_long_film_is_drawn_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "MOST", 50)
    seen: list[int] = []
    within = curves._values

    def watched(recipe: Recipe, keys: list[str], times: Any, clock: Any) -> Any:
        seen.extend(int(t) for t in times)
        return within(recipe, keys, times, clock)

    monkeypatch.setattr(curves, "_values", watched)
    picture = curves.draw(
        "long", make_recipe({"motion": {"zoom": ZOOM}}), Timeline(frames=10_000_000)
    )
    assert (seen[0], seen[-1], len(seen)) == (0, 9_999_999, 50)
    assert picture.max() == 255


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        ("frames: 5", [], "night.yaml: nothing to plot: no value changes over time"),
        ("motion: {zoom: 1 + t}", [], "motion.zoom: must be at most 10, but is 11 at frame 10"),
        ("motion: {angle: 1/(t - 5)}", [], "motion.angle: divides by zero at frame 5"),
        ("kind: video\nmotion: {zoom: t/99 + 1}", [], "is unknown; give --frames"),
        ("kind: video\nsource: no.mp4\nmotion: {zoom: t/99 + 1}", [], "no.mp4"),
        ("kind: video\nmotion: {zoom: s + 1}", ["-n", "5"], "no rate is known; give --fps"),
    ],
)
def test_what_cannot_be_drawn_says_why_and_leaves_nothing(
    text: str, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, "plot", saved(text), *flags)
    assert message in line
    assert not list(Path().glob("*.png"))


def test_how_long_a_clip_is() -> None:
    clip = media_factory.h264(Path("clip.mp4"), frames=7)
    varying = {"kind": "video", "motion": {"zoom": "1 + t/99"}}

    def extent(film: bool = False, **more: Any) -> tuple[int, Fraction | None]:
        source, is_timed = curves._film(str(clip), make_recipe(varying | more), film)
        assert source.frames
        return source.frames, source.rate if is_timed else None

    rate = extent(source=str(clip))[1]
    assert extent(source=str(clip)) == (7, rate)
    assert extent(source=str(clip), frames=3) == (3, rate)
    assert extent(source=str(clip), frames=99) == (7, rate)
    assert extent(film=True) == (7, rate)
    assert extent(frames=20) == (20, None)
    assert extent(frames=20, source="gone.mp4") == (20, None)
    assert extent(frames=20, fps=25, source="gone.mp4") == (20, Fraction(25))
