"""That all can use the page: axe-core's rules, in every view and dialog."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import SMALL, Opened, card, dreamed

AXE = "axe-core@4.14.1"

SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's script, by npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm, which brings axe-core")
    folder: Path = tmp_path_factory.mktemp("axe")
    words = [
        npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(folder),
        AXE,
    ]
    try:
        subprocess.run(words, check=True, capture_output=True, timeout=60)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"npm does not bring axe-core: {error}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious(
    opened: Opened, made: str, axe: str, size: str, scheme: str
) -> None:
    page = opened(
        {**SMALL, "network": "none", "motion": {"zoom": "0:(1), 3:(1.2)"}},
        viewport=SIZES[size],
        color_scheme=scheme,
        bypass_csp=True,  # of the page's own policy, which would refuse axe
    )
    page.add_script_tag(content=axe)
    dreamed(page)
    if size == "phone":
        for view in ("picture", "looks", "settings", "films"):
            page.click(f"[data-goto={view}]")
            assert findings(page) == [], view
        page.click("[data-goto=picture]")
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    if size == "phone":
        page.click("[data-goto=films]")
    film = card(page, made)
    assert findings(page) == [], "with a film and all sections open"
    film.locator("[data-act=continue]").click()
    check_dialog(page, "#continue-dialog")
    film.locator("[data-act=forget]").click()
    check_dialog(page, "#forget-dialog")
    if size == "phone":
        page.click("[data-goto=picture]")
    page.click("#open-mask")
    check_dialog(page, "#mask-dialog")
    page.click("#open-layers")
    check_dialog(page, "#layers-dialog")
    if size == "phone":
        page.click("[data-goto=looks]")
    page.click("[data-look=pulse]")
    check_dialog(page, "#sound-dialog")
    if size == "phone":
        page.click("[data-goto=settings]")
    page.locator("[data-key='motion.angle'] input.number").fill("wrong(")
    expect(page.locator("[data-key='motion.angle'] .fault")).to_be_visible()
    assert findings(page) == [], "with a fault"
    page.click("#tab-yaml")
    assert findings(page) == [], "with a fault beside the YAML"


def check_dialog(page: Any, selector: str) -> None:
    expect(page.locator(selector)).to_be_visible()
    assert findings(page) == [], selector
    page.keyboard.press("Escape")
    expect(page.locator(selector)).to_be_hidden()


def findings(page: Any) -> list[str]:
    """What axe finds that is serious or critical."""
    page.evaluate("scrollTo(0, 0)")  # nothing lies half under what stays in place
    found: list[str] = page.evaluate(
        """async () => {
            const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
            const { violations } = await axe.run(document, { runOnly: tags });
            return violations
                .filter(({ impact }) => ["serious", "critical"].includes(impact))
                .flatMap(({ id, nodes }) =>
                    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
        }"""
    )
    return found
