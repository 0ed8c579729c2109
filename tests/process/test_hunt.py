"""Spoiled files and failed steps: a few of each here, thousands by the two commands' own words."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = os.environ.get("DREAMVID_TEST_SEED", str(random.SystemRandom().randrange(10**6)))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and Linux's limits")


def held(*words: str) -> str:
    """What one of the two says, which is to find nothing. They fork, and so are not run in here."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-m", *words], env=env, capture_output=True, text=True, timeout=3000
    )
    print(said.stdout)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


def test_spoiled_files_are_answered_for() -> None:
    said = held("tests.hunt", "--media", "20", "--recipes", "30", "--seed", SEED, "--jobs", "2")
    assert f"seed {SEED}: 30 spoiled recipe files" in said
    assert f"seed {SEED}: 20 spoiled media files" in said


def test_a_step_that_fails_costs_nothing() -> None:
    assert "found 0" in held("tests.faults", "--every", "151", "--first", SEED)


@pytest.mark.slow
def test_many_spoiled_files_are_answered_for() -> None:
    held("tests.hunt", "--media", "1000", "--recipes", "1000", "--seed", SEED, "--jobs", "2")


@pytest.mark.slow
def test_every_step_that_fails_costs_nothing() -> None:
    assert "found 0" in held("tests.faults")
