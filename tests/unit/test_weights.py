"""Files of weights from strangers: no code, no other file, no more memory than a network takes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dreamvid.dreaming.networks.weights import check_file
from dreamvid.errors import NetworkError
from dreamvid.media.arrays import read_arrays


def h5(path: Path, fill: Callable[[h5py.File], object]) -> Path:
    with h5py.File(path, "w") as file:
        file.create_group("layers").create_dataset("kernel", data=np.ones((3, 3)))
        fill(file)
    return path


def external(file: h5py.File) -> None:
    file["canary"] = h5py.ExternalLink("canary.h5", "/secret")


def stored_elsewhere(file: h5py.File) -> None:
    file.create_dataset("raw", (8,), "u1", external=[("canary.h5", 0, 8)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource("canary.h5", "secret", (8,))
    file.create_virtual_dataset("there", layout)


def circle(file: h5py.File) -> None:
    file["layers/again"] = h5py.SoftLink("/layers")


def bomb(file: h5py.File) -> None:
    file.create_dataset("zeros", (2**34,), "u1", chunks=(2**20,), compression="gzip")


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (external, "canary is a link to elsewhere"),
        (stored_elsewhere, "lie in other files"),
        (virtual, "lie in other files"),
        (circle, "again is a link to elsewhere"),
        (bomb, "unpack to more than 4 GiB"),
    ],
)
def test_an_h5_reads_no_other_file_and_has_an_end(
    tmp_path: Path, fill: Callable[[h5py.File], object], said: str
) -> None:
    h5(tmp_path / "canary.h5", lambda file: file.create_dataset("secret", data=b"canary"))
    path = h5(tmp_path / "a.h5", fill)
    with pytest.raises(NetworkError, match=said) as caught:
        check_file(path)
    assert str(caught.value).startswith(f"weights {path}: ")
    check_file(h5(tmp_path / "good.h5", lambda file: None))


def model(path: Path, *, fill: Callable[[h5py.File], object] = len, **config: Any) -> Path:
    arrays = io.BytesIO()
    with h5py.File(arrays, "w") as file:
        fill(file)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("metadata.json", "{}")
        packed.writestr("config.json", json.dumps(config))
        packed.writestr("model.weights.h5", arrays.getvalue())
    return path


def part(kind: str, home: str | None = "keras.layers") -> dict[str, Any]:
    return {"module": home, "class_name": kind, "config": {"layers": []}}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (part("Lambda"), "carries code or a file's name"),
        (part("Functional", "keras") | {"config": [part("Lambda")]}, "carries code"),
        (part("Conv2D") | {"inner": part("system", "os")}, r"os system"),
        (part("StringLookup"), "StringLookup"),
        (part("function", "builtins"), "carries code"),
        (part("evil", "keras_evil"), "carries code"),
    ],
)
def test_a_model_that_carries_code_is_refused(
    tmp_path: Path, config: dict[str, Any], said: str
) -> None:
    with pytest.raises(NetworkError, match=said):
        check_file(model(tmp_path / "a.keras", **config))


def test_a_model_is_three_files_with_an_end(tmp_path: Path) -> None:
    check_file(model(tmp_path / "good.keras", **part("Conv2D")))
    with pytest.raises(NetworkError, match="link to elsewhere"):
        check_file(model(tmp_path / "a.keras", fill=external, **part("Conv2D")))
    with zipfile.ZipFile(model(tmp_path / "b.keras"), "a") as packed:
        packed.writestr("../../canary", "x")
    with pytest.raises(NetworkError, match=r"holds \.\./\.\./canary"):
        check_file(tmp_path / "b.keras")
    with pytest.raises(NetworkError, match="no such file"):
        check_file(tmp_path)


def test_arrays_that_unpack_to_more_than_there_is_room_for_are_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(10_000_000, np.uint8))
    assert (tmp_path / "bomb.npz").stat().st_size < 20_000
    with pytest.raises(ValueError, match="more than 1000 bytes"):
        read_arrays(tmp_path / "bomb.npz", 1000)
    np.savez(tmp_path / "a.npz", a=np.zeros(16))
    with zipfile.ZipFile(tmp_path / "lies.npz", "w") as packed:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
        )
        packed.writestr("a.npy", header.getvalue() + bytes(64))
    with pytest.raises(ValueError, match="is shorter than its header states"):
        read_arrays(tmp_path / "lies.npz", 2**20)
    assert list(read_arrays(tmp_path / "a.npz", 2**20)) == ["a"]
