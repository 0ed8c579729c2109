"""Draw the seed picture that ships with dreamvid: clouds over mountains and a lake.

    python scripts/draw_seed.py [OUTPUT.jpg]

Everything is computed from one fixed random seed with NumPy and OpenCV; no photograph is
used. World units are metres, x to the right, y up, z away from the viewer; light is linear
until the last step; a run takes about 20 s. The parts, in the order they are called:

* ``draw_sky``    a late-afternoon gradient, warm towards the sun, with streaks of cirrus;
* ``draw_clouds`` cumulus as a real volume: slices of billowy 3-D noise, shadowed along the
  sun's direction and composited front to back over the sky;
* ``land``        the height field (domain-warped ridged noise in several ranges, a lake, two
  wooded headlands) and its shading: rock, snow, scree, forest, cast shadows, haze;
* ``project``     the height field seen by a pinhole camera, one search per image column;
* ``plant``       conifers stroke by stroke, far to near;
* ``draw_water``  the scene seen again from below the surface, mirrored, bent by ripples and
  mixed with the colour of the deep water by its angle of view.

The scene is drawn at twice the size and averaged down, then tone-mapped and saved.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

OUT = Path(__file__).resolve().parent.parent / "dreamvid" / "seeds" / "clouds.jpg"
W, H = 1920, 1080  # the drawing; the file is half of it each way
HORIZON, FOCAL, EYE = 670, 1920.0, 26.0  # row of the horizon, focal length (px), eye height (m)
SUN = np.array([-0.72, 0.42, -0.55]) / np.linalg.norm([-0.72, 0.42, -0.55])
SUNLIGHT = np.array([1.75, 1.40, 1.04], np.float32)
SKYLIGHT = np.array([0.25, 0.35, 0.52], np.float32)
SHIFT = (52.1, 21.5)  # where the clouds are cut from their noise
RNG = np.random.default_rng(20)
GRADS = np.exp(2j * np.pi * RNG.random(65536)).astype(np.complex64)  # unit vectors, 256 x 256


def ramp(a: float, b: float, v: Any) -> Any:
    """0 below a, 1 above b, smooth between."""
    t = np.clip((v - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


def noise(x: Any, y: Any) -> Array:
    """2-D gradient noise, about -1..1, one feature per unit."""
    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy, xi, yi = x - x0, y - y0, x0.astype(np.int32), y0.astype(np.int32)
    u, v = (f * f * f * (f * (f * 6 - 15) + 10) for f in (fx, fy))

    def corner(i: int, j: int) -> Array:
        g = np.take(GRADS, (((yi + j) & 255) << 8) | ((xi + i) & 255))
        return g.real * (fx - i) + g.imag * (fy - j)

    low = corner(0, 0) + u * (corner(1, 0) - corner(0, 0))
    high = corner(0, 1) + u * (corner(1, 1) - corner(0, 1))
    return 1.5 * (low + v * (high - low))


def fbm(x: Any, y: Any, octaves: int, gain: float = 0.5) -> Array:
    """Octaves of noise, each turned and twice as fine."""
    total: Any = 0
    amp = 1.0
    for _ in range(octaves):
        total = total + amp * noise(x, y)
        x, y, amp = 1.6 * x + 1.2 * y + 17.3, 1.6 * y - 1.2 * x + 5.1, amp * gain
    return total


def ridged(x: Any, y: Any, octaves: int) -> Array:
    """Ridged noise, 0..1: sharp crests that carry the finer crests, smooth valleys."""
    total: Any = 0
    amp: float = 0.55
    carry: Any = 1.0
    for _ in range(octaves):
        crest = (1 - np.abs(noise(x, y))) ** 2
        total, carry = total + amp * crest * carry, np.clip(crest * 1.3, 0, 1)
        x, y, amp = 1.64 * x + 1.2 * y + 9.7, 1.64 * y - 1.2 * x + 3.3, amp * 0.46
    return total


def sky_colour(cols: Array, elev: Array) -> Array:
    """The clear sky: elev is the height over the horizon in focal lengths."""
    t = np.clip(elev / 0.36, 0, 1)[..., None] ** 0.62
    side = np.exp(-(((cols / W) - 0.02) ** 2) * 3.0)[..., None]
    base = np.array([0.92, 0.68, 0.50]) * (1 - side) + np.array([1.2, 0.78, 0.42]) * side
    return base * (1 - t) + np.array([0.075, 0.19, 0.44]) * t * (1 + 0.35 * side)


def draw_sky() -> Array:
    """Draw the clear sky and its cirrus over the whole picture."""
    rows, cols = np.mgrid[0:H, 0:W].astype(np.float32)
    elev = np.abs(HORIZON - rows) / FOCAL + 0.004
    sky = sky_colour(cols, elev)
    x, z = (cols - W / 2) / FOCAL / (elev + 0.06), 1 / (elev + 0.06)
    bend = fbm(x * 0.5, z * 0.35, 3)
    streak = fbm(x * 0.9 + z * 0.5 + bend, z * 1.3 - x * 0.5 + 1.3 * bend, 6, 0.6)
    cirrus = ramp(-0.1, 1.3, streak + 0.3 * bend) * ramp(0.03, 0.2, elev)
    return sky + 0.42 * cirrus[..., None] * (np.array([1.25, 1.05, 0.9]) - sky * 0.6)


def draw_clouds(sky: Array, slices: int = 100) -> Array:
    """March half-size slices of cloud from near to far; return the sky with clouds."""
    f, horizon, h, w = FOCAL / 2, HORIZON // 2, HORIZON // 2 + 4, W // 2
    all_rows, cols = np.arange(h, dtype=np.float32)[:, None], np.arange(w, dtype=np.float32)[None]
    # a 64-cube of periodic noise, low-passed white noise
    k = np.fft.fftfreq(64) * 64
    k2 = k[:, None, None] ** 2 + k[None, :, None] ** 2 + k[None, None, :] ** 2
    white = np.fft.fftn(RNG.standard_normal((64, 64, 64)))
    cube = np.fft.ifftn(white * np.exp(-k2 / 72.0) * (k2 > 20)).real.astype(np.float32)
    cube /= cube.std()

    def sample(x: Array, y: Array, z: Any) -> Array:
        i, t = int(np.floor(z)) % 64, np.float32(z - np.floor(z))
        plane = cube[i] * (1 - t) + cube[(i + 1) % 64] * t
        x, y = (np.float32(v % 64) for v in (x, y))
        return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)

    slope, (side, front) = -SUN[0] / SUN[1], SHIFT
    through, light_sum = np.ones((h, w), np.float32), np.zeros((h, w, 3), np.float32)
    depths = np.geomspace(11000, 60000, slices)
    for z, dz in zip(depths.tolist(), np.gradient(depths).tolist(), strict=True):
        px = z / f
        band = slice(max(0, int(horizon - 6200 / px)), int(horizon - 600 / px))
        rows = all_rows[band]
        x, y = np.broadcast_arrays((cols - w / 2) * px, (horizon - rows) * px - 900)
        cover = fbm(x[:1] / 7000 + side, np.full((1, w), z / 9000 + front), 3)
        top = 2500 * ramp(-0.2, 0.75, cover) + 350
        rise = y / top
        body = 0.62 + 1.5 * cover - 1.25 * np.clip(rise, 0, None) ** 2.2
        wx = sample(x / 190 + 11, y / 190, z / 190) * 70
        wy = sample(x / 190, y / 190 + 29, z / 190 + 7) * 70
        puff, amp, size = 0, 0.62, 170.0
        for _ in range(6):
            n = sample((x + wx) / size, (y + wy) / size, z / size)
            puff, amp, size = puff + amp * (np.abs(n) - 0.75), amp * 0.6, size * 0.47
        dens = 0.016 * np.clip(body + puff, 0, 1) * ramp(-0.3, 0.15, body)
        dens *= ramp(-120, 160, y + 90 * puff)  # the flat base
        # shear the slice so that the sun's rays become columns, add up, shear back
        tall = len(rows)
        shear = np.array([[1, -slope, slope * tall], [0, 1, 0]], np.float32)
        path = np.cumsum(cv2.warpAffine(dens, shear, (int(w + slope * tall), tall)), axis=0)
        path = cv2.warpAffine(path, shear, (w, tall), flags=cv2.WARP_INVERSE_MAP + cv2.INTER_LINEAR)
        tau = path * px / SUN[1]
        lit = 0.75 * np.exp(-tau * 0.7) + 0.25 * np.exp(-tau * 0.04)
        ambient = 0.4 + 0.6 * ramp(-200, 3000, y)
        colour = lit[..., None] * SUNLIGHT * 0.8 + ambient[..., None] * SKYLIGHT * 0.6
        colour *= 0.62 + 0.38 * ramp(-1.1, -0.2, puff)[..., None]  # dark creases between the puffs
        haze = 1 - np.exp(-z / 110000)
        colour = colour * (1 - haze) + haze * np.array([0.80, 0.69, 0.62])
        alpha = through[band] * (1 - np.exp(-dens * dz))
        light_sum[band] += alpha[..., None] * colour
        through[band] -= alpha
    out = sky.copy()
    rest = cv2.resize(through, (W, 2 * h), interpolation=cv2.INTER_CUBIC)[..., None]
    out[: 2 * h] = sky[: 2 * h] * rest + cv2.resize(light_sum, (W, 2 * h))
    return np.clip(out, 0, None)


def land() -> dict[str, Array]:
    """Heights and lit colours on a fan of columns (image) by steps (depth)."""
    spans = ((95, 240, 250), (241, 1190, 170), (1200, 27000, 1130))  # closer steps where it shows
    z = np.concatenate([np.geomspace(*s, dtype=np.float32) for s in spans])[:, None]
    x = (np.arange(W, dtype=np.float32)[None] - W / 2) / FOCAL * z
    zz = np.broadcast_to(z, x.shape)
    # mountains: warped ridges, higher range after range, lower along a valley
    wx, wz = fbm(x / 2600, zz / 2600, 3) * 520, fbm(x / 2600 + 40, zz / 2600 + 9, 3) * 520
    crest = ridged((x + wx) / 3600 + 5.2, (zz + wz) / 3600 + 2.4, 9)
    valley = np.abs(x - 0.02 * z - 500 * np.sin(z / 3000))
    open_ = ramp(0, 1, valley / (900 + 0.16 * z))
    rise = 330 * ramp(2400, 4600, z) + 650 * ramp(5000, 9000, z) * (0.2 + 0.8 * open_)
    rise = rise + 1150 * ramp(9500, 16000, z) * (0.5 + 0.5 * open_)
    h = rise * (1.6 * crest - 0.3) + 40 * ramp(2000, 3200, z)
    # the lake's bed, then a wooded bank, a farther headland and a stony point
    shore = fbm(x / 500, zz / 500, 6)
    h = h + 22 * shore * ramp(1500, 2600, z) - 40 * (1 - ramp(1900, 2500, z + 350 * shore))
    bank = 1 - ((x - 230) / 135) ** 2 - ((zz - 370) / 210) ** 2 + 0.45 * shore
    h = np.maximum(h, 16 * bank + 1.2 * fbm(x / 9, zz / 9, 2))
    head = 1 - ((x + 800) / 470) ** 2 - ((zz - 1500) / 260) ** 2 + 0.5 * shore
    h = np.maximum(h, 50 * head + 3 * fbm(x / 30, zz / 30, 2))
    stones = 1 - ((x + 66) / 48) ** 2 - ((zz - 136) / 30) ** 2
    boulders = 2.0 * fbm(x / 7, zz / 7, 4, 0.45) - 0.5
    h = np.maximum(h, 4 * (stones - 0.3) + ramp(-0.3, 0.3, stones) * boulders)
    water = h <= 0
    h = np.maximum(h, 0)
    # slopes in x and z from differences along the fan, then the sun's angle and its shadows
    hx = np.gradient(h, axis=1) * FOCAL / z
    hz = np.gradient(h, axis=0) / np.gradient(z, axis=0) - hx * x / z
    norm = 1 / np.sqrt(1 + hx * hx + hz * hz)
    facing = np.clip((-hx * float(SUN[0]) + float(SUN[1]) - hz * float(SUN[2])) * norm, 0, 1)
    fall = (x - x[:, :1]) * float(SUN[1] / -SUN[0])
    shade = ramp(60, 5, np.maximum.accumulate(h + fall, axis=1) - fall - h)
    overcast = ramp(0.12, -0.32, fbm(x / 1900 + 8, zz / 2900, 2))  # the clouds' own shadows
    shade = shade * (1 - 0.75 * overcast)
    grain = fbm(x / 230, zz / 230, 4, 0.65)
    fine = fbm(x / 30, zz / 30, 3, 0.7) * ramp(16000, 4000, z)
    bands = np.sin(h / 38 + 2.5 * grain)

    def over(under: Array, colour: list[float], mask: Array) -> Array:
        return under + (np.array(colour, np.float32) - under) * mask[..., None]

    # rock, scree, grass, forest, boulders, snow, sand
    c = np.array([0.20, 0.18, 0.17], np.float32) * (1 + 0.3 * grain + 0.14 * bands)[..., None]
    c = over(c, [0.26, 0.23, 0.19], ramp(0.2, 0.8, grain + 0.6 * norm - 0.3))
    c = over(c, [0.13, 0.15, 0.055], ramp(0.55, 0.8, norm + 0.12 * grain) * ramp(1000, 600, h))
    woods = ramp(0.52, 0.66, norm + 0.14 * grain) * ramp(620, 380, h + 130 * grain)
    c = over(c, [0.022, 0.048, 0.020], woods * (0.75 + 0.25 * np.tanh(2 * fine)))
    c = over(c, [0.24, 0.23, 0.21], ramp(-0.1, 0.4, boulders) * (z < 240))
    snow = ramp(600, 1000, h + 220 * grain) * ramp(0.44, 0.64, norm + 0.10 * grain + 0.05 * fine)
    c = over(c, [0.86, 0.88, 0.93], snow)
    c = over(c, [0.25, 0.22, 0.17], ramp(2.2, 0.6, h + 0.8 * fine) * ramp(200, 300, z))
    sun, sky = (facing * shade)[..., None], (0.5 + 0.5 * norm)[..., None]
    c = c * (sun * SUNLIGHT * 1.25 + sky * SKYLIGHT)
    c = c * (1 + 0.22 * fine * (1 - snow))[..., None]
    haze = 1 - np.exp(-((zz / 34000) ** 1.3) - (zz / 36000) * np.exp(-h / 300))
    side = np.exp(-((x / z + 0.5) ** 2) * 3)[..., None]
    air = np.array([0.47, 0.53, 0.66]) * (1 - side) + np.array([0.78, 0.64, 0.54]) * side
    c = c * (1 - haze[..., None]) + air * haze[..., None]
    return {"x": x, "z": z[:, 0], "h": h, "water": water, "woods": woods, "c": c, "air": air}


def project(fan: dict[str, Array], back: Array, eye: float) -> tuple[Array, Array, Array]:
    """Draw the fan over back as seen from height eye; also the depth and the water mask."""
    picture, depth = back.copy(), np.full((H, W), 1e9)
    wet = np.zeros((H, W), bool)
    lines = ((fan["h"] - eye) / fan["z"][:, None] * FOCAL).astype(np.float32)
    k = np.full((H, W), len(lines))
    if eye > 0:
        ridge = np.maximum.accumulate(lines, axis=0)
        for col in range(W):
            k[:, col] = np.searchsorted(ridge[:, col], HORIZON - np.arange(H))
    else:  # a mirrored ray begins where it left the water
        lines[fan["water"]] = -1e4
        for row in range(HORIZON):
            first = np.searchsorted(fan["z"][:-1], -eye * FOCAL / (HORIZON - row))
            above = lines[first:] >= HORIZON - row
            k[row] = np.where(above.any(0), first + above.argmax(0), len(lines))
    row, col = np.nonzero(k < len(lines))
    k = np.maximum(k[row, col], 1)
    near, far = lines[k - 1, col], lines[k, col]
    t = np.clip((HORIZON - row - near) / np.maximum(far - near, 1e-6), 0, 1)
    t = np.where(near < -1e3, 1, t)[:, None]
    colour = fan["c"][k - 1, col] * (1 - t) + fan["c"][k, col] * t
    # roughness of the ground in the picture's own scale, so that steep faces have some too
    z = fan["z"][k]
    unit = np.exp2(np.floor(np.log2(z / 60)))
    scale = z / unit / FOCAL
    rough = fbm((col - W / 2) * scale, (HORIZON - row) * scale + z / 900, 5, 0.7)
    picture[row, col] = colour * np.clip(1 + 0.32 * rough * np.exp(-z / 50000), 0.3, 2)[:, None]
    depth[row, col] = z
    wet[row, col] = fan["water"][k, col] & fan["water"][k - 1, col]
    return picture, depth, wet


def plant(
    picture: Array, depth: Array, fan: dict[str, Array], eye: float, count: int = 14000
) -> None:
    """Conifers on the wooded ground, far to near, each a stack of drooping strokes."""
    rng = np.random.default_rng(7)
    near = int(np.searchsorted(fan["z"], 5200))
    k, col = rng.integers(0, near, count * 6), rng.integers(0, W, count * 6)
    ok = (fan["woods"][k, col] > 0.4) & (fan["h"][k, col] > 2.0)
    ok &= rng.random(count * 6) < fan["z"][k] / 500
    k, col = k[ok][:count], col[ok][:count]
    order = np.argsort(-k, kind="stable")
    for i, j in zip(k[order], col[order], strict=True):
        z = fan["z"][i]
        tall = rng.uniform(7, 17) * rng.choice([1, 1, 1.5])
        tall = min(tall, 0.13 * z)
        foot = HORIZON - (fan["h"][i, j] - eye) / z * FOCAL
        size, lean, tint = tall / z * FOCAL, rng.normal(0, 0.015), rng.uniform(0.5, 1.5)
        n = int(np.clip(size * 0.55, 5, 150))
        reach, droop = rng.uniform(0.45, 1.1, (n, 2)), rng.uniform(0.0, 0.05, (n, 2))
        glow, plump = rng.random((n, 2)), rng.uniform(0.13, 0.21)
        y = int(foot)
        if not 0 <= y < H or depth[y, j] < z * 0.97:
            continue
        haze = 1 - np.exp(-z / 26000)
        for m in range(n):
            t = 0.06 + 0.94 * m / n
            mid, top = j + lean * size * t, foot - size * t
            for side in (0, 1):
                span = (plump * (1 - t) ** 0.85 + 0.008) * size * reach[m, side] * (2 * side - 1)
                sunny = glow[m, side] < (0.35 if side else 0.75)
                tone = np.array([0.030, 0.042, 0.018]) * tint * (0.5 + glow[m, side] + 1.6 * sunny)
                tone = tone * (1 - haze) + fan["air"][i, j] * haze
                tip = (int(mid + span), int(top + droop[m, side] * size))
                fork = (int(mid + 0.5 * span), int(top + 0.2 * droop[m, side] * size))
                cv2.line(
                    picture, (int(mid), int(top)), fork, (0.5 * tone).tolist(), 1 + int(size > 90)
                )
                cv2.line(picture, fork, tip, tone.tolist(), 1 + int(size > 90))


def draw_water(picture: Array, mirror: Array, wet: Array) -> Array:
    """Fill the wet pixels with the mirrored scene, bent by ripples."""
    rows, cols = np.mgrid[0:H, 0:W].astype(np.float32)
    down = np.maximum(rows - HORIZON, 1)
    z = EYE * FOCAL / down
    x = (cols - W / 2) / FOCAL * z
    bend, sway, step = 0, 0, z * z / (EYE * FOCAL)
    for wave, steep in ((40, 0.5), (14, 0.8), (5, 1.0), (2.0, 1.0), (0.8, 0.8)):
        keep = steep * np.clip(wave / step, 0, 1)
        bend = bend + keep * noise(x / wave / 2.2 + wave, z / wave)
        sway = sway + keep * noise(x / wave / 2.2 - wave, z / wave + 50)
    calm = 0.35 + 0.65 * ramp(-0.4, 0.5, fbm(x / 160, z / 420, 3))
    reach = 10 * calm * np.sqrt(down / 60)
    map_y = np.clip(2 * HORIZON - rows - np.abs(reach * bend * 1.1), 0, H - 1)
    seen = cv2.remap(
        mirror.astype(np.float32),
        cols + 0.35 * reach * sway,
        map_y,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    graze = 1 - np.sin(np.arctan(down / FOCAL)) * (1 + 1.2 * np.tanh(bend))
    share = (0.22 + 0.70 * np.clip(graze, 0, 1) ** 5)[..., None]
    deep = np.array([0.022, 0.060, 0.070]) * (1 + 0.5 * bend)[..., None]
    return np.where(wet[..., None], seen * share + deep * (1 - share), picture)


def main() -> None:
    """Draw the picture and write it to the path given, or into the package."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    sky = draw_clouds(draw_sky())
    fan = land()
    picture, depth, wet = project(fan, sky, EYE)
    mirror, behind, _ = project(fan, sky, -EYE)
    plant(mirror, behind, fan, -EYE)
    picture = draw_water(picture, mirror, wet)
    plant(picture, depth, fan, EYE)
    small = cv2.resize(picture, (W // 2, H // 2), interpolation=cv2.INTER_AREA)
    toned = (1 - np.exp(-1.3 * np.clip(small, 0, None))) ** (1 / 2.2)
    toned = 0.4 * toned + 0.6 * ramp(0.02, 0.98, toned)
    image = np.clip(toned * 255 + 0.5, 0, 255).astype(np.uint8)
    out.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(out), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90]):
        raise SystemExit(f"could not write {out}")
    print(f"{out}: mean {image.mean((0, 1)).round(1)}, std {image.std((0, 1)).round(1)}")


if __name__ == "__main__":
    main()
