"""Files spoiled at random, each by its seed alone: what strangers, bad disks and fuzzers send."""

from __future__ import annotations

import os
import random
import re
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dreamvid.media.codecs.pictures import Exr
from dreamvid.recipe.load import preset_folder
from tests import media_factory as make
from tests import profile_factory as profiles
from tests.tiff_factory import DEFLATE, LZW, tiff

CLIPS = ("mp4", "mkv", "webm", "avi", "gif", "ts")
STILLS = ("jpg", "png", "webp", "tif")
OTHERS = ("avif", "jp2", "ppm")

EDGES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Numbers at which something else begins."""

WORDS = (
    *("", "0", "-1", "1", "2", "1e309", "-1e-309", ".nan", ".inf", "1e-3", "99999999999999999999"),
    *("no", "on", "true", "null", "~", "[]", "{}", "[[]]", "[1, 2, 3]", "{a: 1}", "? a", "- a"),
    *("&a [*a]", "*a", "<<: *a", "!!binary aGk=", "!!set {a}", "!!timestamp 2001-99-99", "!!int x"),
    *("!!python/object/apply:os.system ['touch canary']", "!!python/name:os.system", "%TAG ! x"),
    *("../../canary.mp4", "/dev/zero", "/dev/stdin", "~/canary.mp4", "a\\0b", '"\\x00"', "out.mp4"),
    *("still.png", "clip.mp4", ".", "..", "''", "spiral", "tunnel", "recipe.yaml", "'%d.png'"),
    *("0:(1.02), 50:(1.04) ease", "0:(1), 0:(2)", "sin(t/0)", "9**9**9", "t**t", "1+", "(" * 40),
    *("__import__('os')", "n", "s*1e308*10", "noise(t)", "1280x720", "1x1", "32768x2048", "0x0"),
    *("30000/1001", "1/0", "1e999999999", "1:30", "0:01:30.5", "12:34:56", "夢", "\u2028", "😀"),
)
"""What stands for a value in a recipe where it should not."""


def grown(folder: Path) -> dict[str, list[Path]]:
    """Whole files to spoil, by their ending: made here, and real ones where there are some."""
    found: dict[str, list[Path]] = {}
    for ending in CLIPS:
        path = make.clip(
            folder / f"whole.{ending}", frames=12, sound=0.5 * (ending in ("mp4", "mkv"))
        )
        found[ending] = [path]
    found["mp4"].append(make.turned(folder / "turned.mp4", 90))
    parts = [(4, Fraction(25)), (4, Fraction(10))]
    make.uneven(folder / "uneven.mkv", parts=parts)
    found["mkv"].append(folder / "uneven.mkv")
    picture = make.quadrants()
    for ending, kind in zip(STILLS, ("JPEG", "PNG", "WEBP", "TIFF"), strict=True):
        (folder / f"whole.{ending}").write_bytes(make.encoded(picture, kind))
        found[ending] = [folder / f"whole.{ending}", make.exif_still(folder / f"a.{ending}", 6)]
    for ending in ("png", "tif"):
        deep = picture.astype(np.uint16) * 257
        cv2.imwrite(str(folder / f"deep.{ending}"), deep)
        found[ending].append(folder / f"deep.{ending}")
    cv2.imwrite(str(folder / "float.tif"), (picture / 255).astype(np.float32))
    found["tif"].append(folder / "float.tif")
    for name, data in _odd(picture).items():
        (folder / name).write_bytes(data)
        found.setdefault(Path(name).suffix[1:], []).append(folder / name)
    real = Path(os.environ.get("DREAMVID_TEST_MEDIA", "."))
    for path in sorted(real.glob("*.mp4")) + sorted(real.glob("*.jpg")):
        found[path.suffix[1:]].append(path)
    return found


def _odd(picture: NDArray[np.uint8]) -> dict[str, bytes]:
    """Stills of unusual layouts, with color profiles or of HDR, by their names."""
    deep = picture.astype(np.uint16) * 257
    profile = profiles.rgb()
    whole = {f"whole.{ending}": ending for ending in OTHERS}
    kinds = {"avif": "AVIF", "jp2": "JPEG2000", "ppm": "PPM"}
    made = {name: make.encoded(picture, kinds[ending]) for name, ending in whole.items()}
    made["odd.ppm"] = b"P6 64 48 1023 " + (deep // 64).astype(">u2").tobytes()
    made["planes.tif"] = tiff(deep, by_plane=True, compression=LZW, t34675=profile)
    made["tiles.tif"] = tiff(deep, tile=(16, 16), compression=DEFLATE, predictor=2, order=">")
    made["inverted.tif"] = tiff(deep[..., :1] >> 4, bits=12, photometric=0)
    alpha = np.dstack([deep, deep[..., 0]])
    made["multiplied.tif"] = tiff(alpha, extras=(1,))
    for ending, kind in (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("avif", "AVIF")):
        made[f"profile.{ending}"] = make.encoded(picture, kind, icc_profile=profile)
    made["hdr.png"] = make.deep_png(deep, cICP=bytes([9, 16, 0, 1]))
    hdr = profiles.rgb(cicp=b"cicp\0\0\0\0" + bytes([9, 18, 0, 1]))
    made["hdr.jpg"] = make.encoded(picture, "JPEG", icc_profile=hdr)
    made["alpha.exr"] = Exr().encode(np.dstack([picture, picture[..., 0]]).astype(np.float32))
    made["inks.jpg"] = make.encoded(picture, "JPEG", "CMYK", icc_profile=profiles.cmyk())
    return made


def spoiled(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """A file's bytes with some of them another; `other` is a file to take some from."""
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 3, 5, 8))):
        if made:
            draw.choice(SPOILS)(made, other, draw)
    if draw.random() < 0.7 and made.startswith(b"\x89PNG"):
        return _right_sums(bytes(made))
    return bytes(made)


