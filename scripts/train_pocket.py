"""Train ``pocket``, the embedded network, by distilling a SqueezeNet.

    python scripts/train_pocket.py --teacher squeezenet.npz --pictures DIR [DIR ...]
        --minutes 75 --out dreamvid/dream/pocket.npz

PyTorch is needed here only: the shipped network is built by ``dreamvid/dream/pocket.py``
from the arrays that this script writes. It runs on a CPU in bfloat16 or on a GPU
unchanged, saves its state every few minutes, and goes on from there when started again:
with more --steps, after it was done, for longer.

The student learns the teacher's six deepest modules and all its squeezes, channel by
channel, every channel divided by its own spread, and then the direction of the teacher's
gradients. Nearly half of what it sees are dreams: once it stands alone, half of them ascend
the student itself, so that what it believes in is shown to the teacher and corrected.

A last stage, with --follow, is for the directions above all: at every step, of more pictures,
mostly on all of a module's channels together, and thrice as often at the modules named.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from pocket_pictures import Pictures, Pools, photographs
from pocket_student import FRONT, TAPS, WIDTHS, Student, Teacher
from torch import Tensor, nn

SIZE = 128
FAR = 2.0  # spreads; beyond, the loss grows linearly
ALONE = 1000  # steps; before, the teacher leads, and only its values are learned
COOLING = 0.4  # the share of the steps, at the end, over which the rate falls to zero


class Stage(NamedTuple):
    """What is dreamed, and how much the directions count."""

    dreams: list[float]  # how likely each of the taps is to be dreamed on
    directions: list[float]  # and to have its direction learned
    whole: float  # the share of the pictures where all channels of the tap count
    every: int  # steps from one direction to the next
    part: int  # of a batch's pictures every so many-th
    weight: float

    def following(self, taps: list[str]) -> Stage:
        """The last stage: ``taps`` come thrice as often as they did."""

        def leant(chances: list[float]) -> list[float]:
            more = [c * (3 if tap in taps else 1) for tap, c in zip(TAPS, chances, strict=True)]
            return [c / sum(more) for c in more]

        dreams, directions = leant(self.dreams), leant(self.directions)
        return Stage(dreams, directions, whole=0.6, every=1, part=2, weight=1.0)


FIRST = Stage(
    dreams=[0.1, 0.15, 0.15, 0.2, 0.2, 0.2],
    directions=[0.05, 0.15, 0.15, 0.2, 0.2, 0.25],
    whole=0.25,
    every=3,
    part=4,
    weight=0.5,
)


def some_channels(
    rng: np.random.Generator, tap: str, whole: float, count: int, device: torch.device
) -> Tensor:
    """For each of ``count`` pictures 1 to 20 % of a tap's channels, or all: (B, C, 1, 1)."""
    width = TAPS[tap].width
    share = np.where(rng.random(count) < whole, 1.0, rng.uniform(0.01, 0.2, count))
    chosen = rng.random((count, width)) < share[:, None]
    chosen[np.arange(count), rng.integers(0, width, count)] = True
    return torch.from_numpy(chosen).to(device)[:, :, None, None]


def ascend(
    net: Teacher | Student, pictures: Tensor, stage: Stage, rng: np.random.Generator
) -> Tensor:
    """Dream: pictures (B, 3, S, S) in 0..255 after 4 to 12 steps on a random layer.

    Every picture ascends channels of its own choice: all of them, or 1 to 20 %.
    """
    tap = str(rng.choice(list(TAPS), p=stage.dreams))
    count = len(pictures)
    mask = some_channels(rng, tap, stage.whole, count, pictures.device)
    if isinstance(net, Student):
        mask = mask * net.scale(tap)
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


