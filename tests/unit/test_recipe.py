from __future__ import annotations

import itertools
import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
import yaml
from annotated_types import Ge, Gt, Le, Lt
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from dreamvid.errors import Fault, RecipeError
from dreamvid.recipe import (
    KINDS,
    BeatCount,
    ChannelTerm,
    ClassTerm,
    DiversityTerm,
    Dream,
    Frames,
    GuideTerm,
    ImageRecipe,
    LayerTerm,
    Recipe,
    VideoRecipe,
    ZoomRecipe,
)
from dreamvid.recipe.base import Section, merged
from dreamvid.recipe.load import (
    kind_of,
    load_recipe,
    make_recipe,
    parse_yaml,
    preset_folder,
    presets,
    read_recipe,
)
from dreamvid.recipe.paths import InputFile, placed, recipe_files
from dreamvid.recipe.terms import TERMS
from tests.recipes import LAUGHS, fields

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)

NAN, INF = float("nan"), float("inf")
NO_NAME = (
    "is no number and no name in an expression; "
    "it knows t, s, n, pi, max_f, sin, cos, tan, sqrt, exp, log, abs, floor, ceil, min, max, "
    "clip, smooth, where, noise)"
)


def refusal(data: dict[str, Any], kind: str | None = None) -> RecipeError:
    """With what `data` is refused: one line."""
    with pytest.raises(RecipeError) as caught:
        make_recipe(data, kind)
    line = str(caught.value)
    assert "\n" not in line
    assert "pydantic" not in line
    return caught.value


def said_of(data: dict[str, Any], kind: str | None = None) -> str:
    """The one line with which `data` is refused."""
    return str(refusal(data, kind))


