"""Names that are derived from others' fit the file system, and are today's where those do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dreamvid.cli.sources import clip_output
from dreamvid.errors import OutputError
from dreamvid.media.durable import temp_name
from dreamvid.media.sink import PARTIAL, WorkDir, partial_name, recorded_partial
from dreamvid.names import derived
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.output import output_of
from dreamvid.rendering.preview import preview_paths
from dreamvid.rendering.run import folder_of

HERE = Path.cwd()

DERIVED: dict[str, Callable[[Path], Path]] = {
    "run": folder_of,
    "partial": partial_name,
    "second partial": lambda path: partial_name(path, 2),
    "preview": lambda path: preview_paths(path)[0],
    "sheet": lambda path: preview_paths(path)[1],
    "clip": lambda path: clip_output(HERE, str(path)),
    "zoom": lambda path: HERE / output_of(make_recipe({"source": str(path)}, "zoom")),
    "image": lambda path: HERE / output_of(make_recipe({"source": str(path)}, "image")),
}


def names(ending: str = ".mp4", most: int = 255) -> st.SearchStrategy[str]:
    """Names of up to so many bytes, most of them near it, of characters of one to four bytes."""
    letters = st.lists(st.sampled_from("aé夢😀 .-"), min_size=1, max_size=most)

    def cut(found: list[str]) -> str:
        stem = "x" + "".join(found) * (most // len(found))
        while len(os.fsencode(stem + ending)) > most:
            stem = stem[:-1]
        return stem + ending

    return letters.map(cut)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("night.mp4", ".night.mp4.dreamvid night.partial.mp4 night.partial-2.mp4"),
        ("a.b.mp4", ".a.b.mp4.dreamvid a.b.partial.mp4 a.b.partial-2.mp4"),
        ("frames", ".frames.dreamvid frames.partial frames-2.partial"),
        ("夢.mkv", ".夢.mkv.dreamvid 夢.partial.mkv 夢.partial-2.mkv"),
        (
            "y" * 241 + ".mp4",
            f".{'y' * 241}.mp4.dreamvid {'y' * 241}.partial.mp4 {'y' * 241}.partial-2.mp4",
        ),
    ],
)
def test_a_name_of_ordinary_length_is_only_added_to(path: str, meant: str) -> None:
    assert [DERIVED[kind](HERE / path).name for kind in ("run", "partial", "second partial")] == (
        meant.split()
    )


def test_the_other_names_of_ordinary_length() -> None:
    film = Path("films/night.mp4")
    assert preview_paths(film) == (
        Path("films/night.preview.mp4"),
        Path("films/night.sheet.png"),
    )
    assert clip_output(Path("out"), "in/a.b.mov") == Path("out/a.b-dream.mp4")
    assert output_of(make_recipe({"source": "in/a.jpg"}, "zoom")) == Path("a-dream.mp4")
    assert output_of(make_recipe({"source": "in/a.jpg"}, "image")) == Path("a-dream.png")
    assert temp_name(film).name.startswith("night.mp4.")
    assert temp_name(film).suffix == ".undone"


@pytest.mark.parametrize("kind", DERIVED)
@given(name=names())
@example(name="夢" * 83 + "ab.mp4")
@example(name="a" * 251 + ".mp4")
@example(name="é" * 125 + "a.mp4")
def test_a_derived_name_fits_and_is_whole_text(kind: str, name: str) -> None:
    made = DERIVED[kind](HERE / name)
    assert made.parent == HERE
    assert len(os.fsencode(made.name)) <= 255
    os.fsencode(made.name).decode("utf-8")
    assert made == DERIVED[kind](HERE / name), "a run is found again"
    assert made.name.removeprefix(".")[:50] == name[:50] or len(name) < 60


@pytest.mark.parametrize("kind", DERIVED)
def test_long_names_that_begin_alike_have_derived_names_of_their_own(kind: str) -> None:
    made = {DERIVED[kind](HERE / f"{'夢' * 83}{end}.mp4") for end in ("ab", "ac", "a", "")}
    assert len(made) == 4


def test_undecodable_names_keep_their_bytes() -> None:
    name = os.fsdecode(b"\xff" * 251 + b".mp4")
    assert len(os.fsencode(folder_of(HERE / name).name)) <= 255
    assert os.fsencode(partial_name(HERE / name)).endswith(b".partial.mp4")


def test_a_folders_name_with_an_early_dot_has_no_long_ending(tmp_path: Path) -> None:
    folder = tmp_path / ("v1." + "frames of the night " * 13)[:255]
    made = partial_name(folder).name
    assert made.endswith(".partial")
    assert made.startswith("v1.frames")
    (tmp_path / PARTIAL).write_text(made)
    assert recorded_partial(tmp_path) == made


def test_a_temporary_name_is_beside_its_file(tmp_path: Path) -> None:
    path = tmp_path / ("夢" * 85)
    assert len(os.fsencode(temp_name(path).name)) <= 255
    assert temp_name(path) != temp_name(path)
    work = WorkDir(path)
    work.remove()


def test_the_limit_is_the_file_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An encrypted home has shorter names."""
    monkeypatch.setattr(os, "pathconf", lambda folder, name: 143, raising=False)
    made = derived(tmp_path, "a" * 140, ".partial", ".mp4").name
    assert len(made) == 143
    assert made.startswith("a" * 120)
    assert made.endswith(".partial.mp4")


def test_an_output_whose_own_name_is_too_long_is_refused() -> None:
    recipe = make_recipe({"source": "a.jpg", "output": "夢" * 85 + ".mp4"}, "zoom")
    with pytest.raises(OutputError, match=r"the name is too long; give a shorter one: -o FILE"):
        output_of(recipe)
