"""Activations: the features of a network's layers for a picture, from which objectives are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dreamvid.dreaming.networks.folding import folded
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.tensorflow import keras, keras_seed, tf
from dreamvid.errors import NetworkError, suggestion
from dreamvid.networks.network_spec import NetworkSpec, Preprocess
from dreamvid.recipe import Network

Features = dict[str, tf.Tensor]
"""Activations of layers, float32 (N, h, w, C), by the layer's name."""


def activations(
    spec: NetworkSpec, network: Network, layers: Iterable[str]
) -> Callable[[tf.Tensor], Features]:
    """A differentiable function from pictures, (N, H, W, 3) float32 RGB on the 0–255 scale, to the
    features of `layers`. It includes the preprocessing.

    Inputs and outputs are float32; inside, the network computes in its precision. Only its part up
    to the deepest of `layers` is computed.

    Raises:
        NetworkError: an unknown layer, or weights that cannot be loaded.
    """
    full, names = load(spec, network), list(dict.fromkeys(layers))
    for layer in names:
        _check_layer(full, spec, layer)
    with keras_seed():
        model = folded(keras.Model(full.inputs, [full.get_layer(name).output for name in names]))
    model.trainable = False
    weights = [(variable, keras.ops.convert_to_numpy(variable)) for variable in model.variables]

    def features(pictures: tf.Tensor) -> Features:
        # As constants, so that oneDNN lays out the kernels once, and not at every step.
        frozen = [(variable, tf.constant(value)) for variable, value in weights]
        with keras.StatelessScope(state_mapping=frozen):
            outputs = model(preprocessed(pictures, spec.preprocess), training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        return {n: tf.cast(output, tf.float32) for n, output in zip(names, outputs, strict=True)}

    return features


def preprocessed(pictures: tf.Tensor, how: Preprocess) -> tf.Tensor:
    """Pictures (N, H, W, 3) RGB 0–255, preprocessed for the network."""
    if how.order == "bgr":
        pictures = tf.reverse(pictures, axis=[-1])
    return (pictures - tf.constant(how.mean)) / tf.constant(how.scale)


def _check_layer(model: keras.Model, spec: NetworkSpec, layer: str) -> None:
    """Raise NetworkError where a model has no layer of that name."""
    names = [known.name for known in model.layers]
    if layer not in names:
        default = ", ".join(name for name, _ in spec.objective)
        hint = suggestion(layer, names) or f"it dreams well on {default}"
        raise NetworkError(f"layer {layer}: network {spec.name} has none of that name", hint=hint)