def nested(path: str, value: Any) -> dict[str, Any]:
    """`{"dream": {"octaves": 4}}` for `dream.octaves`."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


# Defaults


def test_an_empty_recipe_is_a_zoom() -> None:
    recipe = make_recipe({})
    assert isinstance(recipe, ZoomRecipe)
    assert (recipe.frames, recipe.fps, recipe.motion.zoom) == (None, Fraction(30), 1.02)
    assert (recipe.blend.carry, recipe.blend.share, recipe.motion.moves) == (
        "picture",
        1.0,
        "camera",
    )


def test_a_video_keeps_its_clip_and_carries_the_residual() -> None:
    recipe = make_recipe({}, "video")
    assert isinstance(recipe, VideoRecipe)
    assert (recipe.frames, recipe.fps, recipe.size, recipe.start, recipe.end) == (None,) * 5
    assert (recipe.motion.zoom, recipe.motion.moves, recipe.encode.audio) == (1.0, "dream", "keep")
    assert (recipe.blend.carry, recipe.blend.follow, recipe.blend.share) == (
        "residual",
        "flow",
        0.97,
    )


def test_an_image_has_no_film_and_nothing_carried() -> None:
    recipe = make_recipe({}, "image")
    assert type(recipe) is ImageRecipe
    assert not {"frames", "fps", "motion", "blend", "film"} & set(type(recipe).model_fields)


@EVERY_KIND
def test_every_key_has_a_default_that_is_itself_valid(kind: str) -> None:
    recipe = make_recipe({}, kind)
    assert make_recipe(recipe.model_dump(mode="json")) == recipe
    assert recipe == KINDS[kind]()


@EVERY_KIND
def test_every_key_is_told_what_it_means(kind: str) -> None:
    untold = [path for path, own in fields(KINDS[kind]) if not own.description]
    assert sorted(untold) == ["kind", "version"]


@EVERY_KIND
def test_a_recipe_is_frozen_and_can_be_told_apart(kind: str) -> None:
    recipe = make_recipe({}, kind)
    with pytest.raises(ValidationError):
        recipe.seed = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        recipe.dream.octaves = 3  # type: ignore[misc]
    assert len({recipe, make_recipe({}, kind), make_recipe({"seed": 1}, kind)}) == 2


# What is refused, and how it is said


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"dream": {"octavs": 3}}, "dream.octavs: unknown; did you mean octaves?"),
        ({"fraems": 3}, "fraems: unknown; did you mean frames?"),
        ({"motion": {"zom": 2}}, "motion.zom: unknown; did you mean zoom?"),
        ({"network": {"wieghts": "random"}}, "network.wieghts: unknown; did you mean weights?"),
        ({"dream": {"xyzzy": 3}}, "dream.xyzzy: unknown"),
        ({"start": 3}, "start: unknown (it is for video)"),
        ({"layers": {"eyes": 1}}, "layers: unknown; did you mean dream.objective?"),
        ({"zoom": 1.02}, "zoom: unknown; did you mean motion.zoom?"),
        ({"dream": {"objective": "eyes=0"}}, "every weight is 0, which leaves nothing to dream of"),
        ({"output": ""}, "output: must name a file"),
        ({"motion": {"center": [50, 0]}}, "motion.center.0: must be at most 10"),
        ({"dream": {"octaves": 0}}, "dream.octaves: must be at least 1"),
        ({"dream": {"octaves": 2.5}}, "dream.octaves: must be a whole number, not 2.5"),
        ({"dream": {"octave_scale": 1}}, "dream.octave_scale: must be more than 1"),
        ({"dream": {"step_size": NAN}}, "dream.step_size: must be a finite number"),
        ({"dream": {"method": "best"}}, "'detail', 'resize' or 'recursive'"),
        ({"dream": {"objective": {"a": "x"}}}, f"must be a number or a schedule ('x' {NO_NAME}"),
        ({"dream": {"objective": []}}, "dream.objective: needs at least 1 values"),
        ({"dream": 3}, "dream: must be a section of keys and values, not 3"),
        ({"blend": 2}, "blend.share: must be at most 1"),
        ({"blend": "much"}, f"blend.share: must be a number or a schedule ('much' {NO_NAME}"),
        ({"motion": {"trim": [-1, 0]}}, "motion.trim.0: must be at least 0"),
        ({"motion": {"translate": [1]}}, "motion.translate.1: is missing"),
        ({"color": {"shift": [0, 0, INF]}}, "color.shift.2: must be a finite number"),
        ({"encode": {"crf": 52}}, "encode.crf: must be at most 51"),
        ({"fps": "fast"}, "fps: must be a rate such as 25 or 30000/1001, not 'fast'"),
        ({"size": "big"}, "size: must be WIDTHxHEIGHT such as 1280x720, not 'big'"),
        ({"source": ["a", "b", "c"]}, "source: takes at most 2 values"),
        ({"version": 3}, "version: must be 2"),
        ({"kind": "vidoe"}, "kind: vidoe: must be one of zoom, video, image"),
        ({"kind": ["zoom"]}, "must be one of zoom, video, image"),
        ({"kind": None}, "must be one of zoom, video, image"),
    ],
)
def test_a_fault_is_named_with_its_path_and_what_would_be_right(
    data: dict[str, Any], line: str
) -> None:
    error = refusal(data)
    assert str(error).endswith(line)
    assert len(error.faults) == 1


def test_every_fault_is_told_at_once() -> None:
    said = said_of({"frames": 0, "dream": {"octaves": 0}, "colour": 1})
    assert said.count("must be at least 1") == 2
    assert "colour: unknown; did you mean color?" in said


# The same as data


def test_a_fault_has_its_key_its_message_and_its_hint() -> None:
    error = refusal({"colour": 1, "dream": {"octaves": 0, "method": "recursive", "laplacian": 1}})
    assert error.faults == (
        Fault("dream.octaves", "must be at least 1"),
        Fault("colour", "unknown", "did you mean color?"),
    )
    assert (error.key, error.path, error.hint) == ("dream.octaves", None, "did you mean color?")
    assert str(error) == "; ".join(map(str, error.faults))


def test_a_sections_own_check_names_its_key() -> None:
    (fault,) = refusal({"dream": {"method": "resize", "stagger": 2}}).faults
    assert fault == Fault("dream.stagger", "the method resize goes through every octave; use 1")
    (fault,) = refusal({"end": 0}, "video").faults
    assert fault == Fault("end", "must be after start")


def test_an_error_of_a_file_has_its_path(tmp_path: Path) -> None:
    for text in ("fraems: 3", "- frames", "frames: 1\nframes: 2", "extends: none-such", "kind: x"):
        (tmp_path / "a.yaml").write_text(text)
        with pytest.raises(RecipeError) as caught:
            load_recipe(tmp_path / "a.yaml")
        assert caught.value.path in (tmp_path / "a.yaml", Path("none-such"))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({0: "2:3"}, "at 0, ':' has no meaning"),
        ({"a: b": 1}, "'a: b' is no key"),
        ("2;3", "';' has"),
    ],
)
def test_what_was_typed_is_reported_as_it_was_typed(value: Any, why: str) -> None:
    (fault,) = refusal({"motion": {"zoom": value}}).faults
    assert fault.key == "motion.zoom"
    assert fault.message.startswith(f"must be a number or a schedule ({why}")


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: ZoomRecipe(frames=0), "frames: must be at least 1"),
        (lambda: ImageRecipe(dream={"octaves": 0}), "dream.octaves: must be at least 1"),
        (lambda: ZoomRecipe(**{"start": 1}), "start: unknown (it is for video)"),
        (lambda: ZoomRecipe(**{"fraems": 1}), "fraems: unknown; did you mean frames?"),
        (lambda: Dream(octaves=0), "octaves: must be at least 1"),
    ],
)
def test_a_recipe_made_in_python_is_refused_as_any(make: Any, line: str) -> None:
    with pytest.raises(RecipeError) as caught:
        make()
    assert str(caught.value) == line
    assert len(caught.value.faults) == 1


def test_a_clip_ends_after_its_start() -> None:
    assert said_of({"start": "1:30", "end": "1:20"}, "video") == "end: must be after start"
    assert said_of({"end": 0}, "video") == "end: must be after start"
    assert make_recipe({"start": 3, "end": "3.1"}, "video")


def number_fields() -> list[tuple[str, str, FieldInfo]]:
    """Every number in every kind of recipe."""
    found = []
    for kind, model in KINDS.items():
        for path, own in fields(model):
            if {own.annotation, *get_args(own.annotation)} & {int, float, Fraction}:
                found.append((kind, path, own))
    return found


@pytest.mark.parametrize(("kind", "path"), [(k, p) for k, p, _ in number_fields()])
@pytest.mark.parametrize("value", [NAN, INF, -INF, "nan", "inf", "many", [], {}])
def test_no_number_takes_what_is_none(kind: str, path: str, value: Any) -> None:
    assert path in said_of(nested(path, value), kind)


COUNTS = ["frames", "dream.octaves", "dream.steps", "dream.burst", "dream.tile", "size"]


@pytest.mark.parametrize("path", [*COUNTS, "fps", "motion.zoom", "dream.step_size"])
@pytest.mark.parametrize("kind", ["zoom", "video"])
@pytest.mark.parametrize("value", [0, -1])
def test_zero_and_negative_counts_are_refused(kind: str, path: str, value: int) -> None:
    wrong = [value, 4] if path == "size" else value
    said = said_of(nested(path, wrong), kind)
    assert said.startswith(path)
    assert "must be " in said


@pytest.mark.parametrize("path", ["seed", "dream.jitter", "dream.gradient_blur", "encode.crf"])
def test_what_may_be_zero_may_not_be_negative(path: str) -> None:
    assert make_recipe(nested(path, 0))
    assert said_of(nested(path, -1)).startswith(f"{path}: must be at least 0")


def test_the_error_names_the_recipe_it_is_in(tmp_path: Path) -> None:
    path = tmp_path / "night.yaml"
    path.write_text("dream: {octavs: 3}\n")
    with pytest.raises(RecipeError, match=r"night\.yaml: dream\.octavs: unknown; did you mean"):
        load_recipe(path)


# Short forms


def test_a_name_stands_for_the_network_and_a_share_for_the_blend() -> None:
    recipe = make_recipe({"network": "inception_v3", "blend": 0.5})
    assert isinstance(recipe, ZoomRecipe)
    assert recipe.network.name == "inception_v3"
    assert (recipe.blend.share, recipe.blend.carry) == (0.5, "picture")


def test_text_is_read_as_the_number_it_says() -> None:
    """At the prompt everything is text."""
    words = {"power": "2", "octaves": "3", "octave_scale": "1.3", "step_size": "1e-3"}
    dream = make_recipe({"dream": words}).dream
    assert (dream.power, dream.octaves, dream.octave_scale) == (2, 3, 1.3)
    assert dream.step_size == 0.001


# There and back: any recipe, through YAML, is itself again


def bounded(own: FieldInfo) -> dict[str, Any]:
    """A number's bounds as hypothesis wants them."""
    bounds: dict[str, Any] = {}
    for rule in own.metadata:
        if isinstance(rule, Ge | Gt):
            low = rule.ge if isinstance(rule, Ge) else rule.gt
            bounds |= {"min_value": low, "exclude_min": isinstance(rule, Gt)}
        if isinstance(rule, Le | Lt):
            high = rule.le if isinstance(rule, Le) else rule.lt
            bounds |= {"max_value": high, "exclude_max": isinstance(rule, Lt)}
    return bounds


