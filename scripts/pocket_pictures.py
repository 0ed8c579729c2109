"""Pictures to train the embedded network on, without a data set.

Everything comes from pictures that lie in free packages, and from the computer's own
imagination: crops of photographs, cut-out things on other backgrounds, colored noise of
many octaves, iterated function systems, drawn shapes. (The dreams, the fifth kind, need
networks and are made in ``train_pocket.py``.)
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Picture = NDArray[np.uint8]  # (H, W, 3) RGB, or (H, W, 4) where there is transparency
Pictures = NDArray[np.uint8]  # (B, S, S, 3) RGB

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
LONGEST = (448, 1000)  # each picture is kept at 448 px; large photographs at 1000 px as well
SHORTEST = 96  # smaller pictures are icons


def _decode(data: bytes) -> list[Picture]:
    """The picture in ``data`` at up to two sizes; none if it is an icon or flat."""
    with Image.open(io.BytesIO(data)) as image:
        native = max(image.size)
        image.draft("RGB", (LONGEST[1], LONGEST[1]))  # a JPEG is decoded small at once
        clear = "A" in image.getbands() or "transparency" in image.info
        picture = image.convert("RGBA" if clear else "RGB")
    if min(picture.size) < SHORTEST or max(picture.size) > 5 * min(picture.size):
        return []
    if picture.mode == "RGBA" and np.asarray(picture.getchannel("A")).min() > 250:
        picture = picture.convert("RGB")
    found = []
    for longest in LONGEST if native >= 1.5 * LONGEST[1] else LONGEST[:1]:
        scaled = picture.copy()
        scaled.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        if min(scaled.size) >= SHORTEST and np.std(np.asarray(scaled.convert("L"))) > 8:
            found.append(np.asarray(scaled))
    return found


def _read(path: Path) -> list[Picture]:
    """The pictures of one file: itself, or the WebP files inside a Qt resource file."""
    data = path.read_bytes()
    if path.suffix.lower() != ".rcc":
        parts = [data]
    else:
        parts = [
            data[m.start() : m.start() + 8 + int.from_bytes(m[1], "little")]
            for m in re.finditer(rb"RIFF(....)WEBP", data, re.DOTALL)
        ]
    pictures = []
    for part in parts:
        try:
            pictures += _decode(part)
        except (OSError, ValueError, SyntaxError):  # not a picture that Pillow knows
            continue
    return pictures


def photographs(folders: list[Path], workers: int = 2) -> list[Picture]:
    """Every picture below ``folders`` (sorted, so that a run can be repeated), shrunk."""
    files = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES | {".rcc"} and path.is_file()
    ]
    with ProcessPoolExecutor(workers) as pool:
        return [p for found in pool.map(_read, files, chunksize=8) for p in found]


class Imagination:
    """Random training pictures of ``size`` pixels, uint8 RGB."""

    def __init__(self, pictures: list[Picture], size: int, rng: np.random.Generator) -> None:
        self.opaque = [Image.fromarray(p) for p in pictures if p.shape[2] == 3]
        self.cutouts = [Image.fromarray(p) for p in pictures if p.shape[2] == 4]
        self.size = size
        self.rng = rng

    def __iter__(self) -> Iterator[Picture]:
        """Pictures of all kinds without end."""
        kinds = [self.photograph, self.cutout, self.noise, self.fractal, self.shapes]
        shares = [0.44, 0.28, 0.10, 0.08, 0.10]
        while True:
            picture = kinds[self.rng.choice(len(kinds), p=shares)]()
            if self.rng.random() < 0.1:  # two pictures seen through each other
                share = self.rng.uniform(0.2, 0.8)
                picture = share * picture + (1 - share) * self.photograph()
            yield self._tint(picture)

    def _tint(self, picture: NDArray[np.floating]) -> Picture:
        """Random gains, contrast, brightness and gamma; sometimes grey; half are mirrored."""
        rng, x = self.rng, np.asarray(picture, np.float32) / 255
        if rng.random() < 0.08:
            x = np.broadcast_to(x.mean(2, keepdims=True), x.shape)
        x = np.clip(x, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.2)))
        gain = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.06, 3))
        x = 0.5 + (x - 0.5) * gain.astype(np.float32) + np.float32(rng.normal(0, 0.06))
        if rng.random() < 0.5:
            x = x[:, ::-1]
        return np.clip(x * 255 + 0.5, 0, 255).astype(np.uint8)

    def _crop(self, image: Image.Image) -> Image.Image:
        """A square crop of any scale from native to the whole, brought to ``size``."""
        width, height = image.size
        most = min(width, height)
        side = self.size * (most / self.size) ** self.rng.random() if most > self.size else most
        left, top = self.rng.uniform(0, width - side), self.rng.uniform(0, height - side)
        box = (left, top, left + side, top + side)
        return image.resize((self.size, self.size), Image.Resampling.BILINEAR, box)

    def photograph(self) -> NDArray[np.float32]:
        """A crop of an opaque picture."""
        image = self.opaque[self.rng.integers(len(self.opaque))]
        return np.asarray(self._crop(image), np.float32)

    def cutout(self) -> NDArray[np.float32]:
        """A cut-out thing, whole or in part, on another picture, noise or a flat color."""
        rng = self.rng
        if not self.cutouts:
            return self.photograph()
        kind = rng.random()
        if kind < 0.5:
            ground = self.photograph()
        elif kind < 0.7:
            ground = self.noise()
        else:
            ground = np.broadcast_to(rng.uniform(0, 255, 3), (self.size, self.size, 3))
        canvas = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
        for _ in range(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1])):
            thing = self.cutouts[rng.integers(len(self.cutouts))]
            scale = self.size * np.exp(rng.uniform(np.log(0.4), np.log(2.2))) / max(thing.size)
            wide, high = (max(8, round(scale * n)) for n in thing.size)
            thing = thing.resize((wide, high), Image.Resampling.BILINEAR, reducing_gap=2.0)
            if rng.random() < 0.3:
                thing = thing.rotate(rng.uniform(-30, 30), Image.Resampling.BILINEAR, expand=True)
            at = [
                round(rng.uniform(-0.3, 0.3) * self.size + (self.size - n) / 2) for n in thing.size
            ]
            canvas.paste(thing, (at[0], at[1]), thing)
        return np.asarray(canvas, np.float32)

    def noise(self) -> NDArray[np.float32]:
        """Colored noise whose power falls with a random power of the frequency."""
        rng, n = self.rng, self.size
        fy, fx = np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None]
        if rng.random() < 0.3:  # stretched, like grass, water and grain
            angle, stretch = rng.uniform(0, np.pi), rng.uniform(2, 6)
            along = fx * np.cos(angle) + fy * np.sin(angle)
            across = fy * np.cos(angle) - fx * np.sin(angle)
            radius = np.hypot(along * stretch, across)
        else:
            radius = np.hypot(fx, fy)
        amplitude = 1 / np.maximum(radius, 1 / n) ** rng.uniform(0.3, 2.2)
        spectrum = rng.normal(size=(3, n, n // 2 + 1, 2)) @ np.array([1, 1j]) * amplitude
        field = np.fft.irfft2(spectrum, (n, n)).transpose(1, 2, 0)
        field /= field.std() + 1e-9
        mix = np.eye(3) * rng.uniform(0.1, 1) + rng.normal(0, 0.5, (1, 3))
        return (rng.uniform(60, 195, 3) + rng.uniform(20, 70) * field @ mix).astype(np.float32)

    def fractal(self) -> NDArray[np.float32]:
        """The attractor of a few random contractions, colored by which one came last."""
        rng, n = self.rng, self.size
        maps = rng.integers(2, 6)
        linear = rng.uniform(-1, 1, (maps, 2, 2))
        linear *= (rng.uniform(0.4, 0.85, maps) / np.linalg.norm(linear, 2, (1, 2)))[:, None, None]
        shift, colors = rng.uniform(-1, 1, (maps, 2)), rng.uniform(0, 255, (maps, 3))
        points, tone = rng.uniform(-1, 1, (3000, 2)), np.full((3000, 3), 128.0)
        places, tones = [], []
        for turn in range(26):
            which = rng.integers(0, maps, len(points))
            points = np.einsum("nij,nj->ni", linear[which], points) + shift[which]
            tone = (tone + colors[which]) / 2
            if turn >= 10:
                places.append(points)
                tones.append(tone)
        where, tint = np.concatenate(places), np.concatenate(tones)
        low, high = np.percentile(where, [1, 99], axis=0)
        cells = ((where - low) / (high - low + 1e-9) * n * 0.9 + n * 0.05).astype(int)
        inside = ((cells >= 0) & (cells < n)).all(1)
        index = cells[inside, 1] * n + cells[inside, 0]
        count = np.bincount(index, minlength=n * n)
        total = np.stack([np.bincount(index, tint[inside, c], n * n) for c in range(3)], 1)
        color = total / np.maximum(count, 1)[:, None]
        cover = (np.log1p(count) / np.log1p(max(1, np.percentile(count, 99.5)))).clip(0, 1)
        ground = np.broadcast_to(rng.uniform(0, 255, 3), (n * n, 3))
        flat = ground + cover[:, None] * (color - ground)
        return np.asarray(flat.reshape(n, n, 3), np.float32)

    def shapes(self) -> NDArray[np.float32]:
        """Ellipses, rings, polygons and lines on a gradient, or on a photograph."""
        rng, n = self.rng, self.size
        if rng.random() < 0.4:
            ground = self.photograph()
        else:
            ramp = np.linspace(0, 1, n)[:, None, None]
            ends = rng.uniform(0, 255, (2, 3))
            ground = np.broadcast_to(ends[0] + ramp * (ends[1] - ends[0]), (n, n, 3))
        double = np.clip(ground, 0, 255).astype(np.uint8)
        image = Image.fromarray(double).resize((2 * n, 2 * n))
        draw = ImageDraw.Draw(image)
        for _ in range(rng.integers(2, 14)):
            x, y = rng.uniform(0, 2 * n, 2)
            wide, high = np.exp(rng.uniform(np.log(5), np.log(n), 2))
            color = tuple(int(c) for c in rng.integers(0, 256, 3))
            kind = rng.integers(4)
            if kind == 0:  # rings, from the outside in
                for part in np.linspace(1, 0.2, rng.integers(1, 5)):
                    color = tuple(int(c) for c in rng.integers(0, 256, 3))
                    half_w, half_h = wide * part, high * part
                    draw.ellipse([x - half_w, y - half_h, x + half_w, y + half_h], fill=color)
            elif kind == 1:
                corners = rng.normal(0, 1, (rng.integers(3, 7), 2)) * [wide, high] + (x, y)
                draw.polygon([tuple(c) for c in corners.tolist()], fill=color)
            elif kind == 2:
                walk = np.cumsum(rng.normal(0, wide / 2, (rng.integers(2, 9), 2)), axis=0)
                line = walk + np.array([x, y])
                draw.line(
                    [tuple(c) for c in line.tolist()], fill=color, width=int(rng.integers(1, 14))
                )
            else:  # a fan of strokes
                for angle in np.linspace(0, rng.uniform(1, 6.3), rng.integers(4, 24)):
                    tip = (x + wide * np.cos(angle), y + wide * np.sin(angle))
                    draw.line([(x, y), tip], fill=color, width=int(rng.integers(1, 6)))
        return np.asarray(image.resize((n, n), Image.Resampling.BOX), np.float32)


class Pools:
    """Two rings of pictures, of which a few are replaced at every step: plain ones and dreams.

    To make a picture costs more than to look at it once, and a dream costs a hundred times
    more.
    """

    def __init__(
        self, pictures: list[Picture], size: int, counts: tuple[int, int], rng: np.random.Generator
    ) -> None:
        self.rng, self.size = rng, size
        self.source = iter(Imagination(pictures, size, rng))
        self.plain = np.stack([next(self.source) for _ in range(counts[0])])
        self.dreams = self.plain[rng.integers(0, counts[0], counts[1])]
        self.next_plain = self.next_dream = 0

    def state(self) -> dict[str, Any]:
        """All that the next picture depends on; ``restore`` takes it."""
        return {
            "plain": self.plain.tobytes(),
            "dreams": self.dreams.tobytes(),
            "turn": [self.next_plain, self.next_dream],
            "rng": json.dumps(self.rng.bit_generator.state),
        }

    def restore(self, plain: bytes, dreams: bytes, turn: list[int], rng: str) -> None:
        """Go on from a ``state`` of pools of the same sizes."""
        self.plain = np.frombuffer(plain, np.uint8).reshape(self.plain.shape).copy()
        self.dreams = np.frombuffer(dreams, np.uint8).reshape(self.dreams.shape).copy()
        self.next_plain, self.next_dream = turn
        self.rng.bit_generator.state = json.loads(rng)

    def imagine(self, count: int) -> None:
        """Replace ``count`` plain pictures."""
        for _ in range(count):
            self.plain[self.next_plain] = next(self.source)
            self.next_plain = (self.next_plain + 1) % len(self.plain)

    def starts(self, count: int) -> Pictures:
        """Pictures to dream on; half are older dreams seen closer, as in the next octave."""
        old = count // 2
        plain = self.plain[self.rng.integers(0, len(self.plain), count - old)]
        dreams = self.dreams[self.rng.integers(0, len(self.dreams), old)]
        side = int(self.size / self.rng.uniform(1.0, 1.5))
        left, top = (int(n) for n in self.rng.integers(0, self.size - side + 1, 2))
        box, size = (left, top, left + side, top + side), (self.size, self.size)
        closer = [
            np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BILINEAR, box))
            for one in dreams
        ]
        return np.stack([*plain, *closer])

    def keep(self, dreams: Pictures) -> None:
        """Replace the oldest dreams."""
        slots = (self.next_dream + np.arange(len(dreams))) % len(self.dreams)
        self.dreams[slots] = dreams
        self.next_dream = int(slots[-1] + 1) % len(self.dreams)

    def batch(self, count: int) -> Pictures:
        """Nearly half dreams; half of everything mirrored."""
        dreamed = round(0.45 * count)
        plain = self.plain[self.rng.integers(0, len(self.plain), count - dreamed)]
        dreams = self.dreams[self.rng.integers(0, len(self.dreams), dreamed)]
        found = np.concatenate([plain, dreams])
        found[::2] = found[::2, :, ::-1]
        return found
