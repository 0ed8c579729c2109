"""How others take one step of a dream, for the bench: the same network, weights, picture and step.

Each maker returns `step(picture) -> picture`, float32 (H, W, 3) on the 0..255 scale, of one step of
ascent on the sum of the layers' means of squares.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dreamvid.networks.network_spec import Preprocess

Picture = NDArray[np.float32]
Step = Callable[[Picture], Picture]

SIZE = 1.5
"""Levels of a step, for a gradient of unit deviation."""
TILE = 512
JITTER = 32


def tutorial(model: keras.Model, wants: Preprocess) -> Step:
    """TensorFlow's DeepDream tutorial: one graph of float32, the whole picture at once."""

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3))])
    def graph(picture: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            height = _height(model, _fed(picture, wants))
        gradient = tape.gradient(height, picture)
        gradient = gradient / (tf.math.reduce_std(gradient) + 1e-8)
        return tf.clip_by_value(picture + SIZE * gradient, 0, 255)

    return lambda picture: graph(picture).numpy()


def google(model: keras.Model, wants: Preprocess) -> Step:
    """Google's notebook as it is written in TensorFlow: rolled, in tiles of 512 px, each tile's
    gradient called for from Python, and normalised once for all."""

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3))])
    def of_tile(tile: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(tile)
            height = _height(model, _fed(tile, wants))
        return tape.gradient(height, tile)

    def step(picture: Picture) -> Picture:
        down, right = np.random.default_rng(0).integers(-JITTER, JITTER + 1, 2)
        rolled = np.roll(picture, (down, right), (0, 1))
        gradient = np.zeros_like(rolled)
        for top in range(0, len(rolled), TILE):
            for left in range(0, rolled.shape[1], TILE):
                tile = rolled[top : top + TILE, left : left + TILE]
                gradient[top : top + TILE, left : left + TILE] = of_tile(tile).numpy()
        gradient = np.roll(gradient, (-down, -right), (0, 1))
        stepped: Picture = np.clip(picture + SIZE * gradient / (gradient.std() + 1e-8), 0, 255)
        return stepped

    return step


def _fed(picture: Any, wants: Preprocess) -> Any:
    """What the network is fed: here only ones that want RGB, every channel alike."""
    assert wants.order == "rgb"
    assert len(set(wants.mean)) == len(set(wants.scale)) == 1
    return (picture - wants.mean[0]) / wants.scale[0]


def _height(model: keras.Model, picture: tf.Tensor) -> tf.Tensor:
    outputs = model(picture[tf.newaxis], training=False)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return tf.add_n([tf.reduce_mean(tf.cast(one, tf.float32) ** 2) for one in outputs])


def pytorch(model: keras.Model, wants: Preprocess, *, quick: bool) -> Step:
    """PyTorch, eager: in float32 with channels first, as its DeepDreams run; or `quick`, with
    channels last under bfloat16 autocast.

    Raises:
        ImportError: PyTorch is not installed.
    """
    import torch

    layout = torch.channels_last if quick else torch.contiguous_format
    run = in_torch(model, layout)

    def step(picture: Picture) -> Picture:
        batch = torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous(memory_format=layout)
        batch.requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=quick):
            outputs = run(_fed(batch, wants))
        height = sum(one.float().pow(2).mean() for one in outputs)
        (gradient,) = torch.autograd.grad(height, batch)
        with torch.no_grad():
            stepped = (batch + SIZE * gradient / (gradient.std() + 1e-8)).clamp_(0, 255)
        result: Picture = stepped[0].permute(1, 2, 0).contiguous().numpy()
        return result

    return step