def _listed(channels: str | set[int]) -> str | tuple[int, ...]:
    return channels if isinstance(channels, str) else tuple(sorted(channels))


BEATS = st.decimals(Decimal("0.01"), 99999, places=2).map(Fraction).map(BeatCount)

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    bool: st.booleans(),
    str: st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=8),
}


def values_of(annotation: Any, bounds: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    if annotation in (int, float):
        if annotation is float:
            return st.floats(**({"min_value": -1e6, "max_value": 1e6} | bounds))
        whole = {k: int(v) for k, v in bounds.items() if k.endswith("value")}
        return st.integers(whole["min_value"], whole["max_value"] - bounds["exclude_max"])
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if annotation is Fraction:
        return st.fractions(Fraction(1, 100), min(1000, bounds.get("max_value", 1000)))
    if annotation in PLAIN:
        return PLAIN[annotation]
    if annotation is Path:
        return values_of(str, {}).map(Path).filter(lambda path: path.name)
    if annotation in TERMS:
        name, number = values_of(str, {}), st.integers(0, 10**6)
        channels = st.sampled_from(["strong5", "weak1"]) | st.sets(number, min_size=1, max_size=3)
        named = {
            LayerTerm: {"layer": name},
            ChannelTerm: {"layer": name, "channels": channels.map(_listed)},
            DiversityTerm: {"diversity": name, "channels": channels.map(_listed)},
            ClassTerm: {"class_": number | name.filter(str.strip)},
            GuideTerm: {
                "guide": name,
                "over": st.lists(name, max_size=2).map(tuple),
                "match": st.sampled_from(["channels", "patches"]),
            },
        }[annotation]
        weight = st.floats(0.1, 9) | st.floats(-9, -0.1)
        return st.builds(annotation, weight=weight, **named)
    if get_origin(annotation) is tuple:
        kinds = get_args(annotation)
        if kinds[-1] is Ellipsis:
            longest = 2 if Path in (kinds[0], *get_args(kinds[0])) else 4
            return st.lists(values_of(kinds[0], {}), min_size=1, max_size=longest).map(tuple)
        near_zero = {"min_value": 0, "max_value": 999, "exclude_max": False}
        return st.tuples(*(values_of(kind, near_zero) for kind in kinds))
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        bare = FieldInfo.from_annotation(inner)
        if inner == int | BeatCount:
            return values_of(Frames, bounds) | BEATS
        bare.metadata = list(itertools.chain(*(getattr(m, "metadata", [m]) for m in metadata)))
        return values_of(inner, bounds | bounded(bare))
    if get_args(annotation):
        return st.one_of(*(values_of(part, bounds) for part in get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return sections(annotation).map(annotation.model_validate)
    raise AssertionError(f"no values for {annotation}")


def sections(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """What may be said of a recipe's section: any of its keys."""
    keys: dict[str, st.SearchStrategy[Any]] = {}
    for name, own in model.model_fields.items():
        kind = own.annotation
        if name in ("kind", "version", "size", "start", "end", "trim", "path"):
            continue
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys[name] = sections(kind)
        else:
            keys[name] = values_of(kind, bounded(own))
    if "size" in model.model_fields:
        keys["size"] = st.none() | st.tuples(st.integers(1, 32768), st.integers(1, 2048))
    if "octave_top" in model.model_fields:
        keys["octave_top"] = st.integers(0, 1)
    if "trim" in model.model_fields:
        keys["trim"] = st.none() | st.tuples(st.floats(0, 99), st.floats(0, 99))
    if "start" in model.model_fields:
        keys["start"] = st.none() | st.fractions(0, 999)
        keys["end"] = st.none() | st.fractions(1000, 9999)
    if "first_beat" in model.model_fields:
        keys["first_beat"] = st.none() | st.fractions(0, 999)
    if "path" in model.model_fields:
        keys["path"] = PATHS
    if "frame_name" in model.model_fields:
        keys["frame_name"] = st.sampled_from(["%d", "shot.%04d", "####"])
    needed = {name: keys.pop(name) for name in [*keys] if model.model_fields[name].is_required()}
    return st.fixed_dictionaries(needed, optional=keys).map(agreeing)


PATHS = st.lists(st.integers(0, 99), unique=True, max_size=3).map(
    lambda places: [{"at": place, "center": (0.25, 1), "zoom": 1.5} for place in sorted(places)]
) | st.just([{"at": "1.5s", "center": (0, 0.5)}, {"at": "2s", "center": (0, 0.5), "angle": -1}])


def agreeing(said: dict[str, Any]) -> dict[str, Any]:
    """Without what a dream's method refuses, a mask beside regions, and what a path refuses."""
    method = said.get("method", "detail")
    refused = {"detail": (), "resize": ("stagger",)}.get(
        method, ("stagger", "decorrelate", "laplacian")
    )
    if said.get("regions"):
        refused = (*refused, "mask")
    if said.get("path"):
        said |= {"moves": "camera"}
        refused = (*refused, "center", "translate", "trim", "zoom", "angle")
    return {key: value for key, value in said.items() if key not in refused}


@EVERY_KIND
@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_a_recipe_comes_back_from_yaml_as_it_was(kind: str, data: st.DataObject) -> None:
    recipe = make_recipe(data.draw(sections(KINDS[kind])), kind)
    text = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)
    assert make_recipe(parse_yaml(text, "again")) == recipe


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"method": "recursive", "decorrelate": 0.5}, "decorrelate: the method recursive norms"),
        ({"method": "recursive", "laplacian": 1}, "laplacian: the method recursive norms"),
        ({"method": "recursive", "stagger": 2}, "stagger: the method recursive goes through"),
        ({"method": "resize", "stagger": 2}, "stagger: the method resize goes through"),
        ({"decorrelate": 1.1}, "decorrelate: must be at most 1"),
        ({"laplacian": 9}, "laplacian: must be at most 8"),
        ({"stagger": 0}, "stagger: must be at least 1"),
        ({"palette": "neon"}, "palette: must be"),
    ],
    ids=str,
)
def test_a_gradient_is_shaped_and_octaves_take_turns_only_where_they_can(
    said: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        make_recipe({"dream": said}, "zoom")


@pytest.mark.parametrize(
    "said",
    [
        {"method": "recursive", "decorrelate": 0, "laplacian": 0, "stagger": 1},
        {"method": "resize", "decorrelate": 1, "laplacian": 8, "stagger": 1},
        {"decorrelate": "t/9", "laplacian": "0:(0), 9:(3)", "stagger": "0:(1), 5:(3) step"},
    ],
    ids=str,
)
def test_what_shapes_nothing_goes_with_any_method(said: dict[str, Any]) -> None:
    assert make_recipe({"dream": said}, "zoom").dream.method == said.get("method", "detail")


def test_a_recipe_says_only_what_is_given_when_asked() -> None:
    recipe = make_recipe({"frames": 5, "size": "64x48", "fps": "30000/1001"})
    said = recipe.model_dump(mode="json", exclude_defaults=True)
    assert said == {"frames": 5, "size": "64x48", "fps": "30000/1001"}


# YAML's traps


def read(text: str) -> Recipe:
    return make_recipe(parse_yaml(text, "a.yaml"))


def test_on_is_a_key_and_not_a_truth() -> None:
    recipe = read("motion:\n  moves: dream\n  zoom: 1.1\n")
    assert isinstance(recipe, ZoomRecipe)
    assert recipe.motion.moves == "dream"


@pytest.mark.parametrize("word", ["no", "off", "yes", "on", "y", "n", "No", "OFF"])
def test_words_stay_words(word: str) -> None:
    assert parse_yaml(f"network: {word}", "a.yaml") == {"network": word}


def test_true_and_false_are_what_they_say() -> None:
    assert parse_yaml("a: true\nb: False", "a.yaml") == {"a": True, "b": False}


@pytest.mark.parametrize("text", ["1e-3", "1.0e-3", ".001", "'1e-3'", "0.001"])
def test_numbers_in_every_spelling(text: str) -> None:
    assert read(f"dream: {{step_size: {text}}}").dream.step_size == 0.001


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1:30", 90), ("'1:30'", 90), ("0:01:30", 90), ("1:30.5", 90.5), ("90", 90), ("1:05", 65)],
)
def test_moments_in_every_spelling(text: str, seconds: float) -> None:
    recipe = read(f"kind: video\nstart: {text}")
    assert isinstance(recipe, VideoRecipe)
    assert recipe.start == seconds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("frames: 5\nfps: 3\nframes: 6\n", r"a\.yaml: frames: given twice \(again on line 3\)"),
        ("dream:\n  tile: 99\n  tile: 98\n", r"a\.yaml: tile: given twice \(again on line 3\)"),
        ("on: 1\n'on': 2\n", r"on: given twice"),
        ("- frames\n", r"a\.yaml: must be a mapping"),
        ("zoom", r"a\.yaml: must be a mapping"),
        ("3", r"a\.yaml: must be a mapping"),
        ("frames: 5\n  fps: 3\n", r"a\.yaml: not YAML on line 2"),
        ("{", r"a\.yaml: not YAML"),
        ("a: [1, 2", r"a\.yaml: not YAML"),
        ("a: *b", r"a\.yaml: not YAML"),
        ("[a, b]: 3\n", r"a\.yaml: not YAML"),
        ("a: \x00", r"a\.yaml: not YAML"),
        ("a: 2001-99-99", r"a\.yaml: not YAML"),
        ("a: !!timestamp x", r"a\.yaml: not YAML"),
        ("a: !!int ''", r"a\.yaml: not YAML"),
        ("a: !!bool x", r"a\.yaml: not YAML"),
        ("a: !!python/object/apply:os.getcwd []", r"a\.yaml: not YAML"),
        ("[" * 5000, r"a\.yaml: holds more than"),
    ],
    ids=range(18),
)
def test_what_is_no_recipe_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said) as caught:
        parse_yaml(text, "a.yaml")
    assert "\n" not in str(caught.value)


