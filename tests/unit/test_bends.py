"""`python -m tests.bends` is up to date with the code: a bend that does not apply tests nothing."""

from __future__ import annotations

import re

import pytest

from tests.bends import BENDS, ROOT, Bend, home_of, place


@pytest.mark.parametrize("bend", BENDS, ids=lambda bend: bend.part)
def test_every_bend_applies(bend: Bend) -> None:
    assert place(bend, ROOT / "dreamvid"), f"stands once in the package: {bend.old}"
    assert home_of(bend.test), f"is a test: {bend.test}"


def test_the_number_of_bends_is_told() -> None:
    told = re.search(r"(\d+) places", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert told
    assert int(told[1]) == len(BENDS)