def in_torch(model: keras.Model, layout: Any) -> Callable[[Any], list[Any]]:
    """A Keras network of convolutions, batch norms, pools, joins and rectifiers, run by PyTorch.

    Raises:
        TypeError: it has a layer of another kind.
    """
    made = {id(model.inputs[0]): "picture"}
    plan = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        read = [made[id(one)] for one in keras.tree.flatten(layer.input)]
        made[id(layer.output)] = layer.name
        plan.append((layer.name, read, _torch_layer(layer, layout)))
    wanted = [made[id(one)] for one in model.outputs]
    last: dict[str, str] = {}
    for name, read, _ in plan:
        last |= dict.fromkeys(read, name)

    def run(batch: Any) -> list[Any]:
        values = {"picture": batch}
        for name, read, apply in plan:
            values[name] = apply(*(values[one] for one in read))
            for one in read:  # as a module's forward would let go of it
                if last[one] == name and one not in wanted:
                    values.pop(one, None)
        return [values[one] for one in wanted]

    return run


def _torch_layer(layer: keras.Layer, layout: Any) -> Callable[..., Any]:
    import torch
    import torch.nn.functional as F  # noqa: N812

    kinds = keras.layers
    if isinstance(layer, kinds.Conv2D):
        kernel = torch.from_numpy(np.array(layer.kernel).transpose(3, 2, 0, 1).copy())
        kernel = kernel.contiguous(memory_format=layout)
        bias = torch.from_numpy(np.array(layer.bias)) if layer.use_bias else None
        rectified = layer.activation is keras.activations.relu
        stride, pads = layer.strides, layer.padding == "same"

        def convolved(x: Any) -> Any:
            x, beside = _padded(x, layer.kernel_size, stride, 0.0) if pads else (x, 0)
            found = F.conv2d(x, kernel, bias, stride, beside)
            return F.relu(found) if rectified else found

        return convolved
    if isinstance(layer, kinds.DepthwiseConv2D):
        each = torch.from_numpy(np.array(layer.kernel).transpose(2, 3, 0, 1).copy())
        each = each.contiguous(memory_format=layout)

        def looked_around(x: Any) -> Any:
            pads = layer.padding == "same"
            x, beside = _padded(x, layer.kernel_size, layer.strides, 0.0) if pads else (x, 0)
            return F.conv2d(x, each, None, layer.strides, beside, groups=len(each))

        return looked_around
    if isinstance(layer, kinds.BatchNormalization):
        mean, variance = (
            torch.from_numpy(np.array(v)) for v in (layer.moving_mean, layer.moving_variance)
        )
        gain = torch.from_numpy(np.array(layer.gamma)) if layer.scale else None
        offset = torch.from_numpy(np.array(layer.beta)) if layer.center else None
        return lambda x: F.batch_norm(x, mean, variance, gain, offset, eps=layer.epsilon)
    if isinstance(layer, kinds.MaxPooling2D):

        def pooled(x: Any) -> Any:
            beside: Any = 0
            if layer.padding == "same":
                x, beside = _padded(x, layer.pool_size, layer.strides, float("-inf"))
            return F.max_pool2d(x, layer.pool_size, layer.strides, beside)

        return pooled
    if isinstance(layer, kinds.AveragePooling2D) and layer.strides == (1, 1):
        around = layer.pool_size[0] // 2
        return lambda x: F.avg_pool2d(x, layer.pool_size, 1, around, count_include_pad=False)
    if isinstance(layer, kinds.Concatenate):
        return lambda *x: torch.cat(x, 1)
    if isinstance(layer, kinds.Add):
        return lambda one, *others: sum(others, one)
    if isinstance(layer, kinds.ReLU) and layer.max_value == 6:
        return F.relu6
    if isinstance(layer, kinds.Activation | kinds.ReLU):
        return F.relu
    raise TypeError(f"{type(layer).__name__} is not known to the bench")


def _padded(x: Any, kernel: tuple[int, int], stride: tuple[int, int], value: float) -> Any:
    """As TensorFlow pads for "same": what is odd goes to the end. Even pads the kernel does."""
    import torch.nn.functional as F  # noqa: N812

    beside = []
    for length, wide, step in zip(x.shape[2:], kernel, stride, strict=True):
        beside.append(max(0, (-(-length // step) - 1) * step + wide - length))
    if all(one % 2 == 0 for one in beside):
        return x, tuple(one // 2 for one in beside)
    down, across = beside
    pads = (across // 2, across - across // 2, down // 2, down - down // 2)
    return F.pad(x, pads, value=value), 0
