"""Measure what each codec keeps of a picture, as docs/outputs.md says it.

python scripts/measure_codecs.py [PICTURE]        by default the seed picture

Eight frames of a slow pan over the picture, and eight of patches of one color, are encoded by
dreamvid's own sinks and decoded by ffmpeg, Y'CbCr by zscale. Printed are the mean and largest error
in levels of 255, patches without their borders, and the file's bytes a pixel. Then what is made of
the passes source and residual is compared with the dream.
"""

from __future__ import annotations

import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from dreamvid.frame import Frame, Size
from dreamvid.media import ffmpeg
from dreamvid.media.codecs.codec import Codec, FilmCodec
from dreamvid.media.codecs.pictures import Exr
from dreamvid.media.codecs.table import FILM_CODECS, STILL_CODECS
from dreamvid.media.outputs import open_sink
from dreamvid.media.passes import residual
from dreamvid.media.read import read_picture
from dreamvid.media.sink import FilmSpec

SIZE = Size(640, 352)
COUNT = 8
PATCH = 32
LEFT_OUT = ("exr", "webp")
"""Linear; ffmpeg cannot read an animated WebP."""

SEED = Path(__file__).parent.parent / "dreamvid" / "seeds" / "clouds.jpg"


def pan(picture: Frame) -> list[Frame]:
    """Frames of the picture, with levels between the whole ones."""
    width, height = SIZE
    parts = [picture[n : n + height, 2 * n : 2 * n + width] for n in range(COUNT)]
    return [np.ascontiguousarray(part * np.float32(0.999)) for part in parts]


def patches() -> list[Frame]:
    """Frames of patches of one color each."""
    rng = np.random.default_rng(1)
    shape = SIZE.height // PATCH, SIZE.width // PATCH, 3
    drawn = [(rng.random(shape) * 255).astype(np.float32) for _ in range(COUNT)]
    return [np.repeat(np.repeat(each, PATCH, axis=0), PATCH, axis=1) for each in drawn]


def written(frames: list[Frame], codec: Codec, folder: Path, *, data: bool = False) -> Path:
    """Encode frames, opaque or with alpha; returns the film or folder."""
    path = folder / f"a{codec.endings[0] if isinstance(codec, FilmCodec) else ''}"
    alpha = frames[0].shape[2] == 4
    spec = FilmSpec(SIZE, Fraction(25), 18, 48, alpha=alpha, codec=codec.name, data=data)
    sink = open_sink(path, spec, overwrite=True)
    for frame in frames:
        sink.write(frame)
    sink.close()
    return path


def decoded(path: Path, alpha: bool, deep: bool) -> np.ndarray:
    """The frames of a film or folder on the scale of 255, (N, H, W, 3 or 4)."""
    if path.is_dir():
        first = next(path.iterdir())
        words = ["-start_number", "0", "-i", str(path / f"%06d{first.suffix}")]
    else:
        words = ["-i", ffmpeg.url(path)]
    yuv = not path.is_dir() and "yuv" in ffmpeg.describe(path)
    form, channels = ("rgb48le", 3) if yuv else ("rgba64le" if deep else "rgba", 4)
    filters = "null"
    if yuv:
        apart = "format=yuv444p12le," if alpha else ""
        filters = f"{apart}zscale=matrixin=709:rangein=limited:range=full,format=gbrp16le"
    raw = ffmpeg.convert([*words, "-vf", filters, "-pix_fmt", form, "-f", "rawvideo", "-"], b"")
    kind, most = (np.uint8, 1) if form == "rgba" else ("<u2", 257)
    color = np.frombuffer(raw, kind).reshape(COUNT, *SIZE.shape, channels) / most
    if not (yuv and alpha):
        return color[..., : 3 + alpha]
    tail = ["-vf", "alphaextract,format=gray16le", "-f", "rawvideo", "-"]
    raw = ffmpeg.convert([*words, *tail], b"")
    return np.concatenate([color, np.frombuffer(raw, "<u2").reshape(*color.shape[:3], 1) / 257], -1)


def add_up(picture: Frame, codec: Codec) -> tuple[float, float]:
    """The mean and largest difference of a dream and the sum of its source and residual."""
    sources = pan(picture)
    dreams = [np.clip(one + (one[::-1, ::-1] - 128) / 2, 0, 255) for one in sources]
    residuals = [residual(*pair, codec) for pair in zip(dreams, sources, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        read = [
            decoded(written(frames, codec, Path(folder), data=data), False, codec.deep)
            for frames, data in ((sources, False), (residuals, True))
        ]
    off = np.abs(read[0] + 2 * read[1] - 255 - np.stack(dreams))
    return off.mean(), off.max()


def main() -> None:
    """Print a line for each codec."""
    picture = read_picture(Path(sys.argv[1]) if len(sys.argv) > 1 else SEED)
    measure_codecs(picture)
    print(f"{'codec':16}source + residual: mean  max")
    for codec in (*FILM_CODECS, *STILL_CODECS):
        if codec.name not in LEFT_OUT:
            mean, most = add_up(picture, codec)
            print(f"{codec.name:16}{mean:23.3f}{most:7.2f}", flush=True)


def measure_codecs(picture: Frame) -> None:
    """Print what each codec keeps."""
    ramp = np.tile(np.linspace(0, 255, SIZE.width, dtype=np.float32), (SIZE.height, 1))
    middle = slice(PATCH // 2, None, PATCH)
    print(f"{'codec':16}natural: mean  max   patches: mean  max    alpha max  bytes/px  s a frame")
    for codec in (*FILM_CODECS, *STILL_CODECS):
        if codec.name in LEFT_OUT and isinstance(codec, FilmCodec | Exr):
            continue
        for alpha in (False, True)[: 1 + codec.alpha]:
            line, bytes_, took = f"{codec.name + ' alpha' * alpha:16}", 0.0, 0.0
            off_alpha = 0.0
            for frames, where in ((pan(picture), slice(None)), (patches(), middle)):
                with tempfile.TemporaryDirectory() as folder:
                    shown = [np.dstack([frame, ramp]) if alpha else frame for frame in frames]
                    begun = time.monotonic()
                    path = written(shown, codec, Path(folder))
                    took = took or time.monotonic() - begun
                    files = [*path.iterdir()] if path.is_dir() else [path]
                    size = sum(file.stat().st_size for file in files)
                    bytes_ = bytes_ or size / COUNT / SIZE.width / SIZE.height
                    off = np.abs(decoded(path, alpha, codec.deep) - np.stack(shown))
                    off_alpha = max(off_alpha, off[..., 3:].max(initial=0))
                    off = off[:, where, where, :3]
                    line += f"{off.mean():14.3f}{off.max():7.2f}"
            print(f"{line}{off_alpha:12.2f}{bytes_:10.2f}{took / COUNT:10.3f}", flush=True)


if __name__ == "__main__":
    main()