def test_a_file_without_a_word_is_the_default_recipe(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# nothing yet\n")
    assert load_recipe(tmp_path / "a.yaml") == ZoomRecipe()


# The kind that is not said


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("a.mp4", "video"),
        ("a.MOV", "video"),
        (["a.webm"], "video"),
        (Path("a.mkv"), "video"),
        (["a.mp4", "b.mp4"], "video"),
        ("a.jpg", "zoom"),
        (["a.jpg", "b.png"], "zoom"),
        ("a.gif", "zoom"),
        ("a", "zoom"),
        (None, "zoom"),
    ],
)
def test_a_recipe_that_says_no_kind_is_of_its_source(source: Any, kind: str) -> None:
    data = {} if source is None else {"source": source}
    assert kind_of(source) == kind
    if source != ["a.mp4", "b.mp4"]:
        assert make_recipe(data).kind == load_recipe(data).kind == kind
    assert make_recipe({"source": "a.mp4"}, "image").kind == "image"
    assert make_recipe({"source": "a.mp4", "kind": "zoom"}).kind == "zoom"


def test_a_key_of_another_kind_than_the_sources_is_told() -> None:
    assert said_of({"source": "a.jpg", "cuts": False}) == "cuts: unknown (it is for video)"
    assert said_of({"source": "a.mp4", "mix": 1}) == "mix: unknown (it is for zoom and image)"


