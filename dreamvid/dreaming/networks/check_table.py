"""The check of a network on the seed picture, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dreamvid.dreaming.networks.check import check
from dreamvid.dreaming.networks.layers import described_layers, layers
from dreamvid.frame import Size
from dreamvid.media.read import read_picture
from dreamvid.media.resize import resize_area
from dreamvid.networks.registry import looked_at
from dreamvid.recipe import Network

SEED = Path(__file__).parents[2] / "seeds" / "clouds.jpg"
"""The picture."""

SIZE = Size(480, 270)
"""The size at which it is shown to the network."""


def check_lines(network: Network, *, all: bool = False) -> Iterator[str]:
    """The check of a network on the seed picture of dreamvid, as lines.

    Args:
        all: every layer's answers, not only of those whose dreams are described.

    Raises:
        NetworkError: as `check`.
    """
    spec = looked_at(network)
    names = described_layers(network, Size(spec.min_size, spec.min_size))
    if all:
        names = [row.name for row in layers(network, (spec.min_size, spec.min_size))]
    picture = resize_area(read_picture(SEED), SIZE)
    result = check(spec, network, picture, names)
    width = max(len(each.layer) for each in result.answers)
    yield f"{spec.name} on {SEED.name} at {SIZE}, preprocessing {result.name}"
    yield f"  {'layer':{width}}        mean  answers  silent channels"
    for each in result.answers:
        yield (
            f"  {each.layer:{width}}  {each.mean:>10.4g}  {each.share:>7.0%}  "
            f"{each.silent} of {each.channels}"
        )
    yield result.verdict
