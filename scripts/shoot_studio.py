"""Makes the pictures of the studio's page for the documents, from a real server and browser."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

DOCS = Path(__file__).parents[1] / "docs"

VIEWS = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}

MOST = 150_000
"""Bytes of a picture."""

LATE = 600_000
"""Milliseconds for all looks, or for the film."""

LOOK = "beasts"
"""One that is dreamed quickly."""


@contextmanager
def studio(folder: Path) -> Iterator[Iterator[str]]:
    """The addresses that a studio of a folder says, each of which opens its page once."""
    server = subprocess.Popen(
        [sys.executable, "-m", "dreamvid", "studio", str(folder), "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield (line.split()[-1] for line in server.stdout if "?token=" in line)
    finally:
        server.terminate()
        server.wait()


def prepare(page: Page) -> None:
    """A look, a curve and a finished film; all looks drawn."""
    page.click(f"[data-look={LOOK}]")
    page.click("[data-length='2 s']")
    page.click("[data-section=film] summary")
    page.locator("[data-key='size'] input").fill("480x270")
    page.locator("#curve-words").fill("0:(1), 20:(1.05), 40:(1.01), 59:(1.04)")
    page.click("#render:enabled")
    expect(page.locator("[data-film]").first).to_have_attribute("data-state", "done", timeout=LATE)
    expect(page.locator("#looks")).not_to_have_attribute("aria-busy", "true", timeout=LATE)


def shoot(browser: Browser, address: str, state: Any, view: str, scheme: str) -> None:
    """Make one picture, as small as a document's may be."""
    context = browser.new_context(
        viewport=VIEWS[view], color_scheme=scheme, reduced_motion="reduce", storage_state=state
    )
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#stage")).to_have_attribute("data-state", "done", timeout=LATE)
    expect(page.locator("#looks")).not_to_have_attribute("aria-busy", "true", timeout=LATE)
    page.wait_for_timeout(500)
    path = DOCS / f"studio-{view}-{scheme}.jpg"
    for quality in range(90, 30, -5):
        page.screenshot(path=path, type="jpeg", quality=quality)
        if path.stat().st_size <= MOST:
            break
    print(f"{path.name}: {path.stat().st_size} bytes")
    context.close()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made) / "films"
        folder.mkdir()
        browser = playwright.chromium.launch(executable_path=options.chromium)
        with studio(folder) as addresses:
            context = browser.new_context(viewport=VIEWS["desktop"])
            page = context.new_page()
            page.goto(next(addresses))
            prepare(page)
            state = context.storage_state()
            context.close()
            for view in VIEWS:
                for scheme in ("light", "dark"):
                    shoot(browser, next(addresses), state, view, scheme)
        browser.close()


if __name__ == "__main__":
    main()