# What one recipe takes from another


class Inner(Section):
    a: int = 0
    b: int = 0


class Made(Section):
    short = "a"
    a: int = 0
    b: int = 0
    inner: Inner = Inner()


class Whole(Section):
    made: Made = Made()
    plain: int = 0


def test_a_section_that_is_added_is_merged_key_by_key() -> None:
    base = {"made": {"b": 1, "inner": {"a": 2, "b": 3}}, "plain": 4}
    assert merged(base, {"made": {"a": 5, "inner": {"a": 6}}}, [Whole]) == {
        "made": {"a": 5, "b": 1, "inner": {"a": 6, "b": 3}},
        "plain": 4,
    }
    assert merged(base, {"made": 7}, [Whole])["made"] == {**base["made"], "a": 7}  # type: ignore[dict-item]
    assert merged({"made": 7}, {"made": {"b": 8}}, [Whole])["made"] == {"a": 7, "b": 8}
    assert merged(base, {"plain": 9}, [Whole]) == base | {"plain": 9}


@EVERY_KIND
def test_extends_merges_every_section_key_by_key(kind: str, tmp_path: Path) -> None:
    base = make_recipe({}, kind).model_dump(mode="json")
    own: dict[str, Any] = {"kind": kind, "extends": "base.yaml"}
    sections = [
        key
        for key, field in KINDS[kind].model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    ]
    assert {"network", "dream", "color"} <= set(sections)
    for key in sections:
        base[key] = dict.fromkeys(base[key], "theirs")
        own[key] = {"of its": "own"}
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base))
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own))
    data = read_recipe(tmp_path / "own.yaml", output=False)
    for key in sections:
        assert data[key].keys() == {*base[key], "of its"}


