"""TIFFs of every layout have the colors that were put in, or are refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dreamvid.errors import MediaError
from dreamvid.media.read import read_picture, read_picture_with_alpha
from tests import media_factory as make
from tests.media_factory import Picture, quadrants
from tests.tiff_factory import DEFLATE, LZW, PACKBITS, PLAIN, ZSTD, tiff

WIDTH, HEIGHT = 37, 23


def meant(channels: int) -> Picture:
    """A picture, 0..1, in which every pixel is another, with alpha from .1 up."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    color = [x / (WIDTH - 1), y / (HEIGHT - 1), (3 * x + 5 * y) % 97 / 96]
    alpha = 0.1 + 0.9 * x / (WIDTH - 1)
    if channels % 2 == 0:
        return np.stack([*color[: channels - 1], alpha], -1)
    return np.stack(color[:channels], -1)


def stored(picture: Picture, kind: str, bits: int | None = None) -> Picture:
    """As numbers of a type, the largest of which, or of so many bits, is white."""
    if kind.startswith("f"):
        return picture.astype(kind)
    numbers: Picture = np.rint(picture * (2 ** (bits or int(kind[1:]) * 8) - 1)).astype(kind)
    return numbers


def seen(tmp_path: Path, data: bytes) -> Picture:
    path = tmp_path / "a.tif"
    path.write_bytes(data)
    return read_picture_with_alpha(path) / 255


def apart(picture: Picture, wanted: Picture) -> float:
    """The largest difference, in levels, of color and of alpha."""
    channels = wanted.shape[2]
    color = wanted[..., : channels - 1] if channels % 2 == 0 else wanted
    alpha = wanted[..., -1] if channels % 2 == 0 else 1
    errors = np.abs(picture[..., :3] - color).max(), np.abs(picture[..., 3] - alpha).max()
    return 255 * float(max(errors))


LAYOUTS: list[dict[str, Any]] = [
    {},
    {"rows": 100},
    {"tile": (16, 16)},
    {"order": ">"},
    {"compression": DEFLATE},
    {"compression": DEFLATE, "predictor": 2, "tile": (32, 16)},
    {"compression": LZW, "predictor": 2, "order": ">"},
    {"compression": LZW},
    {"compression": PACKBITS, "mirrored": True},
    {"compression": ZSTD, "tile": (16, 32)},
    {"mirrored": True},
    {"t317": 2},
    {"t317": 2, "compression": PACKBITS},
]


@pytest.mark.parametrize(
    ("layout", "by_plane"), itertools.product(LAYOUTS, (False, True)), ids=lambda one: str(one)
)
def test_samples_of_every_layout_and_depth(
    tmp_path: Path, layout: dict[str, Any], by_plane: bool
) -> None:
    for kind, channels in itertools.product(("u1", "u2", "u4", "f2", "f4", "f8"), (1, 3)):
        picture = meant(channels)
        numbers = stored(picture, kind)
        data = tiff(numbers, by_plane=by_plane, **layout)
        levels = {"u1": 0.51, "f2": 0.07}.get(kind, 0.005)
        assert apart(seen(tmp_path, data), picture) < levels, kind


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("by_plane", [False, True])
def test_floats_by_the_difference_of_their_bytes(tmp_path: Path, kind: str, by_plane: bool) -> None:
    for order, tile in itertools.product("<>", (None, (16, 16))):
        layout: dict[str, Any] = {
            "order": order,
            "tile": tile,
            "compression": DEFLATE,
            "predictor": 3,
        }
        data = tiff(stored(meant(3), kind), by_plane=by_plane, **layout)
        assert apart(seen(tmp_path, data), meant(3)) < 0.07


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8, 10, 12, 14, 16, 32])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("by_plane", [False, True])
def test_packed_bits(tmp_path: Path, bits: int, channels: int, by_plane: bool) -> None:
    numbers = stored(meant(channels), "u4" if bits > 16 else "u2" if bits > 8 else "u1", bits)
    data = tiff(numbers, bits=bits, by_plane=by_plane, compression=DEFLATE)
    wanted = numbers / (2**bits - 1)
    assert apart(seen(tmp_path, data), wanted) < 0.005


