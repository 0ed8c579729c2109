"""A server that goes away and comes back: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import SMALL, card, data_of, dreamed, hills, profiles, render
from tests.studio.studio import Studio
from tests.studio.test_films import wait_for_frames

PLAIN = {**SMALL, "network": "none", "size": "640x360", "frames": 400}
GONE = ("ERR_", "status of 403", "MIME type")
"""What browsers say of a server that is gone, or is another one."""

TELL = 20_000
"""Milliseconds in which the page sees that the server is gone, or there again."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Studio]:
    """A studio of one test."""
    made = Studio(tmp_path)
    hills().save(tmp_path / "hills.png")
    made.start()
    yield made
    made.end()


def test_a_page_says_that_the_server_ended_and_finds_its_way_back(
    browser: Any, own: Studio
) -> None:
    with profiles(browser, *GONE) as opens:
        page = opens(own, PLAIN)
        dreamed(page)
        film = render(page)
        wait_for_frames(film, 1)
        own.end()

        expect(page.locator("#gone")).to_be_visible(timeout=TELL)
        page.locator("[data-key='motion.angle'] input.number").fill("0.5")
        expect(page.locator("#stage")).to_have_attribute("data-state", "fault")
        own.start()
        # Another server's cookie: the page is refused until that server's address was opened.
        expect(page.locator("#gone")).to_contain_text("open the address", timeout=TELL)
        page.context.new_page().goto(own.address())
        expect(page.locator("#gone")).to_be_hidden(timeout=TELL)

        film = card(page, "hills-dream.mp4")
        expect(film).to_have_attribute("data-state", "stopped")
        assert data_of(page)["motion"] == {"angle": 0.5}
        dreamed(page)
        film.locator("[data-act=resume]").click()
        expect(film).to_have_attribute("data-state", "rendering")


def test_a_render_outlives_a_server_that_is_killed(browser: Any, own: Studio) -> None:
    with profiles(browser, *GONE) as opens:
        page = opens(own, PLAIN)
        dreamed(page)
        film = render(page)
        wait_for_frames(film, 1)
        own.kill()

        expect(page.locator("#gone")).to_be_visible(timeout=TELL)
        own.start()
        page.goto(own.address())
        film = card(page, "hills-dream.mp4")
        expect(film).to_have_attribute("data-state", "rendering")
        film.locator("[data-act=stop]").click()
        expect(film).to_have_attribute("data-state", "stopped")