def test_another_network_does_not_have_this_ones_weights(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("network: {name: vgg16, weights: random}\n")
    (tmp_path / "a.yaml").write_text("extends: base.yaml\nnetwork: vgg19\n")
    (tmp_path / "b.yaml").write_text("extends: base.yaml\nnetwork: {precision: float32}\n")
    a, b = (load_recipe(tmp_path / name).network for name in ("a.yaml", "b.yaml"))
    assert (a.name, a.weights) == ("vgg19", None)
    assert (b.name, b.weights, b.precision) == ("vgg16", "random", "float32")


# Data in the place of a file


def test_data_is_loaded_like_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text("frames: 7\nmotion: {angle: 2}\n")
    recipe = load_recipe({"extends": "base.yaml", "motion": {"zoom": 1.1}, "output": "/tmp/a.mp4"})
    assert isinstance(recipe, ZoomRecipe)
    assert (recipe.frames, recipe.motion.angle, recipe.motion.zoom) == (7, 2, 1.1)
    assert recipe.output == Path("/tmp/a.mp4")
    assert load_recipe({"kind": "video"}) == VideoRecipe()
    with pytest.raises(RecipeError, match=r"^fraems: unknown; did you mean frames\?$"):
        load_recipe({"fraems": 3})
    with pytest.raises(RecipeError, match=r"^extends: must be the name"):
        load_recipe({"extends": 3})


# Files and presets


def test_the_files_that_a_recipe_is_made_of_are_found_by_their_keys() -> None:
    network = {"name": "vgg16", "weights": "w.npz"}
    recipe = make_recipe({"source": ["a.png", "b.png"], "output": "c.mp4", "network": network})
    assert list(recipe_files(recipe)) == [
        ("source", Path("a.png")),
        ("source", Path("b.png")),
        ("network.weights", Path("w.npz")),
    ]
    assert not list(recipe_files(make_recipe({"network": {"weights": "random"}})))


class Guide(Section):
    picture: Annotated[Path | None, InputFile()] = None


class Guided(Section):
    guides: tuple[Guide, ...] = ()
    guide: Guide = Guide()


def test_a_file_that_is_added_is_found_and_placed() -> None:
    data = {"guides": [{"picture": "a.png"}, "b.png"], "guide": {"picture": "/c.png"}, "x": [{}]}
    assert placed(data, Path("in"), [Guided]) == {
        "guides": [{"picture": "in/a.png"}, "b.png"],
        "guide": {"picture": "/c.png"},
        "x": [{}],
    }
    made = Guided(guides=(Guide(picture=Path("a")), Guide()), guide=Guide(picture=Path("b")))
    assert list(recipe_files(made)) == [
        ("guides.0.picture", Path("a")),
        ("guide.picture", Path("b")),
    ]


def test_relative_paths_are_taken_from_the_recipes_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "a.yaml").write_text(
        "source: [in/a.jpg, /abs/b.jpg]\noutput: ../a.mp4\nnetwork: {weights: own.npz}\n"
    )
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("recipes/a.yaml")
    assert recipe.source == (Path("recipes/in/a.jpg"), Path("/abs/b.jpg"))
    assert recipe.output == Path("recipes/../a.mp4")
    assert recipe.network.weights == "recipes/own.npz"


