"""`python -m dreamvid`, and what the console script calls."""

from __future__ import annotations

import os
import sys


def run() -> None:
    """Run the command line and exit with its status."""
    from dreamvid.cli import main

    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


if __name__ == "__main__":
    run()
