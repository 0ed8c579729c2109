"""The two networks of ``train_pocket.py`` in PyTorch: the teacher, and what becomes ``pocket``."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

STEM = 64
SHARPENED = 0.25  # the share of the stem's answer to stripes of single pixels that ships
REDUCED_AFTER = ("weave", "faces")  # and after the stem


class Module(NamedTuple):
    """A squeeze to few channels, and two expansions from there: each cell, and 3x3 of them."""

    squeezed: int
    expanded: int  # channels of each of the two


MODULES = {
    "lines": Module(16, 32),
    "corners": Module(16, 32),
    "weave": Module(32, 64),
    "patterns": Module(32, 128),
    "eyes": Module(48, 192),
    "fur": Module(48, 192),
    "faces": Module(64, 256),
    "creatures": Module(64, 256),
}


class Tap(NamedTuple):
    """A module of the teacher and what the student has for it."""

    head: str
    width: int
    weight: float  # in the loss


TAPS = {
    "fire4": Tap("strokes", 256, 1.0),
    "fire5": Tap("patterns", 256, 1.0),
    "fire6": Tap("eyes", 384, 1.0),
    "fire7": Tap("fur", 384, 1.0),
    "fire8": Tap("faces", 512, 1.5),
    "fire9": Tap("creatures", 512, 1.5),
}
TAP_OF = {tap.head: name for name, tap in TAPS.items()}
HINTS = {  # the teacher's squeezes, and the student's module whose squeeze stands for each
    f"fire{number}/squeeze": name for number, name in enumerate(MODULES, 2)
}
FRONT = "fire5/squeeze"  # what everything that is deeper reads, and no head does
WIDTHS = {
    **{tap: one.width for tap, one in TAPS.items()},
    **{hint: MODULES[name].squeezed for hint, name in HINTS.items()},
}


class Teacher:
    """SqueezeNet 1.0: pictures (B, 3, H, W) in 0..255 to its modules before their ReLU.

    Even sizes only. The zeros lie where TensorFlow lays them, as the student's do, so that the
    centres of both networks' cells agree to half a pixel.
    """

    def __init__(self, path: Path, device: torch.device) -> None:
        arrays = np.load(path, allow_pickle=False)
        self.params: dict[str, tuple[Tensor, Tensor]] = {}
        for key in arrays.files:
            name, kind = key.rsplit("/", 1)
            if kind == "kernel":
                kernel = torch.from_numpy(arrays[key].transpose(3, 2, 0, 1).copy())
                bias = torch.from_numpy(arrays[name + "/bias"].copy())
                self.params[name] = (
                    kernel.to(device, torch.bfloat16, memory_format=torch.channels_last),
                    bias.to(device, torch.bfloat16),
                )
        self.mean = torch.tensor([104.0, 117.0, 123.0], device=device).view(1, 3, 1, 1)

    def _conv(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        kernel, bias = self.params[name]
        return F.conv2d(x, kernel, bias, stride, padding)

    def __call__(self, pictures: Tensor, last: str = "fire9") -> dict[str, Tensor]:
        """Every module and every squeeze up to ``last``, in bfloat16."""
        x = (pictures.flip(1) - self.mean).to(torch.bfloat16)
        x = halve(F.relu(self._conv(F.pad(x, (2, 3, 2, 3)), "conv1", 2)))
        taps = {}
        for fire in ("fire2", "fire3", *TAPS):
            taps[f"{fire}/squeeze"] = self._conv(x, f"{fire}/conv1x1_1")
            if last == f"{fire}/squeeze":
                break
            squeezed = F.relu(taps[f"{fire}/squeeze"])
            one = self._conv(squeezed, f"{fire}/conv1x1_2")
            three = self._conv(squeezed, f"{fire}/conv3x3_2", padding=1)
            x = torch.cat([one, three], 1)
            if fire in TAPS:
                taps[fire] = x
            if fire == last:
                break
            x = F.relu(x)
            if fire in ("fire4", "fire8"):
                x = halve(x)
        return taps


def halve(x: Tensor) -> Tensor:
    """The maximum over 3x3 with stride 2 of values that are at least 0, as TensorFlow's 'same'."""
    return F.max_pool2d(x, 3, 2, ceil_mode=True)


def softened(kernel: Tensor) -> Tensor:
    """A kernel with :data:`SHARPENED` of its answer to stripes of single pixels."""
    size = kernel.shape[-1]
    stripes = torch.tensor([1.0, -1.0]).repeat(size // 2).to(kernel)
    keep = torch.eye(size).to(kernel) - (1 - SHARPENED) / size * torch.outer(stripes, stripes)
    return keep @ kernel @ keep


class ConvNorm(nn.Module):  # type: ignore[misc]
    """The stem, or a squeeze: a convolution and batch norm.

    The stem's kernel is blurred by 2x2, and so one pixel larger. Such a kernel has no answer to
    stripes of single pixels, and so its gradient contains none. But the teacher's has: ``sharp`` is
    what a last stage adds, and all that it can add is an answer to these.
    """

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, size, size))
        nn.init.kaiming_normal_(self.weight)
        if size > 1:
            self.sharp = nn.Parameter(torch.zeros(outputs, inputs, size + 1, size + 1))
        self.norm = nn.BatchNorm2d(outputs, momentum=0.05)

    def kernel(self) -> Tensor:
        """The kernel as applied."""
        if self.weight.shape[-1] == 1:
            return self.weight
        return F.avg_pool2d(F.pad(self.weight, (1, 1, 1, 1)), 2, 1) + self.sharp

    def forward(self, x: Tensor) -> Tensor:
        """The normalised convolution of ``x``; the stem's has stride 2."""
        if self.weight.shape[-1] == 1:
            x = F.conv2d(x, self.weight)
        else:
            x = F.conv2d(x, self.kernel(), None, 2, 2)
        return self.norm(x)