@pytest.mark.parametrize("word", ["imagenet", "random"])
def test_weights_by_a_word_are_no_path(tmp_path: Path, word: str) -> None:
    (tmp_path / "a.yaml").write_text(f"network: {{weights: {word}}}\nsource: a.jpg\n")
    recipe = load_recipe(tmp_path / "a.yaml")
    assert recipe.network.weights == word
    assert recipe.source == (tmp_path / "a.jpg",)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.yaml", None, "absent.yaml: cannot be read as a recipe: No such file"),
        ("folder.yaml", "", "folder.yaml: cannot be read as a recipe: Is a directory"),
        ("bytes.yaml", b"\xff\xd8\xff\xe0", "bytes.yaml: cannot be read as a recipe: not a text"),
        ("not-a-preset", None, "not-a-preset: no such recipe or preset"),
        ("a\0b.yaml", None, "cannot be read as a recipe"),
    ],
    ids=["absent", "folder", "bytes", "preset", "nul"],
)
def test_a_recipe_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: Any, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content == "":
        Path(name).mkdir()
    elif content:
        Path(name).write_bytes(content)
    with pytest.raises(RecipeError, match=said):
        load_recipe(name)


@pytest.mark.parametrize(("said", "wanted"), itertools.permutations(KINDS, 2))
def test_a_recipe_of_another_kind_is_not_for_this_command(
    tmp_path: Path, said: str, wanted: str
) -> None:
    (tmp_path / "a.yaml").write_text(f"kind: {said}\n")
    with pytest.raises(RecipeError, match=rf"a\.yaml: kind: {said}: this command needs {wanted}"):
        load_recipe(tmp_path / "a.yaml", wanted)
    assert load_recipe(tmp_path / "a.yaml").kind == said


def test_a_recipe_that_says_no_kind_is_of_the_commands() -> None:
    assert make_recipe({"start": 1}, "video").kind == "video"


def test_there_are_presets() -> None:
    assert presets()


def test_every_preset_loads_by_its_name() -> None:
    for name in presets():
        recipe = load_recipe(name)
        assert make_recipe(recipe.model_dump(mode="json")) == recipe, name


