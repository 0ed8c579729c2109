"""Run the examples of docs/python.md, each by itself, with the dreamvid that is installed.

    python scripts/run_examples.py [docs/python.md]

They may import nothing of dreamvid but its public names.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path


def examples(text: str) -> list[str]:
    """The Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def main(page: Path) -> int:
    """How many examples failed."""
    failed = 0
    for number, code in enumerate(examples(page.read_text(encoding="utf-8")), 1):
        if re.search(r"(from|import) dreamvid\.", code):
            print(f"example {number}: reaches into dreamvid")
            failed += 1
            continue
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-I", "-c", code], cwd=folder, capture_output=True, text=True
            )
        print(f"example {number}: {'passed' if done.returncode == 0 else done.stderr}")
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/python.md")))
