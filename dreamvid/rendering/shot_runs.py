"""The runs of a film's shots, which are rendered one by one, anywhere, and joined in the end.

For `a.mp4` they are in the hidden folder `.a.mp4.shots`, which machines may share:

    lock              held while the shots are looked for
    manifest.json     recipe, input files and machine of the film: all shots obey it
    shots.json        the list of the shots
    heard.npz         what is heard in the sound, if schedules hear
    000048-000120/    a shot, by its frames: its run (`run.py`), beside its partial film
"""

from __future__ import annotations

import shutil
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Literal

from filelock import FileLock

from dreamvid.channels import ChannelTrack
from dreamvid.errors import StateError
from dreamvid.media.durable import os_errors
from dreamvid.media.segment_names import segment_name
from dreamvid.names import derived
from dreamvid.rendering.film_source import keep_heard
from dreamvid.rendering.manifest import Manifest
from dreamvid.rendering.plan import Plan
from dreamvid.rendering.run import done_frames, finished_run, make_folder, unfinished_run
from dreamvid.rendering.run_part import write_text
from dreamvid.shot_list import ShotList, read_shots
from dreamvid.shots import Shot, find_shots
from dreamvid.source import Source

State = Literal["done", "begun", "open"]
"""Of a shot: done, begun, or not yet begun."""


def shots_of(source: Source, cuts: bool) -> ShotList:
    """The shots of an opened source, as a render finds them; a still, and a clip that closes, are
    one. A clip is read to its end unless it is known where its shots begin.

    Args:
        cuts: whether cuts are looked for.
    """
    begins = source.cuts
    if begins is None and (source.still or source.loop or not cuts):
        begins = frozenset()
    if begins is None:
        with closing(find_shots(ChannelTrack().colors(source.open()))) as found:
            return ShotList(tuple(found), source.rate)
    frames = source.count()
    starts = [0, *sorted(start for start in begins if start < frames)]
    spans = zip(starts, [*starts[1:], frames], strict=True)
    return ShotList(tuple(Shot(start, stop) for start, stop in spans), source.rate)


class ShotRuns:
    """The runs of a film's shots.

    Attributes:
        folder: where they are.
        output: the film's path.
    """

    def __init__(self, output: Path) -> None:
        """Those of an output; nothing is made yet."""
        self.output = output
        path = Path(output).absolute()
        self.folder = derived(path.parent, path.name, ".shots", before=".")

    @property
    def manifest(self) -> Manifest | None:
        """What all of them obey; None: none has begun. Raises StateError."""
        return Manifest.read(self.folder / "manifest.json")

    @property
    def shots(self) -> ShotList:
        """The list of the shots, of runs that have begun. Raises InputError."""
        return read_shots(self.folder / "shots.json", Fraction(1))

    def begin(self, planned: Plan, found: ShotList | None = None) -> ShotList:
        """Begin the runs of a planned film, or join in: list its shots, and fix its machine.

        Args:
            found: its shots; None: they are looked for, once.

        Raises:
            StateError: the runs were begun with another recipe or input; or the caller's source or
                dreamer has no identity.
            RunError: the folder cannot be written.
        """
        if planned.manifest is None:
            raise StateError("has no shots that could be resumed", path=self.output)
        make_folder(self.folder)
        with os_errors(self.folder), FileLock(self.folder / "lock"):
            begun = self.manifest
            if begun is None:
                listed = found or shots_of(planned.source, planned.job.cuts)
                name = planned.job.source[0].name if planned.job.source else ""
                write_text(self.folder / "shots.json", listed.text(name))
                keep_heard(self.folder, planned.source.heard)
                write_text(self.folder / "manifest.json", planned.manifest.text())
                return listed
        self.require_same(planned.manifest)
        return self.shots

    def require_same(self, manifest: Manifest) -> None:
        """Raise StateError if the runs were begun with another recipe or input."""
        begun = self.manifest
        differing = begun.differences(manifest) if begun else []
        if differing:
            raise StateError(
                f"its shots were begun with another recipe or input: {', '.join(differing)}; "
                f"remove {self.folder} to begin anew",
                path=self.output,
            )

    def output_of(self, shot: Shot) -> Path:
        """The path of a shot's partial film, beside which its run is."""
        return self.folder / segment_name(range(shot.start, shot.stop), "") / self.output.name

    def plan_of(self, planned: Plan, listed: ShotList, shot: Shot) -> Plan:
        """The plan of a shot of a planned film."""
        output = self.output_of(shot)
        make_folder(output.parent)
        return planned.of_shot(shot, output, ends=shot.stop == listed.frames)

    def state(self, shot: Shot) -> State:
        """How far a shot is. Raises StateError."""
        output = self.output_of(shot)
        if finished_run(output) is not None:
            return "done"
        return "open" if unfinished_run(output) is None else "begun"

    def frames_done(self, shot: Shot) -> int:
        """How many frames of a shot are stored."""
        if self.state(shot) == "done":
            return shot.count
        return max(0, done_frames(self.output_of(shot)) - shot.start)

    def missing(self, listed: ShotList) -> list[int]:
        """The numbers of the shots that are not done."""
        return [n for n, shot in enumerate(listed.shots, 1) if self.state(shot) != "done"]

    def remove(self) -> None:
        """Remove all of them, once the film is there; never raises."""
        shutil.rmtree(self.folder, ignore_errors=True)
