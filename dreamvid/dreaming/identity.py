"""A dreamer's identity: a hash by which a resumed render checks that its dreamer is the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import Dream, Network


def identity_of(spec: NetworkSpec, network: Network, dream: Dream, seed: int) -> str:
    """A hash of everything that the dreams depend on; empty where that cannot be hashed: `build` is
    a function, or the file of weights or a guide cannot be read."""
    weights, name = network.weights or spec.weights, spec.name
    if callable(spec.build):
        return ""
    if spec.weights == "model":
        weights, name = spec.name, ""
    files = [path for term in dream.objective or () for path in term.files]
    try:
        if spec.packaged and weights == "package":
            weights = spec.packaged.sha256
        elif weights not in ("imagenet", "random", "build"):
            weights = _hash(Path(weights))
        guides = [_hash(path) for path in files]
    except OSError:
        return ""
    parts = {
        "network": name,
        "build": spec.build,
        "weights": weights,
        "preprocess": [spec.preprocess.mean, spec.preprocess.scale, spec.preprocess.order],
        "precision": network.precision,
        "seed": seed,
        "dream": dream.model_dump(mode="json", warnings=False),
        "guides": guides,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
