"""From the address to a film, as someone does who never saw the page."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from dreamvid.media.probe import probe
from tests.studio.conftest import Opened, card, data_of, dreamed, plays, render
from tests.studio.studio import Studio

MOST_CLICKS = 5
LONG = 120_000
"""Milliseconds for a film."""


def test_the_first_film_takes_few_clicks_and_plays(opened: Opened, studio: Studio) -> None:
    page = opened()
    page.evaluate(
        "addEventListener('click', () => (window.clicks = (window.clicks ?? 0) + 1), true)"
    )
    page.click("[data-path='hills.png']")
    page.click("[data-look=reef]")
    page.click("[data-length='12 frames']")
    film = render(page)

    expect(film).to_have_attribute("data-state", "done", timeout=LONG)
    assert page.evaluate("window.clicks") <= MOST_CLICKS
    assert plays(film) == 0.4
    name = film.get_attribute("data-film")
    assert probe(studio.folder / name).timing.frames == 12


def test_the_shipped_picture_is_there_and_dreams_by_itself(opened: Opened) -> None:
    page = opened()

    assert dreamed(page).startswith("data:image/jpeg")
    expect(page.locator("#sources [aria-pressed=true]")).to_contain_text("clouds.jpg")
    expect(page.locator("#render")).to_be_enabled()


def test_a_film_by_keyboard_alone(opened: Opened) -> None:
    page = opened()
    tab_to(page, "[data-path='hills.png']")
    page.keyboard.press("Enter")
    expect(page.locator("[data-path='hills.png']")).to_have_attribute("aria-pressed", "true")
    tab_to(page, "[data-length='12 frames']")
    page.keyboard.press("Space")
    tab_to(page, "#frames")
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    tab_to(page, "#kinds input")
    page.keyboard.press("ArrowRight")  # a picture, and back
    expect(page.locator("#render")).to_have_text("Render picture")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#render")).to_have_text("Render film")
    tab_to(page, "#tab-form")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#yaml")).to_be_visible()
    assert data_of(page) == {"kind": "zoom", "source": "hills.png", "frames": 3}
    expect(page.locator("#render")).to_be_enabled()
    tab_to(page, "#render", back=True)
    with page.expect_response("**/api/films") as answered:
        page.keyboard.press("Enter")

    film = card(page, answered.value.json()["id"])
    expect(film).to_have_attribute("data-state", "done", timeout=LONG)
    assert plays(film) == 0.1


def tab_to(page: Any, selector: str, *, back: bool = False) -> None:
    """Press Tab until the element has the focus, which must be seen."""
    wanted = page.locator(selector).first
    for _ in range(400):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if wanted.evaluate("node => node === document.activeElement"):
            assert wanted.evaluate("node => node.matches(':focus-visible')")
            return
    raise AssertionError(f"the keyboard does not reach {selector}")
