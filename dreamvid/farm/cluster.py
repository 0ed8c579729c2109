"""A Ray cluster: joined, and its machines looked at."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from dreamvid import notices
from dreamvid.errors import RunError, UsageError
from dreamvid.farm.versions import differences, examined, versions
from dreamvid.machine import cores

LOCAL = "local"
"""The address of a cluster of this machine alone."""

MISSING = "a cluster needs the extra ray: pip install 'dreamvid[ray]'"

ANSWER = 5
"""Seconds within which a cluster's address answers."""

START = 120
"""Seconds within which a machine starts a process."""

NO_ROOM = (
    "no room in the object store of Ray for {what}; start its nodes with more "
    "--object-store-memory, or with storage that all of them share"
)


@dataclass(frozen=True)
class Node:
    """A machine of a cluster.

    Attributes:
        identity: in the cluster.
        name: for people, its address.
        cores: that it lends.
        memory: bytes that it lends.
        lacks: files that are not there under their paths.
    """

    identity: str
    name: str
    cores: float
    memory: float
    lacks: frozenset[str] = frozenset()


def require_ray() -> None:
    """Raise RunError unless Ray is installed."""
    try:
        import ray  # noqa: F401
    except ImportError:
        raise RunError(MISSING) from None


@contextmanager
def connected(address: str, threads: int) -> Iterator[None]:
    """Be a driver of a cluster within the context.

    Args:
        address: `host:port` or `auto`; `local`: a cluster of this machine alone is started.
        threads: of a worker, which a local cluster must be able to lend.

    Raises:
        RunError: Ray is not installed, the address does not answer, or the cluster is lost within
            the context.
    """
    require_ray()
    import ray

    mode = os.environ.get("RAY_AUTH_MODE")
    quiet = {"logging_level": logging.CRITICAL, "log_to_driver": False}
    try:
        if address == LOCAL:
            with _unset("RAY_ADDRESS"), _set("RAY_USAGE_STATS_ENABLED", "0"):
                count = max(cores(), threads)
                ray.init(address=LOCAL, num_cpus=count, include_dashboard=False, **quiet)
        else:
            require_answer(address)
            with _set("RAY_BACKEND_LOG_LEVEL", "error"):
                ray.init(address=address, **quiet)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise RunError(f"--ray {address}: cannot be joined: {_first_line(error)}") from None
    try:
        yield
    except ray.exceptions.RayError as error:
        raise RunError(f"--ray {address}: the cluster was lost: {_first_line(error)}") from None
    finally:
        ray.shutdown()
        if mode is None:  # a local cluster sets it, so that only its own driver may use it
            os.environ.pop("RAY_AUTH_MODE", None)


def nodes_of(paths: Sequence[str]) -> list[Node]:
    """The machines that are alive and run the same versions; those that do not are warned of.

    Args:
        paths: files that shots need, which are looked for on each.

    Raises:
        RunError: none is left.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as OnNode

    look = ray.remote(examined)
    asked = {
        look.options(num_cpus=0, scheduling_strategy=OnNode(node.identity, soft=False)).remote(
            paths
        ): node
        for node in alive()
    }
    answered, silent = ray.wait([*asked], num_returns=len(asked), timeout=START)
    for each in silent:
        notices.warn(f"node {asked[each].name}: does not answer; it is not used")
    here, usable = versions(), []
    for each in answered:
        node = asked[each]
        try:
            there, lacks = ray.get(each)
        except ray.exceptions.RayError as error:
            refuse(node.name, f"cannot run dreamvid: {_first_line(error)}")
            continue
        differing = differences(here, there)
        if differing:
            refuse(node.name, f"runs {differing}")
        else:
            usable.append(replace(node, lacks=frozenset(lacks)))
    if not usable:
        raise RunError("no node of the cluster can be used; install the same versions on all")
    return usable


def refuse(name: str, why: str) -> None:
    """Warn that a machine is not used."""
    notices.warn(f"node {name}: {why}; it is not used")


def alive() -> list[Node]:
    """The machines of the cluster that are alive."""
    import ray

    return [
        Node(
            node["NodeID"],
            f"{node['NodeManagerAddress']} ({node['NodeID'][:8]})",
            node["Resources"].get("CPU", 0),
            node["Resources"].get("memory", 0),
        )
        for node in ray.nodes()
        if node["Alive"]
    ]


def require_room(nodes: Sequence[Node], threads: int, memory: float) -> None:
    """Raise RunError unless a machine lends what a shot takes."""
    if not any(node.cores >= threads for node in nodes):
        most = max(node.cores for node in nodes)
        raise RunError(
            f"no node of the cluster lends {threads} cores, the most is {most:.0f}; --threads "
            "pins fewer"
        )
    if not any(node.cores >= threads and node.memory >= memory for node in nodes):
        most = max(node.memory for node in nodes if node.cores >= threads)
        raise RunError(
            f"a shot takes {memory / 1e9:.1f} GB of memory, and no node of the cluster lends more "
            f"than {most / 1e9:.1f} GB; a smaller --size or --tile needs less"
        )


def stored(make: Callable[[], Any], what: str) -> Any:
    """A reference to a value that is put into the cluster's memory. Raises RunError: it is full."""
    import ray

    try:
        return ray.put(make())
    except (ray.exceptions.ObjectStoreFullError, ray.exceptions.OutOfDiskError, MemoryError):
        raise RunError(NO_ROOM.format(what=what)) from None


def require_answer(address: str) -> None:
    """Raise unless a cluster answers at an address, as Ray itself waits for long.

    Raises:
        UsageError: it is no address.
        RunError: nothing answers.
    """
    if address in (LOCAL, "auto") or "://" in address:
        return
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"--ray: must be host:port, auto, or {LOCAL}, not {address!r}")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), ANSWER) as link:
            answers = os.environ.get("RAY_USE_TLS", "0") != "0" or _speaks_http2(link)
    except OSError as error:
        raise RunError(f"--ray {address}: does not answer: {error.strerror or error}") from None
    if not answers:
        raise RunError(f"--ray {address}: answers, but not as a Ray cluster does")


def _speaks_http2(link: socket.socket) -> bool:
    """Whether a server answers HTTP/2's preface with its settings, as all of gRPC do."""
    link.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
    answer = b""
    while len(answer) < 4 and (piece := link.recv(9)):
        answer += piece
    return answer[3:4] == b"\4"


@contextmanager
def _set(name: str, value: str | None) -> Iterator[None]:
    """A variable of the environment within the context, for the processes that Ray starts."""
    before = os.environ.get(name)
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ.setdefault(name, value)
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


def _unset(name: str) -> Any:
    return _set(name, None)


def _first_line(error: BaseException) -> str:
    """What an error says, in one line: the last of a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and any(line.startswith("Traceback") for line in lines):
        return lines[-1]
    return lines[0] if lines else type(error).__name__
