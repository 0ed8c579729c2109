from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import BaseModel

from dreamvid.cli import main
from dreamvid.cli.arguments import value_of
from dreamvid.cli.commands import COMMANDS
from dreamvid.cli.network_defaults import network_defaults, without_default
from dreamvid.cli.run_options import RunOptions
from dreamvid.errors import RecipeError, UsageError
from dreamvid.recipe import KINDS, ImageRecipe, LayerTerm, VideoRecipe, ZoomRecipe
from dreamvid.recipe.audio import Audio
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.mask import Mask
from tests import media_factory as make
from tests.recipes import NIGHT, parse, zoom


def usage_error(word: str, *argv: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse(word, *argv)
    line = str(caught.value)
    assert "\n" not in line
    assert not re.search("[─│╭╮╰╯]|---", line)
    return line


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A picture in the folder that the command line runs in."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(make.quadrants(64, 48)).save("a.png")
    return "a.png"


# From flags to a recipe


@pytest.mark.parametrize("word", KINDS)
def test_nothing_said_is_the_default_recipe(word: str) -> None:
    recipe, command = parse(word)
    assert recipe == KINDS[word]()
    assert command == RunOptions()


def test_flags_reach_every_section() -> None:
    recipe = zoom(
        *("a.jpg", "--output", "b.mp4", "--size", "64x48", "--seed", "7", "--mix", ".25"),
        *("--network", "inception_v3", "--weights", "random", "--precision", "bfloat16"),
        *("--power", "1", "--method", "resize", "--octaves", "3", "--octave-scale", "1.3"),
        *("--octave-top", "1", "--steps", "5", "--burst", "9", "--step-size", "1e-1"),
        *("--normalize", "mean", "--gradient-blur", ".5", "--jitter", "0", "--tile", "256"),
        *("--zoom", ".98", "--trim", "2", "1.5", "--angle", "1", "--translate", "1", "2"),
        *("--center", ".25", ".75", "--border", "wrap", "--moves", "dream", "--carry", "residual"),
        *(
            "--follow",
            "still",
            "--blend",
            ".5",
            "--color-shift",
            "1",
            "2",
            "3",
            "--color-anchor",
            "0",
        ),
        *("--crf", "20", "--fps", "30000/1001", "--frames", "5"),
    )
    assert recipe == make_recipe(
        {
            "source": "a.jpg",
            "output": "b.mp4",
            "size": [64, 48],
            "seed": 7,
            "mix": 0.25,
            "network": {"name": "inception_v3", "weights": "random", "precision": "bfloat16"},
            "dream": {
                "power": 1,
                "method": "resize",
                "octaves": 3,
                "octave_scale": 1.3,
                "octave_top": 1,
                "steps": 5,
                "burst": 9,
                "step_size": 0.1,
                "normalize": "mean",
                "gradient_blur": 0.5,
                "jitter": 0,
                "tile": 256,
            },
            "motion": {
                "zoom": 0.98,
                "trim": [2, 1.5],
                "angle": 1,
                "translate": [1, 2],
                "center": [0.25, 0.75],
                "border": "wrap",
                "moves": "dream",
            },
            "blend": {"carry": "residual", "follow": "still", "share": 0.5},
            "color": {"shift": [1, 2, 3], "anchor": 0},
            "encode": {"crf": 20},
            "fps": Fraction(30000, 1001),
            "frames": 5,
        }
    )


def test_a_clip_has_flags_of_its_own() -> None:
    recipe, _ = parse("video", "a.mp4", "--start", "1:30", "--end", "95.5", "--sound", "none")
    assert isinstance(recipe, VideoRecipe)
    assert (recipe.start, recipe.end) == (Fraction(90), Fraction("95.5"))
    assert recipe.encode.audio == "none"


@pytest.mark.parametrize(
    ("word", "argv", "line"),
    [
        ("zoom", ["a.jpg", "--octvaes", "3"], "--octvaes: unknown option; did you mean --octaves?"),
        ("zoom", ["--source", "a.jpg"], "--source: unknown option; name the file alone"),
        ("image", ["a.jpg", "--settle", "2"], "--settle: is now --warmup"),
    ],
)
def test_an_unknown_option_is_named_alone(word: str, argv: list[str], line: str) -> None:
    assert usage_error(word, *argv) == line


@pytest.mark.parametrize(
    ("argv", "no_color", "has_color"),
    [(["--octaves"], "", False), (["--help"], "1", False), (["--help"], "", True)],
)
def test_only_the_help_on_a_terminal_is_colored(
    argv: list[str], no_color: str, has_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", no_color)
    with contextlib.redirect_stdout(shown), pytest.raises((UsageError, SystemExit)) as ended:
        parse("zoom", *argv)
    text = shown.getvalue() + str(ended.value)
    assert len(text) > 10
    assert ("\x1b" in text) is has_color


def test_the_help_lists_no_option_that_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    refused = {"zoom": ["--range"], "image": ["--seconds", "--preview", "--keep", "--restart"]}
    refused["continue"] = ["--dry-run", "--preview", "--range"]
    for word, options in refused.items():
        with pytest.raises(SystemExit):
            main([word, "--help"])
        text = capsys.readouterr().out
        assert "--overwrite" in text
        assert not [option for option in options if f"{option} " in text]


def test_what_is_true_unless_said_can_be_said_both_ways() -> None:
    for base in (VideoRecipe(), VideoRecipe(cuts=False)):
        for argv, meant in (([], base.cuts), (["--cuts", "true"], True), (["--no-cuts"], False)):
            recipe, _ = parse("video", "a.mp4", *argv, base=base)
            assert isinstance(recipe, VideoRecipe)
            assert recipe.cuts is meant
    assert "--no-overwrite" in usage_error("video", "--no-overwrite")
    assert "--cuts" in usage_error("zoom", "--cuts")


def test_negative_numbers_are_no_flags() -> None:
    recipe = zoom(
        "--translate", "-3", "4", "--angle", "-1", "--color-shift", "-2", "-.5", "-1e-1", "a"
    )
    assert recipe.motion.translate == (-3, 4)
    assert recipe.motion.angle == -1
    assert recipe.color.shift == (-2, -0.5, -0.1)
    assert recipe.source == (Path("a"),)


def test_short_names() -> None:
    recipe, command = parse("zoom", "-o", "b.mp4", "-n", "3", "-q", "a.jpg")
    assert isinstance(recipe, ZoomRecipe)
    assert (recipe.output, recipe.frames, command.quiet) == (Path("b.mp4"), 3, True)


@pytest.mark.parametrize(
    "argv",
    [
        ("a.jpg", "--octaves", "3", "--overwrite"),
        ("--octaves", "3", "a.jpg", "--overwrite"),
        ("--octaves=3", "--overwrite", "a.jpg"),
        ("--overwrite", "--octaves", "3", "--", "a.jpg"),
    ],
)
def test_the_source_stands_before_or_after_flags(argv: tuple[str, ...]) -> None:
    recipe, command = parse("image", *argv)
    assert recipe.source == (Path("a.jpg"),)
    assert recipe.dream.octaves == 3
    assert command == RunOptions(overwrite=True)


@pytest.mark.parametrize(
    "argv",
    [
        ("a.jpg", "b.jpg", "--mix", ".3"),
        ("--mix", ".3", "a.jpg", "b.jpg"),
        ("a.jpg", "--mix", ".3", "b.jpg"),
    ],
)
def test_two_sources_are_mixed(argv: tuple[str, ...]) -> None:
    recipe, _ = parse("image", *argv)
    assert isinstance(recipe, ImageRecipe)
    assert (recipe.source, recipe.mix) == ((Path("a.jpg"), Path("b.jpg")), 0.3)


@pytest.mark.parametrize(
    "argv",
    [
        ("--layers", "a,b2=.5,c=-1"),
        ("--layers=a,b2=.5,c=-1",),
        ("--layers", "a=1,b2=0.5,c=-1"),
        ("--layers", "a", "b2=.5", "c=-1"),
        ("--layers", "a,", "b2=5e-1,", "c=-1"),
        ("--layers", "a,b2=.5", "c=-1"),
        ("--layers", "a", "b2=.5,c=-1"),
        ("--layers", "a, b2=.5, c=-1"),
        ("--layers", "a b2=.5 c=-1"),
    ],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), ("--steps", "3", "x.jpg")),
        (("x.jpg", "--steps", "3"), ()),
        (("--steps=3",), ("x.jpg",)),
    ],
)
def test_layers_in_every_form(
    before: tuple[str, ...], argv: tuple[str, ...], after: tuple[str, ...]
) -> None:
    recipe = zoom(*before, *argv, *after)
    three = (
        LayerTerm(layer="a"),
        LayerTerm(layer="b2", weight=0.5),
        LayerTerm(layer="c", weight=-1),
    )
    assert recipe.dream.objective == three
    assert recipe.dream.steps == 3
    assert recipe.source == (Path("x.jpg"),)


