"""An atlas: a small dream of each layer, channel or class, stored as it is made, and resumed.

While it is unfinished its pictures lie in a hidden folder beside the output, as a run's do.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dreamvid.errors import RecipeError, StateError
from dreamvid.frame import Frame, Size
from dreamvid.media.arrays import read_arrays
from dreamvid.media.durable import atomic_write, os_errors
from dreamvid.media.read import read_picture
from dreamvid.media.sink import to_uint8
from dreamvid.networks.classes import IMAGENET, class_number, imagenet_classes
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import NOTHING, spec_of
from dreamvid.opening import fit
from dreamvid.recipe import ChannelTerm, ClassTerm, Dream, LayerTerm, Term
from dreamvid.rendering.atlas_request import ALL, AtlasRequest
from dreamvid.rendering.manifest import identity
from dreamvid.rendering.run import clear, folder_of, locked, make_folder
from dreamvid.rendering.run_part import write_text

NOISE = 128.0, 3.0
"""Mean and standard deviation, in levels, of the noise, which is gray: faint, as its dreams are
shown at full contrast."""


@dataclass(frozen=True)
class Wanted:
    """One picture of an atlas.

    Attributes:
        term: what it is a dream of.
        number: of the channel or class; None: of a layer.
        about: what is known of it, in a few words.
    """

    term: Term
    number: int | None = None
    about: str = ""


@dataclass(frozen=True)
class Made:
    """A picture that is made.

    Attributes:
        wanted: what it shows.
        picture: (size, size, 3), 0..255.
        silent: whether the layer or channel answers nothing to it.
    """

    wanted: Wanted
    picture: Frame
    silent: bool


@dataclass(frozen=True)
class Atlas:
    """An atlas, planned.

    Attributes:
        request: the options.
        wanted: its pictures.
    """

    request: AtlasRequest
    spec: NetworkSpec
    wanted: list[Wanted]

    @property
    def folder(self) -> Path:
        """Where pictures lie while it is unfinished."""
        return folder_of(self.request.output)

    @cached_property
    def canvas(self) -> Frame:
        """What is dreamed on, (size, size, 3). Raises InputError."""
        size = Size(self.request.size, self.request.size)
        if self.request.source is not None:
            return fit(read_picture(self.request.source), size)
        rng = np.random.default_rng(self.request.seed)
        mean, spread = NOISE
        gray = rng.normal(mean, spread, (*size.shape, 1)).astype(np.float32)
        return np.repeat(gray, 3, axis=2)

    @property
    def done(self) -> int:
        """The number of pictures that an earlier run has left."""
        return sum(self._file(wanted).is_file() for wanted in self.wanted)

    def make(self) -> Generator[Made]:
        """Make the pictures that are missing; yields each, also those that were there.

        Raises:
            StateError: an unfinished atlas of other options is there.
            RunError: another process makes it, or the disk is full.
            RecipeError, NetworkError: it cannot be dreamed of.
        """
        from dreamvid.dreaming.gallery import Gallery

        settings = {"octaves": self.request.octaves, "octave_top": 0, "burst": self.request.steps}
        gallery = Gallery(self.request.network, self.request.seed, **settings)
        make_folder(self.folder)
        with locked(self.folder, self.request.output):
            self._begin()
            for wanted in self.wanted:
                path = self._file(wanted)
                stored = self._read(path)
                if stored is None:
                    tile = gallery.tile(wanted.term, wanted.number, self.canvas)
                    silent = tile.value == 0 and not isinstance(wanted.term, ClassTerm)
                    rounded = to_uint8(tile.picture)
                    with atomic_write(path) as file:
                        np.savez(file, picture=rounded, silent=np.array(silent))
                    stored = np.asarray(rounded, np.float32), silent
                yield Made(wanted, *stored)

    def finish(self) -> None:
        """Remove the folder, as the sheet is written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self) -> None:
        path = self.folder / "atlas.json"
        try:
            before = path.read_text(encoding="utf-8")
        except OSError:
            before = None
        if before is not None and before != self._identity and not self.request.restart:
            raise StateError(
                "an unfinished sheet with other options is there; --restart begins anew",
                path=self.request.output,
            )
        if before != self._identity or self.request.restart:
            with os_errors(self.folder):
                clear(self.folder)
            write_text(path, self._identity)

    @cached_property
    def _identity(self) -> str:
        """All that the pictures depend on, but for what they are of."""
        from dreamvid.dreaming.identity import identity_of

        request = self.request
        dream = Dream(octaves=request.octaves, octave_top=0, burst=request.steps)
        source = identity("source", request.source)["sha256"] if request.source else ""
        dreamer = identity_of(self.spec, request.network, dream, request.seed)
        return json.dumps({"dreamer": dreamer, "size": request.size, "source": source})

    def _file(self, wanted: Wanted) -> Path:
        name = hashlib.sha256(wanted.term.name.encode()).hexdigest()[:32]
        return self.folder / f"{name}.npz"

    def _read(self, path: Path) -> tuple[Frame, bool] | None:
        """A stored picture, and whether it is silent; None: it is missing or damaged."""
        size = self.request.size
        try:
            stored = read_arrays(path, 3 * size**2 + 2**16)
            picture = np.asarray(stored["picture"], np.float32)
            return (picture, bool(stored["silent"])) if picture.shape == (size, size, 3) else None
        except (OSError, ValueError, KeyError):
            return None


