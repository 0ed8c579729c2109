"""What the studio reads and writes lies in its folder, links followed to their ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dreamvid.errors import InputError, OutputError
from dreamvid.recipe.load import preset_folder
from dreamvid.studio.films import OnDisk, outputs_in
from dreamvid.studio.folder import DEPTH, MOST, PACKAGE, SEED, WORK, Folder

posix = pytest.mark.skipif(os.name != "posix", reason="links, names with a backslash")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a file, beside another with a secret."""
    (tmp_path / "mine" / "sub").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.png").write_bytes(b"secret")
    (tmp_path / "mine-too").mkdir()
    (tmp_path / "mine-too" / "secret.png").write_bytes(b"secret")
    (tmp_path / "mine" / "a.png").write_bytes(b"a")
    return Folder(tmp_path / "mine")


def link(folder: Folder, name: str, target: str | Path) -> None:
    (folder.path / name).symlink_to(target)


INSIDE = ["a.png", "./a.png", "sub/../a.png", "none.png", "sub/none/none.mp4", "...", "..a", "é 夢"]
OUTSIDE = [
    "..",
    "../other/secret.png",
    "sub/../../other/secret.png",
    "../mine-too/secret.png",
    "../mine/../other/secret.png",
    "/etc/passwd",
    "//etc/passwd",
    "none/../../other/secret.png",
    "a\0b",
    "\0",
    "../" * 40 + "etc/passwd",
]


@pytest.mark.parametrize("name", INSIDE)
def test_names_of_the_folder_are_read_and_written(folder: Folder, name: str) -> None:
    wanted = Path(os.path.realpath(folder.path / name))
    assert folder.readable(name) == folder.writable(name) == wanted
    assert folder.readable(folder.path / name) == wanted


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_outside_are_neither_read_nor_written(folder: Folder, name: str) -> None:
    with pytest.raises(InputError, match="lies outside the folder"):
        folder.readable(name)
    with pytest.raises(OutputError, match="lies outside the folder"):
        folder.writable(name)


@posix
@pytest.mark.parametrize("name", ["..\\other\\secret.png", "C:\\a.png", "\\\\host\\a.png"])
def test_a_backslash_is_part_of_a_name(folder: Folder, name: str) -> None:
    assert folder.readable(name) == folder.path / name


def test_the_folder_itself_is_no_output(folder: Folder) -> None:
    for name in ("", ".", "sub/.."):
        assert folder.readable(name) == folder.path
        with pytest.raises(OutputError):
            folder.writable(name)


def test_a_very_long_name_is_an_error_or_a_name(folder: Folder) -> None:
    assert folder.readable("x" * 300) == folder.path / ("x" * 300)
    with pytest.raises(InputError):
        folder.readable("../" + "x/" * 5000)


@posix
def test_links_are_followed_to_their_ends(folder: Folder) -> None:
    link(folder, "file.png", "../other/secret.png")
    link(folder, "way", "../other")
    link(folder, "dangling.png", "../other/none.png")
    link(folder, "two.png", "file.png")
    link(folder, "up", "..")
    link(folder, "round", "round")
    names = ["file.png", "way/secret.png", "dangling.png", "two.png", "up/other/secret.png",
             "sub/../way/secret.png", "way"]  # fmt: skip
    for name in names:
        with pytest.raises(InputError):
            folder.readable(name)
        with pytest.raises(OutputError):
            folder.writable(name)
    assert folder.readable("up/mine/a.png") == folder.path / "a.png"
    link(folder, "own.png", "a.png")
    assert folder.readable("own.png") == folder.writable("own.png") == folder.path / "a.png"


