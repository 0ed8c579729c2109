"""The commands `layers` and `report`, which render nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from dreamvid.cli.messages import warnings_shown
from dreamvid.cli.options import typed
from dreamvid.errors import RecipeError
from dreamvid.recipe import Network, Section
from dreamvid.recipe.fields import Flag, Size
from dreamvid.recipe.load import validated
from dreamvid.recipe.preprocessing import PREPROCESSING
from dreamvid.report.request import STDOUT, Request

if TYPE_CHECKING:
    from dreamvid.report.gallery import Gallery
    from dreamvid.report.summary import Report


class Listing(Section):
    """The options of `dreamvid layers`."""

    network: Annotated[str | None, Flag(metavar="NAME|FILE")] = Field(
        None, description="Network whose layers are listed. Without it the networks are."
    )
    weights: Annotated[str | None, Flag(metavar="FILE")] = Field(
        None, description="A complete model (.keras) in place of the network's own."
    )
    preprocess: Annotated[str | None, Flag(metavar="|".join(PREPROCESSING))] = Field(
        None, description="What the network takes, for --check. Default: as is known of it."
    )
    size: Size = Field(
        (640, 360), description="Picture size for which the layers' sizes are given."
    )
    all: bool = Field(
        False, description="List every layer, not only those that have a description."
    )
    check: bool = Field(
        False,
        description="Show how the layers answer to a picture of clouds, and whether the network is "
        "fed what it was trained on.",
    )


def layers_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """List the networks, or one network's layers."""
    listing = validated(Listing, typed(name, summary, Listing(), argv))
    with warnings_shown():
        for line in _layer_lines(listing):
            print(line)
    return 0


def _layer_lines(listing: Listing) -> Iterator[str]:
    if listing.network is None and not listing.check:
        if listing.all or listing.weights:
            raise RecipeError("name the network whose layers are listed", key="network")
        from dreamvid.networks.registry import network_lines

        yield from network_lines()
        return

    data = listing.model_dump(include={"weights", "preprocess"})
    network = Network(**data, **({"name": listing.network} if listing.network else {}))
    if listing.check:
        from dreamvid.dreaming.networks.check_table import check_lines

        yield from check_lines(network, all=listing.all)
        return
    from dreamvid.dreaming.networks.layers import layer_lines

    yield from layer_lines(network, listing.size, all=listing.all)


def report_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """Measure the flicker and drift of a film, or the strength of a still."""
    request = validated(Request, typed(name, summary, Request(), argv))
    dreamed, _ = request.named
    from dreamvid.cli.progress import counted
    from dreamvid.report.compare import report

    with warnings_shown():
        measured = report(request, lambda steps, total: counted(steps, total, dreamed))
    for line in report_lines(request, *measured):
        print(line)
    return 0


def report_lines(request: Request, result: Report, gallery: Gallery | None) -> Iterator[str]:
    """Write the requested files, and yield the lines for standard output."""
    from dreamvid.media.outputs import write_json, write_picture
    from dreamvid.plots.report import draw
    from dreamvid.report.summary import lines

    if request.plot is not None and gallery is not None:
        write_picture(request.plot, draw(result, gallery), request.overwrite)
    if request.numbers == STDOUT:
        yield result.json()
        return
    if request.numbers is not None:
        write_json(request.numbers, result.json() + "\n", request.overwrite)
    yield from lines(result)
