from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from dreamvid.cli import main
from dreamvid.recipe import LayerTerm, Recipe
from dreamvid.recipe.load import make_recipe, parse_yaml
from tests import media_factory as make
from tests.recipes import NIGHT


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A picture in the folder that the command line runs in."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(make.quadrants(64, 48)).save("a.png")
    return "a.png"


def dry_run(capsys: pytest.CaptureFixture[str], word: str, *argv: str) -> Recipe:
    """The recipe that a command line would render, as it says itself."""
    status = main([word, *argv, "--dry-run", "--network", "none"])
    told = capsys.readouterr()
    assert status == 0, told.err
    return make_recipe(parse_yaml(told.out, "dry run"))


@pytest.mark.parametrize("form", ["two words", "one word"])
def test_flags_override_a_recipe_and_leave_the_rest(
    photo: str, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    Path("night.yaml").write_text(NIGHT)
    Path("out").mkdir()
    words = ["--recipe", "night.yaml"] if form == "two words" else ["--recipe=night.yaml"]
    made = dry_run(capsys, "zoom", *words, "--octaves", "4", "--zoom", "1.2", "-n", "3")
    written = parse_yaml(NIGHT, "night")
    assert made == make_recipe(
        written
        | {"network": "none", "frames": 3}
        | {"dream": written["dream"] | {"octaves": 4}}
        | {"motion": written["motion"] | {"zoom": 1.2}}
    )


def test_a_recipe_alone_is_rendered_as_it_is(
    photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("night.yaml").write_text(NIGHT + "network: none\n")
    Path("out").mkdir()
    assert dry_run(capsys, "zoom", "--recipe", "night.yaml") == make_recipe(
        parse_yaml(NIGHT + "network: none\n", "night")
    )


def test_a_recipes_paths_are_its_own_and_a_flags_the_users(
    photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("recipes/out").mkdir(parents=True)
    Path("recipes/night.yaml").write_text(NIGHT)
    Path(photo).rename("recipes/a.png")
    made = dry_run(capsys, "zoom", "--recipe", "recipes/night.yaml", "-o", "here.mp4")
    assert made.source == (Path("recipes/a.png"),)
    assert made.output == Path("here.mp4")


def test_a_source_at_the_prompt_replaces_the_recipes(
    photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("night.yaml").write_text(NIGHT.replace("a.png", "gone.png"))
    Path("out").mkdir()
    assert dry_run(capsys, "zoom", photo, "--recipe", "night.yaml").source == (Path("a.png"),)


def test_a_dry_run_leaves_nothing(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = dry_run(capsys, "zoom", photo, "--layers", "a", "b=.5")
    assert recipe.dream.objective == (LayerTerm(layer="a"), LayerTerm(layer="b", weight=0.5))
    assert [path.name for path in Path().iterdir()] == [photo]


@pytest.mark.parametrize("argv", [["--help"], ["zoom", "--help"], ["video", "-h"], ["--version"]])
def test_the_help_needs_nothing_heavy(argv: list[str]) -> None:
    look = (
        "import sys\nfrom dreamvid.cli import main\n"
        f"try: status = main({argv!r})\nexcept SystemExit as stop: status = stop.code\n"
        "assert not {'tensorflow', 'keras', 'cv2', 'imageio', 'tqdm'} & set(sys.modules)\n"
        "sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "dreamvid" in done.stdout
