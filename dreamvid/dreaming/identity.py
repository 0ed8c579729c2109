"""What a dreamer is known by, so that a render can tell whether another is the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import Dream, Network


def identity_of(spec: NetworkSpec, network: Network, dream: Dream, seed: int) -> str:
    """A hash of what dreams depend on; empty where nothing tells: for a network whose `build` is a
    function, or weights in a file that cannot be read."""
    weights = network.weights or spec.weights
    if callable(spec.build):
        return ""
    if spec.packaged and weights == "package":
        weights = spec.packaged.sha256
    elif weights not in ("imagenet", "random", "build"):
        try:
            weights = hashlib.sha256(Path(weights).read_bytes()).hexdigest()
        except OSError:
            return ""
    parts = {
        "network": spec.name,
        "build": spec.build,
        "weights": weights,
        "precision": network.precision,
        "seed": seed,
        "dream": dream.model_dump(mode="json", warnings=False),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