@pytest.mark.parametrize("first", ["mixed3", "block_1/Relu", "conv2d.1"])
def test_a_source_without_an_ending_is_no_layer(photo: str, first: str) -> None:
    Path(photo).rename("clouds")
    recipe = zoom("--layers", first, "mixed5", "clouds")
    assert recipe.source == (Path("clouds"),)
    assert recipe.dream.objective == (LayerTerm(layer=first), LayerTerm(layer="mixed5"))


def test_what_is_wrong_with_a_flags_value_is_said_as_in_yaml() -> None:
    with pytest.raises(RecipeError, match=r"^dream\.octaves: must be at least 1$"):
        parse("zoom", "--octaves", "0")
    with pytest.raises(RecipeError, match=r"^motion\.zoom: must be a finite number$"):
        parse("zoom", "--zoom", "nan")


# Words that are no flags


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (("--octavs", "3", "a.jpg"), "--octaves"),
        (("a.jpg", "--step-sise", "3"), "--step-size"),
        (("a.jpg", "--oputput", "b.mp4"), "--output"),
    ],
)
def test_an_unknown_flag_names_the_near_one(argv: tuple[str, ...], meant: str) -> None:
    line = usage_error("zoom", *argv)
    unknown = next(word for word in argv if word.startswith("--"))
    assert unknown in line
    assert meant in line.replace(unknown, "")