def test_a_folder_named_by_a_link_is_where_it_leads(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("mine")
    assert Folder(tmp_path / "link").readable("a.png") == folder.path / "a.png"


def test_dreamvids_own_files_are_read_and_never_written(folder: Folder) -> None:
    for own in (SEED, PACKAGE / "configs", preset_folder() / "owls.yaml"):
        assert folder.readable(own) == Path(os.path.realpath(own))
        with pytest.raises(OutputError):
            folder.writable(own)
    with pytest.raises(InputError):
        folder.readable(PACKAGE / ".." / ".." / "etc")


def test_the_studios_own_folder_is_no_output(folder: Folder) -> None:
    for name in (WORK, f"{WORK}/jobs.json", f"sub/../{WORK}/a.mp4"):
        with pytest.raises(OutputError, match="the studio's own folder"):
            folder.writable(name)


@posix
def test_the_studios_own_folder_is_no_link(folder: Folder) -> None:
    link(folder, WORK, "../other")
    with pytest.raises(OutputError, match="is a symbolic link; remove it"):
        _ = folder.work


def test_a_file_in_the_place_of_the_own_folder_is_told(folder: Folder) -> None:
    (folder.path / WORK).write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        _ = folder.work


def test_what_recipes_can_name_is_listed_the_newest_first(folder: Folder) -> None:
    for age, name in enumerate(["b.mp4", "sub/c.wav", "d.YAML", "beats.txt"]):
        (folder.path / name).write_bytes(b"12")
        os.utime(folder.path / name, (0, 1000 - age))
    os.utime(folder.path / "a.png", (0, 1))
    (folder.path / "letter.doc").write_bytes(b"")
    (folder.path / "a.partial.mp4").write_bytes(b"")
    (folder.path / ".hidden.png").write_bytes(b"")
    (folder.path / ".hid").mkdir()
    (folder.path / ".hid" / "a.png").write_bytes(b"")
    listed = folder.listed()
    assert [(each.path, each.kind, each.size) for each in listed[:-1]] == [
        ("b.mp4", "clip", 2),
        ("sub/c.wav", "sound", 2),
        ("d.YAML", "recipe", 2),
        ("beats.txt", "sound", 2),
        ("a.png", "picture", 1),
    ]
    assert (listed[-1].path, listed[-1].shipped) == (str(SEED), True)
    assert not any(each.shipped for each in listed[:-1])


@posix
def test_links_are_not_listed(folder: Folder) -> None:
    link(folder, "file.png", "../other/secret.png")
    link(folder, "way", "../other")
    link(folder, "round", ".")
    assert [each.path for each in folder.listed()[:-1]] == ["a.png"]


def test_numbered_pictures_are_offered_as_a_clip_too(folder: Folder) -> None:
    for name in ("x1.png", "x2.png"):
        (folder.path / "sub" / name).write_bytes(b"")
        (folder.path / name).write_bytes(b"")
    assert not [each for each in folder.listed() if each.kind == "clip"]
    (folder.path / "sub" / "x3.png").write_bytes(b"")
    (folder.path / "x3.png").write_bytes(b"")
    assert [each.path for each in folder.listed() if each.kind == "clip"] == ["sub"]


@posix
def test_a_name_that_is_no_text_is_not_listed(folder: Folder) -> None:
    """It could not be told to the page, nor come back from it."""
    try:
        (folder.path / os.fsdecode(b"\xff.png")).write_bytes(b"")
    except OSError:
        pytest.skip("this disk has names in UTF-8 alone")
    (folder.path / os.fsdecode(b".\xff.mp4.dreamvid")).mkdir()
    assert [each.path for each in folder.listed()[:-1]] == ["a.png"]
    assert not list(outputs_in(folder.path))


def test_a_list_has_an_end(folder: Folder) -> None:
    deep = folder.path.joinpath(*["deep"] * DEPTH)
    deep.mkdir(parents=True)
    (deep / "a.png").write_bytes(b"")
    assert [each.path for each in folder.listed()[:-1]] == ["a.png"]
    (deep.parent / "b.png").write_bytes(b"")
    assert len(folder.listed()) == 3
    for number in range(MOST + 5):
        (folder.path / f"p{number}.png").touch()
    assert len(folder.listed()) == MOST + 1


def test_what_vanishes_meanwhile_is_not_listed(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program takes a file away between the look at the folder and that at the file."""
    from dreamvid.studio import folder as module

    real = module._entries

    def taken(path: Path) -> list[os.DirEntry[str]]:
        entries = real(path)
        (folder.path / "a.png").unlink(missing_ok=True)
        return entries

    monkeypatch.setattr(module, "_entries", taken)
    assert [each.path for each in folder.listed()] == [str(SEED)]


def run_of(folder: Folder, name: str, **told: object) -> Path:
    run = folder.path / f".{name}.dreamvid"
    run.mkdir()
    (run / "progress.json").write_text(json.dumps(told))
    return run


@posix
@pytest.mark.parametrize("number", [-1, 0, 1, 10**30, True, "7", None, 1.5])
def test_the_renderer_is_a_process_of_dreamvids(folder: Folder, number: object) -> None:
    """A folder may come with a stranger's run, and its number is given to `kill`: -1 would be every
    process that there is."""
    run_of(folder, "a.mp4", status="rendering", process=number)
    assert OnDisk(folder.path / "a.mp4").renderer is None
    run_of(folder, "b.mp4", status="rendering", process=os.getpid())
    command = Path(f"/proc/{os.getpid()}/cmdline")
    if command.exists():
        mine = b"dreamvid" in command.read_bytes()
        assert (OnDisk(folder.path / "b.mp4").renderer == os.getpid()) == mine


@pytest.mark.parametrize(
    "text", ["", "[]", "NaN", '{"frames_done": "x"}', "\xff", "{" * 5000, "[" * 60_000]
)
def test_a_strangers_progress_is_no_error(folder: Folder, text: str) -> None:
    run = run_of(folder, "a.mp4")
    (run / "progress.json").write_text(text, encoding="latin-1")
    disk = OnDisk(folder.path / "a.mp4")
    assert disk.renderer is None
    assert isinstance(disk.progress, dict)
    assert not disk.is_done
    assert [each.name for each in outputs_in(folder.path)] == ["a.mp4"]


OUTPUTS = ["../other/secret.mp4", "/etc/passwd", "b.mp4", "", 5, "..", "\0", "\ud800"]


@pytest.mark.parametrize("told", OUTPUTS)
def test_a_run_names_an_output_beside_it(folder: Folder, told: object) -> None:
    run_of(folder, "a.mp4", output=told)
    assert list(outputs_in(folder.path)) == [folder.path / "a.mp4"]


@posix
def test_a_run_that_is_a_link_leads_nowhere(folder: Folder, tmp_path: Path) -> None:
    """The newest frame is shown from the run's folder: another run's, elsewhere, is not the
    page's to show."""
    import numpy as np

    frames = tmp_path / "other" / "film"
    frames.mkdir()
    np.save(frames / "000001.npy", np.full((2, 3, 3), 7, np.uint8))
    link(folder, ".a.mp4.dreamvid", "../other")
    run = run_of(folder, "b.mp4")
    (run / "film").symlink_to(frames)
    for name in ("a.mp4", "b.mp4"):
        assert OnDisk(folder.path / name).newest is None
    own = run_of(folder, "c.mp4") / "film"
    own.mkdir()
    np.save(own / "000001.npy", np.full((2, 3, 3), 7, np.uint8))
    newest = OnDisk(folder.path / "c.mp4").newest
    assert newest is not None
    assert newest.shape == (2, 3, 3)
    assert (newest == 7).all()
