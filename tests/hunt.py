"""Hunt for files that dreamvid does not answer for: no result, no partial one, no one line.

    python -m tests.hunt --media 5000 --recipes 5000 --seed 1 --jobs 2 [--keep FOLDER]

Each spoiled file (`mutants`) is probed, read and rendered for two frames with a dreamer that dreams
nothing, in a process of its own that is forked from this one; so is its decoder. Whoever takes more
than SECONDS or BYTES, says more than one line, or leaves something behind, is found and kept.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from dreamvid import cli
from dreamvid.errors import DreamvidError
from dreamvid.media import decoder, ffmpeg
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture
from dreamvid.recipe.load import load_recipe
from tests import mutants
from tests.forks import DecoderFork, import_all

SECONDS = 20.0
BYTES = 3 * 2**29
"""Of memory, for a trial and each process that it starts."""

READ = 60
"""Frames of a spoiled clip that are read."""

LARGEST = 500_000
"""Pixels of a frame; larger ones are read as they are, but rendered smaller, by a flag: they would
take their time and memory rightly."""

FAULT = 99

Image.init()  # Pillow's plugins, which each process would load anew

LATE = f"took more than {SECONDS:g} seconds"

Corpus = dict[str, list[Path]]


@dataclass
class Trial:
    """What became of one spoiled file."""

    name: str
    outcome: str
    said: str
    seconds: float
    memory: int
    faults: list[str] = field(default_factory=list)


def tried(name: str, words: list[str], folder: Path, wanted: Path, *, read: bool) -> Trial:
    """Run dreamvid with `words` in `folder`, where all that lies there before is to stay."""
    before = {path.name for path in folder.iterdir()}
    said = folder.with_name(folder.name + ".said")
    begin = time.monotonic()
    pid = os.fork()
    if not pid:
        _child(words, folder, said, wanted if read else None)
    status, usage, late = 0, None, False
    while usage is None:
        done, status, told = os.wait4(pid, os.WNOHANG)
        if done:
            usage = told
        elif time.monotonic() - begin > SECONDS:
            late = True
            os.kill(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
        else:
            time.sleep(0.003)
    seconds, memory = time.monotonic() - begin, usage.ru_maxrss * 1024
    text = said.read_text(errors="replace")
    said.unlink()
    code = os.waitstatus_to_exitcode(status)
    outcome = {0: "rendered", 1: "refused"}.get(code, f"exit {code}")
    trial = Trial(name, outcome, text, seconds, memory)
    if late:
        trial.faults.append(LATE)
    elif code not in (0, 1):
        trial.faults.append(f"exit {code}")
    if memory > BYTES:
        trial.faults.append(f"took {memory / 2**20:.0f} MiB")
    trial.faults += _said_wrong(text, code) + _left_wrong(folder, before, text, trial)
    if "decoder crashed" in text:
        trial.outcome = "crashed its decoder"
    return trial


def _child(words: list[str], folder: Path, said: Path, read: Path | None) -> None:
    code = FAULT
    try:
        os.chdir(folder)
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(out, stream)
        sys.stdout = sys.stderr = os.fdopen(out, "w", 1, errors="replace")
        resource.setrlimit(resource.RLIMIT_DATA, (2 * BYTES, 2 * BYTES))  # to spare the machine
        logging.getLogger("dreamvid").addHandler(logging.NullHandler())  # the prompt has its own
        if read is not None:
            with contextlib.suppress(DreamvidError):
                words = [*words, *_looked_at(read)]
        code = cli.main(words)
        decoder.pool.end()
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stderr.flush()
        os._exit(code)


def _looked_at(path: Path) -> list[str]:
    """Read a picture or a clip; the flags without which a render would take its honest time."""
    if path.suffix[1:] in mutants.CLIPS:
        clip = probe(path)
        width, height = clip.size
        for _ in islice(read_clip(clip), max(2, min(READ, READ * LARGEST // (width * height)))):
            pass
    else:
        height, width = read_picture(path).shape[:2]
    return ["--size", "64x48"] if width * height > LARGEST else []


WARNINGS = ("dreamvid: warning: ", ": broken pictures: ", ": damaged pictures: ")
"""Of these lines the last two are logged where no handler adds the first."""


def _said_wrong(text: str, code: int) -> list[str]:
    said = text.splitlines()
    lines = [line for line in said if not any(warning in line for warning in WARNINGS)]
    if "Traceback" in text:
        return ["a traceback"]
    if code in (1, 3) and not (len(lines) == 1 and lines[0].startswith("dreamvid: error: ")):
        return ["not one line"]
    return ["said something"] if code == 0 and lines else []


def _left_wrong(folder: Path, before: set[str], text: str, trial: Trial) -> list[str]:
    left = sorted({path.name for path in folder.iterdir()} - before)
    shown = [name for name in left if not name.startswith(".")]
    faults = []
    if trial.outcome == "rendered":
        if len(left) != 1:
            faults.append(f"left {left}")
        elif not _is_whole(folder / left[0]):
            faults.append(f"{left[0]} is not whole")
    elif trial.outcome == "refused" and shown:
        trial.outcome = "partial"
        if not all(".partial" in name and name in text for name in shown):
            faults.append(f"left {left}")
    elif trial.outcome == "refused" and left and "run the same command again" not in text:
        faults.append(f"left {left}")
    return faults


def _is_whole(made: Path) -> bool:
    if made.is_dir():
        return bool(list(made.glob("*.png")))
    if made.suffix == ".webp":  # which this ffmpeg does not read
        return made.stat().st_size > 0
    with contextlib.suppress(DreamvidError):
        seen = ffmpeg.packets(made, "video") if made.suffix != ".png" else None
        return made.suffix == ".png" or (seen is not None and seen.count in (1, 2))
    return False


def media_trial(index: int, *, seed: int, corpus: Corpus, keep: Path | None) -> Trial:
    """Spoil a picture or a clip, and make two frames of it."""
    with _place(f"media {seed} {index}") as folder:
        path = mutants.media(corpus, folder, seed, index)
        clip = list(corpus)[index % len(corpus)] in mutants.CLIPS
        word = "video" if clip else ("image", "zoom")[index // len(corpus) % 2]
        output = "out.png" if word == "image" else "out.mp4"
        frames = [] if word == "image" else ["-n", "2", "--no-keep"]
        words = [word, path.name, *frames, "--network", "none", "-q", "-o", output]
        trial = tried(f"media {index} {path.suffix}", words, folder, path, read=True)
        return _judged(trial, folder, keep)


def recipe_trial(index: int, *, seed: int, corpus: Corpus, keep: Path | None) -> Trial:
    """Spoil a recipe, and make two frames by it."""
    with _place(f"recipe {seed} {index}") as folder:
        os.link(corpus["png"][0], folder / "still.png")
        os.link(corpus["mp4"][0], folder / "clip.mp4")
        path = folder / "recipe.yaml"
        path.write_bytes(mutants.recipe(mutants.recipes(), seed, index))
        words = ["render", path.name, "--network", "none", "-q"]
        with (
            contextlib.suppress(Exception),
            contextlib.chdir(folder),
        ):  # what it is worth comes next
            recipe = load_recipe(path.name)
            frames = recipe.kind != "image" and (getattr(recipe, "frames", 0) or 99) > 2
            words += ["-n", "2"] if frames else []
            words += ["--no-keep"] if recipe.kind != "image" else []
            if recipe.size and recipe.size[0] * recipe.size[1] > LARGEST:
                words += ["--size", "64x48"]
            if not recipe.source:
                words += ["--source", "clip.mp4" if recipe.kind == "video" else "still.png"]
        trial = tried(f"recipe {index}", words, folder, path, read=False)
        return _judged(trial, folder, keep)


@contextlib.contextmanager
def _place(name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hunt-") as outer:
        folder = Path(outer) / "in" / "it"
        folder.mkdir(parents=True)
        yield folder
        strange = [path for path in Path(outer).rglob("*") if folder not in path.parents]
        assert {path.name for path in strange} <= {"in", "it"}, f"{name}: {strange}"


def _judged(trial: Trial, folder: Path, keep: Path | None) -> Trial:
    if keep and (trial.faults or "crashed" in trial.outcome):
        shutil.copytree(folder, keep / trial.name.replace(" ", "-"), dirs_exist_ok=True)
        (keep / f"{trial.name.replace(' ', '-')}.txt").write_text(f"{trial}\n")
    return trial


def hunt(
    kind: str, count: int, seed: int, *, jobs: int = 1, keep: Path | None = None
) -> list[Trial]:
    """Spoil and try `count` files; prints the seed, the counts, and each that was found."""
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="corpus-") as grown, _forking():
        corpus = mutants.grown(Path(grown))
        trial: Any = {"media": media_trial, "recipe": recipe_trial}[kind]
        one = partial(trial, seed=seed, corpus=corpus, keep=keep)
        trials = []
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            for each in pool.imap_unordered(one, range(count)):
                trials.append(each)
                if len(trials) % 500 == 0:
                    print(f"  {len(trials)} of {count}", flush=True)
                if each.faults or "crashed" in each.outcome:
                    print(f"  {each.name}: {each.outcome}: {'; '.join(each.faults)}", flush=True)
                    print("    " + each.said.strip().replace("\n", "\n    ")[-1500:], flush=True)
        for each in trials:
            if LATE in each.faults:  # of a busy machine perhaps
                again = one(int(each.name.split()[1]))
                each.faults, each.outcome = again.faults, again.outcome
                print(f"  {each.name}: alone it took {again.seconds:.1f} s", flush=True)
    outcomes = Counter(each.outcome for each in trials)
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
    slowest, largest = max(t.seconds for t in trials), max(t.memory for t in trials)
    found = [each for each in trials if each.faults]
    print(
        f"seed {seed}: {count} spoiled {kind} files: {told}; slowest {slowest:.1f} s, "
        f"most memory {largest / 2**20:.0f} MiB; found {len(found)}",
        flush=True,
    )
    return found


@contextlib.contextmanager
def _forking() -> Iterator[None]:
    import_all()
    real = decoder.Decoder._started
    started: Any = staticmethod(DecoderFork)
    decoder.Decoder._started = started  # type: ignore[method-assign]
    try:
        yield
    finally:
        decoder.Decoder._started = staticmethod(real)  # type: ignore[method-assign]


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m tests.hunt", description=__doc__)
    asked.add_argument("--media", type=int, default=5000)
    asked.add_argument("--recipes", type=int, default=5000)
    asked.add_argument("--seed", type=int, default=int(time.time()))
    asked.add_argument("--jobs", type=int, default=2)
    asked.add_argument("--keep", type=Path)
    said = asked.parse_args()
    found: list[Trial] = []
    for kind, count in (("recipe", said.recipes), ("media", said.media)):
        if count:
            found += hunt(kind, count, said.seed, jobs=said.jobs, keep=said.keep)
    sys.exit(1 if found else 0)
