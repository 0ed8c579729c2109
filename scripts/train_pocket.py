"""Train ``pocket``, the embedded network, by distilling a SqueezeNet.

    python scripts/train_pocket.py --teacher squeezenet.npz --pictures DIR [DIR ...]
        --minutes 75 --out dreamvid/dream/pocket.npz

PyTorch is needed here only: the shipped network is built by ``dreamvid/dream/pocket.py``
from the arrays that this script writes. It runs on a CPU in bfloat16 or on a GPU
unchanged, saves its state every few minutes, and goes on from there when started again.

The student learns the teacher's six deepest modules channel by channel, every channel
divided by its own spread, before its rectifier (which is made leaky on both sides, so that
a channel that is off still teaches). Nearly half of what it sees are dreams: half of them
ascend the teacher, half the student itself, so that what the student believes in is shown
to the teacher and corrected.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from pocket_pictures import Pictures, Pools, photographs
from torch import Tensor, nn

SIZE = 128
SLOPE = 0.1  # of both rectifiers below zero, in training only
STAGES = {"s4": (64, 32, 2), "s8": (192, 64, 6), "s16": (320, 96, 3)}


class Tap(NamedTuple):
    """A module of the teacher and what the student has for it."""

    head: str
    width: int
    after: str  # the student's block that the head reads
    weight: float  # in the loss


TAPS = {
    "fire4": Tap("strokes", 256, "s4_block2", 0.5),
    "fire5": Tap("patterns", 256, "s8_block2", 1.0),
    "fire6": Tap("eyes", 384, "s8_block3", 1.0),
    "fire7": Tap("fur", 384, "s8_block5", 1.0),
    "fire8": Tap("faces", 512, "s8_block6", 1.5),
    "fire9": Tap("creatures", 512, "s16_block3", 1.5),
}
AFTER = {tap.after: name for name, tap in TAPS.items()}


class Teacher:
    """SqueezeNet 1.0: pictures (B, 3, H, W) in 0..255 to its modules before their ReLU.

    The zeros are laid around the picture such that the centres of its cells lie where the
    student's do (within 2.5 pixels, even at stride 16). TensorFlow's own order would put
    them 8 pixels away, which the student would have to learn for nothing.
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
        """Every module up to ``last``, in bfloat16."""
        x = (pictures.flip(1) - self.mean).to(torch.bfloat16)
        x = F.relu(self._conv(F.pad(x, (3, 2, 3, 2)), "conv1", 2))
        x = F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 3, 2)
        taps = {}
        for fire in ("fire2", "fire3", *TAPS):
            squeezed = F.relu(self._conv(x, f"{fire}/conv1x1_1"))
            one = self._conv(squeezed, f"{fire}/conv1x1_2")
            three = self._conv(squeezed, f"{fire}/conv3x3_2", padding=1)
            x = torch.cat([one, three], 1)
            if fire in TAPS:
                taps[fire] = x
            if fire == last:
                break
            x = F.relu(x)
            if fire == "fire4":
                x = F.max_pool2d(F.pad(x, (1, 0, 1, 0)), 3, 2)
            elif fire == "fire8":
                x = F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 3, 2)
        return taps


class ConvNorm(nn.Module):  # type: ignore[misc]
    """A convolution with TensorFlow's 'same' padding on even sizes, and batch norm."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, (size - stride + 1) // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, momentum=0.05)

    def kernel(self) -> Tensor:
        """The kernel as applied. One with a stride is blurred by 2x2, and one pixel larger.

        Such a kernel has no answer to a checkerboard, and so its gradient contains none.
        """
        if self.conv.stride[0] == 1:
            return self.conv.weight
        return F.avg_pool2d(F.pad(self.conv.weight, (1, 1, 1, 1)), 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The normalised convolution of ``x``."""
        conv = self.conv
        return self.norm(F.conv2d(x, self.kernel(), None, conv.stride, conv.padding))


