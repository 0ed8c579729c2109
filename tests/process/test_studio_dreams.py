"""The studio's previews: one at a time, the urgent first, and what is not wanted any more ends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dreamvid.errors import RunError
from dreamvid.studio import dreams as module
from dreamvid.studio.dreams import Dreams, Event, PreemptedError

WORKER = r"""
import json, os, queue, sys, threading, time
log = open("log", "a", buffering=1)
log.write("start\n")
print("a library prints", file=sys.stderr)
waiting, cancelled = queue.Queue(), set()
def read():
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        if "cancel" in asked:
            cancelled.add(asked["cancel"])
        else:
            waiting.put(asked)
    os._exit(0)
threading.Thread(target=read, daemon=True).start()
slow = 0
def send(told, data=b""):
    told |= {"bytes": len(data)} if data else {}
    head = json.dumps(told).encode()
    whole = len(head).to_bytes(4, "big") + head + data
    for first in range(0, len(whole), slow or len(whole)):
        time.sleep(0.02 if slow else 0)
        sys.stdout.buffer.write(whole[first : first + (slow or len(whole))])
        sys.stdout.buffer.flush()
while True:
    asked = waiting.get()
    number, data = asked["id"], asked["data"]
    slow = data.get("slow", 0)
    log.write(f"begin {data['name']}\n")
    for step in range(data["steps"]):
        if data.get("dies") == step:
            os._exit(7)
        until = time.monotonic() + data.get("pause", 0)
        while time.monotonic() < until and number not in cancelled:
            time.sleep(0.005)
        if number in cancelled:
            log.write(f"cancelled {data['name']}\n")
            break
        send({"id": number, "event": "octave", "octave": step}, b"jpeg")
    else:
        send({"id": number, "event": "done", "frame": asked["frame"], "side": asked["side"]})
    log.write(f"end {data['name']}\n")
    send({"id": number, "event": "end"})
