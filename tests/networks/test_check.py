"""`dreamvid layers --check`: whether a network is fed what it was trained on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dreamvid.dreaming.networks.check_table import check_lines
from dreamvid.recipe import Network
from tests.networks.test_model_file import model


def verdict(**section: Any) -> str:
    return [*check_lines(Network(**section))][-1]


def test_the_default_network_looks_right_and_its_layers_answer() -> None:
    first, head, *rows, last = check_lines(Network())
    assert first.startswith("lite0 on clouds.jpg")
    assert "answers" in head
    assert len(rows) == 15
    assert last.startswith("preprocessing: looks right (misfit 0.")


WRONG = [
    "raw",
    "unit",
    "caffe",
    "torch",
    {"mean": 127, "scale": 128, "order": "bgr"},
    {"mean": [123, 117, 104]},
]


@pytest.mark.parametrize("stated", WRONG, ids=str)
def test_the_default_network_fed_otherwise_looks_wrong(stated: Any) -> None:
    said = verdict(preprocess=stated)
    assert "LOOKS WRONG" in said
    assert "rgb fits better" in said or "tf fits better" in said


def squeezenet() -> Network | None:
    path = Path(os.environ.get("DREAMVID_TEST_MEDIA", "")).parent / "teacher"
    file = path / "squeezenet_v1.0_imagenet.npz"
    return Network(name="squeezenet", weights=str(file)) if file.is_file() else None


@pytest.mark.parametrize(
    ("stated", "right"), [(None, True), ("caffe", True), ("unit", False), ("tf", False)]
)
def test_a_network_without_batch_normalisations_is_told_by_its_classifier(
    stated: str | None, right: bool
) -> None:
    network = squeezenet()
    if network is None:
        pytest.skip("the weights of SqueezeNet are not beside DREAMVID_TEST_MEDIA")
    data = network.model_dump() | {"preprocess": stated}
    assert ("looks right" in verdict(**data)) == right


def test_without_signs_nothing_is_claimed() -> None:
    assert "cannot be told" in verdict(name="vgg16", weights="random")


def test_a_file_without_preprocessing_is_told_what_fits(tmp_path: Path) -> None:
    model().save(tmp_path / "own.keras")
    assert "none is stated; " in verdict(name=str(tmp_path / "own.keras"))
