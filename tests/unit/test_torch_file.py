"""Tensors from files of PyTorch's old format, which are written here opcode by opcode."""

from __future__ import annotations

import pickle
import pickletools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dreamvid.dreaming.networks.torch_file import MAGIC, PROTOCOL, read_tensors

FLOATS = np.arange(24, dtype="<f4") / 7
LONGS = np.array([2**40, -3], "<i8")


def of(value: Any) -> bytes:
    """The opcodes that push a plain value."""
    return pickletools.optimize(pickle.dumps(value, 2))[2:-1]


def called(name: str, *arguments: bytes) -> bytes:
    """Those that push what a global makes of arguments; `module name`, as pickle writes it."""
    return named(name) + b"(" + b"".join(arguments) + b"tR"


def named(name: str) -> bytes:
    return b"c" + "\n".join(name.rsplit(" ", 1)).encode() + b"\n"


def pickled(*opcodes: bytes) -> bytes:
    return b"\x80\x02" + b"".join(opcodes) + b"."


class Tensor(NamedTuple):
    """As it stands in a file: the kind and key of its storage, and its view of it."""

    kind: str
    key: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def opcodes(self) -> bytes:
        place = of("storage") + named(f"torch {self.kind}") + of(self.key) + of("cpu") + of(0)
        storage = b"(" + place + b"NtQ"
        rest = of(False), called("collections OrderedDict")
        view = of(self.offset), of(self.shape), of(self.strides)
        return called("torch._utils _rebuild_tensor_v2", storage, *view, *rest)


def head(magic: int = MAGIC, protocol: int = PROTOCOL, little: bool = True) -> bytes:
    return b"".join(pickled(of(v)) for v in (magic, protocol, {"little_endian": little}))


def saved(
    tensors: dict[str, bytes], storages: dict[str, NDArray[Any]], head: bytes = head()
) -> bytes:
    """A file of tensors, given by their opcodes, and of storages."""
    items = b"".join(of(name) + tensor for name, tensor in tensors.items())
    state = pickled(called("collections OrderedDict"), b"(", items, b"u")
    kept = [np.int64(len(one)).tobytes() + one.tobytes() for one in storages.values()]
    return head + state + pickled(of(list(storages))) + b"".join(kept)


def one(tensor: Tensor) -> bytes:
    """A file with a tensor `a` in storages of floats and longs."""
    return saved({"a": tensor.opcodes}, {tensor.key: FLOATS if "F" in tensor.kind else LONGS})


WHOLE = Tensor("FloatStorage", "7", (4, 6), (6, 1))
GOOD = saved(
    {
        "whole": WHOLE.opcodes,
        "turned": Tensor("FloatStorage", "7", (6, 4), (1, 6)).opcodes,
        "part": Tensor("FloatStorage", "7", (3, 2), (6, 2), 7).opcodes,
        "count": Tensor("LongStorage", "0", (), (), 0).opcodes,
        "alone": Tensor("FloatStorage", "9", (1, 1, 1, 2), (2, 2, 2, 1)).opcodes,
    },
    {"0": LONGS, "7": FLOATS, "9": np.array([5, -0.5], "<f4")},
)


def test_tensors_are_read_whatever_the_order_of_their_axes() -> None:
    found = read_tensors(GOOD)
    table = FLOATS.reshape(4, 6)
    wanted = {
        "whole": table,
        "turned": table.T,
        "part": table[1:4, 1:5:2],
        "count": LONGS[0],
        "alone": np.array([[[[5, -0.5]]]], np.float32),
    }
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        assert found[name].flags.c_contiguous


@pytest.mark.parametrize(
    "name",
    [
        "os system",
        "posix system",
        "builtins eval",
        "pathlib Path.touch",
        "torch DoubleStorage",
        "torch load",
        "torch._utils _rebuild_parameter",
        "collections Counter",
    ],
)
def test_any_other_global_is_refused_and_not_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = {"os system": "touch gone-off", "builtins eval": "open('gone-off', 'w')"}
    call = called(name, of(said.get(name, "touch gone-off")))
    for data in (
        saved({"a": WHOLE.opcodes, "b": call}, {"7": FLOATS}),
        pickled(call) + GOOD,
        head() + pickled(call),
        head() + pickled(of({})) + pickled(call),
    ):
        with pytest.raises(ValueError, match=f"holds {'.'.join(name.split())}, which no tensor"):
            read_tensors(data)
    assert not list(tmp_path.iterdir())


