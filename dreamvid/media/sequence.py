"""The sink of an image sequence: a film as numbered pictures in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from dreamvid.errors import RunError, StateError
from dreamvid.frame import Frame
from dreamvid.media.codecs.codec import StillCodec
from dreamvid.media.durable import atomic_write
from dreamvid.media.frame_names import FrameNames, is_pattern, title
from dreamvid.media.sink import FilmSpec, WorkDir


class SequenceSink:
    """A sink that writes numbered pictures, `000000.png` and on, or as their names say.

    In an existing folder, pictures of an earlier film with such names are removed, since they could
    follow those of this film; other files are left alone.
    """

    def __init__(
        self, path: Path, film: FilmSpec, codec: StillCodec, work: WorkDir, done: int | None = None
    ) -> None:
        """Begin, or resume. Raises StateError if one of the pictures before `done` of an earlier
        run is missing in the `work` folder."""
        self.path = path
        self._film, self._codec = film, codec
        # `.` has no name to derive a partial name from
        self._output = path if is_pattern(path) else path.resolve()
        self._work = work
        self._next = film.first if done is None else done
        missing = [i for i in self._numbers if not (work.folder / self._stored(i)).exists()]
        if missing:
            name = self._stored(missing[0])
            raise StateError(f"{name} is missing in {work.folder}; --restart begins anew")

    def write(self, frame: Frame) -> None:
        """See `Sink`."""
        self._film.require_size(frame)
        with atomic_write(self._work.folder / self._stored(self._next)) as file:
            file.write(self._codec.encode(frame, self._film.fraction))
        self._next += 1

    def close(self) -> Path:
        """See `Sink`."""
        if not self._numbers:
            raise StateError("not one frame was written", path=self.path)
        self._place(FrameNames.of(self._output, self._film, self._codec))
        return self.path

    def abandon(self, *, keep: bool) -> Path | None:
        """See `Sink`: the partial film is a folder."""
        try:
            return self._rescue() if keep and self._numbers else None
        except RunError:
            return None
        finally:
            self._work.remove()

    def _rescue(self) -> Path:
        names = FrameNames.of(self._output, self._film, self._codec)
        partial = self._work.partial(self._output.with_name(title(self._output)))
        self._place(FrameNames(partial, names.before, names.digits, names.after, names.first))
        return partial

    def _place(self, names: FrameNames) -> None:
        """Move the pictures to their folder; those in a lasting work folder are linked instead."""
        try:
            names.folder.mkdir(exist_ok=True)
            for old in names.there():
                old.unlink()
            for index in self._numbers:
                stored, target = self._stored(index), names.folder / names[index]
                if self._work.lasts:
                    _link(self._work.folder / stored, target)
                else:
                    self._work.place(stored, target)
        except OSError as error:
            raise RunError(f"cannot be written: {error.strerror}", path=names.folder) from error
        self._work.remove()

    @property
    def _numbers(self) -> range:
        """The numbers of the pictures that are there."""
        return range(self._film.first, self._next)

    def _stored(self, index: int) -> str:
        """The name of a picture in the work folder."""
        return f"{index:06d}{self._codec.endings[0]}"


def _link(path: Path, other: Path) -> None:
    """Hard-link a file, or copy it if the file system has no hard links."""
    try:
        other.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, other)
