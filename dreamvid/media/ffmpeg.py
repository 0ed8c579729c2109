"""ffmpeg as a subprocess: found, run, its errors in one line, the packets of a file listed."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import imageio_ffmpeg

from dreamvid.errors import RunError, StateError
from dreamvid.limits import ANSWER_SECONDS, DECODER_BYTES, MAX_CLIP_PIXELS

PROTOCOLS = "file"
FORMATS = "mov,matroska,webm,avi,gif,mpegts,mpeg,mpegvideo,ogg,flv,asf,mxf,nut,dv,ivf"
"""The demuxers allowed for files from outside. All of them read one file: playlists and scripts
(hls, dash, concat, sdp, …), which open other files, are not among them."""

PROTOCOL_GUARD = "-protocol_whitelist"

GUARD = (
    *(PROTOCOL_GUARD, PROTOCOLS, "-format_whitelist", FORMATS),
    *("-max_pixels", str(MAX_CLIP_PIXELS)),
)
"""Options before the `-i` of any file that dreamvid did not write itself."""

NO_TIME = -(2**63)
"""AV_NOPTS_VALUE."""

PROBE_SECONDS = ANSWER_SECONDS
"""Limit for looking at a file, unless all of it is read."""

HEAD = 10_000
"""Bytes at the beginning of a packet listing that contain its header."""

PATIENCE = 600.0
"""Seconds for any work, plus `SLOWEST` for each frame or second in it; see `patience`."""

SLOWEST = 2.0

LISTING_SECONDS = 120.0
"""Limit for reading all of a file; a fast disk reads some 100 GB in it."""


def executable() -> str:
    """The ffmpeg to run: `$IMAGEIO_FFMPEG_EXE`, else the one that imageio-ffmpeg ships."""
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise StateError(
            "no ffmpeg found: reinstall imageio-ffmpeg, or set IMAGEIO_FFMPEG_EXE to one"
        ) from error


def url(path: Path) -> str:
    """`path` as ffmpeg takes it literally, whatever its name: no protocol, option or pattern."""
    return f"file:{path.absolute()}"


def complaint(stderr: bytes, status: int) -> str:
    """Why an ffmpeg failed, in one line: its last message, or the signal that killed it."""
    if status < 0:
        return f"ffmpeg was killed by signal {-status}"
    lines = [
        re.sub(r"^(\[[^]]*\] *)+", "", line)  # [h264 @ 0x55db06123c00]
        for line in stderr.decode(errors="replace").splitlines()
        if line.strip()
    ]
    # ffmpeg ends by repeating that something failed; the reason stands before that.
    closing = re.compile(
        r"Error opening (input|output)|Conversion failed|Nothing was written|"
        r" *Last message repeated"
    )
    telling = [line for line in lines if not closing.match(line)]
    return (telling or lines or [f"ffmpeg ended with status {status}"])[-1]


def patience(amount: float) -> float:
    """Seconds after which an ffmpeg that works on so many frames, or seconds of sound, hangs."""
    return PATIENCE + SLOWEST * float(amount)


def command(arguments: Sequence[str], *, loglevel: str = "error") -> list[str]:
    """The whole command line."""
    return [executable(), "-hide_banner", "-nostats", "-loglevel", loglevel, *arguments]


def run(
    arguments: Sequence[str], *, cwd: Path | None = None, timeout: float | None = None
) -> tuple[str, str]:
    """Run `ffmpeg ARGUMENTS`; return its output, and its warnings in one line or "".

    Raises:
        RunError: it could not be started, failed, or was not done after `timeout` seconds.
    """
    done = _finish(command(arguments), cwd=cwd, timeout=timeout)
    if done.returncode != 0:
        raise RunError(complaint(done.stderr, done.returncode))
    warned = complaint(done.stderr, 0) if done.stderr.strip() else ""
    return done.stdout.decode(errors="replace"), warned


def describe(path: Path) -> str:
    """What `ffmpeg -i` prints of a file: its container, its streams. Raises RunError as `run`."""
    # It always fails, since no output is named, but only after it has printed that.
    arguments = [*GUARD, "-i", url(path)]
    done = _finish(command(arguments, loglevel="info"), cwd=None, timeout=PROBE_SECONDS)
    return done.stderr.decode(errors="replace")


def _finish(
    words: Sequence[str], *, cwd: Path | None, timeout: float | None
) -> subprocess.CompletedProcess[bytes]:
    try:
        with subprocess.Popen(
            words,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # Ctrl-C at the terminal is for dreamvid to handle, not for ffmpeg
        ) as process:
            try:
                if PROTOCOL_GUARD in words:
                    _confine(process.pid)
                out, messages = process.communicate(timeout=timeout)
            except BaseException:
                process.kill()
                raise
            return subprocess.CompletedProcess(words, process.returncode, out, messages)
    except (OSError, ValueError) as error:  # ValueError: a null byte in a name
        raise RunError(f"ffmpeg cannot be started: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise RunError(f"ffmpeg was not done after {timeout:g} seconds") from error


def _confine(process: int) -> None:
    """Bound the memory of an ffmpeg that reads a file from outside; where the system can."""
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(process, resource.RLIMIT_DATA, (DECODER_BYTES, DECODER_BYTES))


@dataclass(frozen=True)
class Packets:
    """When the frames of one stream are shown: exact seconds on the file's own clock.

    Attributes:
        tick: seconds of the stream's unit of time.
        times: when each packet is shown, in ticks, in order.
        end: seconds, when the last one is over.
        exact: whether each packet says when it is shown. MPEG says it of some alone.
        fault: what ffmpeg found wrong with the file, "" if nothing.
    """

    tick: Fraction
    times: list[int]
    end: Fraction
    exact: bool
    fault: str

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.times)

    @property
    def start(self) -> Fraction:
        """Seconds, when the first one is shown."""
        return self.times[0] * self.tick

    @property
    def latest(self) -> Fraction:
        """Seconds, when the last one is shown."""
        return self.times[-1] * self.tick


def packets(
    path: Path,
    kind: Literal["video", "audio"],
    stream: int = 0,
    *,
    first: bool = False,
    most: int | None = None,
    decode: bool = False,
    timeout: float | None = LISTING_SECONDS,
) -> Packets | None:
    """Count and time the packets of a stream, the first of its kind or a later one.

    Args:
        first: look at the first packet alone, which does not read the whole file.
        most: look at so many packets, and at no more.
        decode: decode them as well, which is slow and finds what is wrong inside of them. The
            first pictures are left out where those that they are made from are missing.

    Returns:
        None where the file has no such stream, or nothing in it.

    Raises:
        RunError: the file cannot be read, or not within `timeout` seconds.
    """
    codec = ["-c", "copy"]
    if decode:
        codec = ["-fps_mode", "passthrough", "-enc_time_base", "demux"]
    most = 1 if first else most
    limit = [] if most is None else ["-frames", str(most)]
    source = ["-copyts", *GUARD, "-i", url(path), "-map", f"0:{kind[0]}:{stream}?"]
    words = command([*source, *codec, *limit, "-f", "framecrc", "-"])
    done = _finish(words, cwd=None, timeout=timeout)
    if done.returncode != 0:
        raise RunError(complaint(done.stderr, done.returncode))
    listing = done.stdout[:HEAD].decode(errors="replace")
    # Where the optional map finds nothing, ffmpeg takes any stream that it likes.
    if f"#media_type 0: {kind}" not in listing:
        return None
    tick, ends, exact = Fraction(0), [0], True
    times: list[int] = []
    for line in io.TextIOWrapper(io.BytesIO(done.stdout), errors="replace"):
        if line.startswith("#tb 0:"):
            tick = Fraction(line.split(":")[1].strip())
        elif not line.startswith("#"):
            _, decoded, shown, lasts, *_ = line.split(",")
            exact = exact and int(shown) != NO_TIME
            times.append(int(decoded if int(shown) == NO_TIME else shown))
            ends.append(times[-1] + int(lasts))
    if not times:
        return None
    # Without decoding, the messages of the stream's decoder are not about the file as a whole.
    name = listing.partition("#codec_id 0: ")[2].partition("\n")[0].encode()
    skipped = () if decode else (b"[" + name, b"    Last message")
    messages = [line for line in done.stderr.splitlines() if not line.startswith(skipped)]
    fault = complaint(b"\n".join(messages), 0) if messages else ""
    return Packets(tick, sorted(times), max(ends[1:]) * tick, exact, fault)


def first_picture(path: Path) -> Fraction | None:
    """When a file's first picture that can be decoded is shown, in seconds on its own clock.

    Raises:
        RunError: the file cannot be read.
    """
    seen = packets(path, "video", first=True, decode=True, timeout=PROBE_SECONDS)
    return seen.start if seen else None