"""


class Desk:
    """Dreams with a worker that only seems to dream, and what it wrote."""

    def __init__(self, folder: Path) -> None:
        (folder / "worker.py").write_text(WORKER)
        command = [sys.executable, "-S", str(folder / "worker.py")]
        self.dreams = Dreams(folder, folder / "messages", command)
        self._log, self.messages = folder / "log", folder / "messages"

    @property
    def log(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []

    async def wrote(self, line: str) -> None:
        while line not in self.log:
            await asyncio.sleep(0.005)

    async def dream(self, name: str, urgent: bool = True, **data: Any) -> list[Event]:
        asked = {"name": name, "steps": 2, **data}
        async with aclosing(self.dreams.ask(asked, 3, 64, urgent=urgent)) as events:
            return [event async for event in events]


def at_the_desk(folder: Path, work: Callable[[Desk], Awaitable[None]]) -> None:
    """Do it within a time in which nothing hangs."""

    @asynccontextmanager
    async def desk() -> AsyncIterator[Desk]:
        made = Desk(folder)
        try:
            yield made
        finally:
            await made.dreams.close()

    async def main() -> None:
        async with asyncio.timeout(20), desk() as made:
            await work(made)

    asyncio.run(main())


def test_a_preview_is_told_step_by_step(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        octaves, done = (await desk.dream("a"))[:-1], (await desk.dream("b"))[-1]
        assert [each["octave"] for each in octaves] == [0, 1]
        assert all(each["picture"] == "data:image/jpeg;base64,anBlZw==" for each in octaves)
        assert done == {"event": "done", "frame": 3, "side": 64}
        assert desk.log.count("start") == 1, "its network stays loaded"
        assert "a library prints" in desk.messages.read_text()

    at_the_desk(tmp_path, work)


@pytest.mark.parametrize("after", [0.02, 0.05, 0.09, 0.12])
def test_an_answer_that_is_broken_off_in_the_midst_confuses_no_one(
    tmp_path: Path, after: float
) -> None:
    """It comes in pieces of seven bytes: in its length, in its text, in its picture."""

    async def work(desk: Desk) -> None:
        await desk.dream("warm")
        asking = asyncio.create_task(desk.dream("a", slow=7))
        await desk.wrote("begin a")
        await asyncio.sleep(after)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        assert [each["event"] for each in await desk.dream("b")] == ["octave", "octave", "done"]

    at_the_desk(tmp_path, work)


def test_one_is_dreamed_at_a_time_however_many_ask(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        names = [f"p{number}" for number in range(12)]
        got = await asyncio.gather(*(desk.dream(name, pause=0.01) for name in names))
        assert all(len(events) == 3 for events in got)
        lines = [line.split() for line in desk.log if line != "start"]
        assert [word for word, _ in lines] == ["begin", "end"] * 12
        assert sorted(name for word, name in lines if word == "end") == sorted(names)

    at_the_desk(tmp_path, work)


def test_the_urgent_is_dreamed_before_the_others(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        first = asyncio.create_task(desk.dream("first", pause=0.1))
        await desk.wrote("begin first")
        looks = [asyncio.create_task(desk.dream(f"look{n}", urgent=False)) for n in range(3)]
        await asyncio.sleep(0.02)
        soon = asyncio.create_task(desk.dream("soon"))
        await asyncio.gather(first, soon, *looks)
        begun = [line.split()[1] for line in desk.log if line.startswith("begin")]
        assert begun[:2] == ["first", "soon"]

    at_the_desk(tmp_path, work)


def test_the_urgent_interrupts_what_is_not(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        look = asyncio.create_task(desk.dream("look", urgent=False, steps=100, pause=0.1))
        await desk.wrote("begin look")
        assert len(await desk.dream("soon")) == 3
        with pytest.raises(PreemptedError):
            await look
        assert desk.log.index("cancelled look") < desk.log.index("begin soon")
        assert len(await desk.dream("look", urgent=False)) == 3

    at_the_desk(tmp_path, work)


def test_the_urgent_interrupts_nothing_urgent(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        first = asyncio.create_task(desk.dream("first", pause=0.05))
        await desk.wrote("begin first")
        second = asyncio.create_task(desk.dream("second"))
        assert len(await first) == len(await second) == 3
        assert "cancelled first" not in desk.log

    at_the_desk(tmp_path, work)


@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_what_is_not_wanted_any_more_ends_and_the_next_is_dreamed(tmp_path: Path, how: str) -> None:
    async def work(desk: Desk) -> None:
        asked = {"name": "old", "steps": 100, "pause": 0.1}
        if how == "closed":
            events = desk.dreams.ask(asked, 0, None, urgent=True)
            await anext(events)
            await events.aclose()
        else:
            old = asyncio.create_task(desk.dream(**asked))  # type: ignore[arg-type]
            await desk.wrote("begin old")
            old.cancel()
            with pytest.raises(asyncio.CancelledError):
                await old
        new = await desk.dream("new")
        assert [each["event"] for each in new] == ["octave", "octave", "done"]
        assert [line for line in desk.log if line != "start"] == [
            *("begin old", "cancelled old", "end old", "begin new", "end new")
        ]

    at_the_desk(tmp_path, work)


def test_one_that_waits_may_go_away(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        first = asyncio.create_task(desk.dream("first", pause=0.1))
        await desk.wrote("begin first")
        gone = [asyncio.create_task(desk.dream(f"gone{n}", urgent=n % 2 > 0)) for n in range(4)]
        await asyncio.sleep(0.02)
        for task in gone:
            task.cancel()
        assert len(await first) == 3
        assert len(await desk.dream("last", urgent=False)) == 3
        assert not [line for line in desk.log if "gone" in line]

    at_the_desk(tmp_path, work)


def test_a_process_that_dies_is_told_in_a_line_and_another_begins(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        others = [desk.dream(f"other{number}") for number in range(2)]
        got = await asyncio.gather(desk.dream("dies", dies=1), *others, return_exceptions=True)
        assert isinstance(got[0], RunError)
        assert "the preview's process ended (7)" in str(got[0])
        assert [len(events) for events in got[1:]] == [3, 3]  # type: ignore[arg-type]
        assert desk.log.count("start") == 2

    at_the_desk(tmp_path, work)


def test_a_process_that_dies_for_one_who_went_away_is_no_one_elses_fault(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        for number in range(5):
            asked = {"name": f"dies{number}", "steps": 5, "dies": 1}
            events = desk.dreams.ask(asked, 0, None, urgent=True)
            await anext(events)
            await events.aclose()
            assert len(await desk.dream("next")) == 3

    at_the_desk(tmp_path, work)


def test_a_process_that_cannot_start_does_not_stop_the_next(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        command, desk.dreams._command = desk.dreams._command, ["/nonexistent"]
        for _ in range(2):
            with pytest.raises(OSError, match="nonexistent"):
                await desk.dream("a")
        desk.dreams._command = command
        assert len(await desk.dream("a")) == 3

    at_the_desk(tmp_path, work)


def test_it_starts_before_it_is_asked_and_ends_when_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(desk: Desk) -> None:
        desk.dreams.warm()
        await desk.wrote("start")
        assert len(await desk.dream("a")) == 3
        assert desk.log.count("start") == 1
        monkeypatch.setattr(module, "IDLE", 0.05)
        assert len(await desk.dream("b", pause=0.1)) == 3, "it is not idle while it dreams"
        process = desk.dreams._process
        assert process is not None
        await process.wait()
        assert len(await desk.dream("c")) == 3
        assert desk.log.count("start") == 2

    at_the_desk(tmp_path, work)


def test_it_ends_with_the_server(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        task = asyncio.create_task(desk.dream("a", steps=100, pause=1))
        await desk.wrote("begin a")
        process = desk.dreams._process
        assert process is not None
        await desk.dreams.close()
        assert process.returncode is not None
        with pytest.raises(RunError):
            await task

    at_the_desk(tmp_path, work)