def dream_some(
    pools: Pools, net: Teacher | Student, stage: Stage, count: int, device: torch.device
) -> None:
    """Replace ``count`` dreams of the pool by new ones of ``net``."""
    found = ascend(net, to_tensor(pools.starts(count), device), stage, pools.rng)
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
                    if p.grad is None:
                        continue
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
    """Each channel's standard deviation behind its ReLU, floored for dead channels."""
    sums: dict[str, list[Tensor]] = {tap: [] for tap in WIDTHS}
    with torch.no_grad():
        for _ in range(batches):
            for tap, value in teacher(to_tensor(pools.batch(64), device)).items():
                sums[tap].append(F.relu(value.float()).var((0, 2, 3)))
    found = {tap: torch.stack(parts).mean(0).sqrt() for tap, parts in sums.items()}
    return {tap: torch.maximum(std, 0.1 * std.median()) for tap, std in found.items()}


def errors(
    student: Student, teacher: Teacher, x: Tensor, last: str, *, led: bool
) -> tuple[list[Tensor], list[Tensor], dict[str, float]]:
    """The heads, the gradient of the loss at each, and the mean errors per tap to print.

    The loss is smooth L1 between rectified responses, but for one thing: where the teacher
    answers and the student is silent, the student learns as if it had no rectifier. It is simple
    enough to write the gradient down, which saves many passes over large arrays.

    A student who is ``led`` goes on from the teacher's answers on half of the pictures, so that
    its deeper modules need not wait for the shallower ones.
    """
    with torch.autocast(x.device.type, torch.bfloat16):
        with torch.no_grad():
            wanted = teacher(x, last)
            for tap, target in wanted.items():
                target.mul_(1 / student.scale(tap))
        found = student(x, last, wanted if led else None)
    heads, gradients, shown = [], [], {}
    for tap, value in found.items():
        with torch.no_grad():
            target = F.relu_(wanted[tap])
            error = value - target
            lower = target.sign_().mul_(-FAR)  # 0 where the teacher is silent
            torch.maximum(error, lower, out=error).clamp_(max=FAR)
            shown[tap] = float(error[:4].float().pow(2).mean())
            heads.append(value)
            weight = TAPS[tap].weight if tap in TAPS else 1.0
            gradients.append(error.mul_(weight / error.numel()))
    return heads, gradients, shown


def misdirection(student: Student, teacher: Teacher, x: Tensor, tap: str, masks: Tensor) -> Tensor:
    """One less the cosine between the pictures' gradients, the student's and the teacher's.

    Both of the sum, over the masks' channels, of each response times the teacher's: that is where a
    dream on them goes. Values alone do not tell the student what leaves the teacher cold.
    """
    mine, theirs = (x.detach().requires_grad_() for _ in range(2))
    with torch.autocast(x.device.type, torch.bfloat16):
        goal = teacher(theirs, tap)[tap]
        along = (F.relu(goal) * masks).detach()
        (wanted,) = torch.autograd.grad(goal, theirs, along)
        value = student(mine, tap)[tap]
        along = (along * student.scale(tap)).to(value.dtype)
        (found,) = torch.autograd.grad(value, mine, along, create_graph=True)
    return (1 - F.cosine_similarity(found.flatten(1), wanted.flatten(1))).mean()


