"""The studio's films, made by a server that runs: to the prompt's bytes, whatever comes between."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import media_factory as make
from tests.studio_server import QUICK, Server, process_of, prompt

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

LONG = 500
"""Frames that take some seconds."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("films") / "folder"
    with Server(fresh(folder)) as server:
        yield server.open()
        assert "Traceback" not in server.told


def fresh(folder: Path) -> Path:
    folder.mkdir()
    make.picture(folder / "a.png", 32, 24)
    return folder


def elsewhere(server: Server, name: str, folder: Path) -> bytes:
    """What the prompt makes of a film's recipe, in another folder."""
    fresh(folder)
    recipe = server.get(f"/api/films/{name}/recipe").json["yaml"]
    (folder / "its.yaml").write_text(recipe)
    said = prompt(folder, "render", "its.yaml")
    assert said.returncode == 0, said.stderr
    return (folder / name).read_bytes()


_WHOLE: dict[int, bytes] = {}


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """The film of `LONG` frames, made in one go at the prompt."""
    if LONG not in _WHOLE:
        folder = fresh(tmp_path / "whole")
        (folder / "r.yaml").write_text(json.dumps({**QUICK, "frames": LONG, "output": "w.mp4"}))
        said = prompt(folder, "render", "r.yaml")
        assert said.returncode == 0, said.stderr
        _WHOLE[LONG] = (folder / "w.mp4").read_bytes()
    return _WHOLE[LONG]


def frames_in(path: Path) -> int:
    return len(make.decoded(path))


def test_a_film_is_the_prompts_to_the_byte(server: Server, tmp_path: Path) -> None:
    name = server.render(frames=6)
    film = server.at(name, "done")
    assert name == "a-dream.mp4"
    assert (film["frames"], film["frames_done"], film["message"]) == (6, 6, "")
    assert film["playable"]
    assert set(film["can"]) == {"continue", "again", "recipe", "forget"}
    made = (server.folder / name).read_bytes()
    assert server.get(film["film"]).body == made
    assert made == elsewhere(server, name, tmp_path / "elsewhere")
    said = prompt(server.folder, "render", "a-dream.yaml")
    assert "output exists" in said.stderr or said.returncode == 0
    part = server.ask("GET", film["film"], Range="bytes=0-9")
    assert (part.status, part.body) == (206, made[:10])
    poster = server.get(film["poster"])
    assert (poster.status, poster.headers["content-type"]) == (200, "image/jpeg")


def test_stopped_it_is_playable_and_resumed_the_same_bytes(server: Server, whole: bytes) -> None:
    name = server.render(frames=LONG, output="stopped.mp4")
    film = server.begun(name)
    assert film["can"][0] == "stop"
    assert film["film"] is None
    live = server.get(film["live"])
    assert (live.status, live.headers["content-type"]) == (200, "image/jpeg")
    begin = time.monotonic()
    assert server.act(name, "stop").status == 202
    film = server.at(name, "stopped")
    assert time.monotonic() - begin < 5
    assert 0 < film["frames_done"] < LONG
    assert {"resume", "finish", "forget"} <= set(film["can"])
    part = server.folder / "partial.mp4"
    part.write_bytes(server.get(film["film"]).body)
    assert 0 < frames_in(part) <= film["frames_done"]
    part.unlink()
    assert server.act(name, "resume").status == 202
    assert server.at(name, "done")["frames_done"] == LONG
    assert (server.folder / name).read_bytes() == whole
    assert not list(server.folder.glob("*partial*"))


def test_a_film_may_be_stopped_as_soon_as_it_was_asked_for(server: Server) -> None:
    """Before its process is there, too."""
    for number in range(4):
        name = server.render(frames=30_000, output=f"soon{number}.mp4")
        time.sleep(number / 100)
        server.act(name, "stop")
        assert server.at(name, "stopped")["frames_done"] < 1000
        server.act(name, "forget")