def test_every_look_has_its_picture_and_goes_with_any_kind() -> None:
    docs = Path(__file__).parents[2] / "docs"
    looks = [name for name in presets() if "kind" not in read_recipe(name)]
    assert len(looks) >= 12
    page = (docs / "looks.md").read_text(encoding="utf-8")
    for name in looks:
        assert f"`{name}` ![](looks/{name}.jpg)" in page
        assert (docs / "looks" / f"{name}.jpg").stat().st_size > 5000
        for kind in KINDS:
            assert make_recipe(read_recipe(name), kind).dream.objective


def test_every_recipe_file_is_a_preset() -> None:
    files = {path.stem for path in preset_folder().rglob("*.y*ml")}
    assert files == {Path(name).name for name in presets()}


def test_a_preset_lies_in_its_folder_and_a_file_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "configs"
    (folder / "seeds").mkdir(parents=True)
    (folder / "seeds" / "eyes.yaml").write_text("frames: 7\nsource: here.jpg\n")
    (folder / "night.yaml").write_text("frames: 8\n")
    monkeypatch.setattr("dreamvid.recipe.load.preset_folder", lambda: folder)
    monkeypatch.chdir(tmp_path)

    assert presets() == ["night", "seeds/eyes"]
    eyes, night = load_recipe("seeds/eyes"), load_recipe("night")
    assert isinstance(eyes, ZoomRecipe)
    assert isinstance(night, ZoomRecipe)
    assert (eyes.frames, night.frames) == (7, 8)
    assert eyes.source == (Path("here.jpg"),)  # the user's folder, not the package's
    with pytest.raises(RecipeError, match="the presets are: night, seeds/eyes"):
        load_recipe("nihgt")

    (tmp_path / "night").write_text("frames: 9\n")
    mine = load_recipe("night")
    assert isinstance(mine, ZoomRecipe)
    assert mine.frames == 9


MERGED = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, "more than 50000 values"),
        (MERGED, "more than 50000 values"),
        ("source: &a [*a]", r"\*a refers to itself"),
        ("a: &a {<<: *a}", r"\*a refers to itself"),
        ("a: " + "[" * 40 + "]" * 40, "values more than 32 deep"),
        ("#" * 2**20 + "#", "longer than 1048576 bytes"),
        ("- x\n" * 50_001, "more than 50000 values"),
    ],
    ids=["laughs", "merges", "circle", "merged circle", "deep", "long", "many"],
)
def test_a_recipe_has_its_limits(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(RecipeError, match=said) as caught:
        load_recipe(tmp_path / "a.yaml")
    assert "\n" not in str(caught.value)


def test_aliases_in_reason_are_taken(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("motion: {center: [&half 0.3, *half]}\n")
    recipe = load_recipe(tmp_path / "a.yaml")
    assert isinstance(recipe, ZoomRecipe)
    assert recipe.motion.center == (0.3, 0.3)


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices")
@pytest.mark.parametrize("target", ["/dev/zero", "pipe"])
def test_what_is_no_plain_file_is_no_recipe(tmp_path: Path, target: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.yaml").symlink_to(tmp_path / target)
    with pytest.raises(RecipeError, match="not a plain file"):
        load_recipe(tmp_path / "a.yaml")


@pytest.mark.parametrize("output", ["../b.mp4", "/tmp/b.mp4", "link/b.mp4", "a/../../b"])
def test_a_recipe_writes_beside_itself_or_here(
    tmp_path: Path, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("theirs", "mine", "else"):
        (tmp_path / name).mkdir()
    (tmp_path / "theirs" / "link").symlink_to(tmp_path / "else")
    monkeypatch.chdir(tmp_path / "mine")
    path = tmp_path / "theirs" / "a.yaml"
    path.write_text(f"output: {output}\n")
    with pytest.raises(RecipeError, match="lies outside the recipe's folder; to write there"):
        load_recipe(path)
    assert load_recipe(path, output=False).output is None
    path.write_text("output: films/b.mp4\n")
    assert load_recipe(path).output == tmp_path / "theirs" / "films" / "b.mp4"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"size": "32768x32768"}, "size: must be at most 67 million pixels"),
        ({"color": {"shift": 1e9}}, "color.shift.0: must be at most 255"),
        ({"motion": {"translate": [1e9, 0]}}, "motion.translate.0: must be at most 32768"),
        ({"motion": {"trim": [1e9, 0]}}, "motion.trim.0: must be at most 32768"),
        ({"dream": {"octave_top": 8, "octave_scale": 10}}, "dream.octave_top: must leave a frame"),
        ({"dream": {"objective": {"eyes": 1e300}}}, "weight: must be at most 1000000"),
    ],
)
def test_every_number_has_bounds(data: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        make_recipe(data)
