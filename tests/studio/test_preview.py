"""Looking before rendering."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import expect

from tests.studio.conftest import SMALL, Opened, data_of, dreamed, pixels


def test_a_change_is_dreamed_anew(page: Any) -> None:
    before = dreamed(page)

    page.locator("[data-key='dream.octaves'] input.number").fill("1")
    expect(page.locator("#dreamed")).not_to_have_attribute("src", before)
    after = dreamed(page)

    assert np.abs(pixels(after) - pixels(before)).mean() > 1
    expect(page.locator("#preview-status")).to_contain_text("Dreamed in")


def test_of_quick_changes_the_last_one_alone_is_dreamed(page: Any) -> None:
    ended: list[str] = []
    steps = page.locator("[data-key='dream.burst'] input.number")

    steps.fill("60")
    expect(page.locator("#stage")).to_have_attribute("data-state", "working")
    page.wait_for_timeout(200)  # its dream is at work
    page.on("requestfailed", lambda request: ended.append(request.url))
    steps.fill("2")
    expect(page.locator("#stage")).to_have_attribute("data-state", "working")
    quick = dreamed(page)

    assert any("/api/preview" in url for url in ended), "the older dream was not cancelled"
    assert data_of(page)["dream"]["burst"] == 2
    page.reload()
    assert dreamed(page) == quick, "what is seen is not the newest"


def test_octaves_are_shown_as_they_are_done(opened: Opened) -> None:
    page = opened({**SMALL, "dream": {"octaves": 3, "burst": 20}})
    page.evaluate(
        """() => {
            window.said = [];
            const note = (record) =>
                record.addedNodes.forEach((node) => said.push(node.textContent));
            new MutationObserver((records) => records.forEach(note))
                .observe(document.querySelector("#preview-status"), { childList: true });
        }"""
    )
    dreamed(page)
    page.locator("[data-key='dream.burst'] input.number").fill("21")
    expect(page.locator("#stage")).to_have_attribute("data-state", "working")
    dreamed(page)

    said = page.evaluate("said")
    assert [f"Octave {n} of 3" for n in (1, 2, 3)] == [each for each in said if "Octave" in each][
        -3:
    ]


def test_before_and_after_are_compared_by_a_drag(page: Any) -> None:
    stage = page.locator("#stage")
    box = stage.bounding_box()
    dream = shown(page)
    left, right = halves(dream)
    middle, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    page.mouse.move(box["x"] + 16, height)
    page.mouse.down()
    page.mouse.move(middle, height, steps=5)
    page.mouse.up()

    now_left, now_right = halves(shown(page))
    assert np.abs(now_left - left).mean() > 2, "the left half is not the picture before"
    assert np.abs(now_right - right).mean() < 0.5
    page.locator("#compare").press("Home")
    assert np.abs(shown(page) - dream).mean() < 0.5


def test_another_frame_of_the_film_is_dreamed(opened: Opened) -> None:
    page = opened({**SMALL, "dream": {"octaves": "0:(1), 3:(3)"}})
    before = dreamed(page)

    page.locator("#frame").press("End")
    expect(page.locator("#frame-text")).to_contain_text("Frame 3 of 4")
    expect(page.locator("#stage")).to_have_attribute("data-state", "done")
    expect(page.locator("#dreamed")).not_to_have_attribute("src", before)


def test_a_preview_at_the_films_own_size(opened: Opened) -> None:
    page = opened({**SMALL, "source": "large.png", "dream": {"octaves": 1, "burst": 1}})
    dreamed(page)
    assert page.locator("#dreamed").evaluate("image => image.naturalWidth") == 480

    page.click("text=The film’s own size")
    expect(page.locator("#stage")).to_have_attribute("data-state", "working")
    dreamed(page)
    assert page.locator("#dreamed").evaluate("image => image.naturalWidth") == 640


def shown(page: Any) -> NDArray[np.float32]:
    """The stage as it is seen, without what is drawn over it."""
    page.evaluate("document.querySelector('#compare').style.opacity = 0")
    png = page.locator("#stage").screenshot()
    page.evaluate("document.querySelector('#compare').style.opacity = ''")
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"), np.float32)


def halves(picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A picture's halves, without the line between them."""
    middle = picture.shape[1] // 2
    return picture[:, : middle - 8], picture[:, middle + 8 :]
