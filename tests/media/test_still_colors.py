"""The colors of stills are those of sRGB, whatever space their files state."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from dreamvid.media.read import read_picture, read_picture_with_alpha
from tests import profile_factory as profiles
from tests.media_factory import Picture, deep_png
from tests.tiff_factory import tiff

SRGB = ImageCms.createProfile("sRGB")
PERCEPTUAL = ImageCms.Intent.PERCEPTUAL


def colors(mode: str = "RGB") -> Image.Image:
    """A picture of many colors."""
    y, x = np.mgrid[0:24, 0:32]
    picture = np.stack([x * 8, y * 10, 255 - x * 5 - y * 4], -1).astype(np.uint8)
    if mode == "CMYK":
        return Image.fromarray(np.dstack([255 - picture, picture[..., 0] // 4]), "CMYK")
    return Image.fromarray(picture).convert(mode)


def by_pillow(image: Image.Image, profile: bytes) -> Picture:
    """What Little CMS makes of it at 8 bits, by a matrix without adapting its black."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC if b"rXYZ" in profile else PERCEPTUAL
    return np.asarray(ImageCms.profileToProfile(image, source, SRGB, intent, "RGB"))


def saved(path: Path, image: Image.Image, profile: bytes, **options: Any) -> Image.Image:
    """The picture as it is decoded from the file, which has the profile."""
    image.save(path, icc_profile=profile, **options)
    with Image.open(path) as again:
        again.load()
        assert again.info["icc_profile"] == profile
        return again.copy()


