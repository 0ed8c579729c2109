"""What the tests share: real media where there is some, and quiet libraries."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from dreamvid.frame import Frame

# What a busy machine makes slow is no fault.
settings.register_profile("dreamvid", deadline=None)
settings.load_profile("dreamvid")

TIERS = {
    "media": "media",
    "film": "film",
    "process": "process",
    "networks": "network",
    "studio": "studio",
}
"""Folders of tests, and the mark that all in them bear."""

SEED = Path(__file__).parent.parent / "dreamvid" / "seeds" / "clouds.jpg"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder."""
    for item in items:
        mark = TIERS.get(item.path.parent.name)
        if mark:
            item.add_marker(mark)


@pytest.fixture(autouse=True)
def _networks_built_once() -> Iterator[None]:
    """One model for each network and its weights; TensorFlow is not imported for it."""
    with pytest.MonkeyPatch.context() as patch:
        if "dreamvid.dreaming.networks.activations" in sys.modules:
            from tests import loaded

            loaded.share(patch)
        yield


@pytest.fixture
def anew(_networks_built_once: None) -> Iterator[None]:
    """Networks are loaded as they are outside tests, though one is there already."""
    from tests import loaded

    with pytest.MonkeyPatch.context() as patch:
        loaded.share(patch, never=True)
        yield


@pytest.fixture
def eager() -> Iterator[None]:
    """TensorFlow's functions run as they are written, untraced: what a graph changes is seen where
    dreams are looked at, and a network's graph costs more than its values do."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def media() -> Path:
    """The folder of real pictures and clips, `DREAMVID_TEST_MEDIA`."""
    folder = os.environ.get("DREAMVID_TEST_MEDIA")
    if not folder:
        pytest.skip("DREAMVID_TEST_MEDIA names no folder of real media")
    return Path(folder)


@pytest.fixture
def picture() -> Frame:
    """48 rows of 64 pixels: soft blobs of color and some grain, far from black and white."""
    draw = np.random.default_rng(5)
    y, x = np.mgrid[0:48, 0:64] / 10
    waves = [np.sin(x + k) * np.cos(1.3 * y + 2 * k) for k in range(3)]
    grain = draw.normal(0, 6, (48, 64, 3))
    return (120 + 45 * np.stack(waves, -1) + grain).astype(np.float32)