class Student(nn.Module):  # type: ignore[misc]
    """The network that ships; ``dreamvid/dream/pocket.py`` says the same in Keras."""

    def __init__(self, scales: dict[str, Tensor] | None = None) -> None:
        super().__init__()
        parts: dict[str, nn.Module] = {"stem": ConvNorm(3, STEM, 5)}
        width = STEM
        for name, (squeezed, expanded) in MODULES.items():
            parts[f"{name}_squeeze"] = ConvNorm(width, squeezed, 1)
            parts[f"{name}_point"] = nn.Conv2d(squeezed, expanded, 1)
            parts[f"{name}_mix"] = nn.Conv2d(squeezed, expanded, 3, padding=1)
            width = 2 * expanded
            if name == "weave":
                parts["strokes"] = nn.Conv2d(width, TAPS["fire4"].width, 1)
        for name, part in parts.items():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
                nn.init.zeros_(part.bias)
                if name in TAP_OF or name.split("_")[0] in TAP_OF:
                    part.weight.data.mul_(0.5)
        self.parts = nn.ModuleDict(parts)
        for tap, width in WIDTHS.items():  # the spread of every channel of the teacher
            scale = torch.ones(width) if scales is None else scales[tap]
            self.register_buffer(f"scale_{tap.replace('/', '_')}", scale.detach().clone())

    def scale(self, tap: str) -> Tensor:
        """The spread of every channel of a tap or hint, (1, C, 1, 1)."""
        return getattr(self, f"scale_{tap.replace('/', '_')}").view(1, -1, 1, 1)

    def forward(
        self, pictures: Tensor, last: str = "fire9", given: dict[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """The heads and squeezes before their ReLU, in units of the channel's spread.

        With ``given``, the teacher's modules in the same units, the first half of the pictures
        goes on from those after each head, as if the student had answered just so.
        """
        taps = {}
        x = halve(F.relu(self.parts["stem"](pictures / 127.5 - 1)))
        for hint, name in HINTS.items():
            taps[hint] = self.parts[f"{name}_squeeze"](x)
            if last == hint:
                break
            y = F.relu(taps[hint])
            x = torch.cat([self.parts[f"{name}_point"](y), self.parts[f"{name}_mix"](y)], 1)
            tap = TAP_OF.get(name)
            if tap:
                taps[tap] = x
            if tap == last:
                break
            if tap and given:
                half = len(x) // 2
                x = torch.cat([given[tap][:half], x[half:]])
            x = F.relu(x)
            if name == "weave" and last != FRONT:
                taps["fire4"] = self.parts["strokes"](x)
                if last == "fire4":
                    break
            if name in REDUCED_AFTER:
                x = halve(x)
        return taps

    def arrays(self) -> dict[str, np.ndarray]:
        """Kernels (HWIO) and biases in float16, batch norm and spreads folded in."""
        found: dict[str, np.ndarray] = {}

        def put(name: str, kernel: Tensor, bias: Tensor | None) -> None:
            pairs = {"kernel": kernel.permute(2, 3, 1, 0), "bias": bias}
            for key, value in pairs.items():
                if value is not None:
                    array = value.detach().cpu().float().numpy().astype(np.float16)
                    found[f"{name}/{key}"] = array

        put("fold", torch.eye(12).view(12, 2, 2, 3).permute(0, 3, 1, 2), None)
        spread: Tensor | None = None  # of what the next squeeze reads
        for name, part in self.parts.items():
            if isinstance(part, ConvNorm):
                norm = part.norm
                gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                kernel = part.kernel() * gain[:, None, None, None]
                bias = norm.bias - norm.running_mean * gain
                if spread is not None:
                    kernel = kernel / spread[None, :, None, None]
                if name == "stem":  # on 2x2 pixels folded into one cell of 12 values
                    kernel = softened(kernel).unflatten(3, (3, 2)).unflatten(2, (3, 2))
                    put(name, kernel.permute(0, 3, 5, 1, 2, 4).flatten(1, 3), bias)
                elif name == "lines_squeeze":
                    put(name, kernel, bias)
                else:  # what it reads comes in two halves, and so does its kernel
                    one, other = kernel.chunk(2, 1)
                    put(f"{name}_point", one, bias)
                    put(f"{name}_mix", other, None)
                continue
            module, _, kind = name.partition("_")
            scale = self.scale(TAP_OF[module]).flatten() if module in TAP_OF else None
            if module != "strokes":
                spread = scale
            if scale is not None and kind:
                one, other = scale.chunk(2)
                scale = one if kind == "point" else other
            gain = torch.ones_like(part.bias) if scale is None else scale
            put(name, part.weight * gain[:, None, None, None], part.bias * gain)
        return found
