"""The command line: arguments → a command → an exit status.

0: done; 1: failed, and will fail again; 2: unknown arguments; 3: failed, and may succeed when tried
again; 130: interrupted. Only this package prints, draws progress bars, sets signal handlers and
shows logged warnings.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from dreamvid.cli.commands import COMMANDS
from dreamvid.cli.messages import error_line, status_of
from dreamvid.errors import DreamvidError, UsageError, near

HELP = """usage: dreamvid COMMAND …

DeepDream films: a still becomes an endless dreaming zoom, a clip a dreamed clip.

commands:
{commands}

`dreamvid COMMAND --help` lists a command's options; `dreamvid --version` prints the version.
Options and names may be given in any order.

exit status: 0 done; 1 failed, and will fail again (input, recipe); 2 unknown command or option;
3 failed, may succeed if tried again (full disk, lock, killed encoder, download); 130 interrupted
"""


def main(argv: Sequence[str]) -> int:
    """Run the command line; returns the exit status."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        lines = [f"  {name:10}{command.summary}" for name, command in COMMANDS.items()]
        print(HELP.format(commands="\n".join(lines)), end="")
        return 0 if argv else 2
    if argv[0] == "--version":
        from dreamvid import __version__

        print(f"dreamvid {__version__}")
        return 0
    name, rest = argv[0], argv[1:]
    try:
        if name not in COMMANDS:
            hint = near(name, COMMANDS) or f"; there are {', '.join(COMMANDS)}"
            raise UsageError(f"{name}: unknown command{hint}")
        command = COMMANDS[name]
        run = command.load()
        return run(name, command.summary, rest)
    except BrokenPipeError:
        raise
    except (UsageError, DreamvidError, MemoryError, OSError, KeyboardInterrupt) as error:
        print(error_line(error), file=sys.stderr)
        return status_of(error)
