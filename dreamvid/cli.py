"""Words → what they ask for → exit status.

0: done; 1: one line `dreamvid: error: …`; 2: words that dreamvid does not know; 130: interrupted.
What is heavy is imported after the words are understood, so that the help answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from dreamvid import dreaming
from dreamvid.errors import DreamvidError, UsageError, near
from dreamvid.silence import silenced

COMMANDS = {
    "zoom": "An endless zoom into a picture: dreamvid zoom seed.jpg --frames 50",
    "video": "Dream a clip: dreamvid video clip.mp4",
    "image": "Dream one still: dreamvid image picture.jpg",
    "render": "What recipes say, one after another: dreamvid render night.yaml",
    "continue": "A film that is done, longer or another way: dreamvid continue dream.mp4",
    "recipe": "Look at a recipe: dreamvid recipe show|plot|schema night.yaml",
    "layers": "What there is to dream on: dreamvid layers --network lite0",
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
        lines = [f"  {word:10}{summary}" for word, summary in COMMANDS.items()]
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
    dreaming.around_import = silenced  # the process is this program's own
    kind = "film" if word in ("zoom", "video", "image") else word
    try:
        status: int = getattr(import_module("dreamvid.words"), f"{kind}_word")(
            word, COMMANDS[word], rest
        )
        return status
    except UsageError as error:
        return _fail(str(error), 2)
    except DreamvidError as error:
        return _fail(str(error), 1)
    except MemoryError:
        return _fail("not enough memory; a smaller --size or --tile needs less", 1)
    except BrokenPipeError:
        raise
    except OSError as error:  # what no one foresaw, of a disk that fails perhaps
        named = f"{error.filename}: " if error.filename else ""
        return _fail(f"{named}{error.strerror or error}", 1)
    except KeyboardInterrupt as stop:
        return _fail(str(stop) or "interrupted", 130)


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    print(f"dreamvid: error: {line}" if status != 130 else f"dreamvid: {line}", file=sys.stderr)
    return status