MATRICES = {
    "P3": profiles.rgb(),
    "linear": profiles.rgb(curves=[profiles.table([])]),
    "gamma": profiles.rgb(curves=[profiles.gamma(1.8)]),
    "table": profiles.rgb(curves=[profiles.table(np.linspace(0, 1, 64) ** 2.1)]),
    "three": profiles.rgb(
        curves=[profiles.gamma(1.6), profiles.gamma(2), profiles.parametric(0, [2.4])]
    ),
    "kind 1": profiles.rgb(curves=[profiles.parametric(1, [2, 1.2, -0.2])]),
    "kind 2": profiles.rgb(curves=[profiles.parametric(2, [2, 1.1, -0.2, 0.19])]),
    "kind 4": profiles.rgb(curves=[profiles.parametric(4, [2.2, 0.9, 0.1, 0.1, 0.1, 0, 0])]),
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_is_followed_as_little_cms_follows_it(tmp_path: Path, name: str) -> None:
    decoded = saved(tmp_path / "a.png", colors(), MATRICES[name])
    seen = read_picture(tmp_path / "a.png")
    assert np.abs(seen - by_pillow(decoded, MATRICES[name])).max() < 1.01
    assert np.abs(seen - np.asarray(decoded)).max() > 5


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp", "avif"])
def test_every_format_has_its_profile_read(tmp_path: Path, ending: str) -> None:
    options = {"lossless": True} if ending == "webp" else {}
    path = tmp_path / f"a.{ending}"
    decoded = saved(path, colors(), MATRICES["P3"], **options)
    assert np.abs(read_picture(path) - by_pillow(decoded, MATRICES["P3"])).max() < 1.01


def test_16_bits_keep_their_fraction_through_a_matrix(tmp_path: Path) -> None:
    stored = np.random.default_rng(2).integers(0, 65536, (24, 32, 4), np.uint16)
    wanted = profiles.p3_in_srgb(stored[..., :3] / 65535) * 255
    data = deep_png(stored, iCCP=b"p\0\0" + zlib.compress(profiles.rgb()))
    for name, file in (("a.png", data), ("a.tif", tiff(stored, t34675=profiles.rgb()))):
        (tmp_path / name).write_bytes(file)
        seen = read_picture_with_alpha(tmp_path / name)
        assert np.abs(seen[..., :3] - wanted).max() < 0.5
        assert np.abs(seen[..., :3] - wanted).mean() < 0.02
        assert np.abs(seen[..., 3] - stored[..., 3] / 257).max() < 1e-4
    floats = (stored / 65535).astype(np.float32)
    (tmp_path / "f.tif").write_bytes(tiff(floats, t34675=profiles.rgb()))
    assert np.abs(read_picture_with_alpha(tmp_path / "f.tif") - seen).max() < 0.02


@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(SRGB).tobytes(),
        profiles.rgb(profiles.SRGB),
        profiles.rgb(
            profiles.SRGB,
            [
                profiles.table(
                    np.where(
                        (x := np.linspace(0, 1, 1024)) < 0.04045,
                        x / 12.92,
                        ((x + 0.055) / 1.055) ** 2.4,
                    )
                )
            ],
        ),
    ],
    ids=["Little CMS's", "rounded", "in a table"],
)
def test_what_is_srgb_stays_as_it_is(
    tmp_path: Path, profile: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    decoded = saved(tmp_path / "a.png", colors(), profile)
    assert np.array_equal(read_picture(tmp_path / "a.png"), np.asarray(decoded))
    grey = saved(tmp_path / "b.png", colors("L"), profile)
    assert np.array_equal(read_picture(tmp_path / "b.png")[..., 1], np.asarray(grey))
    assert not caplog.records


@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
def test_grey_by_its_curve(tmp_path: Path, ending: str) -> None:
    profile = profiles.grey(profiles.gamma(1.4))
    path = tmp_path / f"a.{ending}"
    decoded = saved(path, colors("L"), profile)
    light = (np.asarray(decoded) / 255) ** (round(1.4 * 256) / 256)
    wanted = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    seen = read_picture(path)
    assert np.abs(seen - 255 * wanted[..., np.newaxis]).max() < 0.01


@pytest.mark.parametrize(
    ("mode", "profile", "ending"),
    [
        ("CMYK", profiles.cmyk(), "jpg"),
        ("CMYK", profiles.cmyk(), "tif"),
        ("L", profiles.grey(profiles.gamma(1.0), "Lab "), "png"),
    ],
)
def test_tables_are_followed_at_8_bits_and_said(
    tmp_path: Path, mode: str, profile: bytes, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / f"a.{ending}"
    decoded = saved(path, colors(mode), profile)
    assert np.array_equal(read_picture(path), by_pillow(decoded, profile))
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"{path}: its color profile is of tables, by which its colors become sRGB at 8 bits"
    )


def test_deep_grey_of_tables_with_alpha(tmp_path: Path) -> None:
    stored = np.random.default_rng(2).integers(0, 65536, (24, 32, 2), np.uint16)
    profile = profiles.grey(profiles.gamma(1.0), "Lab ")
    (tmp_path / "a.tif").write_bytes(tiff(stored, extras=(2,), t34675=profile))
    seen = read_picture_with_alpha(tmp_path / "a.tif")
    bytes_of_it = np.rint(stored / 257).astype(np.uint8)
    wanted = by_pillow(Image.fromarray(bytes_of_it[..., 0]), profile)
    assert np.array_equal(seen[..., :3], wanted)
    assert np.array_equal(seen[..., 3], bytes_of_it[..., 1])


BROKEN = {
    "garbage": b"no profile at all" * 20,
    "cut off": profiles.rgb()[:300],
    "nothing": b"\0",
    "no tags": profiles.rgb()[:128] + struct.pack(">I", 2**31),
    "of no color": profiles.rgb([(0, 0, 0)] * 3)[:-1],
    "a long table": profiles.rgb(curves=[b"curv\0\0\0\0" + struct.pack(">I", 2**31 - 1)]),
    "of a link": profiles.rgb().replace(b"mntr", b"link", 1),
    "of CMYK": profiles.cmyk(),
    "of grey": profiles.grey(profiles.gamma(2)),
    "of Lab": profiles.profile("Lab ", "Lab ", {}, kind="spac"),
    "empty tables": profiles.profile("RGB ", "Lab ", {"A2B0": b"mft1"}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_profile_that_does_not_fit_is_left_out_and_said(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    decoded = saved(tmp_path / "a.png", colors(), BROKEN[name])
    assert np.array_equal(read_picture(tmp_path / "a.png"), np.asarray(decoded))
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "its color profile is left out, as it is damaged or of another kind of picture; "
        "its colors are taken for sRGB"
    ]


def test_a_profile_of_another_kind_than_cmyk_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    decoded = saved(tmp_path / "a.jpg", colors("CMYK"), profiles.rgb())
    wanted = np.asarray(decoded.convert("RGB"))
    assert np.array_equal(read_picture(tmp_path / "a.jpg"), wanted)
    assert "its color profile is left out" in caplog.text


def test_a_large_profile_in_a_png(tmp_path: Path) -> None:
    profile = profiles.rgb(junk=np.random.default_rng(1).bytes(2**21))
    path = tmp_path / "a.png"
    colors().save(path, icc_profile=profile)
    assert np.abs(read_picture(path) - by_pillow(colors(), profile)).max() < 1.01


P3_CHROMATICITIES = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
P3_PROFILE = b"p\0\0" + zlib.compress(profiles.rgb())

STATED: dict[str, tuple[dict[str, bytes], str]] = {
    "cICP": ({"cICP": bytes([12, 13, 0, 1])}, "P3"),
    "cICP before iCCP": ({"cICP": bytes([1, 13, 0, 1]), "iCCP": P3_PROFILE}, "sRGB"),
    "cICP of video": ({"cICP": bytes([1, 1, 0, 1])}, "sRGB"),
    "unknown cICP with iCCP": ({"cICP": bytes([77, 13, 0, 1]), "iCCP": P3_PROFILE}, "P3"),
    "iCCP before gAMA": ({"gAMA": struct.pack(">I", 100000), "iCCP": P3_PROFILE}, "P3"),
    "cHRM": ({"cHRM": P3_CHROMATICITIES}, "P3"),
    "cHRM and gAMA": ({"gAMA": struct.pack(">I", 45455), "cHRM": P3_CHROMATICITIES}, "P3"),
    "sRGB before cHRM": ({"sRGB": b"\0", "cHRM": P3_CHROMATICITIES}, "sRGB"),
    "gAMA of sRGB": ({"gAMA": struct.pack(">I", 45455)}, "sRGB"),
    "gAMA of video": ({"gAMA": struct.pack(">I", 50994)}, "sRGB"),
    "gAMA 1": ({"gAMA": struct.pack(">I", 100000)}, "linear"),
}


@pytest.mark.parametrize("name", STATED)
def test_colors_that_a_png_states_without_a_profile(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    chunks, space = STATED[name]
    stored = np.random.default_rng(2).integers(0, 65536, (24, 32, 3), np.uint16)
    (tmp_path / "a.png").write_bytes(deep_png(stored, **chunks))
    samples = stored / 65535
    wanted = {
        "sRGB": samples,
        "P3": profiles.p3_in_srgb(samples),
        "linear": np.where(
            samples <= 0.0031308, samples * 12.92, 1.055 * samples ** (1 / 2.4) - 0.055
        ),
    }[space]
    seen = read_picture(tmp_path / "a.png")
    assert np.abs(seen - wanted * 255).max() < (0.5 if "iCCP" in name else 0.01)
    if space == "sRGB":
        assert np.abs(seen - wanted * 255).max() < 1e-4, "untouched"
    assert not caplog.records


@pytest.mark.parametrize(
    "chunks",
    [
        {"cICP": bytes([9, 16, 0, 0])},
        {"cICP": bytes([77, 18, 0, 1])},
        {"cICP": bytes([1, 13, 0, 0])},
        {"cICP": bytes([77, 13, 0, 1])},
        {"cICP": b"\1"},
        {"cHRM": bytes(32)},
        {"gAMA": bytes(4)},
    ],
)
def test_stated_colors_that_are_not_known_are_said(
    tmp_path: Path, chunks: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    stored = np.random.default_rng(2).integers(0, 65536, (24, 32, 3), np.uint16)
    (tmp_path / "a.png").write_bytes(deep_png(stored, **chunks))
    assert np.abs(read_picture(tmp_path / "a.png") - stored / 257).max() < 1e-4
    assert "it states colors that are not known here (" in caplog.text


def test_colors_that_an_avif_states_without_a_profile(tmp_path: Path) -> None:
    colors().save(tmp_path / "a.avif", quality=100, subsampling="4:4:4")
    data = (tmp_path / "a.avif").read_bytes()
    at = data.index(b"colrnclx") + 8
    plain = read_picture(tmp_path / "a.avif")
    assert struct.unpack_from(">HH", data, at) == (1, 13)
    for codes, meant in (((12, 13), profiles.p3_in_srgb(plain / 255) * 255), ((1, 1), plain)):
        (tmp_path / "b.avif").write_bytes(data[:at] + struct.pack(">HH", *codes) + data[at + 4 :])
        assert np.abs(read_picture(tmp_path / "b.avif") - meant).max() < 0.02


def test_colors_of_a_jpeg_2000(tmp_path: Path) -> None:
    colors().save(tmp_path / "a.jp2")
    data = (tmp_path / "a.jp2").read_bytes()
    at = data.index(b"colr") - 4
    (size,) = struct.unpack_from(">I", data, at)
    profile = profiles.rgb()
    box = struct.pack(">I4s3B", 11 + len(profile), b"colr", 2, 0, 0) + profile
    head = data.index(b"jp2h") - 4
    (whole,) = struct.unpack_from(">I", data, head)
    longer = struct.pack(">I", whole + len(box) - size)
    changed = data[:head] + longer + data[head + 4 : at] + box + data[at + size :]
    (tmp_path / "b.jp2").write_bytes(changed)
    wanted = by_pillow(colors(), profile)
    assert np.abs(read_picture(tmp_path / "b.jp2") - wanted).max() < 1.01
