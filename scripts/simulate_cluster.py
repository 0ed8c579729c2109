"""Simulate 1,000 clips on a farm of 1 to 1,000 nodes, from measured parts: where is the bottleneck?

    python scripts/simulate_cluster.py [--clips 1000] [--seconds-a-frame 0.17] …

A node takes a shot, fetches its clip if it has not got it, starts dreamvid, dreams, and sends the
segments back; the film is joined where its last shot ends. Storage and network are one resource
that all share: it serves one transfer after another, none faster than a node's own network. The
longest clips come first. Simulated event by event.
"""

from __future__ import annotations

import argparse
import heapq
import random
from dataclasses import dataclass, field


@dataclass
class Parts:
    """What was measured, in seconds and MB: `lite0` in float32 at 480x270 on two cores; the clip's
    MB a second, the network and the storage are assumed.

    Attributes:
        frame: seconds a frame, of one node.
        burst: seconds more for a shot's first frame.
        start: seconds until dreamvid dreams, in a process of its own for each shot.
        kept: the same where the process and its network are kept (Ray).
        join: seconds to join a film, and again for each of its shots.
        clip: MB a second of a clip.
        film: MB a second of a film's segments.
        node: MB a second of a node's network.
        storage: MB a second of the storage that all share.
        rate: frames a second.
    """

    frame: float = 0.24
    burst: float = 4.0
    start: float = 8.0
    kept: float = 0.1
    join: tuple[float, float] = (1.0, 0.02)
    clip: float = 1.0
    film: float = 0.25
    node: float = 110.0
    storage: float = 1000.0
    rate: float = 25.0


@dataclass
class Totals:
    """Seconds of all nodes, by what they were spent on, and how long it all took."""

    dream: float = 0.0
    start: float = 0.0
    transfer: float = 0.0
    join: float = 0.0
    idle: float = 0.0
    took: float = 0.0
    names: list[str] = field(default_factory=lambda: ["dream", "start", "transfer", "join", "idle"])

    @property
    def shares(self) -> dict[str, float]:
        """The share of all nodes' time that each took."""
        spent = {name: getattr(self, name) for name in self.names}
        whole = sum(spent.values())
        return {name: value / whole for name, value in spent.items()}


def clips(count: int, seed: int) -> list[list[float]]:
    """Clips as the seconds of their shots: 20 s to 4 min long, shots of 4 s in the mean."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        length, shots = draw.uniform(20, 240), []
        while length > 0:
            shot = min(length, max(0.5, draw.lognormvariate(1.1, 0.75)))
            shots.append(shot)
            length -= shot
        made.append(shots)
    return made


class Storage:
    """The storage that all nodes share, which serves one transfer after another."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._free = parts, 0.0

    def moved(self, now: float, size: float) -> float:
        """When a transfer of so many MB is done that is asked for now, the earliest first."""
        if not size:
            return now
        self._free = max(self._free, now) + size / self._parts.storage
        return max(self._free, now + size / self._parts.node)


def simulate(
    films: list[list[float]], nodes: int, parts: Parts, *, kept: bool, by_shot: bool
) -> Totals:
    """Render all films.

    Args:
        kept: whether a node's process is kept from shot to shot.
        by_shot: whether the unit is a shot, and not a whole clip.
    """
    units = [
        (sum(shots), number, [shots[index]] if by_shot else shots)
        for number, shots in enumerate(films)
        for index in (range(len(shots)) if by_shot else (0,))
    ]
    units.sort(key=lambda unit: (-unit[0], unit[1], -sum(unit[2])))
    left = [len(shots) if by_shot else 1 for shots in films]
    totals, storage = Totals(), Storage(parts)
    has: list[set[int]] = [set() for _ in range(nodes)]
    ended = [0.0] * nodes
    # When a node asks for its next unit (None), or has dreamed the one that it has.
    events: list[tuple[float, int, tuple[int, list[float]] | None]] = [
        (0.0, node, None) for node in range(nodes)
    ]
    queue = iter(units)
    while events:
        now, node, unit = heapq.heappop(events)
        if unit is None:
            following = next(queue, None)
            if following is None:
                ended[node] = now
                continue
            _, film, shots = following
            there = storage.moved(now, 0.0 if film in has[node] else sum(films[film]) * parts.clip)
            start = parts.kept if kept and has[node] else parts.start
            dream = sum(shot * parts.rate * parts.frame + parts.burst for shot in shots)
            has[node].add(film)
            totals.transfer += there - now
            totals.start += start
            totals.dream += dream
            heapq.heappush(events, (there + start + dream, node, (film, shots)))
            continue
        film, shots = unit
        there = storage.moved(now, sum(shots) * parts.film)
        totals.transfer += there - now
        left[film] -= 1
        join = 0.0 if left[film] else parts.join[0] + parts.join[1] * len(films[film])
        totals.join += join
        heapq.heappush(events, (there + join, node, None))
    totals.took = max(ended)
    totals.idle = sum(totals.took - each for each in ended)
    return totals


def main() -> None:
    """Entry point."""
    usual = Parts()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    for name in ("frame", "burst", "start", "kept", "clip", "film", "node", "storage", "rate"):
        parser.add_argument(f"--{name}", type=float, default=getattr(usual, name))
    options = vars(parser.parse_args())
    films = clips(options.pop("clips"), options.pop("seed"))
    parts = Parts(**options)
    shots, seconds = sum(map(len, films)), sum(map(sum, films))
    print(f"{len(films)} clips, {shots} shots, {seconds / 3600:.1f} hours of film")
    print("nodes | unit | process | hours | speed-up | dream | start | transfer | join | idle")
    base = simulate(films, 1, parts, kept=False, by_shot=False).took
    for nodes in (1, 10, 100, 1000):
        for by_shot, kept in ((False, False), (True, False), (True, True)):
            totals = simulate(films, nodes, parts, kept=kept, by_shot=by_shot)
            shares = " | ".join(f"{share:.1%}" for share in totals.shares.values())
            unit, process = ("shot" if by_shot else "clip"), ("kept" if kept else "new")
            hours, speed = totals.took / 3600, base / totals.took
            print(f"{nodes} | {unit} | {process} | {hours:.2f} | {speed:.0f} | {shares}")


if __name__ == "__main__":
    main()
