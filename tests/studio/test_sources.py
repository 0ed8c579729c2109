"""What is dreamed on: brought, dropped, chosen and cut; guides and masks."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.media_factory import picture
from tests.studio.conftest import SIZE, SMALL, Opened, data_of, dreamed, hills, pixels
from tests.studio.studio import Studio

PLAIN = {**SMALL, "network": "none"}


def test_a_picture_is_brought_by_the_file_chooser(opened: Opened, tmp_path: Path) -> None:
    page = opened(PLAIN)
    with page.expect_file_chooser() as chosen:
        page.click("#source-bring")
    chosen.value.set_files(picture(tmp_path / "brought <b>.png", 96, 64))

    tile = page.locator("[data-path='brought <b>.png']")
    expect(tile).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#source-facts")).to_contain_text("96 × 64")
    dreamed(page)
    assert page.locator("#dreamed").evaluate("image => image.naturalHeight") == 64


def test_what_is_no_picture_is_refused_and_changes_nothing(
    opened: Opened, studio: Studio, tmp_path: Path
) -> None:
    page = opened(PLAIN)
    false = tmp_path / "false.png"
    false.write_text("this is no picture")
    page.set_input_files("#source-file", false)

    expect(page.locator("#source-faults")).to_contain_text("false.png: not a picture")
    assert data_of(page) == PLAIN
    assert not (studio.folder / "false.png").exists()
    page.set_input_files("#source-file", {"name": "a.exe", "mimeType": "", "buffer": b"MZ"})
    expect(page.locator("#source-faults")).to_contain_text("a.exe: is no picture")


def test_a_picture_is_dropped_on_the_page(opened: Opened, tmp_path: Path) -> None:
    page = opened(PLAIN)
    drop(page, "#drop", picture(tmp_path / "dropped.png", 64, 48))

    expect(page.locator("[data-path='dropped.png']")).to_have_attribute("aria-pressed", "true")
    assert data_of(page)["source"] == "dropped.png"


def test_a_clip_has_an_in_and_an_out_point(opened: Opened) -> None:
    page = opened(PLAIN)
    page.click("[data-path='clip.mp4']")
    expect(page.locator("#strip")).to_be_visible()
    frames = page.locator("#strip-frames")
    assert frames.evaluate("image => image.decode().then(() => image.naturalWidth)") > 900
    assert data_of(page)["kind"] == "video"
    track = page.locator("#strip .strip-track").bounding_box()
    middle = track["y"] + track["height"] / 2

    for begin, end in ((0, 0.25), (1, 0.6)):
        page.mouse.move(track["x"] + begin * track["width"], middle)
        page.mouse.down()
        page.mouse.move(track["x"] + end * track["width"], middle, steps=5)
        page.mouse.up()

    data = data_of(page)
    assert data["start"] == pytest.approx(0.25, abs=0.03)
    assert data["end"] == pytest.approx(0.6, abs=0.03)
    expect(page.locator("#strip-text")).to_contain_text(f"{data['start']:.2f} s to")
    expect(page.locator("#strip-still")).to_be_visible()
    page.locator("#clip-out").press("End")
    assert "end" not in data_of(page)


def test_lengths_that_a_clip_does_not_have_are_not_offered(opened: Opened) -> None:
    page = opened(PLAIN)
    page.click("[data-path='clip.mp4']")
    expect(page.locator("[data-length='12 frames']")).to_be_enabled()
    for length in ("2 s", "5 s", "10 s"):
        expect(page.locator(f"[data-length='{length}']")).to_be_disabled()
    page.click("[data-path='hills.png']")
    expect(page.locator("[data-length='10 s']")).to_be_enabled()


def test_a_guide_is_dropped_in(opened: Opened, tmp_path: Path) -> None:
    page = opened(SMALL)
    before = dreamed(page)
    drop(page, "#guide-drop", picture(tmp_path / "stripes.png", 96, 64))

    expect(page.locator("#guide")).to_have_value("stripes.png")
    assert data_of(page)["dream"]["objective"] == {"guide:stripes.png": 1}
    assert data_of(page)["source"] == "hills.png"
    expect(page.locator("#dreamed")).not_to_have_attribute("src", before)
    dreamed(page)
    page.select_option("#guide", "")
    expect(page.locator("#stage")).to_have_attribute("data-state", "working")
    assert "dream" not in data_of(page)


def test_a_layer_is_picked_from_the_atlas(opened: Opened) -> None:
    page = opened(SMALL)
    before = dreamed(page)
    page.click("#open-layers")
    cells = page.locator("[data-layer=cells]")
    cells.click()

    expect(cells).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-layer] img:visible").first).to_be_visible(timeout=60_000)
    page.click("#layers-dialog [data-close]")
    assert data_of(page)["dream"]["objective"] == {"cells": 1}
    expect(page.locator("#dreamed")).not_to_have_attribute("src", before)
    expect(page.locator("[data-key='dream.objective'] .term-name")).to_have_text(["cells"])


def test_a_mask_is_painted_and_keeps_the_source_outside_of_it(
    opened: Opened, studio: Studio
) -> None:
    page = opened(SMALL)
    free = pixels(dreamed(page))
    page.click("#open-mask")
    canvas = page.locator("#mask-canvas").bounding_box()
    x, y = canvas["x"] + canvas["width"] / 4, canvas["y"] + canvas["height"] / 2
    page.mouse.move(x - 20, y)
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=4)
    page.mouse.up()
    page.click("#mask-save")

    expect(page.locator("#mask-dialog")).to_be_hidden()
    name = data_of(page)["mask"]["file"]
    mask = np.asarray(Image.open(studio.folder / name).convert("L"))
    assert mask.shape[::-1] == SIZE
    assert mask[45, 40] == 255
    assert mask[:, 100:].max() == 0
    expect(page.locator("#stage")).to_have_attribute("data-state", "working")
    masked = pixels(dreamed(page))
    source = np.asarray(hills(), np.float32)
    right = np.s_[:, 100:]
    assert (
        np.abs(masked[right] - source[right]).mean()
        < 3
        < np.abs(free[right] - source[right]).mean()
    )
    painted = np.s_[40:50, 35:45]
    assert np.abs(masked[painted] - source[painted]).mean() > 3


def test_a_mask_is_painted_with_the_keys(opened: Opened, studio: Studio) -> None:
    page = opened(PLAIN)
    dreamed(page)
    page.locator("#open-mask").press("Enter")
    expect(page.locator("#mask-canvas")).to_be_focused()
    for key in ("[", "ArrowLeft", "ArrowLeft", "Space"):
        page.keyboard.press(key)
    page.locator("#mask-save").press("Enter")

    expect(page.locator("#mask-dialog")).to_be_hidden()
    mask = np.asarray(Image.open(studio.folder / data_of(page)["mask"]["file"]).convert("L"))
    assert mask[45, 56] == 255


def test_another_source_takes_the_mask_off_and_says_so(opened: Opened) -> None:
    page = opened(PLAIN)
    dreamed(page)
    page.click("#open-mask")
    page.click("#mask-fill")
    page.click("#mask-save")
    expect(page.locator("#mask-dialog")).to_be_hidden()
    name = data_of(page)["mask"]["file"]

    page.click("[data-path='large.png']")
    expect(page.locator("#notice")).to_contain_text(name)
    assert "mask" not in data_of(page)


def drop(page: Any, selector: str, file: Path) -> None:
    """Drop a file as the desktop does."""
    text = base64.b64encode(file.read_bytes()).decode()
    page.locator(selector).evaluate(
        """(target, [name, text]) => {
            const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([bytes], name, { type: "image/png" }));
            for (const type of ["dragenter", "dragover", "drop"])
                target.dispatchEvent(
                    new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }),
                );
        }""",
        [file.name, text],
    )
