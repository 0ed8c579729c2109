"""Files with a whole Keras model, architecture and weights: `.keras`, and the older `.h5`."""

from __future__ import annotations

from pathlib import Path

from dreamvid.dreaming.networks.weights import check_model
from dreamvid.dreaming.tensorflow import keras, keras_seed
from dreamvid.errors import NetworkError


def read_model(path: Path, what: str) -> keras.Model:
    """The model in a file, for pictures of any size.

    Args:
        what: how errors call the file.

    Raises:
        NetworkError: there is no such file; it contains code, or is damaged; or the model takes no
            pictures of three channels.
    """
    check_model(path, what, lambda name: keras.saving.get_registered_object(name) is not None)
    try:
        # Safe mode refuses models that contain code (Lambda layers).
        with keras_seed():
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise NetworkError(
            f"{what} {path}: not a model that Keras loads safely: {reason(error)}", path=path
        ) from None
    if not _takes_pictures(model):
        raise NetworkError(
            f"{what} {path}: takes no pictures of shape (height, width, 3)", path=path
        )
    try:
        return any_size(model)
    except Exception as error:
        raise NetworkError(
            f"{what} {path}: cannot be made to take pictures of any size: {reason(error)}",
            path=path,
        ) from None


def _takes_pictures(model: keras.Model) -> bool:
    """Whether a model has one input, pictures of three channels."""
    inputs = getattr(model, "inputs", None) or []
    return len(inputs) == 1 and len(inputs[0].shape) == 4 and inputs[0].shape[-1] == 3


def any_size(model: keras.Model) -> keras.Model:
    """The model for pictures of any size. What cannot take any, such as a classifier that flattens
    its features, is left out."""
    if None in model.inputs[0].shape[1:3]:
        return model
    try:
        return _resized(model)
    except ValueError:
        fields = [
            layer for layer in model.layers[1:] if len(getattr(layer.output, "shape", ())) == 4
        ]
        if not fields:
            raise
        return _resized(keras.Model(model.inputs[0], fields[-1].output, name=model.name))


def _resized(model: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(model, input_tensors=keras.Input((None, None, 3)))
    copy.set_weights(model.get_weights())
    return copy


def reason(error: Exception) -> str:
    """The first line of an error's message."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