def test_the_film_of_what_there_is(server: Server, tmp_path: Path) -> None:
    name = server.render(frames=3000, output="short.mp4")
    server.begun(name)
    server.act(name, "stop")
    done = server.at(name, "stopped")["frames_done"]
    assert server.act(name, "finish").status == 202
    film = server.at(name, "done")
    assert frames_in(server.folder / name) == film["frames"] < 3000
    assert film["frames"] >= done
    recipe = server.get(f"/api/films/{name}/recipe").json["data"]
    assert recipe["frames"] == film["frames"]
    assert (server.folder / name).read_bytes() == elsewhere(server, name, tmp_path / "e")


def test_a_film_whose_schedules_use_its_length_is_not_cut(server: Server) -> None:
    name = server.render(frames=3000, output="curved.mp4", motion={"zoom": "1+t/n/99"})
    server.begun(name)
    server.act(name, "stop")
    server.at(name, "stopped")
    refused = server.act(name, "finish")
    assert refused.status == 422
    assert "would be another film" in refused.line
    assert server.films()[name]["state"] == "stopped"


def test_a_film_goes_on_and_branches(server: Server) -> None:
    name = server.render(frames=6, output="longer.mp4")
    server.at(name, "done")
    assert server.act(name, "continue", frames=4).json == {"id": name}
    film = server.film(name, lambda film: film["state"] == "done" and film["frames"] == 10)
    assert frames_in(server.folder / name) == 10
    assert server.get(f"/api/films/{name}/recipe").json["data"]["frames"] == 10
    assert film["state"] == "done"
    before = (server.folder / name).read_bytes()
    changes = {"motion": {"angle": 9}, "mask": {"file": "a.png"}}
    answer = server.act(name, "continue", frames=2, **{"from": 5}, data=changes)
    branch = answer.json["id"]
    assert branch != name
    server.at(branch, "done")
    assert frames_in(server.folder / branch) == 7
    assert (server.folder / name).read_bytes() == before


def test_a_queue_renders_one_at_a_time(server: Server) -> None:
    with server.events() as events:
        names = [server.render(frames=60, output=f"queued{n}.mp4") for n in range(3)]
        assert server.act(names[2], "stop").status == 202
        seen: list[list[str]] = []
        for event, told in events:
            if event == "films":
                states = {film["id"]: film["state"] for film in told["films"]}
                seen.append([states.get(name, "") for name in names])
                if seen[-1][:2] == ["done", "done"]:
                    break
    assert all(states.count("rendering") <= 1 for states in seen)
    assert ["rendering", "waiting", "stopped"] in seen
    assert ["done", "rendering", "stopped"] in seen
    assert not (server.folder / names[2]).exists()
    server.act(names[2], "forget")
    assert names[2] not in server.films()


def test_a_film_that_is_forgotten_stays_and_its_run_goes(server: Server) -> None:
    name = server.render(frames=3000, output="forgotten.mp4")
    server.begun(name)
    refused = server.act(name, "forget")
    assert (refused.status, "another dreamvid is rendering it" in refused.line) == (422, True)
    server.act(name, "stop")
    server.at(name, "stopped")
    assert server.act(name, "forget").status == 202
    assert name not in server.films()
    assert not list(server.folder.glob(f".{name}*"))
    kept = server.render(frames=2, output="kept.mp4")
    server.at(kept, "done")
    server.act(kept, "forget")
    assert (server.folder / kept).exists()
    assert kept not in server.films()


def test_two_pages_are_told_the_same_and_one_may_go_away(server: Server) -> None:
    other = Server.__new__(Server)
    other.__dict__.update(server.__dict__)
    with server.events() as here:
        with other.events() as there:
            name = server.render(frames=LONG, output="seen.mp4")
            for events in (here, there):
                event, told = next(each for each in events if each[0] == "progress")
                assert (event, told["id"]) == ("progress", name)
        stopped = other.act(name, "stop")
        assert stopped.status == 202
        films = (told["films"] for event, told in here if event == "films")
        states = ({film["id"]: film["state"] for film in told}[name] for told in films)
        assert "stopped" in iter(states)