def _place(made: bytearray, draw: random.Random) -> int:
    """Somewhere, mostly near the beginning or the end, where headers and indices are."""
    near = draw.choice((64, 1024, len(made)))
    at = draw.randrange(min(near, len(made)))
    return at if draw.random() < 0.7 else len(made) - 1 - at


def _flip(made: bytearray, other: bytes, draw: random.Random) -> None:
    made[_place(made, draw)] ^= 1 << draw.randrange(8)


def _put(made: bytearray, other: bytes, draw: random.Random) -> None:
    made[_place(made, draw)] = draw.randrange(256)


def _edge(made: bytearray, other: bytes, draw: random.Random) -> None:
    at, size = _place(made, draw), draw.choice((1, 2, 4, 8))
    number = draw.choice(EDGES) % 256**size
    made[at : at + size] = number.to_bytes(size, draw.choice(("big", "little")))


def _cut(made: bytearray, other: bytes, draw: random.Random) -> None:
    at = _place(made, draw)
    del made[at : at + draw.choice((1, 2, 16, 512, len(made)))]


def _double(made: bytearray, other: bytes, draw: random.Random) -> None:
    at, size = _place(made, draw), draw.choice((1, 4, 64, 1024))
    made[at:at] = made[at : at + size] * draw.choice((1, 2, 50))


def _blank(made: bytearray, other: bytes, draw: random.Random) -> None:
    at, size = _place(made, draw), draw.choice((4, 64, 1024))
    made[at : at + size] = bytes([draw.choice((0, 255))]) * len(made[at : at + size])


def _splice(made: bytearray, other: bytes, draw: random.Random) -> None:
    at, size = _place(made, draw), draw.choice((4, 64, 1024))
    begin = draw.randrange(max(1, len(other)))
    made[at : at + size] = other[begin : begin + size]


Spoil = Callable[[bytearray, bytes, random.Random], None]
SPOILS: tuple[Spoil, ...] = (_flip, _put, _edge, _edge, _cut, _double, _blank, _splice)


def _right_sums(png: bytes) -> bytes:
    """A PNG whose sums are right again, so that decoders look at what is in it."""
    made, at = bytearray(png), 8
    while at + 12 <= len(made):
        (length,) = struct.unpack(">I", made[at : at + 4])
        end = at + 8 + length
        if end + 4 > len(made):
            break
        made[end : end + 4] = struct.pack(">I", zlib.crc32(made[at + 4 : end]))
        at = end + 4
    return bytes(made)


def media(corpus: dict[str, list[Path]], folder: Path, seed: int, index: int) -> Path:
    """Write the `index`-th spoiled file of a seed into `folder`; its path."""
    draw = random.Random(f"media {seed} {index}")
    endings = list(corpus)
    ending = endings[index % len(endings)]
    whole = draw.choice(corpus[ending])
    other = draw.choice(corpus[draw.choice(endings)])
    named = draw.choice(endings) if draw.random() < 0.05 else ending
    path = folder / f"a.{named}"
    path.write_bytes(spoiled(whole.read_bytes(), other.read_bytes(), draw))
    return path


FULL = """version: 2
kind: video
source: clip.mp4
output: out.mp4
frames: 2
start: 0:00
end: 0.4
fps: 30000/1001
size: 64x48
seed: 7
network: {name: none, precision: float32}
dream:
  objective: {cells: 1, heads: 0.5}
  decorrelate: 0.9
  palette: source
  laplacian: 2
  stagger: 3
  octaves: 3
  octave_scale: 1.4
  step_size: "0:(1.2), 9:(2) ease"
  tile: 512
motion: {zoom: 1.01 + 0.01*sin(t/9), angle: 0.2, translate: [1, 0], center: [0.5, 0.5]}
blend: {carry: residual, follow: flow, share: 0.9}
color: {shift: [0, 1, 0], anchor: 0.2}
encode: {crf: 18, audio: keep}
"""

TWO = """kind: zoom
source: [still.png, still.png]
mix: "0.5"
frames: 2
size: [64, 48]
motion:
  zoom: {0: 1.02, 50: 1.04, interpolation: cubic}
  trim: [2, 1]
blend: 0.9
extends: spiral
"""


def recipes() -> list[str]:
    """Whole recipes to spoil: those that ship with dreamvid, and two that say all there is."""
    return [FULL, TWO, *(p.read_text() for p in sorted(preset_folder().rglob("*.yaml")))]


def recipe(texts: list[str], seed: int, index: int) -> bytes:
    """The `index`-th spoiled recipe of a seed."""
    draw = random.Random(f"recipe {seed} {index}")
    lines = texts[index % len(texts)].splitlines()
    for _ in range(draw.choice((1, 1, 2, 3, 5))):
        at = draw.randrange(len(lines))
        kind = draw.randrange(8)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, draw.choice(draw.choice(texts).splitlines()))
        elif kind == 2:
            lines[at] = " " * draw.randrange(5) + lines[at].lstrip()
        elif kind == 3:
            lines[at] += draw.choice(WORDS)
        else:
            parts = re.split(r"([:,\[\]{} ]+)", lines[at])
            parts[2 * draw.randrange((len(parts) + 1) // 2)] = draw.choice(WORDS)
            lines[at] = "".join(parts)
        lines = lines or [""]
    text = bytearray("\n".join(lines).encode())
    if draw.random() < 0.2 and text:
        draw.choice(SPOILS)(text, b"\xff\xfe*&!|>%@`\x00\t", draw)
    return bytes(text)
