"""The dreamer that a job asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dreamvid.frame import Frame, as_frame
from dreamvid.machine import Machine
from dreamvid.resolve import Job
from dreamvid.task import AnyDreamer, DreamTask

if TYPE_CHECKING:
    from dreamvid.dreaming.climb import Climbs  # which imports TensorFlow


class NoDreamer:
    """The dreamer of `network: none`: returns the canvas unchanged, without TensorFlow."""

    identity = "none"

    def __call__(self, task: DreamTask, /) -> Frame:
        """Return the canvas. Raises MediaError if it is no frame."""
        return as_frame(task.canvas)


def make_dreamer(
    job: Job, machine: Machine | None = None, climbs: Climbs | None = None
) -> AnyDreamer:
    """The dreamer that a job asks for.

    Args:
        machine: threads, precision and tile; threads apply only until TensorFlow has started.
        climbs: shared with other dreamers.

    Raises:
        NetworkError: its network, layers or weights are not available.
    """
    if job.network.name == "none":
        return NoDreamer()
    from dreamvid.dreaming.dreamer import Dreamer

    return Dreamer.of(job, machine or Machine.here(), climbs)