def plan_atlas(request: AtlasRequest) -> Atlas:
    """Plan an atlas.

    Raises:
        RecipeError: options exclude each other, or name nothing.
        NetworkError: the network, a layer, a channel or a class is not known, or the pictures are
            too small for it.
    """
    if request.classes and (request.layers or request.channels):
        raise RecipeError("give either classes or layers", key="classes")
    if request.channels and not request.layers:
        raise RecipeError("name the layer that they are of: --layers NAME", key="channels")
    spec = spec_of(request.network)
    if spec is NOTHING:
        raise RecipeError("none dreams nothing; name another", key="network")
    spec.check_size(Size(request.size, request.size))
    if request.classes:
        return Atlas(request, spec, list(_classes(request, spec)))
    return Atlas(request, spec, list(_layers(request, spec)))


def _layers(request: AtlasRequest, spec: NetworkSpec) -> Iterator[Wanted]:
    """Each layer, or the channels of those that are named."""
    from dreamvid.dreaming.networks.layers import described_layers, layers

    size = (request.size, request.size)
    if not request.layers:
        for name in described_layers(request.network, size):
            yield Wanted(LayerTerm(layer=name), None, spec.looks.get(name, ""))
        return
    from dreamvid.dreaming.networks.activations import missing_layer
    from dreamvid.dreaming.ranking import checked_channels

    counts = {row.name: row.channels for row in layers(request.network, size)}
    for name in request.layers:
        if name not in counts:
            raise missing_layer(name, counts, spec)
        terms = [
            ChannelTerm(layer=name, channels=(number,))
            for number in request.channels or range(counts[name])
        ]
        checked_channels(terms, counts)
        yield from (Wanted(term, term.numbers[0]) for term in terms)


def _classes(request: AtlasRequest, spec: NetworkSpec) -> Iterator[Wanted]:
    from dreamvid.dreaming.gallery import class_count

    count = class_count(request.network)
    names = spec.classes or (imagenet_classes() if count == IMAGENET else ())
    asked: list[Any] = list(range(count)) if request.classes == (ALL,) else list(request.classes)
    for each in asked:
        wanted = ClassTerm(class_=each).class_
        number = class_number(wanted, count, spec.classes, spec.name)
        about = names[number].split(", ")[0] if len(names) == count else ""
        yield Wanted(ClassTerm(class_=wanted), number, about if isinstance(wanted, int) else "")
