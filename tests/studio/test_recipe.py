"""The form and the YAML, which are one recipe."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import SMALL, Opened, data_of

PLAIN = {**SMALL, "network": "none"}


@pytest.fixture
def page(opened: Opened) -> Any:
    return opened(PLAIN)


def test_changed_keys_are_marked_and_undone_one_by_one(page: Any) -> None:
    zoom, angle = field(page, "motion.zoom"), field(page, "motion.angle")
    zoom.locator("input.number").fill("1.1")
    angle.locator("input.number").fill("0.5")

    expect(zoom.locator(".mark")).to_be_visible()
    expect(page.locator("[data-section=motion] .count")).to_have_text("2 changed")
    page.click("[data-undo='motion.zoom']")
    expect(zoom.locator(".mark")).to_be_hidden()
    expect(zoom.locator("input.number")).to_have_value("")
    expect(zoom.locator("input.number")).to_have_attribute("placeholder", "1.02")
    assert data_of(page)["motion"] == {"angle": 0.5}

    page.click("#undo-all")
    assert data_of(page) == {key: PLAIN[key] for key in ("kind", "source", "frames")}


def test_a_slider_sets_its_key_within_the_models_bounds(page: Any) -> None:
    slider = field(page, "dream.octaves").locator("input[type=range]")
    slider.press("End")
    most = data_of(page)["dream"]["octaves"]
    slider.press("Home")
    assert data_of(page)["dream"]["octaves"] == 1 < most
    expect(page.locator("#form .fault:visible")).to_have_count(0)


def test_the_form_is_searched(page: Any) -> None:
    page.fill("#search", "handheld")
    expect(field(page, "motion.handheld")).to_be_visible()
    expect(field(page, "motion.zoom")).to_be_hidden()
    page.fill("#search", "")
    expect(field(page, "motion.zoom")).to_be_visible()


def test_what_is_typed_as_yaml_stands_in_the_form(page: Any) -> None:
    page.click("#tab-yaml")
    expect(page.locator("#yaml")).to_have_value(
        "kind: zoom\nsource: hills.png\nframes: 4\nnetwork:\n  name: none\n"
    )
    page.fill("#yaml", "source: hills.png\nnetwork: none\nmotion:\n  zoom: 1.25\nframes: 7\n")
    expect(page.locator("#frames")).to_have_value("7")

    page.click("#tab-form")
    expect(field(page, "motion.zoom").locator("input.number")).to_have_value("1.25")
    expect(field(page, "motion.zoom").locator(".mark")).to_be_visible()


def test_what_is_set_in_the_form_stands_in_the_yaml(page: Any) -> None:
    field(page, "motion.zoom").locator("input.number").fill("0:(1), 3:(1.5)")
    expect(page.locator("#film-facts")).to_contain_text("4 frames")
    page.click("#tab-yaml")
    expect(page.locator("#yaml")).to_have_value(re.compile(r"zoom: 0:\(1\), 3:\(1\.5\)$", re.M))


def test_a_wrong_value_is_told_at_its_key_and_beside_the_yaml(page: Any) -> None:
    zoom = field(page, "motion.zoom")
    zoom.locator("input.number").fill("20")

    expect(zoom.locator(".fault")).to_contain_text("at most")
    expect(zoom.locator("input.number")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#render")).to_be_disabled()
    expect(page.locator("#render-why")).to_contain_text("motion.zoom")
    page.click("#tab-yaml")
    expect(page.locator("#yaml-state")).to_have_text("1 to mend")
    page.locator("#yaml-faults button").click()
    expect(zoom.locator("input.number")).to_be_focused()

    zoom.locator("input.number").fill("1.2")
    expect(page.locator("#render")).to_be_enabled()
    expect(page.locator("#yaml-faults li")).to_have_count(0)


def test_nothing_that_was_typed_is_lost_to_a_fault(page: Any) -> None:
    field(page, "motion.angle").locator("input.number").fill("0.25")
    expect(page.locator("#yaml")).to_have_value(re.compile("angle: 0.25"))
    page.click("#tab-yaml")
    broken = "kind: zoom\nsource: hills.png\nmotion: {zoom: [1\n# what I think of\n"
    page.fill("#yaml", broken)

    expect(page.locator("#yaml-faults li")).to_have_count(1)
    expect(page.locator("#yaml")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#yaml")).to_have_value(broken)
    assert data_of(page)["motion"] == {"angle": 0.25}
    unknown = "kind: zoom\nsource: hills.png\nmotion:\n  zoon: 1.1\n"
    page.fill("#yaml", unknown)
    expect(page.locator("#yaml-faults")).to_contain_text("motion.zoon")
    expect(page.locator("#yaml")).to_have_value(unknown)


def test_a_look_fills_the_form_and_is_taken_off(page: Any) -> None:
    field(page, "motion.zoom").locator("input.number").fill("1.3")
    page.click("[data-look=owls]")

    expect(page.locator("[data-look=owls]")).to_have_attribute("aria-pressed", "true")
    assert data_of(page)["extends"] == "owls"
    expect(field(page, "dream.objective").locator(".term-name").first).to_contain_text("owl")
    page.click("[data-look=none]")
    expect(page.locator("[data-look=owls]")).to_have_attribute("aria-pressed", "false")
    assert "extends" not in data_of(page)


def test_looks_are_drawn_on_the_persons_own_picture(opened: Opened) -> None:
    page = opened(SMALL, looks=True)
    look = page.locator("[data-look=beasts] img")

    expect(look).to_be_visible(timeout=120_000)
    assert look.get_attribute("src").startswith("data:image/jpeg")


def test_a_look_that_listens_asks_for_a_sound(page: Any) -> None:
    page.click("[data-look=pulse]")
    expect(page.locator("#sound-dialog")).to_be_visible()
    page.click("#sounds button:has-text('clip.mp4')")

    expect(page.locator("#sound-dialog")).to_be_hidden()
    assert data_of(page)["audio"]["file"] == "clip.mp4"
    assert data_of(page)["extends"] == "pulse"


def field(page: Any, key: str) -> Any:
    return page.locator(f"[data-key='{key}']")