@pytest.mark.parametrize("bits", [1, 8, 12, 16, 32])
def test_grey_from_white_to_black(tmp_path: Path, bits: int) -> None:
    kind = "u4" if bits > 16 else "u2" if bits > 8 else "u1"
    numbers = stored(meant(1), kind, bits)
    data = tiff(2**bits - 1 - numbers, bits=bits, photometric=0)
    assert apart(seen(tmp_path, data), numbers / (2**bits - 1)) < 0.005
    clear = np.concatenate([2**bits - 1 - numbers, numbers], axis=2)
    data = tiff(clear, bits=bits, photometric=0, extras=(2,))
    assert apart(seen(tmp_path, data), np.repeat(numbers / (2**bits - 1), 2, axis=2)) < 0.005


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("by_plane", [False, True])
def test_alpha_multiplied_or_not(tmp_path: Path, kind: str, channels: int, by_plane: bool) -> None:
    picture = meant(channels)
    multiplied = picture.copy()
    multiplied[..., :-1] *= picture[..., -1:]
    photometric = 2 if channels == 4 else 1
    layout: dict[str, Any] = {"photometric": photometric, "by_plane": by_plane}
    straight = seen(tmp_path, tiff(stored(picture, kind), extras=(2,), **layout))
    assert apart(straight, picture) < (0.51 if kind == "u1" else 0.005)
    assert apart(seen(tmp_path, tiff(stored(picture, kind), **layout)), picture) < 0.51
    undone = seen(tmp_path, tiff(stored(multiplied, kind), extras=(1,), **layout))
    assert apart(undone, picture) < (10.2 if kind == "u1" else 0.05)  # a tenth of the levels
    shown = read_picture(tmp_path / "a.tif") / 255
    numbers = stored(multiplied, kind) / (1 if kind == "f4" else np.iinfo(kind).max)
    wanted = numbers[..., :-1] + 1 - numbers[..., -1:]
    assert np.abs(shown - wanted).max() * 255 < 0.01, "laid on white it is exact"


def test_what_is_no_alpha_is_left_out(tmp_path: Path) -> None:
    picture = meant(4)
    for extras, more in (((0,), 0), ((0, 2), 1), ((2, 0), 1)):
        numbers = np.concatenate(
            [stored(picture, "u2")] + [stored(picture, "u2")[..., :1]] * more, -1
        )
        if extras == (0, 2):
            numbers = numbers[..., [0, 1, 2, 4, 3]]
        wanted = picture if more else picture[..., :3]
        for by_plane in (False, True):
            data = tiff(numbers, extras=extras, photometric=2, by_plane=by_plane)
            assert apart(seen(tmp_path, data), wanted) < 0.005


def test_kinds_of_channels_that_are_not_there(tmp_path: Path) -> None:
    numbers = stored(meant(3), "u2")
    assert apart(seen(tmp_path, tiff(numbers, extras=(2, 1))), meant(3)) < 0.005
    grey = stored(meant(1), "u1")
    assert apart(seen(tmp_path, tiff(grey, extras=(1,))), meant(1)) < 0.51


def test_orientation_turns_a_deep_tiff(tmp_path: Path) -> None:
    numbers = stored(meant(3), "u2")
    for orientation, turned in ((3, np.rot90(numbers, 2)), (6, np.rot90(numbers, -1))):
        made = seen(tmp_path, tiff(numbers, t274=orientation))
        assert np.abs(made[..., :3] - turned / 65535).max() < 1e-4