def explained(student: Student, teacher: Teacher, x: Tensor) -> dict[str, float]:
    """The share of the teacher's variance (behind its ReLU) that the student explains."""
    with torch.no_grad():
        wanted, found = teacher(x), student(x)
    scores = {}
    for tap in TAPS:
        target = F.relu(wanted[tap].float()) / student.scale(tap)
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
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate at its peak")
    parser.add_argument("--pool", type=int, nargs=2, default=(3072, 384))
    parser.add_argument("--follow", nargs="+", choices=list(TAPS), help="the last stage")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if (args.minutes is None) == (args.steps is None):
        parser.error("say either --minutes or --steps")

    stage = FIRST.following(args.follow) if args.follow else FIRST

    torch.manual_seed(args.seed)
    torch.set_num_threads(os.cpu_count() or 1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    state = torch.load(args.state, weights_only=True) if args.state.exists() else None
    step = state["step"] if state else 0
    before = state["seconds"] if state else 0.0
    rng = np.random.default_rng(args.seed)

    pictures = photographs(args.pictures)
    kept, apart = [p for i, p in enumerate(pictures) if i % 40], pictures[::40]
    print(f"{len(kept)} pictures to train on, {len(apart)} kept apart, {device}", flush=True)
    teacher = Teacher(args.teacher, device)
    pools = Pools(kept, SIZE, tuple(args.pool), rng)
    judge = Pools(apart, SIZE, (96, 48), np.random.default_rng(1))
    for _ in range(2):
        dream_some(judge, teacher, FIRST, 24, device)
    tests = {"pictures": to_tensor(judge.plain, device), "dreams": to_tensor(judge.dreams, device)}
    if state:
        pools.restore(**state["pools"])
    else:
        for _ in range(args.pool[1] // 64):
            dream_some(pools, teacher, stage, 64, device)

    student = Student(None if state else spreads(teacher, pools, device))
    student = student.to(device, memory_format=torch.channels_last)
    student.parts["stem"].sharp.requires_grad_(bool(args.follow))
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
        partial = args.state.with_name(args.state.name + ".partial")
        torch.save(
            {
                "student": student.state_dict(),
                "smooth": smooth.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in optimizers],
                "pools": pools.state(),
                "step": step,
                "seconds": before + time.monotonic() - start,
            },
            partial,
        )
        partial.replace(args.state)

    def report() -> None:
        for kind, x in tests.items():
            print("explained of", kind, json.dumps(explained(smooth, teacher, x)), flush=True)

    start = saved = time.monotonic()
    steps = args.steps
    every = max(1, 768 // args.batch)  # so that a dream is seen some ten times
    running: dict[str, float] = {}
    while True:
        seconds = before + time.monotonic() - start
        if steps is None and seconds / 60 >= (1 - COOLING) * args.minutes:
            steps = math.ceil((step + 1) / (1 - COOLING))
            print(f"cooling: the same as --steps {steps}", flush=True)
        left = 1.0 if steps is None else (steps - step) / steps
        if left <= 0:
            break
        rate = args.rate * min(1.0, (step + 1) / 200, left / COOLING)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        pools.imagine(math.ceil(args.batch / 6))
        if step % every == 0:
            student_turn = step >= ALONE and (step // every) % 2
            dream_some(pools, smooth if student_turn else teacher, stage, 32, device)

        student.train()
        x = to_tensor(pools.batch(args.batch), device)
        # All that is deeper waits for the front, which by itself is trained at a third of the cost.
        last = FRONT if step >= ALONE and step % 3 else "fire9"
        heads, gradients, each = errors(student, teacher, x, last, led=step < ALONE)
        student.zero_grad(set_to_none=True)
        torch.autograd.backward(heads, gradients)
        if step >= ALONE and step % stage.every == 0:
            few = x[rng.integers(stage.part) :: stage.part]
            tap = str(rng.choice(list(TAPS), p=stage.directions))
            masks = some_channels(rng, tap, stage.whole, len(few), device)
            student.eval()  # its batch norms as they will ship
            off = misdirection(student, teacher, few, tap, masks)
            (stage.weight * off).backward()
            each[f"{tap}'"] = float(off.detach())
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
            share = 0.1 if tap.endswith("'") else 0.02  # the latter comes rarely
            running[tap] = (1 - share) * running.get(tap, value) + share * value
        if step % 100 == 0:
            line = " ".join(
                f"{tap.removesuffix('queeze')} {value:.3f}"
                for tap, value in sorted(running.items())
            )
            print(f"step {step} {seconds / 60:.1f} min rate {rate:.5f} loss {line}", flush=True)
        if step % 2000 == 0:
            report()
        if time.monotonic() - saved > 300:
            save()
            saved = time.monotonic()
    save()
    report()


if __name__ == "__main__":
    main()