def test_a_film_that_fails_is_told_in_the_words_of_the_prompt(server: Server) -> None:
    """Its source is no picture."""
    (server.folder / "broken.png").write_bytes(b"nothing")
    name = server.render(output="failed.mp4", source="broken.png")
    film = server.at(name, "failed")
    assert film["message"].startswith("error: broken.png: not a picture")
    said = prompt(server.folder, "render", "failed.yaml")
    assert said.stderr == f"dreamvid: {film['message']}\n"
    assert not (server.folder / name).exists()
    make.picture(server.folder / "broken.png", 32, 24)
    assert server.act(name, "resume").status == 202, "it is resumed when it is mended"
    assert server.at(name, "done")["message"] == ""


def test_a_render_killed_from_outside_is_told_and_resumed(server: Server, whole: bytes) -> None:
    name = server.render(frames=LONG, output="killed.mp4")
    server.begun(name)
    os.kill(process_of(server.folder, name), signal.SIGKILL)
    film = server.at(name, "failed", "stopped")
    assert film["message"] == "was killed by signal 9; resume it"
    assert "resume" in film["can"]
    server.act(name, "resume")
    assert server.at(name, "done")["message"] == ""
    assert (server.folder / name).read_bytes() == whole


def test_again_renders_the_film_anew(server: Server) -> None:
    name = server.render(frames=3, output="again.mp4")
    server.at(name, "done")
    before = (server.folder / name).read_bytes()
    (server.folder / name).write_bytes(b"changed")
    assert server.act(name, "again").status == 202
    server.film(name, lambda film: film["state"] == "done" and film["bytes"] > 500)
    assert (server.folder / name).read_bytes() == before


def test_a_report_is_measured(server: Server) -> None:
    make.moving_clip(server.folder / "clip.mp4", 64, 48, 5, cut=9)
    name = server.render(kind="video", source="clip.mp4", output="measured.mp4")
    assert "report" in server.at(name, "done")["can"]
    assert server.get(f"/api/films/{name}/report.png").status == 404
    assert server.act(name, "report").status == 202
    film = server.film(name, lambda film: film["report"] or film["message"])
    assert film["report"], film["message"]
    assert server.get(film["report"]).body.startswith(b"\x89PNG")


def test_names_of_films_and_recipes_are_not_taken_from_others(server: Server) -> None:
    (server.folder / "b.png").write_bytes((server.folder / "a.png").read_bytes())
    (server.folder / "b-dream.yaml").write_text("frames: 7 # mine\n")
    name = server.render(source="b.png", frames=2)
    assert name != "b-dream.mp4"
    server.at(name, "done")
    assert (server.folder / "b-dream.yaml").read_text() == "frames: 7 # mine\n"


def test_what_was_not_made_here_is_told(server: Server) -> None:
    for what in ("resume", "again", "finish", "report"):
        refused = server.act("nothing.mp4", what)
        assert (refused.status, "was not made here" in refused.line) == (422, True), what
    assert server.act("nothing.mp4", "explode").status == 404
    assert server.act("nothing.mp4", "stop").status == 202


# Servers that end


def test_ctrl_c_ends_the_server_within_a_frame_and_the_film_can_be_resumed(
    tmp_path: Path, whole: bytes
) -> None:
    folder = fresh(tmp_path / "folder")
    with Server(folder) as server:
        name = server.open().render(frames=LONG, output="a.mp4")
        with server.events() as events:  # a page that listens keeps no server
            next(each for each in events if each[0] == "progress")
            server.begun(name)
            begin = time.monotonic()
            assert server.end() == 0
        assert time.monotonic() - begin < 6
        assert "what is unfinished can be resumed" in server.told
        assert "Traceback" not in server.told
        assert list(folder.glob("a.partial*.mp4"))
    with Server(folder) as server:
        film = server.open().films()[name]
        assert film["state"] == "stopped"
        assert film["film"]
        server.act(name, "resume")
        server.at(name, "done")
        assert (folder / name).read_bytes() == whole


