"""The judge of a dream's strength: the network that is named, or the one that dreamed the film.

What a film says of its network is a stranger's word: it names one of the catalogue and its layers,
opens no file and fetches nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dreamvid.dreaming.objective import Objective
from dreamvid.errors import NetworkError
from dreamvid.frame import Frame, Size
from dreamvid.networks.defaults import dream_values
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import spec
from dreamvid.recipe import Dream, LayerTerm, Network, Term
from dreamvid.recipe.schedule import Schedule
from dreamvid.rendering.embedded import Embedded
from dreamvid.rendering.manifest import identity, weights_file

Terms = tuple[Term, ...] | None

WEIGHTS = "network.weights"
"""The key under which a film lists the file that its weights were in."""

MOST_SHOWN = 100
"""Letters of the name of a file that a film lists."""


@dataclass(frozen=True)
class Judge:
    """What tells a frame's J, or why nothing does.

    Attributes:
        name: the network and its layers, in words; "" where none judges.
        dreamed: whether that network dreamed the film; None where the film does not say, and where
            none judges.
        notes: in words, what is to be known of the choice.
        objective: J of a frame (H, W, 3); None where none judges.
    """

    name: str = ""
    dreamed: bool | None = None
    notes: tuple[str, ...] = ()
    objective: Callable[[Frame], float] | None = None


def find_judge(
    noted: Embedded | None,
    size: tuple[int, int],
    *,
    name: str | None = None,
    weights: str | None = None,
    layers: Terms = None,
) -> Judge:
    """The judge of a film.

    Args:
        noted: what the film says of itself, if it does.
        size: (width, height) of its frames.
        name: the network that is to judge; "none": none; None: the one that dreamed the film or,
            where the film does not say, the default network.
        weights: its weights, as in a recipe; None: those that it dreamed with, or its own. Nothing
            is fetched unless `name` or `weights` asks for it.
        layers: the layers that judge; None: those that it dreamed on, or its own.

    Raises:
        NetworkError: what is asked for cannot be had, or takes no frame as small as these.
        MediaError: the file of weights cannot be read.
    """
    if name == "none":
        return Judge()
    if noted is not None and not _believable(noted):
        noted = None
    if name is not None:
        network = Network(name=name, weights=weights, precision="float32")
        judge = _judge(network, Dream(objective=layers), size)
        return replace(judge, dreamed=_dreamed(noted, network))
    if noted is not None:
        try:
            return _dreamer(noted, size, weights, layers)
        except NetworkError:
            if weights is not None or layers is not None:
                raise
    network = Network(weights=weights, precision="float32")
    return _judge(network, Dream(objective=layers), size)


def _believable(noted: Embedded) -> bool:
    """Whether a film names a network that there is, weights that it may have, and layers that may
    be shown."""
    said, terms = noted.recipe.network, noted.recipe.dream.objective or ()
    try:
        own = None if said.name == "none" else spec(said.name)
    except NetworkError:
        return False
    fits = own is None or said.weights != "imagenet" or own.weights == "imagenet"
    return fits and all(term.layer.isprintable() for term in terms)


def _dreamer(noted: Embedded, size: tuple[int, int], weights: str | None, layers: Terms) -> Judge:
    """The network that dreamed a film as its judge, with other weights or layers if they are said.

    Raises:
        NetworkError: what the film says cannot be, or what `weights` or `layers` say.
    """
    said, climbed = noted.recipe.network, noted.recipe.dream
    if said.name == "none":
        return _left_out("network none made the film, and dreams nothing; --judge NAME takes one")
    own = spec(said.name)
    network = Network(name=own.name, weights=weights or said.weights, precision="float32")
    dream = Dream(objective=layers or climbed.objective, power=climbed.power)
    if weights is not None:
        judge = _judge(network, dream, size)
        return replace(judge, dreamed=_dreamed(noted, network))
    origin = said.weights or own.weights
    if noted.name_of(WEIGHTS) or origin == "file":
        return _left_out(_of_a_file(own, noted.name_of(WEIGHTS)))
    if origin == "imagenet":
        if own.fetched is None:
            return _left_out(
                f"the weights of {own.name}, which dreamed the film, would have to be fetched; "
                f"--judge {own.name} fetches them, {_from_a_file(own)}"
            )
        # As a file, for Keras would fetch anew what is broken in its cache.
        network = network.model_copy(update={"weights": str(own.fetched)})
    try:
        return replace(_judge(network, dream, size), dreamed=True)
    except NetworkError as error:
        if origin != "imagenet" or not str(error).startswith("weights "):
            raise
        return _left_out(
            f"the weights of {own.name}, which dreamed the film, are broken in Keras's cache; "
            f"--judge {own.name} fetches them anew, {_from_a_file(own)}"
        )


def _left_out(why: str) -> Judge:
    return Judge(notes=(f"strength is not measured: {why}",))


def _of_a_file(own: NetworkSpec, name: str | None) -> str:
    """Whoever made the film chose the name of its file: no line may break."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name or "")
    named = f", {shown[:MOST_SHOWN]}" if shown else ""
    return f"{own.name} dreamed the film with weights in a file{named}; {_from_a_file(own)}"


def _from_a_file(own: NetworkSpec) -> str:
    return f"--judge {own.name} --weights FILE takes them from a file"


def _judge(network: Network, dream: Dream, size: tuple[int, int]) -> Judge:
    """A network and its J of what a dream climbs."""
    steady, notes = _steady(dream.objective)
    known = spec(network.name)
    known.check_size(Size(*size))
    dream = dream.model_copy(update={"objective": steady})
    values = dream_values(dream, known, carries=False)
    terms, power = values["objective"], values["power"]
    from dreamvid.dreaming.objectives import measure, objective

    measured = measure(objective(known, network, terms, power))
    weights = [term.weight for term in terms]
    name = f"{known.name}: {', '.join(str(Objective((term,))) for term in terms)}"
    return Judge(name, None, notes, lambda frame: measured(frame, weights))


def _steady(terms: Terms) -> tuple[Terms, tuple[str, ...]]:
    """Terms by which every frame is judged alike, and in words what had to be done for it."""
    varied = [term.layer for term in terms or () if isinstance(term.weight, Schedule)]
    if terms is None or not varied:
        return terms, ()
    steady = tuple(
        LayerTerm(layer=term.layer) if isinstance(term.weight, Schedule) else term for term in terms
    )
    return steady, (f"weights that change over the film judge as 1: {', '.join(varied)}",)


def _dreamed(noted: Embedded | None, network: Network) -> bool | None:
    """Whether a network, its weights at hand, is the one that a film says dreamed it.

    Weights of other origin count as the same where nothing tells that they are not: a file may
    hold ImageNet's.
    """
    if noted is None:
        return None
    said = noted.recipe.network
    if said.name == "none" or spec(said.name).name != spec(network.name).name:
        return False
    file, hashes = weights_file(network), noted.hashes_of(WEIGHTS)
    if file is not None and hashes:
        return identity(WEIGHTS, file)["sha256"] in hashes
    return (network.weights == "random") == (said.weights == "random")