REFUSED: dict[str, dict[str, Any]] = {
    "samples of type int16": {"kind": "i2"},
    "samples of type int8": {"kind": "i1"},
    "not read .samples of 64 bits": {"kind": "u8"},
    "not read .photometric 6, compression 1": {"kind": "u2", "photometric": 6},
    "not read .photometric 8, compression 1": {"kind": "u2", "photometric": 8},
    "not read .photometric 3, compression 1": {"kind": "u2", "photometric": 3},
    "not read .photometric 2, compression 7": {"kind": "u2", "t259": 7},
    "not read .predictor 3": {"kind": "u2", "compression": DEFLATE, "t317": 3},
    "not read .predictor 2": {"kind": "u2", "bits": 12, "compression": DEFLATE, "t317": 2},
    "a small preview, as in a camera's raw file": {"kind": "u1", "t254": 1},
    "too large; at most 134 million pixels": {"kind": "u1", "t256": 60000, "t257": 60000},
    "cut off or damaged .*": {
        "kind": "u1",
        "compression": DEFLATE,
        "tile": (16, 16),
        "t322": 2**31,
    },
    r"damaged .pieces are missing": {"kind": "u1", "t257": 90},
    r"cut off or damaged": {"kind": "u2", "compression": LZW, "t278": 23},
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_would_be_read_wrong_is_refused_in_one_line(tmp_path: Path, words: str) -> None:
    options = dict(REFUSED[words])
    kind = options.pop("kind")
    picture = np.rint(meant(3) * 100).astype(kind)
    with pytest.raises(MediaError, match=words) as caught:
        seen(tmp_path, tiff(picture, **options))
    assert str(caught.value).startswith(f"{tmp_path / 'a.tif'}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("compression", [PLAIN, DEFLATE, LZW, PACKBITS])
@pytest.mark.parametrize("pieces", [1, 3])
def test_a_piece_that_is_cut_off_is_refused(tmp_path: Path, compression: int, pieces: int) -> None:
    numbers = np.random.default_rng(1).integers(0, 65536, (HEIGHT, WIDTH, 3), np.uint16)
    layout: dict[str, Any] = {"compression": compression, "by_plane": pieces > 1, "rows": HEIGHT}
    behind = len(tiff(numbers, **layout)) - 8
    broken: list[dict[str, Any]] = [{"t273": (behind,) * pieces}]
    broken += [{"t279": (40,) * pieces}] if compression != PLAIN else []
    for tags in broken:
        with pytest.raises(MediaError, match="cut off or damaged"):
            seen(tmp_path, tiff(numbers, **layout, **tags))


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "LAB", "1", "L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("packing", [None, "tiff_lzw", "jpeg", "group4"])
def test_pillows_tiffs_are_as_pillow_reads_them(
    tmp_path: Path, mode: str, packing: str | None
) -> None:
    if mode not in {"group4": ("1",), "jpeg": ("YCbCr", "L", "RGB")}.get(packing or "", (mode,)):
        pytest.skip("not so packed")
    options: dict[str, Any] = {"compression": packing} if packing else {}
    picture = Image.fromarray(quadrants()).convert("RGB" if mode == "LAB" else mode)
    if mode == "LAB":
        picture = Image.merge(mode, picture.split())
    picture.save(tmp_path / "b.tif", **options)
    with Image.open(tmp_path / "b.tif") as image:
        wanted = np.asarray(image.convert("RGB"))
    made = seen(tmp_path, (tmp_path / "b.tif").read_bytes())
    rounding = 1.01 if mode == "YCbCr" else 1e-3
    assert np.abs(made[..., :3] * 255 - wanted).max() < rounding


@pytest.mark.parametrize("form", ["yuv444p", "yuv420p"])
def test_ycbcr_of_a_limited_range_that_is_not_packed(tmp_path: Path, form: str) -> None:
    path = tmp_path / "b.tif"
    flat = ["-f", "lavfi", "-i", "color=0x8040e0:s=64x48", "-frames:v", "1", "-pix_fmt", form]
    make.run(*flat, "-compression_algo", "raw", path)
    made = seen(tmp_path, path.read_bytes())
    assert np.abs(made[..., :3] * 255 - (0x80, 0x40, 0xE0)).max() < 4


def test_a_bigtiff_is_a_tiff(tmp_path: Path) -> None:
    Image.fromarray(quadrants()).save(tmp_path / "b.tif", big_tiff=True)
    data = (tmp_path / "b.tif").read_bytes()
    assert data[:4] == b"II+\0"
    assert np.array_equal(np.rint(seen(tmp_path, data)[..., :3] * 255), quadrants())
