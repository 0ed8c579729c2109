"""The command `atlas`: sheets of what layers, channels and classes dream."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dreamvid.cli.messages import say, warnings_shown
from dreamvid.cli.options import typed
from dreamvid.recipe.load import validated
from dreamvid.recipe.preprocessing import PREPROCESSING
from dreamvid.rendering.atlas_request import AtlasRequest

if TYPE_CHECKING:
    from dreamvid.rendering.atlas import Made

PAGES = (".html", ".htm")
"""File extensions of a page for a browser; others are pictures."""


def atlas_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """Make an atlas, or go on with one."""
    request = validated(AtlasRequest, typed(name, summary, AtlasRequest(), argv))
    with warnings_shown(request.quiet):
        for path in _made(request):
            print(path)
    return 0


def _made(request: AtlasRequest) -> list[Path]:
    """Make the atlas, and write its files; their paths."""
    from dreamvid.cli.progress import bar, stop_after_this_frame
    from dreamvid.plots.atlas_sheet import pages
    from dreamvid.rendering.atlas import plan_atlas
    from dreamvid.rendering.estimate import Pace

    _check(_paths(request.output, 1), request)  # before anything is loaded
    atlas = plan_atlas(request)
    total = len(atlas.wanted)
    paths = _paths(request.output, len(pages(total, request.size)))
    _check(paths, request)
    _ = atlas.canvas  # an unreadable source ends it here
    made: list[Made] = []
    done = 0 if request.restart else atlas.done
    if done and not request.quiet:
        say(f"{request.output}: {done} of {total} pictures are there already")
    pace = Pace()
    try:
        with (
            stop_after_this_frame() as stopping,
            bar(request.output, total, pace, quiet=request.quiet, unit="picture") as shown,
        ):
            for each in atlas.make():
                made.append(each)
                if len(made) > done:
                    pace.note(time.monotonic())
                shown(len(made))
                stopping.may_wait = True
                if stopping.stop and len(made) < total:
                    raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        error.add_note("; the pictures done are kept: run the same command again to go on")
        raise
    _write(request, atlas.spec.name, made, paths)
    atlas.finish()
    return paths


def _write(request: AtlasRequest, network: str, made: list[Made], paths: list[Path]) -> None:
    from dreamvid.media.durable import atomic_write
    from dreamvid.media.outputs import write_picture
    from dreamvid.plots.atlas_page import draw_atlas_page
    from dreamvid.plots.atlas_sheet import caption, draw_page, pages, shown

    on = "noise" if request.source is None else request.source.name
    tiles = [(each, shown(each.picture, noise=request.source is None)) for each in made]
    title, flags = f"{network} on {on}: {_what(request)}", _network_flags(request)
    if request.output.suffix.lower() in PAGES:
        with atomic_write(request.output) as file:
            file.write(draw_atlas_page(title, flags, tiles).encode())
        return
    listed = pages(len(tiles), request.size)
    for number, (page, path) in enumerate(zip(listed, paths, strict=True), 1):
        of = f" (page {number} of {len(listed)})" if len(listed) > 1 else ""
        cells = [(caption(tiles[index][0]), tiles[index][1]) for index in page]
        pasted = f"{flags} --layers CAPTION".strip()
        write_picture(path, draw_page(f"{title}; {pasted}{of}", cells), request.overwrite)


def _what(request: AtlasRequest) -> str:
    """What the pictures are of."""
    if request.classes:
        return "classes"
    return f"channels of {', '.join(request.layers)}" if request.layers else "layers"


def _network_flags(request: AtlasRequest) -> str:
    """The flags that name the network, "" of the default one."""
    network = request.network
    usual = {each: name for name, each in PREPROCESSING.items()}
    stated = {
        "--network": None if network.name == type(network)().name else network.name,
        "--weights": network.weights,
        "--preprocess": usual.get(network.preprocess) if network.preprocess else None,
    }
    return " ".join(f"{flag} {shlex.quote(value)}" for flag, value in stated.items() if value)


def _paths(output: Path, count: int) -> list[Path]:
    """The files: the output, or one for each page."""
    from dreamvid.names import derived

    if count == 1 or output.suffix.lower() in PAGES:
        return [output]
    numbers = range(1, count + 1)
    return [derived(output.parent, output.stem, f"-{number}", output.suffix) for number in numbers]


def _check(paths: list[Path], request: AtlasRequest) -> None:
    """Raise OutputError where a file cannot be written."""
    from dreamvid.media.output_checks import check_page, check_picture

    inputs = [request.source] if request.source else []
    for path in paths:
        check = check_page if path.suffix.lower() in PAGES else check_picture
        check(path, inputs, request.overwrite)
