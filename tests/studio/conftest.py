"""A browser, a studio, and pages of it whose consoles stay silent."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.media_factory import moving_clip
from tests.studio.studio import Studio

pytest.importorskip("starlette", reason="the page needs the extra studio")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

SIZE = (160, 90)
"""Of the small picture and of the films made here."""

SMALL: dict[str, Any] = {"kind": "zoom", "source": "hills.png", "frames": 4}
"""A recipe of the small picture, whose dreams take a moment."""

PLAIN: dict[str, Any] = {**SMALL, "network": "none", "motion": {"zoom": 1.02}}
"""Without a dream: its frames are made at once."""

PATIENCE = 30_000
"""Milliseconds in which what is waited for is seen; two busy cores take their time."""

Opened = Callable[..., Any]


def chromium_found() -> str | None:
    """The browser's executable: `DREAMVID_CHROMIUM`, or a Chromium on the path."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("DREAMVID_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    executable = chromium_found()
    if executable is None:
        pytest.skip("there is no Chromium; DREAMVID_CHROMIUM may name one")
    with sync_api.sync_playwright() as playwright:
        sync_api.expect.set_options(timeout=PATIENCE)
        found = playwright.chromium.launch(executable_path=executable)
        yield found
        found.close()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio for all tests, whose process of previews is warm."""
    made = Studio(tmp_path_factory.mktemp("studio"))
    hills().save(made.folder / "hills.png")
    hills().resize((640, 360)).save(made.folder / "large.png")
    moving_clip(made.folder / "clip.mp4", *SIZE, frames=25, cut=25)
    made.start()
    yield made
    made.end()


def hills() -> Image.Image:
    """A small picture with light, shade and edges."""
    width, height = SIZE
    y, x = np.mgrid[:height, :width]
    ridge = height * (0.5 + 0.2 * np.sin(x / 17) + 0.1 * np.sin(x / 5))
    sky = np.stack([120 + y, 150 + y, 220 - y / 2], axis=-1)
    ground = np.stack([60 + 40 * np.sin(x / 3), 110 + y / 2, 50 + 30 * np.sin(y / 4)], axis=-1)
    return Image.fromarray(np.where((y > ridge)[..., None], ground, sky).astype(np.uint8))


@pytest.fixture
def opened(browser: Any, studio: Studio) -> Iterator[Opened]:
    """Opens pages, each in a browser's profile of its own; all must end without a word on the
    console, and without a request that the page's policy refuses."""
    with profiles(browser) as opens:
        yield lambda data=None, **options: opens(studio, data, **options)


@contextmanager
def profiles(browser: Any, *allowed: str) -> Iterator[Opened]:
    """Opens pages of a studio; their consoles say nothing but what is allowed."""
    contexts, said = [], list[str]()

    def opens(
        studio: Studio, data: dict[str, Any] | None = None, *, looks: bool = False, **options: Any
    ) -> Any:
        context = browser.new_context(
            **{"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if not looks:  # their dreams would make all others wait
            done = json.dumps({"event": "done"})
            context.route("**/api/looks", lambda route: route.fulfill(body=done))
        page = context.new_page()
        if data is not None:  # as if it had been left here
            left = json.dumps({"data": data, "frame": 0, "side": 480})
            key = json.dumps(f"dreamvid {studio.folder}")
            page.add_init_script(f"localStorage[{key}] ??= {json.dumps(left)}")
        listen(page, said, ("422", *allowed))
        page.goto(studio.address())
        page.locator("main:not([inert])").wait_for()
        return page

    try:
        yield opens
    finally:
        for context in contexts:
            context.close()
    assert said == []


def listen(page: Any, said: list[str], allowed: tuple[str, ...]) -> None:
    """Note what the console of a page says that its author would have to mend.

    What the server refuses is told on the page; browsers tell it on the console, too.
    """

    def note(message: Any) -> None:
        told = any(each in message.text for each in allowed)
        if message.type in ("error", "warning") and not told:
            said.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(f"uncaught: {error}"))


@pytest.fixture(scope="session")
def made(browser: Any, studio: Studio) -> str:
    """The name of a film of ten frames, a second long, that no test changes or takes away."""
    with profiles(browser) as opens:
        name: str = done(opens(studio, {**PLAIN, "frames": 10, "fps": 10})).get_attribute(
            "data-film"
        )
    return name


@pytest.fixture
def page(opened: Opened) -> Any:
    """The page at the small recipe, its first preview dreamed."""
    shown = opened(SMALL)
    dreamed(shown)
    return shown


def dreamed(page: Any) -> str:
    """Wait until the preview is dreamed; returns the picture's address."""
    sync_api.expect(page.locator("#stage")).to_have_attribute("data-state", "done")
    address: str = page.locator("#dreamed").get_attribute("src")
    return address


def data_of(page: Any) -> dict[str, Any]:
    """The recipe in work, as the page keeps it."""
    for key, value in page.evaluate("Object.entries(localStorage)"):
        if key.startswith("dreamvid /"):
            data: dict[str, Any] = json.loads(value)["data"]
            return data
    raise AssertionError("the page keeps nothing")


def card(page: Any, name: str = "") -> Any:
    """The card of a film; that of the newest one, if none is named."""
    if name:
        return page.locator(f'[data-film="{name}"]')
    return page.locator("#film-list [data-film]").first


def render(page: Any) -> Any:
    """Click "Render film"; returns the card of the film."""
    button = page.locator("#render")
    sync_api.expect(button).to_be_enabled()
    with page.expect_response("**/api/films") as answered:
        button.click()
    film = card(page, answered.value.json()["id"])
    sync_api.expect(film).to_be_visible()
    return film


def done(page: Any) -> Any:
    """Render a film to its end; returns its card."""
    film = render(page)
    sync_api.expect(film).to_have_attribute("data-state", "done")
    return film


def plays(card: Any) -> float:
    """Seconds of a card's film, which the browser has loaded and moved in."""
    video = card.locator("video")
    sync_api.expect(video).to_be_visible()
    video.evaluate(
        """async video => {
            while (video.readyState < 2) await new Promise(done => setTimeout(done, 50));
            const end = video.duration * 0.75;
            const moved = new Promise(done => (video.onseeked = done));
            video.currentTime = end;
            await moved;
            if (Math.abs(video.currentTime - end) > 0.01) throw new Error("it does not move");
        }"""
    )
    seconds: float = video.evaluate("video => video.duration")
    return round(seconds, 3)


def pixels(address: str) -> NDArray[np.float32]:
    """The pixels of a picture in a `data:` address, (H, W, 3)."""
    with urlopen(address) as picture:
        return np.asarray(Image.open(BytesIO(picture.read())).convert("RGB"), np.float32)