@pytest.mark.parametrize(
    ("word", "argv", "named"),
    [
        ("image", ("a.jpg", "--zoom", "1.1"), "--zoom"),
        ("zoom", ("a.jpg", "--start", "1"), "--start"),
        ("zoom", ("a.jpg", "--fps"), "--fps"),
        ("zoom", ("a.jpg", "--trim", "2", "--frames", "3"), "--trim"),
        ("zoom", ("a.jpg", "--color-shift", "1", "2"), "--color-shift"),
        ("zoom", ("--layers",), "--layers"),
        ("zoom", ("--layers", "--steps", "3"), "--layers"),
        ("zoom", ("-x",), "-x"),
    ],
)
def test_usage_errors_are_one_line_that_names_the_flag(
    word: str, argv: tuple[str, ...], named: str
) -> None:
    assert named in usage_error(word, *argv)


def test_usage_errors_exit_with_2_and_faults_of_the_recipe_with_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["zoom", "--octavs", "3"]) == 2
    assert main(["zoon"]) == 2
    assert main(["zoom", "--octaves", "0"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("dreamvid: error: ") for line in lines)
    assert not any("---" in line for line in lines)  # here tyro draws its boxes in dashes
    assert "did you mean zoom" in lines[1]


# --recipe


@pytest.mark.parametrize(
    ("argv", "base"),
    [
        ((), None),
        (("a.jpg", "--recipe", "night.yaml"), "night.yaml"),
        (("--recipe=night.yaml", "a.jpg"), "night.yaml"),
        (("--recipe",), None),
    ],
)
def test_the_base_is_found_among_the_words(argv: tuple[str, ...], base: str | None) -> None:
    assert value_of(argv, "--recipe") == base


def test_a_recipe_of_another_kind_is_refused(
    photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("night.yaml").write_text(NIGHT)
    assert main(["image", "--recipe", "night.yaml", "--dry-run"]) == 1
    assert "night.yaml: kind: zoom: this command needs image" in capsys.readouterr().err


# The help


def leaves(model: BaseModel) -> Iterator[tuple[str, Any, str]]:
    """Every field's name, default and description."""
    for name, own in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, Mask | Audio):  # some of whose flags have its name
            plain = [] if isinstance(value, Mask) else ["bpm", "first_beat", "beats"]
            plain += ["attack", "release"]
            for inner, *more in leaves(value):
                yield (inner if inner in plain else f"{name}_{inner}", *more)
        elif isinstance(value, BaseModel):
            yield from leaves(value)
        elif own.description and name not in ("regions", "path"):  # which have no flag
            yield name, value, own.description


OTHER_NAMES = {
    "cuts": "--cuts",
    "name": "--network",
    "objective": "--layers",
    "share": "--blend",
    "shift": "--color-shift",
    "anchor": "--color-anchor",
    "mask_file": "--mask",
    "audio_file": "--audio",
    "audio": "--sound",
    "source": r"\[SOURCE\]",
}


@pytest.mark.parametrize("word", KINDS)
def test_the_help_names_every_option_and_its_default(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([word, "--help"])
    assert stop.value.code == 0
    told = re.sub(r"-{3,}|[─│╭╮╰╯]", " ", capsys.readouterr().out)
    told = " ".join(told.split())
    usual = network_defaults(KINDS[word](), None)
    for name, value, description in leaves(KINDS[word]()):
        flag = OTHER_NAMES.get(name, "--" + name.replace("_", "-"))
        numbers = value if isinstance(value, tuple) else (value,)
        shown = " ".join(f"{n:g}" if isinstance(n, float) else str(n) for n in numbers)
        if name in usual:  # what the network fills in is told as a number
            description = without_default(description)
            shown = shown if value is not None else usual[name]
            value = shown
        default = f" (default: {shown})" if value not in (None, ()) else ""
        # From an option's name to its default: nothing else has one in between.
        said = (description + default).replace(", ", ",")  # the parser breaks lines there
        meant = rf"{flag.replace(', ', ',')} (?:(?!\(default)(?! --).)*{re.escape(said)}"
        assert re.search(meant, told.replace(", ", ",")), f"{flag}: {description}{default}"


def test_the_first_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(command.summary in told for command in COMMANDS.values())
    assert main([]) == 2
