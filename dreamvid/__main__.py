"""`python -m dreamvid`, and what the console script calls."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and exit with its status."""
    from dreamvid.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
