"""What the server answers: the page, and what it asks for."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar, get_args

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dreamvid import __version__
from dreamvid.errors import InputError
from dreamvid.media.jpeg import jpeg_of
from dreamvid.networks.registry import spec_of, specs
from dreamvid.recipe import Network
from dreamvid.recipe.encode import CodecName
from dreamvid.recipe.load import kind_of
from dreamvid.recipe.schema import recipe_schema
from dreamvid.rendering.film_frames import FilmFrames
from dreamvid.studio import curves, pictures, uploads
from dreamvid.studio.answers import data_of, lines, read_json, told, whole
from dreamvid.studio.dreams import Dreams, Event
from dreamvid.studio.films import OnDisk
from dreamvid.studio.folder import SEED, Folder
from dreamvid.studio.hub import Hub
from dreamvid.studio.jobs import Jobs
from dreamvid.studio.looks import Looks, looks
from dreamvid.studio.recipes import Recipes
from dreamvid.studio.shelf import Shelf

STATIC = Path(__file__).parent / "static"

SLOWER = "a film is rendering: it and this preview slow each other down"

LIVE_SIDE, POSTER_SIDE = 640, 480
"""Px of the longer side of a render's newest frame, and of a film's picture."""

TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".gif": "image/gif"}
TYPES |= {".webp": "image/webp", ".mov": "video/quicktime", ".mkv": "video/x-matroska"}

T = TypeVar("T")


class Page:
    """The page of a folder.

    Attributes:
        jobs: its queue.
        dreams: its previews.
        app: what answers requests.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder, self._recipes = folder, Recipes(folder)
        states: dict[str, Callable[[], Any]] = {
            "films": lambda: self._shelf.told(),
            "progress": lambda: self._shelf.progress(),
            "sources": dict,
        }
        self._hub = Hub(states)
        self.jobs = Jobs(folder, self._hub.changed)
        self.dreams = Dreams(folder.path, folder.work / "previews.log")
        self._shelf = Shelf(folder, self._recipes, self.jobs)
        self._looks = Looks(self._recipes, self.dreams, lambda: self.jobs.at_work)
        self._heard, self._listening = FilmFrames(), threading.Lock()
        self._few = CapacityLimiter(2)  # pictures and sounds that are decoded at a time
        self.app = Starlette(routes=self._routes())

    def close(self) -> None:
        """End what pages listen to."""
        self._hub.close()

    def _routes(self) -> list[Route | Mount]:
        get, post = (
            {
                "start": self._start,
                "sources": self._sources,
                "source": self._source,
                "picture": self._picture,
                "strip": self._strip,
                "events": self._events,
                "films/{id:path}/recipe": self._film_recipe,
                "films/{id:path}/film": self._film,
                "films/{id:path}/frame.jpg": self._frame,
                "films/{id:path}/poster.jpg": self._poster,
                "films/{id:path}/report.png": self._report,
            },
            {
                "check": self._check,
                "curves": self._curves,
                "curve": self._curve,
                "preview": self._preview,
                "looks": self._look_pictures,
                "layers": self._layer_pictures,
                "films": self._render,
                "films/{id:path}/{what}": self._act,
            },
        )
        return [
            Route("/", self._index),
            Mount("/static", StaticFiles(directory=STATIC)),
            *(Route(f"/api/{path}", told(answer)) for path, answer in get.items()),
            *(
                Route(f"/api/{path}", told(answer), methods=["POST"])
                for path, answer in post.items()
            ),
            Route("/api/files/{name:path}", told(self._upload), methods=["PUT"]),
            Route("/api/masks/{name:path}", told(self._mask), methods=["PUT"]),
        ]

    async def _index(self, request: Request) -> Response:
        self.dreams.warm()  # while the browser reads the page
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-store"})

    async def _start(self, request: Request) -> Response:
        spec = spec_of(Network())
        return JSONResponse(
            {
                "version": __version__,
                "folder": str(self._folder.path),
                "schema": recipe_schema(specs()),
                "looks": await _threaded(lambda: list(looks())),
                "start": {"kind": "zoom", "source": str(SEED)},
                "networks": [*specs()],
                "layers": [{"name": n, "about": about} for n, about in spec.looks.items()],
                "codecs": list(get_args(CodecName)),
                "upload_most": uploads.MOST,
            }
        )

    async def _sources(self, request: Request) -> Response:
        listed = await _threaded(self._folder.listed)
        told = [
            {
                "path": e.path,
                "name": Path(e.path).name,
                "kind": e.kind,
                "bytes": e.size,
                "shipped": e.shipped,
            }
            for e in listed
        ]
        return JSONResponse({"sources": told})

    def _asked(self, request: Request) -> Path:
        """The file that a request names, as a recipe would name it."""
        name = request.query_params.get("path", "")
        path = self._folder.readable(name)
        # Named as in the folder, whose patterns and folders of pictures are no file's name.
        return Path(self._folder.named(path)) if name else path

    async def _source(self, request: Request) -> Response:
        path = self._asked(request)
        found = await _threaded(lambda: pictures.about(path), self._few)
        return JSONResponse({"path": request.query_params["path"], **found})

    async def _picture(self, request: Request) -> Response:
        path, side = self._asked(request), _number(request, "side", 320, 16, 4096)
        seconds = _number(request, "t", 0, 0, 10**7)
        made = await _threaded(lambda: pictures.picture(path, seconds, int(side)), self._few)
        return _jpeg(made)

    async def _strip(self, request: Request) -> Response:
        path, count = self._asked(request), int(_number(request, "count", 12, 1, 40))
        height = int(_number(request, "height", 64, 16, 256))
        return _jpeg(await _threaded(lambda: pictures.strip(path, count, height), self._few))

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(self._hub.listen(), media_type="text/event-stream")

    async def _check(self, request: Request) -> Response:
        content = await read_json(request)
        data = data_of(content) if "data" in content else None
        text = str(content.get("yaml", ""))
        return JSONResponse(await _threaded(lambda: self._recipes.check(data, text)))

    async def _curves(self, request: Request) -> Response:
        data = data_of(await read_json(request))

        def drawn() -> Event:
            recipe = self._recipes.read(data)
            with self._listening:
                source = self._heard.source(recipe)
            return curves.curves(recipe, source)

        return JSONResponse(await _threaded(drawn, self._few))

    async def _curve(self, request: Request) -> Response:
        content = await read_json(request)
        keys, between = content.get("keys"), str(content.get("between", "linear"))
        if not isinstance(keys, list) or not all(isinstance(k, dict) for k in keys):
            raise InputError("a curve needs its keyframes")
        if not all({"word", "text"} <= set(k) for k in keys):
            raise InputError("a keyframe needs its word and its text")
        return JSONResponse({"text": curves.text_of(keys, between)})

    async def _preview(self, request: Request) -> Response:
        content = await read_json(request)
        data, frame = data_of(content), whole(content, "frame", 0, 10**9)
        side = None if content.get("side") is None else whole(content, "side", 64, 8192)
        await _threaded(lambda: self._recipes.read(data))
        return lines(self._previewed(data, frame, side))

    async def _previewed(self, data: Any, frame: int, side: int | None) -> AsyncGenerator[Event]:
        if self.jobs.at_work:
            yield {"event": "waits", "why": SLOWER}
        async with aclosing(self.dreams.ask(data, frame, side, urgent=True)) as events:
            async for event in events:
                yield event

    async def _look_pictures(self, request: Request) -> Response:
        return lines(self._looks.of_looks(_with_kind(data_of(await read_json(request)))))

    async def _layer_pictures(self, request: Request) -> Response:
        return lines(self._looks.of_layers(_with_kind(data_of(await read_json(request)))))

    async def _render(self, request: Request) -> Response:
        data = data_of(await read_json(request))
        return JSONResponse({"id": await _threaded(lambda: self._shelf.render(data))}, 202)

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
            "stop": self.jobs.stop,
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
        return JSONResponse(await _threaded(lambda: self._shelf.recipe(name), self._few))

    async def _film(self, request: Request) -> Response:
        shown = OnDisk(self._folder.path / self._id(request)).shown
        media_type = TYPES.get(shown.suffix.lower()) if shown else None
        if shown is None or media_type is None or not shown.is_file():
            return Response(status_code=404)
        self._folder.writable(shown)  # raises if it is a link to elsewhere
        return FileResponse(shown, media_type=media_type, headers={"cache-control": "no-cache"})

    async def _frame(self, request: Request) -> Response:
        disk = OnDisk(self._folder.path / self._id(request))
        newest = await _threaded(lambda: disk.newest)
        if newest is None:
            return Response(status_code=404)
        return _jpeg(await _threaded(lambda: jpeg_of(newest, LIVE_SIDE)))

    async def _poster(self, request: Request) -> Response:
        shown = OnDisk(self._folder.path / self._id(request)).shown
        if shown is None or not shown.is_file():
            return Response(status_code=404)
        self._folder.writable(shown)
        made = await _threaded(lambda: pictures.picture(shown, 0, POSTER_SIDE), self._few)
        return _jpeg(made)

    async def _report(self, request: Request) -> Response:
        plot = self._shelf.report_of(self._id(request))
        if not plot.is_file():
            return Response(status_code=404)
        return FileResponse(plot, media_type="image/png")

    async def _upload(self, request: Request) -> Response:
        name = request.path_params["name"]
        taken = await uploads.take(self._folder, name, request.stream())
        self._hub.changed("sources")
        return JSONResponse(taken, 201)

    async def _mask(self, request: Request) -> Response:
        name = request.path_params["name"]
        taken = await uploads.take_mask(self._folder, name, request.stream())
        self._hub.changed("sources")
        return JSONResponse(taken, 201)

    def _id(self, request: Request) -> str:
        """The film that a request names. Raises OutputError if it lies outside the folder."""
        path = self._folder.path / request.path_params["id"]
        self._folder.writable(path)
        return self._folder.named(path)


async def _threaded(work: Callable[[], T], limiter: CapacityLimiter | None = None) -> T:
    return await anyio.to_thread.run_sync(work, limiter=limiter)


def _with_kind(data: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind_of(data.get("source")), **data}


def _jpeg(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg")


def _number(request: Request, key: str, usual: float, least: float, most: float) -> float:
    """A number of a request's query. Raises InputError unless it lies in its bounds."""
    try:
        value = float(request.query_params.get(key, usual))
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise InputError(f"{key}: must be a number from {least} to {most}")
    return value
