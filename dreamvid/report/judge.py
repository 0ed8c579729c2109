"""The judge of a dream's strength: a network given by name, or the one that dreamed the film.

The recipe embedded in a film is not trusted: it may name a registered network and its layers, but
it opens no file and downloads nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dreamvid.dreaming.objective import Objective
from dreamvid.errors import NetworkError
from dreamvid.frame import Frame, Size
from dreamvid.networks.defaults import dream_values
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import spec, spec_of
from dreamvid.recipe import Dream, GuideTerm, Network, Term
from dreamvid.recipe.schedule import Schedule
from dreamvid.rendering.embedded import Embedded
from dreamvid.rendering.manifest import MODEL, WEIGHTS, identity, weights_file

Terms = tuple[Term, ...] | None

MOST_SHOWN = 100
"""Most characters shown of a file name from a film."""


@dataclass(frozen=True)
class Judge:
    """The network that measures J of frames, or the reason why there is none.

    Attributes:
        name: the network and its layers, for people; "" if none judges.
        dreamed: whether that network dreamed the film; None if unknown, or if none judges.
        notes: remarks on the choice, for people.
        objective: J of a frame (H, W, 3); None if none judges.
    """

    name: str = ""
    dreamed: bool | None = None
    notes: tuple[str, ...] = ()
    objective: Callable[[Frame], float] | None = None


def find_judge(
    origin: Embedded | None,
    size: tuple[int, int],
    *,
    name: str | None = None,
    weights: str | None = None,
    layers: Terms = None,
) -> Judge:
    """Choose the judge of a film.

    Args:
        origin: the data embedded in the film, if any.
        size: (width, height) of its frames.
        name: the judging network; "none": no judge; None: the one that dreamed the film or, if that
            is unknown, the default network.
        weights: its weights, as in a recipe; None: those that dreamed the film, or its own.
            Nothing is downloaded unless `name` or `weights` requires it.
        layers: the judging layers; None: those that the film was dreamed on, or its own.

    Raises:
        NetworkError: the network is not available, or the frames are too small for it.
        MediaError: the weights file cannot be read.
    """
    if name == "none":
        return Judge()
    if origin is not None and not _believable(origin):
        origin = None
    if name is not None:
        network = Network(name=name, weights=weights, precision="float32")
        judge = _judge(network, Dream(objective=layers), size)
        return replace(judge, dreamed=_dreamed(origin, network))
    if origin is not None:
        try:
            return _dreamer(origin, size, weights, layers)
        except NetworkError:
            if weights is not None or layers is not None:
                raise
    network = Network(weights=weights, precision="float32")
    return _judge(network, Dream(objective=layers), size)


def _believable(origin: Embedded) -> bool:
    """Whether a film names a known network, with weights that it can have and printable layers."""
    if origin.name_of(MODEL):  # the recipe that is left names the default network
        return False
    network, terms = origin.recipe.network, origin.recipe.dream.objective or ()
    try:
        known = None if network.name == "none" else spec(network.name)
    except NetworkError:
        return False
    fits = known is None or network.weights != "imagenet" or known.weights == "imagenet"
    return fits and all(term.name.isprintable() for term in terms)


def _dreamer(origin: Embedded, size: tuple[int, int], weights: str | None, layers: Terms) -> Judge:
    """The network that dreamed a film as its judge, with other weights or layers if given.

    Raises:
        NetworkError: the network, weights or layers are not available.
    """
    embedded, settings = origin.recipe.network, origin.recipe.dream
    if embedded.name == "none":
        return _left_out("network none made the film, and dreams nothing; --judge NAME takes one")
    known = spec(embedded.name)
    network = embedded.model_copy(
        update={"weights": weights or embedded.weights, "precision": "float32"}
    )
    dream = Dream(objective=layers or settings.objective, power=settings.power)
    if weights is not None:
        judge = _judge(network, dream, size)
        return replace(judge, dreamed=_dreamed(origin, network))
    kind = embedded.weights or known.weights
    if origin.name_of(WEIGHTS) or kind == "file":
        return _left_out(_weights_in_file(known, origin.name_of(WEIGHTS)))
    if kind == "imagenet":
        if known.fetched is None:
            return _left_out(
                f"the weights of {known.name}, which dreamed the film, would have to be "
                f"downloaded; "
                f"--judge {known.name} downloads them, {_from_file(known)}"
            )
        # As a file, since Keras would download a broken cached file again.
        network = network.model_copy(update={"weights": str(known.fetched)})
    try:
        return replace(_judge(network, dream, size), dreamed=True)
    except NetworkError as error:
        if kind != "imagenet" or not str(error).startswith("weights "):
            raise
        return _left_out(
            f"the weights of {known.name}, which dreamed the film, are broken in Keras's cache; "
            f"--judge {known.name} downloads them again, {_from_file(known)}"
        )


def _left_out(why: str) -> Judge:
    return Judge(notes=(f"strength is not measured: {why}",))


def _weights_in_file(known: NetworkSpec, name: str | None) -> str:
    """Explain why weights in a file do not judge. The file name is untrusted: no line breaks."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name or "")
    suffix = f", {shown[:MOST_SHOWN]}" if shown else ""
    return f"{known.name} dreamed the film with weights in a file{suffix}; {_from_file(known)}"


