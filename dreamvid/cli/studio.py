"""The command `studio`: a page in the browser, to look, choose and render."""

from __future__ import annotations

import os
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated

from pydantic import BeforeValidator, Field

from dreamvid.cli.messages import say, warnings_shown
from dreamvid.cli.options import typed
from dreamvid.cli.progress import stop_signals
from dreamvid.errors import InputError, RunError
from dreamvid.recipe import Section
from dreamvid.recipe.fields import Flag
from dreamvid.recipe.load import validated

MISSING = "the page needs the extra studio: pip install 'dreamvid[studio]'"


class Studio(Section):
    """The options of `dreamvid studio`."""

    folder: Annotated[
        Path,
        BeforeValidator(lambda value: value[0] if isinstance(value, list) and value else value),
        Flag(positional=True, metavar="FOLDER"),
    ] = Field(Path(), description="Where films and recipes lie; nothing outside is used.")
    port: int | None = Field(
        None, ge=1, le=65535, description="The page's port. Default: 8642, or any that is free."
    )
    no_browser: bool = Field(False, description="Print the page's address, and open no browser.")


def studio_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """Serve the page until Ctrl-C."""
    options = validated(Studio, typed(name, summary, Studio(), argv))
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        raise RunError(MISSING) from None
    from dreamvid.studio.folder import Folder
    from dreamvid.studio.serve import serve

    if not options.folder.is_dir():
        raise InputError("is no folder", path=options.folder)
    folder = Folder(options.folder)
    os.chdir(folder.path)  # paths in recipes are relative to it
    addresses = 0

    def opened(address: str) -> None:
        nonlocal addresses
        addresses += 1
        if addresses > 1:
            say(f"for another browser: {address}")
            return
        print(address, flush=True)
        say(f"the page of {folder.path} is at that address; Ctrl-C ends it")
        if not options.no_browser:
            webbrowser.open(address)

    ends = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if ends.is_set():  # the second one ends it at once
            raise KeyboardInterrupt
        ends.set()
        say("the page ends, once the frame in work is done; what is unfinished can be resumed")

    with warnings_shown(), stop_signals(handle):
        serve(folder, options.port, opened, ends)
    return 0
