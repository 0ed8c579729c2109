"""What the server answers of films: asked for, stopped, continued, shown."""

from __future__ import annotations

from collections.abc import Callable

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from dreamvid.errors import OutputError
from dreamvid.media.jpeg import jpeg_of
from dreamvid.names import is_too_long
from dreamvid.studio import pictures, uploads
from dreamvid.studio.answers import data_of, jpeg, read_json, threaded, told, whole
from dreamvid.studio.films import OnDisk
from dreamvid.studio.folder import Folder
from dreamvid.studio.jobs import Jobs
from dreamvid.studio.shelf import Shelf

SHOWN_SIDE = 480
"""Px of the longer side of a film's picture, and of a render's newest frame."""

TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".gif": "image/gif"}
TYPES |= {".webp": "image/webp", ".mov": "video/quicktime", ".mkv": "video/x-matroska"}


class FilmAnswers:
    """Answers of the films of a folder.

    Args:
        few: how many pictures are decoded at a time.
    """

    def __init__(self, folder: Folder, shelf: Shelf, jobs: Jobs, few: CapacityLimiter) -> None:
        self._folder, self._shelf, self._jobs, self._few = folder, shelf, jobs, few

    def routes(self) -> list[Route]:
        """The routes."""
        of = "/api/films/{id:path}"
        return [
            Route("/api/films", told(self._render), methods=["POST"]),
            Route(f"{of}/recipe", told(self._film_recipe)),
            Route(f"{of}/film", told(self._film)),
            Route(f"{of}/frame.jpg", told(self._frame)),
            Route(f"{of}/poster.jpg", told(self._poster)),
            Route(f"{of}/report.png", told(self._report)),
            Route(f"{of}/{{what}}", told(self._act), methods=["POST"]),
        ]

    async def _render(self, request: Request) -> Response:
        data = data_of(await read_json(request))
        return JSONResponse({"id": await threaded(lambda: self._shelf.render(data))}, 202)

    async def _act(self, request: Request) -> Response:
        name, what = self._id(request), request.path_params["what"]
        if what == "continue":
            content = await read_json(request)
            frames = whole(content, "frames", 1, 10**7)
            start = None if content.get("from") is None else whole(content, "from", 1, 10**9)
            changes = None if content.get("data") is None else data_of(content)
            new = self._shelf.extend(name, frames, start, changes)
            return JSONResponse({"id": new}, 202)
        do: dict[str, Callable[[str], object]] = {
            "stop": self._jobs.stop,
            "resume": self._shelf.resume,
            "again": lambda name: self._shelf.resume(name, "--overwrite"),
            "finish": self._shelf.finish,
            "report": self._shelf.measure,
            "forget": self._shelf.forget,
        }
        if what not in do:
            return Response(status_code=404)
        do[what](name)
        return JSONResponse({}, 202)

    async def _film_recipe(self, request: Request) -> Response:
        name = self._id(request)
        return JSONResponse(await threaded(lambda: self._shelf.recipe(name), self._few))

    async def _film(self, request: Request) -> Response:
        shown = OnDisk(self._folder.path / self._id(request)).shown
        media_type = TYPES.get(shown.suffix.lower()) if shown else None
        if shown is None or media_type is None or not shown.is_file():
            return Response(status_code=404)
        self._folder.writable(shown)  # raises if it is a link to elsewhere
        return FileResponse(shown, media_type=media_type, headers={"cache-control": "no-cache"})

    async def _frame(self, request: Request) -> Response:
        disk = OnDisk(self._folder.path / self._id(request))
        newest = await threaded(lambda: disk.newest)
        if newest is None:
            return Response(status_code=404)
        return jpeg(await threaded(lambda: jpeg_of(newest, SHOWN_SIDE)))

    async def _poster(self, request: Request) -> Response:
        shown = OnDisk(self._folder.path / self._id(request)).shown
        if shown is None or not shown.is_file():
            return Response(status_code=404)
        self._folder.writable(shown)
        made = await threaded(lambda: pictures.picture(shown, 0, SHOWN_SIDE), self._few)
        return jpeg(made)

    async def _report(self, request: Request) -> Response:
        plot = self._shelf.report_of(self._id(request))
        if not plot.is_file():
            return Response(status_code=404)
        return FileResponse(plot, media_type="image/png")

    def _id(self, request: Request) -> str:
        """The film that a request names. Raises OutputError if it lies outside the folder."""
        path = self._folder.path / request.path_params["id"]
        self._folder.writable(path)
        if is_too_long(path):
            raise OutputError(f"{path.name[:20]}…: {uploads.UNPRINTED}")
        return self._folder.named(path)
