"""Running ffmpeg as a subprocess: its command line, its errors in one line, packet listings."""

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
FORMATS = (
    "mov,matroska,webm,avi,gif,mpegts,mpeg,mpegvideo,ogg,flv,asf,mxf,nut,dv,ivf,"
    "yuv4mpegpipe,apng,webp_anim,jpegxl_anim,rm,wtv,gxf,lxf,h264,hevc,vvc,m4v,obu,av1,mjpeg,vc1,"
    "dnxhd,dirac,mp3,wav,flac,aac,ac3,eac3,dts,aiff,caf,w64,au,amr,ape,wv,tta,tak,mpc,mpc8,dsf"
)
"""Demuxers allowed for untrusted files. Each reads a single file; playlists and scripts (hls, dash,
concat, sdp, …), which open other files, are excluded."""

PROTOCOL_GUARD = "-protocol_whitelist"

GUARD = (
    *(PROTOCOL_GUARD, PROTOCOLS, "-format_whitelist", FORMATS),
    *("-max_pixels", str(MAX_CLIP_PIXELS)),
)
"""Options before the `-i` of every untrusted file."""

UNGUESSED = ("-guess_layout_max", "0")
"""Option before an `-i`: unlabelled channels stay so, rather than be taken for usual speakers."""

NO_TIME = -(2**63)
"""AV_NOPTS_VALUE."""

PROBE_SECONDS = ANSWER_SECONDS
"""Time limit for probing a file without reading all of it."""

HEAD = 10_000
"""Bytes of a packet listing that include its header."""

PATIENCE = 600.0
"""Time limit for any command, plus `SLOWEST` for each frame or second of sound; see `patience`."""

SLOWEST = 2.0

LISTING_SECONDS = 120.0
"""Time limit for reading a complete file; a fast disk reads some 100 GB in it."""


def executable() -> str:
    """The path of ffmpeg: `$IMAGEIO_FFMPEG_EXE`, else the one bundled with imageio-ffmpeg."""
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise StateError(
            "no ffmpeg found: reinstall imageio-ffmpeg, or set IMAGEIO_FFMPEG_EXE to one"
        ) from error


def url(path: Path) -> str:
    """`path` as an argument that ffmpeg takes literally: not as a protocol, option or pattern."""
    return f"file:{path.absolute()}"


def complaint(stderr: bytes, status: int) -> str:
    """Why ffmpeg failed, in one line: its last relevant message, or the signal that killed it."""
    if status < 0:
        return f"ffmpeg was killed by signal {-status}"
    lines = [
        re.sub(r"^(\[[^]]*\] *)+", "", line)  # [h264 @ 0x55db06123c00]
        for line in stderr.decode(errors="replace").splitlines()
        if line.strip()
    ]
    # The last lines only repeat that something failed; the reason precedes them.
    closing = re.compile(
        r"Error opening (input|output)|Conversion failed|Nothing was written|"
        r"Error sending frames|Task finished with|Terminating thread| *Last message repeated"
    )
    reasons = [line for line in lines if not closing.match(line)]
    return (reasons or lines or [f"ffmpeg ended with status {status}"])[-1]


def patience(amount: float) -> float:
    """Seconds after which ffmpeg counts as hung, for an amount of frames or seconds of sound."""
    return PATIENCE + SLOWEST * float(amount)


def command(arguments: Sequence[str], *, loglevel: str = "error") -> list[str]:
    """The complete command line."""
    return [executable(), "-hide_banner", "-nostats", "-loglevel", loglevel, *arguments]


def run(
    arguments: Sequence[str], *, cwd: Path | None = None, timeout: float | None = None
) -> tuple[str, str]:
    """Run ffmpeg; return its output, and its last warning in one line or "".

    Raises:
        RunError: it could not be started, failed, or took more than `timeout` seconds.
    """
    done = _finish(command(arguments), cwd=cwd, timeout=timeout)
    if done.returncode != 0:
        raise RunError(complaint(done.stderr, done.returncode))
    warning = complaint(done.stderr, 0) if done.stderr.strip() else ""
    return done.stdout.decode(errors="replace"), warning


def describe(path: Path) -> str:
    """The output of `ffmpeg -i`: container and streams of a file. Raises RunError as `run`."""
    # ffmpeg always fails here, since there is no output, but prints the description first.
    arguments = [*GUARD, *UNGUESSED, "-i", url(path)]
    done = _finish(command(arguments, loglevel="info"), cwd=None, timeout=PROBE_SECONDS)
    return done.stderr.decode(errors="replace")


def convert(arguments: Sequence[str], data: bytes) -> bytes:
    """What ffmpeg makes of `data` from `pipe:0` to `pipe:1`. Raises RunError as `run`."""
    done = _finish(command(arguments), cwd=None, timeout=PATIENCE, data=data)
    if done.returncode != 0:
        raise RunError(complaint(done.stderr, done.returncode))
    return done.stdout


