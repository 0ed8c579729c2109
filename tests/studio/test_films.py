"""The queue, and what can be done with its films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import expect

from dreamvid.media.probe import probe
from tests.studio.conftest import PLAIN, SMALL, Opened, card, data_of, done, plays, render
from tests.studio.studio import Studio

LONG = {**PLAIN, "source": "large.png", "frames": 400}
"""Its render can be stopped, for it takes some seconds."""

LATE = 120_000
"""Milliseconds in which a film of a network is done on a busy machine."""


def test_a_stopped_film_plays_and_resumes_to_the_bytes_of_the_prompt(
    opened: Opened, studio: Studio, tmp_path: Path
) -> None:
    page = opened({**SMALL, "frames": 24, "dream": {"steps": 6, "burst": 6}})
    film = render(page)
    expect(film).to_have_attribute("data-state", "rendering")
    wait_for_frames(film, 2)
    film.locator("[data-act=stop]").click()
    expect(film).to_have_attribute("data-state", "stopped")
    assert 0 < plays(film) < 0.8

    film.locator("[data-act=resume]").click()
    expect(film).to_have_attribute("data-state", "done", timeout=LATE)
    assert plays(film) == 0.8
    name = film.get_attribute("data-film")
    elsewhere = tmp_path / name
    studio.prompt("render", f"{Path(name).stem}.yaml", "-o", str(elsewhere))
    assert elsewhere.read_bytes() == (studio.folder / name).read_bytes()


def test_a_page_that_is_loaded_again_finds_the_render(opened: Opened) -> None:
    page = opened(LONG)
    film = render(page)
    expect(film).to_have_attribute("data-state", "rendering")
    name = film.get_attribute("data-film")
    page.reload()

    film = card(page, name)
    expect(film).to_have_attribute("data-state", "rendering")
    wait_for_frames(film, 1)
    expect(film.locator("img")).to_be_visible()  # the newest frame
    assert data_of(page) == LONG
    end(film)


def test_two_pages_show_the_same_render(opened: Opened) -> None:
    page, other = opened(LONG), opened(PLAIN)
    film = render(page)
    seen = card(other, film.get_attribute("data-film"))

    expect(seen).to_have_attribute("data-state", "rendering")
    wait_for_frames(seen, 1)
    seen.locator("[data-act=stop]").click()
    for each in (film, seen):
        expect(each).to_have_attribute("data-state", "stopped")
        assert plays(each) > 0
    assert data_of(other) == PLAIN
    end(film)


def test_the_second_of_a_queue_waits_and_can_be_taken_out(opened: Opened) -> None:
    page = opened(LONG)
    first = render(page)
    second = render(page)
    third = render(page)
    expect(first).to_have_attribute("data-state", "rendering")
    expect(second).to_have_attribute("data-state", "waiting")
    expect(third).to_have_attribute("data-state", "waiting")
    expect(page.locator("#films-count")).to_have_text("3 in the queue")

    second.locator("[data-act=stop]").click()
    expect(second).to_have_attribute("data-state", "stopped")
    first.locator("[data-act=stop]").click()
    expect(first).to_have_attribute("data-state", "stopped")
    expect(third).to_have_attribute("data-state", "rendering")
    for each in (third, second, first):
        end(each)


def test_the_film_of_what_there_is(opened: Opened, studio: Studio) -> None:
    page = opened(LONG)
    film = render(page)
    wait_for_frames(film, 1)
    film.locator("[data-act=stop]").click()
    expect(film).to_have_attribute("data-state", "stopped")
    partial = plays(film)

    film.locator("[data-act=finish]").click()
    expect(film).to_have_attribute("data-state", "done", timeout=LATE)
    assert plays(film) == partial
    name = film.get_attribute("data-film")
    recipe = yaml.safe_load((studio.folder / name).with_suffix(".yaml").read_text())
    assert probe(studio.folder / name).timing.frames == recipe["frames"] < LONG["frames"]


def test_a_film_is_rendered_again(opened: Opened, studio: Studio, made: str) -> None:
    film = card(opened(PLAIN), made)
    path = studio.folder / made
    before, written = path.read_bytes(), path.stat().st_mtime_ns

    film.locator("[data-act=again]").click()
    expect(film).not_to_have_attribute("data-state", "done")
    expect(film).to_have_attribute("data-state", "done")
    assert path.stat().st_mtime_ns > written
    assert path.read_bytes() == before


def test_a_film_is_continued(opened: Opened) -> None:
    page = opened(PLAIN)
    film = done(page)

    film.locator("[data-act=continue]").click()
    page.locator("#continue-frames").fill("3")
    page.keyboard.press("Enter")
    expect(film).not_to_have_attribute("data-state", "done")
    expect(film).to_have_attribute("data-state", "done")
    expect(film.locator(".facts")).to_contain_text("7 of 7 frames")
    assert plays(film) == round(7 / 30, 3)


def test_a_film_branches_at_the_frame_that_is_shown(opened: Opened, made: str) -> None:
    page = opened({**PLAIN, "frames": 10, "fps": 10})
    film = card(page, made)
    assert plays(film) == 1
    film.locator("video").evaluate("video => { video.currentTime = 0.55 }")  # the sixth frame
    page.locator("[data-key='motion.zoom'] input.number").fill("0.9")

    film.locator("[data-act=branch]").click()
    expect(page.locator("#continue-title")).to_contain_text("at frame 6")
    page.locator("#continue-frames").fill("2")
    page.click("#continue-yes")
    branch = card(page, f"{Path(made).stem}-6.mp4")
    expect(branch).to_have_attribute("data-state", "done")
    assert plays(branch) == 0.8
    assert plays(film) == 1


def test_the_recipe_of_a_film_comes_back_into_the_form(opened: Opened, made: str) -> None:
    page = opened(PLAIN)
    film = card(page, made)
    page.click("[data-undo='motion.zoom']")
    assert "motion" not in data_of(page)

    film.locator("[data-act=recipe]").click()
    expect(page.locator("[data-key='motion.zoom'] input.number")).to_have_value("1.02")
    assert data_of(page)["motion"] == {"zoom": 1.02}


def test_a_film_leaves_the_list_and_stays_in_the_folder(opened: Opened, studio: Studio) -> None:
    page = opened(PLAIN)
    film = done(page)
    name = film.get_attribute("data-film")
    film = card(page, name)

    film.locator("[data-act=forget]").click()
    page.click("#forget-dialog [data-close='']")
    expect(film).to_be_visible()
    film.locator("[data-act=forget]").click()
    page.click("#forget-yes")
    expect(film).to_have_count(0)
    assert (studio.folder / name).is_file()


def test_a_report_of_a_clips_film(opened: Opened) -> None:
    page = opened({"kind": "video", "source": "clip.mp4", "network": "none", "frames": 4})
    film = done(page)

    film.locator("[data-act=report]").click()
    expect(page.locator("#report-dialog")).to_be_visible(timeout=LATE)
    plot = page.locator("#report-picture")
    expect(plot).to_be_visible()
    assert plot.evaluate("image => image.decode().then(() => image.naturalWidth)") > 400


def test_a_still_picture_is_rendered(opened: Opened, studio: Studio) -> None:
    page = opened(PLAIN)
    page.click("text=Still picture")
    expect(page.locator("#render")).to_have_text("Render picture")
    expect(page.locator("#panel-timeline")).to_be_hidden()
    film = done(page)

    name = film.get_attribute("data-film")
    assert name.endswith(".png")
    assert (studio.folder / name).is_file()


def end(film: Any) -> None:
    """Stop a film's render if it is at work, and take it off the list."""
    stop = film.locator("[data-act=stop]")
    if stop.count():
        stop.click()
        expect(film).not_to_have_attribute("data-state", "rendering")
        expect(film).not_to_have_attribute("data-state", "stopping")
    film.locator("[data-act=forget]").click()
    film.page.click("#forget-yes")
    expect(film).to_have_count(0)


def wait_for_frames(film: Any, count: int) -> None:
    """Wait until so many frames are done, and no longer: the film is not done."""
    expect(film.locator("progress")).not_to_have_js_property("value", 0, timeout=LATE)
    while film.locator("progress").evaluate("bar => bar.value") < count:
        film.page.wait_for_timeout(20)
    assert film.get_attribute("data-state") == "rendering"
