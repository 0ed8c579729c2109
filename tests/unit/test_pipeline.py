"""Work ahead of the dream and behind it: in order, bounded, and nothing lost or left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from dreamvid.pipeline import MAX_WAITING, WriteBehind, read_ahead


@pytest.fixture(params=["1", "0"])
def overlap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With threads and without."""
    monkeypatch.setenv("DREAMVID_OVERLAP", request.param)
    return bool(request.param == "1")


def threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("read-ahead", "write-behind"))]


def counting(read: list[int], count: int = 9) -> Generator[int]:
    for index in range(count):
        read.append(index)
        yield index


@pytest.mark.parametrize("count", [1, 3, 20])
def test_all_come_in_order(overlap: bool, count: int) -> None:
    assert list(read_ahead(counting([]), count)) == list(range(9))
    assert list(read_ahead(counting([], 0), count)) == []
    assert not threads()


@pytest.mark.parametrize("count", [1, 3])
def test_no_more_is_made_ahead_than_asked(count: int) -> None:
    read: list[int] = []
    coming = read_ahead(counting(read), count)
    for given_away in (1, 2):
        next(coming)
        time.sleep(0.02)
        assert given_away < len(read) <= given_away + count
    assert threads()
    coming.close()
    assert len(read) <= 2 + count
    assert not threads()


@pytest.mark.parametrize("count", [1, 3])
def test_a_fault_comes_after_what_came_before_it(overlap: bool, count: int) -> None:
    def broken() -> Generator[int]:
        yield from range(3)
        raise OSError("cut off")

    coming = read_ahead(broken(), count)
    assert [next(coming) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="cut off"):
        next(coming)
    assert not threads()


def test_closed_early_it_waits_for_what_is_in_work_and_closes_its_source() -> None:
    read: list[int] = []
    closed: list[bool] = []

    def slowly() -> Generator[int]:
        try:
            for index in range(9):
                time.sleep(0.02)
                read.append(index)
                yield index
        finally:
            closed.append(True)

    coming = read_ahead(slowly(), 6)
    next(coming)
    so_far = len(read)
    coming.close()
    assert len(read) <= so_far + 2
    assert closed
    assert not threads()


def test_work_is_done_in_order_and_all_of_it(overlap: bool) -> None:
    done: list[int] = []
    behind = WriteBehind()
    for index in range(20):
        behind.do(done.append, index)
    behind.finish()
    assert done == list(range(20))
    behind.close()
    assert not threads()


def test_it_is_never_far_behind() -> None:
    done: list[int] = []
    behind = WriteBehind()

    def slowly(index: int) -> None:
        time.sleep(0.01)
        done.append(index)

    for index in range(8):
        behind.do(slowly, index)
        assert len(done) >= index - MAX_WAITING
    behind.close()
    assert done == list(range(8))


def test_nothing_is_done_after_a_failure_and_it_is_told(overlap: bool) -> None:
    done: list[int] = []
    behind = WriteBehind()

    def work(index: int) -> None:
        if index == 1:
            raise OSError("full")
        done.append(index)

    def all_of_it() -> None:
        for index in range(5):
            behind.do(work, index)
        behind.finish()

    with pytest.raises(OSError, match="full"):
        all_of_it()
    behind.close()
    assert done == [0]
    assert not threads()