def test_what_persists_is_a_storage_and_nothing_else() -> None:
    module = b"(" + of("module") + named("torch FloatStorage") + of("7") + b"tQ"
    with pytest.raises(ValueError, match="holds a module, which no tensor needs"):
        read_tensors(saved({"a": module}, {}))


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((25,), (1,), 0),
        ((24,), (1,), 1),
        ((4, 6), (6, 1), 1),
        ((2, 2), (23, 1), 0),
        ((), (), 24),
        ((4,), (-1,), 3),
        ((4,), (1,), -1),
        ((1,), (1,), 10**30),
        ((2**62,), (2**62,), 0),
        ((2, 2), (1,), 0),
        ((-3,), (1,), 5),
    ],
)
def test_a_tensor_that_leaves_its_storage_is_refused(
    shape: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_tensors(one(WHOLE._replace(shape=shape, strides=strides, offset=offset)))
    if len(shape) == len(strides) and min(shape, default=0) >= 0:
        assert "a tensor that leaves its storage" in str(caught.value)


def test_a_tensor_may_reach_to_its_storages_last_element() -> None:
    data = one(WHOLE._replace(shape=(2, 2), strides=(22, 1)))
    assert read_tensors(data)["a"].tolist() == FLOATS[[[0, 1], [22, 23]]].tolist()


@pytest.mark.parametrize(
    "wrong",
    [{"magic": MAGIC + 1}, {"protocol": PROTOCOL + 1}, {"little": False}],
    ids=str,
)
def test_another_format_is_refused(wrong: dict[str, Any]) -> None:
    data = saved({"a": WHOLE.opcodes}, {"7": FLOATS}, head(**wrong))
    with pytest.raises(ValueError, match="not PyTorch's unzipped format"):
        read_tensors(data)


def test_a_file_that_is_cut_is_refused_wherever() -> None:
    assert read_tensors(GOOD)
    for length in range(len(GOOD)):
        with pytest.raises(ValueError, match=r"."):
            read_tensors(GOOD[:length])


@pytest.mark.parametrize("count", [23, 25, 2**59, 2**62, -(2**63)])
def test_a_storage_that_is_not_as_long_as_it_says_is_refused(count: int) -> None:
    data = bytearray(one(WHOLE))
    at = len(data) - FLOATS.nbytes - 8
    data[at : at + 8] = np.int64(count).tobytes()
    with pytest.raises(ValueError, match=r"."):
        read_tensors(bytes(data))


@settings(derandomize=True)
@given(st.binary(max_size=200))
def test_random_bytes_are_a_value_error_and_nothing_else(data: bytes) -> None:
    for begun in (b"", head(), head() + GOOD[len(head()) : -60]):
        with pytest.raises(ValueError, match=r"."):
            read_tensors(begun + data)


SPOILED = [
    *((0, opcode) for opcode in (pickle.BINUNICODE8, pickle.BINBYTES8, pickle.FRAME)),
    (2, pickle.BINBYTES8),
    (GOOD.index(FLOATS.tobytes()) - 1, b"\x7f"),
]
"""Places and bytes by which something becomes longer than there is memory or a number for."""


def test_a_byte_that_is_another_is_a_value_error_at_most() -> None:
    draw = np.random.default_rng(0)
    random = zip(draw.integers(0, len(GOOD), 3000).tolist(), draw.bytes(3000), strict=True)
    for at, byte in [*SPOILED, *((at, bytes([byte])) for at, byte in random)]:
        data = GOOD[:at] + byte + GOOD[at + 1 :]
        try:
            found = read_tensors(data)
        except ValueError:
            continue
        assert all(isinstance(array, np.ndarray) for array in found.values())
