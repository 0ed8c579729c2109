"""Curves over the film, drawn and dragged."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import SMALL, Opened, data_of

FADE = "0:(1), 24:(1.5), 49:(1.1)"


@pytest.fixture
def page(opened: Opened) -> Any:
    page = opened({**SMALL, "network": "none", "frames": 50, "motion": {"zoom": FADE}})
    expect(page.locator("[data-keyframe]")).to_have_count(3)
    page.locator("#curves").scroll_into_view_if_needed()
    return page


def test_a_keyframe_is_dragged(page: Any) -> None:
    drag(page, 1, 100, 60)

    expect(page.locator("#curve-words")).not_to_have_value(FADE)
    frame, value = keys_of(page)[1]
    assert frame > 24
    assert value < 1.5
    assert [keys_of(page)[0], keys_of(page)[2]] == [(0, 1), (49, 1.1)]
    expect(page.locator("#curve-words")).to_have_value(data_of(page)["motion"]["zoom"])
    expect(page.locator("[data-keyframe='1']")).to_have_attribute(
        "aria-valuetext", f"{value:g} at frame {frame}"
    )
    expect(page.locator("[data-key='motion.zoom'] input.number")).to_have_value(
        data_of(page)["motion"]["zoom"]
    )


def test_a_keyframe_stays_between_its_neighbours_and_in_its_bounds(page: Any) -> None:
    drag(page, 1, 2000, -2000)
    assert keys_of(page)[1][0] == 48
    assert keys_of(page)[1][1] <= 10


def test_a_keyframe_is_moved_added_and_removed_by_keyboard(page: Any) -> None:
    handle = page.locator("[data-keyframe='1']")
    handle.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    moved = re.compile(r"^0:\(1\), 26:\(1\.5\d*\), 49:\(1\.1\)$")
    expect(page.locator("#curve-words")).to_have_value(moved)
    expect(handle).to_be_focused()

    page.keyboard.press("Delete")
    expect(page.locator("#curve-words")).to_have_value("0:(1), 49:(1.1)")
    expect(page.locator("[data-keyframe]")).to_have_count(2)
    page.locator("#frame").fill("10")
    page.click("#add-keyframe")
    expect(page.locator("[data-keyframe]")).to_have_count(3)
    expect(page.locator("#curve-words")).to_have_value(re.compile(r"^0:.*, 10:.*, 49:"))


def test_a_double_click_adds_a_keyframe_there(page: Any) -> None:
    box = page.locator("#curves").bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5)
    expect(page.locator("[data-keyframe]")).to_have_count(4)
    expect(page.locator("#curve-words")).not_to_have_value(FADE)
    assert 30 < keys_of(page)[2][0] < 45


def test_words_are_typed_and_drawn(page: Any) -> None:
    page.fill("#curve-words", "0:(1), 20:(1.2) ease")
    expect(page.locator("[data-keyframe]")).to_have_count(2)
    expect(page.locator("#between")).to_have_value("ease")
    page.locator("#between").focus()
    page.select_option("#between", "step")
    expect(page.locator("#curve-words")).to_have_value("0:(1), 20:(1.2) step")
    page.fill("#curve-words", "1 + t / 100")
    expect(page.locator("#curve-hint")).to_contain_text("expression")
    expect(page.locator("[data-keyframe]")).to_have_count(0)


def test_a_number_becomes_a_curve_from_the_form(page: Any) -> None:
    page.click("[data-curve='motion.angle']")
    expect(page.locator("#curve-key")).to_have_value("motion.angle")
    page.locator("#frame").fill("49")
    page.click("#add-keyframe")
    expect(page.locator("[data-keyframe]")).to_have_count(2)
    drag(page, 1, 0, -40)
    expect(page.locator("#curve-words")).to_have_value(re.compile(r"^0:\(0\), 49:\(\S+\)$"))
    assert data_of(page)["motion"]["zoom"] == FADE


def test_curves_stay_as_they_are_while_another_key_is_at_fault(page: Any) -> None:
    page.locator("[data-key='motion.angle'] input.number").fill("nonsense(")
    expect(page.locator("[data-key='motion.angle'] .fault")).to_be_visible()
    page.wait_for_timeout(400)  # the curves have been asked for
    expect(page.locator("[data-keyframe]")).to_have_count(3)
    expect(page.locator("#curve-fault")).to_have_text("")


def test_a_sounds_wave_and_beats_lie_under_the_curves(opened: Opened) -> None:
    heard = {"file": "clip.mp4", "bpm": 240}
    page = opened(
        {**SMALL, "network": "none", "frames": 25, "motion": {"zoom": "1 + b / 50"}, "audio": heard}
    )
    expect(page.locator("#curves .wave")).to_be_visible()
    expect(page.locator("#curves .beat")).to_have_count(3)


def drag(page: Any, index: int, right: float, down: float) -> None:
    box = page.locator(f"[data-keyframe='{index}'] .grip").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=6)
    page.mouse.up()
    page.wait_for_timeout(300)  # what was dragged is written


def keys_of(page: Any) -> list[tuple[int, float]]:
    """The keyframes of the zoom as the recipe has them."""
    text = data_of(page)["motion"]["zoom"]
    return [(int(t), float(value)) for t, value in re.findall(r"(\d+):\(([\d.]+)\)", text)]