class Student(nn.Module):  # type: ignore[misc]
    """The network that ships; ``dreamvid/dream/pocket.py`` says the same in Keras."""

    def __init__(self, scales: dict[str, Tensor] | None = None) -> None:
        super().__init__()
        parts: dict[str, nn.Module] = {"stem": ConvNorm(3, 32, 5, 2)}
        width = 32
        for stage, (wide, narrow, blocks) in STAGES.items():
            parts[f"{stage}_enter"] = ConvNorm(width, wide, 3 if stage == "s4" else 1)
            width = wide
            for number in range(1, blocks + 1):
                block = f"{stage}_block{number}"
                parts[f"{block}_reduce"] = ConvNorm(wide, narrow, 1)
                parts[f"{block}_mix"] = ConvNorm(narrow, narrow, 3)
                parts[f"{block}_expand"] = ConvNorm(narrow, wide, 1)
                nn.init.constant_(parts[f"{block}_expand"].norm.weight, 0.3)
                if block in AFTER:
                    tap = AFTER[block]
                    parts[TAPS[tap].head] = nn.Conv2d(wide, TAPS[tap].width, 1)
        self.parts = nn.ModuleDict(parts)
        for tap in TAPS:  # the spread of every channel of the teacher
            scale = torch.ones(TAPS[tap].width) if scales is None else scales[tap]
            self.register_buffer(f"scale_{tap}", scale.detach().clone())

    def forward(
        self,
        pictures: Tensor,
        last: str = "fire9",
        phases: dict[str, tuple[int, int]] | None = None,
    ) -> dict[str, Tensor]:
        """The heads before their ReLU, in units of the channel's spread.

        With ``phases``, a head named there looks at every other row and column only.
        """
        taps = {}
        x = F.elu(self.parts["stem"](pictures / 127.5 - 1), inplace=True)
        for stage, (_, _, blocks) in STAGES.items():
            x = F.avg_pool2d(x, 4, 2, 1, ceil_mode=True, count_include_pad=False)
            x = F.elu(self.parts[f"{stage}_enter"](x), inplace=True)
            for number in range(1, blocks + 1):
                block = f"{stage}_block{number}"
                y = F.elu(self.parts[f"{block}_reduce"](x), inplace=True)
                y = F.elu(self.parts[f"{block}_mix"](y), inplace=True)
                x = F.elu(x + self.parts[f"{block}_expand"](y), inplace=True)
                if block in AFTER:
                    tap = AFTER[block]
                    seen = x
                    if phases and tap in phases:
                        seen = x[:, :, phases[tap][0] :: 2, phases[tap][1] :: 2]
                    taps[tap] = self.parts[TAPS[tap].head](seen)
                    if tap == last:
                        return taps
        return taps

    def arrays(self) -> dict[str, np.ndarray]:
        """Kernels (HWIO) and biases in float16, batch norm and spreads folded in."""
        found = {}
        taps = {tap.head: name for name, tap in TAPS.items()}
        for name, part in self.parts.items():
            if isinstance(part, ConvNorm):
                norm = part.norm
                gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                kernel, bias = part.kernel(), norm.bias - norm.running_mean * gain
            else:
                gain = getattr(self, f"scale_{taps[name]}")
                kernel, bias = part.weight, part.bias * gain
            kernel = (kernel * gain[:, None, None, None]).permute(2, 3, 1, 0)
            for key, value in (("kernel", kernel), ("bias", bias)):
                found[f"{name}/{key}"] = value.detach().cpu().float().numpy().astype(np.float16)
        return found