def test_a_killed_server_loses_nothing_and_the_next_finds_all(tmp_path: Path, whole: bytes) -> None:
    folder = fresh(tmp_path / "folder")
    with Server(folder) as first:
        name = first.open().render(frames=LONG * 5, output="a.mp4")
        first.render(frames=LONG, output="b.mp4")
        first.begun(name)
        renderer = process_of(folder, name)
        first.end(signal.SIGKILL)
        with Server(folder) as server:
            film = server.open().films()[name]
            assert (film["state"], film["can"][0]) == ("rendering", "stop")
            assert process_of(folder, name) == renderer
            before = film["frames_done"]
            assert server.begun(name, before + 5)["live"]
            assert server.films()["b.mp4"]["state"] == "waiting", "one at a time"
            with server.events() as events:
                assert next(told for event, told in events if event == "progress")["id"] == name
            assert server.act(name, "stop").status == 202
            film = server.at(name, "stopped")
            assert film["film"], film
            assert "resume" in film["can"]
            server.at("b.mp4", "done")
            assert (folder / "b.mp4").read_bytes() == whole


# Folders and ports


def test_a_folder_has_one_studio(server: Server) -> None:
    said = prompt(server.folder.parent, "studio", str(server.folder), "--no-browser")
    assert said.returncode == 3
    assert "another studio has it open" in said.stderr
    assert said.stderr.count("\n") == 1
    assert server.get("/api/sources").status == 200


def test_a_port_in_use_is_told_and_the_usual_one_is_not_needed(
    server: Server, tmp_path: Path
) -> None:
    said = prompt(tmp_path, "studio", "--no-browser", "--port", str(server.port))
    assert said.returncode == 3
    assert f"port {server.port} cannot be used" in said.stderr
    assert said.stderr.count("\n") == 1


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / ".dreamvid-studio").write_bytes(b"")
    for name, line in (("none", "is no folder"), ("file", "is no folder"),
                       ("blocked", "cannot be written")):  # fmt: skip
        said = prompt(tmp_path, "studio", name, "--no-browser")
        assert said.returncode == 1, said.stderr
        assert line in said.stderr
        assert said.stderr.count("\n") == 1


def test_a_folder_without_write_permission_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder = fresh(tmp_path / "folder")
    folder.chmod(0o500)
    said = prompt(tmp_path, "studio", "folder", "--no-browser")
    folder.chmod(0o700)
    assert said.returncode == 1
    assert "cannot be written" in said.stderr


def test_a_strangers_queue_is_no_order(tmp_path: Path) -> None:
    """A folder from elsewhere may have a queue: nothing outside of it is rendered or written."""
    folder = fresh(tmp_path / "folder")
    (tmp_path / "outside").mkdir()
    shutil.copy(folder / "a.png", tmp_path / "outside")
    work = folder / ".dreamvid-studio"
    work.mkdir()
    common = {"state": "waiting", "recipe": "r.yaml"}
    (folder / "r.yaml").write_text(json.dumps({**QUICK, "source": "../outside/a.png", "frames": 2}))
    outside = {**QUICK, "source": "../outside/a.png", "frames": 2}
    inside = {**QUICK, "frames": 2, "output": "v.mp4"}
    command = ["zoom", "../outside/a.png", "-n", "2", "--network", "none", "-o", "../outside/x.mp4"]
    (work / "jobs.json").write_text(
        json.dumps(
            [
                {"output": "x.mp4", "command": command, **common},
                {"output": "y.mp4", "command": ["render", "./r.yaml"], "data": outside, **common},
                {"output": "../outside/z.mp4", "command": command, **common},
                {"output": 5, "command": 5},
                {"output": "w.mp4", "command": command, "data": 5, "state": 7},
                {"output": "a.mp4", "command": ["render", "./r.yaml", "--lib"], **common},
                {"output": "a.mp4", "command": ["render", "./r.yaml"], **common, "recipe": "../r"},
                {"output": "v.mp4", "command": ["render", "./r.yaml"], "data": inside, **common},
                5,
                {},
            ]
        )
    )
    with Server(folder) as server:
        server.open()
        server.at(server.render(frames=2, output="own.mp4"), "done")
        films = server.films()
        assert set(films) == {"own.mp4", "y.mp4", "v.mp4"}
        assert films["v.mp4"]["state"] == "done", "what holds is made"
        assert films["y.mp4"]["state"] == "failed"
        assert "lies outside the folder" in films["y.mp4"]["message"]
        for what in ("resume", "again"):
            assert server.act("y.mp4", what).status == 422
        assert [path.name for path in (tmp_path / "outside").iterdir()] == ["a.png"]
        assert "Traceback" not in server.told
