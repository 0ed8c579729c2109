"""Several renders by one command: which, with what, and where to."""

from __future__ import annotations

from pathlib import Path

import pytest

from dreamvid.cli.batch import Batch, nested
from dreamvid.errors import UsageError


@pytest.fixture(autouse=True)
def _sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png", "c.txt", ".hidden.png"):
        Path(name).touch()
    Path("look.yaml").write_text("kind: zoom\nframes: 3\n", encoding="utf-8")


def outputs(*words: str) -> list[str]:
    batch = Batch.of(["look.yaml"], words)
    return [str(item.recipe("render", "", quiet=True)[0].output) for item in batch.items]


def test_each_file_of_a_pattern_is_a_source_of_its_own() -> None:
    batch = Batch.of(["look.yaml"], ["--each", "*.png"])
    assert [item.source for item in batch.items] == ["a.png", "b.png"]
    assert outputs("--each", "*.png", "-o", "out/{stem}-{recipe}.mp4") == [
        "out/a-look.mp4",
        "out/b-look.mp4",
    ]


def test_variants_are_all_combinations_and_their_films_are_named_by_them() -> None:
    words = ["--source", "a.png", "--variants", "dream.octaves=2,3", "--variants", "seed=1,2"]
    assert outputs(*words, "-o", "x.mp4") == [
        *("x-octaves=2_seed=1.mp4", "x-octaves=2_seed=2.mp4"),
        *("x-octaves=3_seed=1.mp4", "x-octaves=3_seed=2.mp4"),
    ]
    batch = Batch.of(["look.yaml"], words)
    recipes = [item.recipe("render", "", quiet=True)[0] for item in batch.items]
    assert [(each.dream.octaves, each.seed) for each in recipes] == [(2, 1), (2, 2), (3, 1), (3, 2)]
    assert outputs(*words)[0] == "a-dream-octaves=2_seed=1.mp4"


def test_a_table_has_a_variant_a_row() -> None:
    Path("v.csv").write_text(
        'name,dream.octaves,dream.objective\ncalm,2,"heads,eyes"\n,3,\n', encoding="utf-8"
    )
    batch = Batch.of(["look.yaml"], ["--variants", "v.csv", "--source", "a.png"])
    assert [(item.variant, item.values) for item in batch.items] == [
        ("calm", {"dream.octaves": "2", "dream.objective": "heads,eyes"}),
        ("octaves=3", {"dream.octaves": "3"}),
    ]


def test_any_key_can_be_set_and_the_words_of_an_item_render_it_alone() -> None:
    words = ["--set", "blend.share=0.5", "--set", "dream.octaves=2", "--seed", "4", "-o", "x.mp4"]
    (item,) = Batch.of(["look.yaml"], [*words, "--source", "a.png"]).items
    recipe, _ = item.recipe("render", "", quiet=True)
    assert (recipe.dream.octaves, recipe.seed, str(recipe.output)) == (2, 4, "x.mp4")
    file, *again = item.words(recipe)
    (same,) = Batch.of([file], again).items
    assert same.recipe("render", "", quiet=True)[0] == recipe


def test_lists_are_read_as_yaml() -> None:
    assert nested({"a.b": "[1, 2]", "a.c": "x", "d": "{e: 1}"}) == {
        "a": {"b": [1, 2], "c": "x"},
        "d": {"e": 1},
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--each", "*.mov"], r"--each \*.mov: no such file"),
        (["--each", "*.png", "-o", "x.mp4"], r"name them by \{stem\}, as in"),
        (["--each", "*.png", "-o", "{what}.mp4"], "knows {stem}, {recipe} and {variant}"),
        (["--each", "*.png", "--source", "a.png"], "exclude each other"),
        (["--variants", "dream.octaves"], "must be KEY=VALUE"),
        (["--variants", "seed=1,,2"], "name values such as seed=3,4,5"),
        (["--variants", "seed=1,1"], "seed=1 is there twice"),
        (["--variants", "none.csv"], "none.csv: cannot be read: No such file"),
        (["--variants", "c.csv"], "cannot be read"),
        (["--set", "seed"], "must be KEY=VALUE"),
        (["--set"], "--set: needs a value"),
    ],
)
def test_what_makes_no_batch_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Batch.of(["look.yaml"], words)
