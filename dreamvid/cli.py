"""Words → recipe → iterate → bar → exit status.

0: done; 1: one line `dreamvid: error: …`; 2: words that dreamvid does not know; 130: interrupted.
What is heavy is imported after the words are understood, so that the help answers at once.
"""

from __future__ import annotations

import io
import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from dreamvid.errors import DreamvidError, UsageError, near

if TYPE_CHECKING:
    from dreamvid.recipe import Recipe

COMMANDS = {
    "zoom": "An endless zoom into a picture: dreamvid zoom seed.jpg --frames 50",
    "video": "Dream a clip: dreamvid video clip.mp4",
    "image": "Dream one still: dreamvid image picture.jpg",
    "layers": "What there is to dream on: dreamvid layers --network pocket",
    "report": "How steady a dreamed film is: dreamvid report dream.mp4 --source clip.mp4",
}

HELP = """usage: dreamvid COMMAND …

DeepDream films: a still becomes an endless dreaming zoom, a clip a dreamed clip.

commands:
{commands}

`dreamvid COMMAND --help` lists a command's options; `dreamvid --version` says the version.
"""


def main(argv: Sequence[str]) -> int:
    """Run the command line; returns the exit status."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        lines = [f"  {word:7}{summary}" for word, summary in COMMANDS.items()]
        print(HELP.format(commands="\n".join(lines)), end="", file=sys.stdout)
        return 0 if argv else 2
    if argv[0] == "--version":
        from dreamvid import __version__

        print(f"dreamvid {__version__}")
        return 0
    word, rest = argv[0], argv[1:]
    if word not in COMMANDS:
        hint = near(word, COMMANDS) or f"; there are {', '.join(COMMANDS)}"
        return _fail(f"{word}: unknown command{hint}", 2)
    try:
        if word == "report":
            return _report(rest)
        return _layers(rest) if word == "layers" else _render(word, rest)
    except UsageError as error:
        return _fail(str(error), 2)
    except DreamvidError as error:
        return _fail(str(error), 1)
    except MemoryError:
        return _fail("not enough memory; a smaller --size or --tile needs less", 1)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    print(f"dreamvid: error: {line}" if status != 130 else f"dreamvid: {line}", file=sys.stderr)
    return status


def _render(word: str, argv: Sequence[str]) -> int:
    from dreamvid.flags import base_of, parse
    from dreamvid.loading import load_recipe, make_recipe

    name = base_of(argv)
    base = load_recipe(name, word) if name else make_recipe({}, word)
    data, command = parse(word, COMMANDS[word], base, argv)
    recipe = make_recipe(data, word)
    if command.dry_run:
        return _dry_run(recipe)
    return _iterate(recipe, overwrite=command.overwrite, quiet=command.quiet)


def _layers(argv: Sequence[str]) -> int:
    from dreamvid.dream import quiet
    from dreamvid.dream.catalogue import network_lines
    from dreamvid.flags import typed
    from dreamvid.loading import validated
    from dreamvid.recipe import Listing, Network

    asked = validated(Listing, typed("layers", COMMANDS["layers"], Listing(), argv))
    if asked.network is None:
        lines = network_lines()
    else:
        with quiet():
            from dreamvid.dream.layers import layer_lines
        lines = layer_lines(Network(name=asked.network, weights=asked.weights), asked.size)
    for line in lines:
        print(line)
    return 0


def _report(argv: Sequence[str]) -> int:
    from tqdm import tqdm

    from dreamvid.flags import typed
    from dreamvid.loading import validated
    from dreamvid.report import Request, report, written

    request = validated(Request, typed("report", COMMANDS["report"], Request(), argv))
    measured = report(
        request, lambda steps, total: tqdm(steps, total=total, **_look(Path(request.named[0])))
    )
    for line in written(request, *measured):
        print(line)
    return 0


def _dry_run(recipe: Recipe) -> int:
    import yaml

    from dreamvid.rendering import plan

    planned = plan(recipe, overwrite=True)  # an output that is there is no reason to say nothing
    print(yaml.safe_dump(planned.recipe.model_dump(mode="json"), sort_keys=False), end="")
    for line in planned.lines():
        print(f"# {line}")
    return 0


def _iterate(recipe: Recipe, *, overwrite: bool, quiet: bool) -> int:
    from tqdm import tqdm

    from dreamvid.rendering import carry_out, plan

    planned = plan(recipe, overwrite=overwrite)
    output, total = planned.output, planned.source.frames
    steps = carry_out(planned, overwrite=overwrite)
    bar = tqdm(total=total, disable=quiet, **_look(output))
    done = 0
    try:
        with _stop_after_this_frame() as asked, bar, _warnings(quiet), closing(steps):
            for step in steps:
                done = step.index + 1
                bar.update()
                asked.may_wait = True
                if asked.stop and done != step.total:
                    raise KeyboardInterrupt
    except (DreamvidError, KeyboardInterrupt) as error:
        kept = _kept(output, done)
        if isinstance(error, KeyboardInterrupt):
            return _fail(f"interrupted{kept}", 130)
        return _fail(f"{error}{kept}", 1)
    if not quiet:
        print(output)
    return 0


class _Above(logging.Handler):
    """Says what is logged on a line of its own, above the progress."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(record.getMessage(), file=sys.stderr)


@contextmanager
def _warnings(quiet: bool) -> Iterator[None]:
    """Where warnings go, if anything but errors is to be said."""
    log, above = logging.getLogger("dreamvid"), _Above(logging.WARNING)
    before, log.disabled = log.disabled, quiet
    log.addHandler(above)
    try:
        yield
    finally:
        log.removeHandler(above)
        log.disabled = before


class _Asked:
    """Whether the user asked to stop, and whether a frame is there to stop after."""

    stop = False
    may_wait = False


@contextmanager
def _stop_after_this_frame() -> Iterator[_Asked]:
    """Ctrl-C or SIGTERM: the frame in work is finished first, but for the second time, or where
    no frame is done yet, which stops at once."""
    asked = _Asked()

    def handle(number: int, frame: FrameType | None) -> None:
        if asked.stop or not asked.may_wait:
            raise KeyboardInterrupt
        asked.stop = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _kept(output: Path, done: int) -> str:
    """Where the frames done before a stop are, as the end of a message."""
    from dreamvid.media.sink import partial_name

    whole = partial_name(output)
    # Where not even the joining was possible, the closed segments stay as they are.
    found = [path for path in (whole, whole.with_suffix("")) if path.exists()]
    return f"; the {done} frames done are in {found[0]}" if done and found else ""


def _look(output: Path) -> dict[str, Any]:
    """How the progress looks: a line redrawn, or, where nobody watches, a line now and then."""
    look: dict[str, Any] = {
        "unit": "frame",
        "desc": output.name,
        "bar_format": "{desc}: {n_fmt} of {total_fmt} frames |{bar}| {rate_inv_fmt}, "
        "{remaining} left",
    }
    if sys.stderr.isatty():
        return {**look, "dynamic_ncols": True}
    return {
        **look,
        "file": _Lines(),
        "mininterval": 10.0,
        "delay": 0.01,
        "ncols": 79,
        "ascii": True,
    }


class _Lines(io.TextIOBase):
    """Standard error, with what would be redrawn in place as a line of its own."""

    def write(self, text: str) -> int:
        if text.strip():
            sys.stderr.write(text.strip() + "\n")
        return len(text)

    def flush(self) -> None:
        sys.stderr.flush()