def ascend(net: Teacher | Student, pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Dream: pictures (B, 3, S, S) in 0..255 after 4 to 12 steps on a random layer.

    Every picture ascends channels of its own choice: all of them, or 1 to 20 %.
    """
    tap = str(rng.choice(list(TAPS), p=[0.1, 0.15, 0.15, 0.2, 0.2, 0.2]))
    count, width = len(pictures), TAPS[tap].width
    share = np.where(rng.random(count) < 0.25, 1.0, rng.uniform(0.01, 0.2, count))
    chosen = rng.random((count, width)) < share[:, None]
    chosen[np.arange(count), rng.integers(0, width, count)] = True
    mask = torch.from_numpy(chosen).to(pictures.device)[:, :, None, None]
    if isinstance(net, Student):
        mask = mask * getattr(net, f"scale_{tap}").view(1, -1, 1, 1)
    power = int(rng.integers(1, 3))
    step = torch.from_numpy(rng.uniform(1.0, 3.5, (count, 1, 1, 1))).to(pictures)
    x = pictures
    for _ in range(int(rng.integers(4, 13))):
        dy, dx = (int(n) for n in rng.integers(-16, 17, 2))
        x = torch.roll(x, (dy, dx), (2, 3)).detach().requires_grad_()
        with torch.autocast(x.device.type, torch.bfloat16):
            response = (F.relu(net(x, tap)[tap]) * mask).pow(power)
        (gradient,) = torch.autograd.grad(response.float().sum(), x)
        gradient = gradient / (gradient.std((1, 2, 3), keepdim=True) + 1e-12)
        x = torch.roll((x + step * gradient).clamp(0, 255), (-dy, -dx), (2, 3))
    return x.detach()


def dream_some(pools: Pools, net: Teacher | Student, count: int, device: torch.device) -> None:
    """Replace ``count`` dreams of the pool by new ones of ``net``."""
    found = ascend(net, to_tensor(pools.starts(count), device), pools.rng)
    pools.keep(found.round().byte().permute(0, 2, 3, 1).cpu().numpy())


class Muon(torch.optim.Optimizer):  # type: ignore[misc]
    """Momentum whose update is made nearly orthogonal (Jordan et al., 2024), for kernels.

    It gets further per step than Adam. The update is scaled to the size of Adam's, so that
    both go by one learning rate.
    """

    def __init__(self, params: list[Tensor], rate: float, decay: float) -> None:
        super().__init__(params, {"lr": rate, "decay": decay})

    def step(self) -> None:
        """One step down, along the momentum's orthogonal factor."""
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                    momentum.lerp_(p.grad, 0.05)
                    ahead = p.grad.lerp(momentum, 0.95).flatten(1)
                    update = orthogonal(ahead) * (0.2 * max(ahead.shape) ** 0.5)
                    p.mul_(1 - group["lr"] * group["decay"])
                    p.sub_(group["lr"] * update.view_as(p))


def orthogonal(matrix: Tensor) -> Tensor:
    """About U·Vᵀ of the matrix's U·S·Vᵀ, by five Newton-Schulz steps of Jordan's polynomial."""
    x = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = (x / (x.norm() + 1e-12)).to(torch.bfloat16)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (2.0315 * gram @ gram - 4.775 * gram) @ x
    return (x if matrix.shape[0] <= matrix.shape[1] else x.T).to(matrix.dtype)


def optimizers_for(student: Student, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the kernels inside, AdamW for the stem, batch norms and biases."""
    inside: list[Tensor] = []
    others: list[Tensor] = []
    for name, p in student.named_parameters():
        (inside if p.ndim == 4 and "stem" not in name else others).append(p)
    return [Muon(inside, rate, 0.02), torch.optim.AdamW(others, rate, weight_decay=0.02)]


def to_tensor(pictures: Pictures, device: torch.device) -> Tensor:
    """uint8 (B, S, S, 3) to float32 (B, 3, S, S) in 0..255, channels last in memory."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float()


def spreads(
    teacher: Teacher, pools: Pools, device: torch.device, batches: int = 12
) -> dict[str, Tensor]:
    """Each channel's standard deviation behind a leaky ReLU, floored for dead channels."""
    sums: dict[str, list[Tensor]] = {tap: [] for tap in TAPS}
    with torch.no_grad():
        for _ in range(batches):
            for tap, value in teacher(to_tensor(pools.batch(64), device)).items():
                sums[tap].append(F.leaky_relu(value.float(), SLOPE).var((0, 2, 3)))
    found = {tap: torch.stack(parts).mean(0).sqrt() for tap, parts in sums.items()}
    return {tap: torch.maximum(std, 0.1 * std.median()) for tap, std in found.items()}


def errors(
    student: Student,
    teacher: Teacher,
    x: Tensor,
    rng: np.random.Generator,
) -> tuple[list[Tensor], list[Tensor], dict[str, float]]:
    """The heads, the gradient of the loss at each, and the mean errors per tap to print.

    The loss is smooth L1 between leaky rectified responses. Its gradient is simple enough
    to write down, which saves many passes over large arrays.
    """
    # Neighboring cells are much alike: of the cheap layers' cells a quarter teaches enough.
    cheap = ("fire4", "fire5", "fire6", "fire7")
    phases = {tap: (int(rng.integers(2)), int(rng.integers(2))) for tap in cheap}
    with torch.autocast(x.device.type, torch.bfloat16):
        found = student(x, phases=phases)
        with torch.no_grad():
            wanted = teacher(x)
    heads, gradients, shown = [], [], {}
    for tap, value in found.items():
        target = wanted[tap]
        if tap in phases:
            target = target[:, :, phases[tap][0] :: 2, phases[tap][1] :: 2]
        with torch.no_grad():
            scale = getattr(student, f"scale_{tap}").view(1, -1, 1, 1).to(target.dtype)
            error = F.leaky_relu(value, SLOPE) - F.leaky_relu(target / scale, SLOPE)
            error.clamp_(-1, 1)
            shown[tap] = float(error[:4].float().pow(2).mean())
            error = torch.where(value > 0, error, SLOPE * error)
            heads.append(value)
            gradients.append(error * (TAPS[tap].weight / error.numel()))
    return heads, gradients, shown


def explained(student: Student, teacher: Teacher, x: Tensor) -> dict[str, float]:
    """The share of the teacher's variance (behind its ReLU) that the student explains."""
    with torch.no_grad():
        wanted, found = teacher(x), student(x)
    scores = {}
    for tap in TAPS:
        target = F.relu(wanted[tap].float()) / getattr(student, f"scale_{tap}").view(1, -1, 1, 1)
        error = (F.relu(found[tap]) - target).pow(2).mean()
        scores[tap] = round(1 - float(error / target.var((0, 2, 3)).mean()), 3)
    return scores


def main() -> None:
    """Train, and write the arrays every few minutes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--teacher", type=Path, required=True, help="SqueezeNet's .npz")
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    parser.add_argument("--state", type=Path, default=Path("pocket.pt"), help="to resume from")
    parser.add_argument("--minutes", type=float, help="train this long")
    parser.add_argument("--steps", type=int, help="or this many steps (repeatable)")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=2.5e-3, help="learning rate at its peak")
    parser.add_argument("--pool", type=int, nargs=2, default=(4096, 512))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if (args.minutes is None) == (args.steps is None):
        parser.error("say either --minutes or --steps")

    torch.manual_seed(args.seed)
    torch.set_num_threads(os.cpu_count() or 1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    state = torch.load(args.state, weights_only=True) if args.state.exists() else None
    step = state["step"] if state else 0
    before = state["seconds"] if state else 0.0
    rng = np.random.default_rng([args.seed, step])

    pictures = photographs(args.pictures)
    kept, apart = [p for i, p in enumerate(pictures) if i % 40], pictures[::40]
    print(f"{len(kept)} pictures to train on, {len(apart)} kept apart, {device}", flush=True)
    teacher = Teacher(args.teacher, device)
    pools = Pools(kept, SIZE, tuple(args.pool), rng)
    judge = Pools(apart, SIZE, (96, 48), np.random.default_rng(1))
    for _ in range(2):
        dream_some(judge, teacher, 24, device)
    tests = {"pictures": to_tensor(judge.plain, device), "dreams": to_tensor(judge.dreams, device)}
    if state:
        pools.keep(state["dreams"].numpy())
    else:
        for _ in range(args.pool[1] // 64):
            dream_some(pools, teacher, 64, device)

    student = Student(None if state else spreads(teacher, pools, device))
    student = student.to(device, memory_format=torch.channels_last)
    smooth = copy.deepcopy(student).eval().requires_grad_(False)
    optimizers = optimizers_for(student, args.rate)
    if state:
        student.load_state_dict(state["student"])
        smooth.load_state_dict(state["smooth"])
        for optimizer, saved_state in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved_state)
    print(f"{sum(p.numel() for p in student.parameters()):,} parameters", flush=True)

    def save() -> None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        partial = args.out.with_name(args.out.stem + ".partial.npz")
        np.savez_compressed(partial, **smooth.arrays())
        partial.replace(args.out)
        torch.save(
            {
                "student": student.state_dict(),
                "smooth": smooth.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in optimizers],
                "dreams": torch.from_numpy(pools.dreams),
                "step": step,
                "seconds": before + time.monotonic() - start,
            },
            args.state,
        )

    def report() -> None:
        for kind, x in tests.items():
            print("explained of", kind, json.dumps(explained(smooth, teacher, x)), flush=True)

    start = saved = time.monotonic()
    running: dict[str, float] = {}
    while True:
        seconds = before + time.monotonic() - start
        done = step / args.steps if args.steps else seconds / 60 / args.minutes
        if done >= 1:
            break
        rate = args.rate * min(1.0, (step + 1) / 300) * (1 - done)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        pools.imagine(6)
        if step % 24 == 0:
            student_turn = step >= 480 and (step // 24) % 2
            dream_some(pools, smooth if student_turn else teacher, 32, device)

        student.train()
        x = to_tensor(pools.batch(args.batch), device)
        heads, gradients, each = errors(student, teacher, x, rng)
        student.zero_grad(set_to_none=True)
        torch.autograd.backward(heads, gradients)
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        keep = min(0.999, 1 - 1 / (1 + step / 10))
        with torch.no_grad():
            now = student.state_dict()
            for name, mine in smooth.state_dict().items():
                if mine.is_floating_point():
                    mine.lerp_(now[name], 1 - keep)
        for tap, value in each.items():
            running[tap] = 0.98 * running.get(tap, value) + 0.02 * value
        if step % 100 == 0:
            line = " ".join(f"{tap} {value:.4f}" for tap, value in running.items())
            print(f"step {step} {seconds / 60:.1f} min rate {rate:.5f} loss {line}", flush=True)
        if step % 1000 == 0:
            report()
        if time.monotonic() - saved > 240:
            save()
            saved = time.monotonic()
    save()
    report()


if __name__ == "__main__":
    main()
