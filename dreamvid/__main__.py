"""Entry point of `python -m dreamvid` and of the console script."""

from __future__ import annotations

import io
import os
import sys


def run() -> None:
    """Run the command line and exit with its status."""
    from dreamvid import dreaming
    from dreamvid.cli import main
    from dreamvid.cli.silence import silenced

    _reopen()
    dreaming.around_import = silenced
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot encode … must not fail
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


def _reopen() -> None:
    """Open the standard streams that the process was started without; otherwise the next files
    opened would get descriptors 0 to 2, and messages would be written into them."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    run()