def _finish(
    arguments: Sequence[str], *, cwd: Path | None, timeout: float | None, data: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        with subprocess.Popen(
            arguments,
            cwd=cwd,
            stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # Ctrl-C at the terminal is for dreamvid to handle, not for ffmpeg
        ) as process:
            try:
                if PROTOCOL_GUARD in arguments:
                    _confine(process.pid)
                out, messages = process.communicate(data, timeout=timeout)
            except BaseException:
                process.kill()
                raise
            return subprocess.CompletedProcess(arguments, process.returncode, out, messages)
    except (OSError, ValueError) as error:  # ValueError: a null byte in a name
        raise RunError(f"ffmpeg cannot be started: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise RunError(f"ffmpeg was not done after {timeout:g} seconds") from error


def _confine(process: int) -> None:
    """Limit the memory of an ffmpeg that reads an untrusted file, where the system supports it."""
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(process, resource.RLIMIT_DATA, (DECODER_BYTES, DECODER_BYTES))


@dataclass(frozen=True)
class Packets:
    """The packets of one stream: exact presentation times on the file's clock.

    Attributes:
        tick: the stream's time unit in seconds.
        times: presentation times in ticks, ascending.
        end: end of the last packet, in seconds.
        exact: whether each packet has a presentation time; in MPEG only some have.
        keys: which packets, in the order of the file, are marked as ones to begin decoding with.
        fault: what ffmpeg reported about the file; "" if nothing.
    """

    tick: Fraction
    times: list[int]
    end: Fraction
    exact: bool
    keys: list[int]
    fault: str

    @property
    def key(self) -> bool:
        """Whether each packet is marked as one to begin decoding with."""
        return len(self.keys) == len(self.times)

    @property
    def count(self) -> int:
        """The number of packets."""
        return len(self.times)

    @property
    def start(self) -> Fraction:
        """Presentation time of the first packet, in seconds."""
        return self.times[0] * self.tick


def packets(
    path: Path,
    kind: Literal["video", "audio"],
    stream: int = 0,
    *,
    index: int | None = None,
    first: bool = False,
    most: int | None = None,
    decode: bool = False,
    timeout: float | None = LISTING_SECONDS,
) -> Packets | None:
    """List the packets of the `stream`-th stream of a kind.

    Args:
        index: the stream's index in the file, in place of `stream`.
        first: read only the first packet, not the complete file.
        most: read at most this many packets.
        decode: also decode them, which is slow but finds damage within packets. First pictures
            that lack their reference frames are omitted.

    Returns:
        None if the file has no such stream, or the stream is empty.

    Raises:
        RunError: the file cannot be read, or not within `timeout` seconds.
    """
    codec = ["-c", "copy", "-copyinkf:a"]  # some muxers mark no packet of sound as a key one
    if decode:
        codec = ["-fps_mode", "passthrough", "-enc_time_base", "demux"]
    most = 1 if first else most
    limit = [] if most is None else ["-frames", str(most)]
    chosen = f"{kind[0]}:{stream}?" if index is None else f"{index}?"
    source = ["-copyts", *GUARD, "-i", url(path), "-map", f"0:{chosen}"]
    arguments = command([*source, *codec, *limit, "-f", "framecrc", "-"])
    done = _finish(arguments, cwd=None, timeout=timeout)
    if done.returncode != 0:
        raise RunError(complaint(done.stderr, done.returncode))
    listing = done.stdout[:HEAD].decode(errors="replace")
    # If the optional map matches nothing, ffmpeg chooses another stream.
    if f"#media_type 0: {kind}" not in listing:
        return None
    # Without decoding, messages of the stream's decoder do not concern the file.
    name = listing.partition("#codec_id 0: ")[2].partition("\n")[0].encode()
    skipped = () if decode else (b"[" + name, b"    Last message")
    messages = [line for line in done.stderr.splitlines() if not line.startswith(skipped)]
    fault = complaint(b"\n".join(messages), 0) if messages else ""
    return _parsed(done.stdout, fault)


def _parsed(listing: bytes, fault: str) -> Packets | None:
    """The packets of a listing by ffmpeg's `framecrc`; None if there are none."""
    tick, ends, exact = Fraction(0), [0], True
    times: list[int] = []
    keys: list[int] = []
    for line in io.TextIOWrapper(io.BytesIO(listing), errors="replace"):
        if line.startswith("#tb 0:"):
            tick = Fraction(line.split(":")[1].strip())
        elif not line.startswith("#"):
            _, decoded, shown, lasts, *_ = line.split(",")
            exact = exact and int(shown) != NO_TIME
            flags = line.partition(", F=0x")[2].partition(",")[0]  # left out of a key packet's line
            keys += [len(times)] if int(flags or "1", 16) & 1 else []
            times.append(int(decoded if int(shown) == NO_TIME else shown))
            ends.append(times[-1] + int(lasts))
    if not times:
        return None
    return Packets(tick, sorted(times), max(ends[1:]) * tick, exact, keys, fault)


def first_picture(path: Path, index: int | None = None) -> Fraction | None:
    """The presentation time of the first decodable picture, in seconds on the file's clock.

    Args:
        index: the index in the file of the stream of pictures; None: the first such stream.

    Raises:
        RunError: the file cannot be read.
    """
    listed = packets(path, "video", index=index, first=True, decode=True, timeout=PROBE_SECONDS)
    return listed.start if listed else None
