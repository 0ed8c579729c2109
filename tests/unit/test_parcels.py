"""Files that travel between machines: what arrives is what was sent, and lies where it may."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dreamvid.errors import RunError
from dreamvid.farm.order import Order
from dreamvid.farm.parcels import Parcel, pack, unpack
from dreamvid.farm.versions import differences
from dreamvid.rendering.manifest import identity


def parcel(path: Path, **other: str) -> Parcel:
    return Parcel("source", str(path), other.get("sha256") or identity("source", path)["sha256"])


def test_a_run_arrives_without_what_means_nothing_elsewhere(tmp_path: Path) -> None:
    run, there = tmp_path / "run", tmp_path / "there"
    (run / "film").mkdir(parents=True)
    (run / "film" / "a.mp4").write_bytes(b"film")
    for name in ("finished", "lock", "progress.json", "state.npz.1a2b3c4d.undone"):
        (run / name).write_bytes(b"")
    there.mkdir()
    (there / "old").write_text("old")
    unpack(pack(run), there)
    found = {p.relative_to(there).as_posix(): p.read_bytes() for p in there.rglob("*.*")}
    assert found == {"film/a.mp4": b"film"}
    assert sorted(path.name for path in there.iterdir()) == ["film", "finished"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "there"]


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "", "a\\b", "a\0b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "old").write_text("old")
    with pytest.raises(RunError, match="lies outside"):
        unpack([("first", np.zeros(2, np.uint8)), (name, np.zeros(2, np.uint8))], there)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert (there / "old").read_text() == "old"


def test_a_file_that_is_here_is_not_fetched(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    sent, other = parcel(clip), parcel(clip, sha256="0" * 64)
    assert sent.is_here
    assert not other.is_here
    own, fetched = tmp_path / "own", list[Parcel]()
    (own / "files").mkdir(parents=True)

    def fetch(asked: Parcel) -> list[tuple[str, np.ndarray]]:
        fetched.append(asked)
        return [("clip.mp4", np.frombuffer(b"other", np.uint8))]

    assert sent.placed(lambda: own, fetch) == clip
    for _ in range(2):
        placed = other.placed(lambda: own, fetch)
        assert (placed.name, placed.read_bytes()) == ("clip.mp4", b"other")
    assert fetched == [other]


def test_numbered_pictures_are_one_parcel(tmp_path: Path) -> None:
    folder = tmp_path / "seq"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"a{number}.png").write_bytes(b"%d" % number)
    (folder / "notes.txt").write_text("")
    names = [name for name, _ in parcel(folder).contents()]
    assert names == ["seq/a1.png", "seq/a2.png"]
    names = [name for name, _ in parcel(folder / "a%d.png").contents()]
    assert names == ["a1.png", "a2.png"]


def test_an_order_is_read_as_it_was_written() -> None:
    parcels = [{"key": "source", "path": "/there/a.mp4", "sha256": "0"}]
    machine = {"threads": 2, "tile": 256, "precision": "float32"}
    recipe = {"kind": "video", "source": "a.mp4", "network": {"name": "none"}}
    order = Order(recipe, "/b.mp4", machine, (3, 9), 12, "/t", "s", parcels, {"Python": "3"})
    read = Order.read(order.text())
    assert read == order
    made = read.made([Path("/here/a.mp4")], Path("/here/b.mp4"))
    assert made.source == (Path("/here/a.mp4"),)
    assert made.output == Path("/here/b.mp4")


def test_differences_of_versions_are_named_with_both() -> None:
    here = {"dreamvid": "1", "Python": "3.11.7"}
    assert differences(here, here) == ""
    assert differences(here, {"dreamvid": "2"}) == "dreamvid 2, not 1, Python none, not 3.11.7"