def _from_file(known: NetworkSpec) -> str:
    return f"--judge {known.name} --weights FILE takes them from a file"


def _judge(network: Network, dream: Dream, size: tuple[int, int]) -> Judge:
    """A judge that measures the objective of a dream by a network."""
    known_terms, left = _at_hand(dream.objective)
    steady, notes = _steady(known_terms)
    known = spec_of(network)
    known.check_size(Size(*size))
    dream = dream.model_copy(update={"objective": steady})
    values = dream_values(dream, known, carried=None)
    terms, power = values["objective"], values["power"]
    from dreamvid.dreaming.objectives import ObjectiveFunction, measure

    measured = measure(ObjectiveFunction(known, network, terms, power))
    weights = [term.weight for term in terms]
    name = f"{known.name}: {', '.join(str(Objective((term,))) for term in terms)}"
    return Judge(name, None, (*left, *notes), lambda frame: measured(frame, weights))


def _at_hand(terms: Terms) -> tuple[Terms, tuple[str, ...]]:
    """Terms without the guides whose files a film only names, None where no other is left, and a
    note on that."""
    kept = tuple(t for t in terms or () if not (isinstance(t, GuideTerm) and t.guide is None))
    if len(kept) == len(terms or ()):
        return terms, ()
    return kept or None, ("guides do not judge, as a film holds none: name them with --layers",)


def _steady(terms: Terms) -> tuple[Terms, tuple[str, ...]]:
    """Terms with constant weights, which judge every frame alike, and notes on what was changed."""
    varied = [term.name for term in terms or () if isinstance(term.weight, Schedule)]
    if terms is None or not varied:
        return terms, ()
    steady = tuple(
        term.model_copy(update={"weight": 1.0}) if isinstance(term.weight, Schedule) else term
        for term in terms
    )
    return steady, (f"weights that change over the film judge as 1: {', '.join(varied)}",)


def _dreamed(origin: Embedded | None, network: Network) -> bool | None:
    """Whether a network is the one that dreamed a film; None if unknown.

    Weights of different origin count as the same unless hashes differ or only one is random: a
    file may hold the ImageNet weights.
    """
    if origin is None:
        return None
    embedded = origin.recipe.network
    if embedded.name == "none" or spec(embedded.name).name != spec(network.name).name:
        return False
    file, hashes = weights_file(network), origin.hashes_of(WEIGHTS)
    if file is not None and hashes:
        return identity(WEIGHTS, file)["sha256"] in hashes
    return (network.weights == "random") == (embedded.weights == "random")
