"""What the server answers: the page, and what it asks for."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, get_args

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dreamvid import __version__
from dreamvid.errors import InputError
from dreamvid.networks.registry import spec_of, specs
from dreamvid.recipe import Network
from dreamvid.recipe.encode import CodecName
from dreamvid.recipe.load import kind_of
from dreamvid.recipe.schema import recipe_schema
from dreamvid.rendering.film_frames import FilmFrames
from dreamvid.studio import curves, pictures, uploads
from dreamvid.studio.answers import data_of, jpeg, lines, read_json, threaded, told, whole
from dreamvid.studio.dreams import Dreams, Event
from dreamvid.studio.film_answers import FilmAnswers
from dreamvid.studio.folder import SEED, Folder
from dreamvid.studio.hub import Hub
from dreamvid.studio.jobs import Jobs
from dreamvid.studio.looks import Looks, looks
from dreamvid.studio.recipes import Recipes
from dreamvid.studio.shelf import Shelf

STATIC = Path(__file__).parent / "static"

SLOWER = "a film is rendering: it and this preview slow each other down"


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
        post = ["POST"]
        return [
            Route("/", self._index),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/api/start", told(self._start)),
            Route("/api/sources", told(self._sources)),
            Route("/api/source", told(self._source)),
            Route("/api/picture", told(self._picture)),
            Route("/api/strip", told(self._strip)),
            Route("/api/events", told(self._events)),
            Route("/api/check", told(self._check), methods=post),
            Route("/api/curves", told(self._curves), methods=post),
            Route("/api/curve", told(self._curve), methods=post),
            Route("/api/preview", told(self._preview), methods=post),
            Route("/api/looks", told(self._look_pictures), methods=post),
            Route("/api/layers", told(self._layer_pictures), methods=post),
            *FilmAnswers(self._folder, self._shelf, self.jobs, self._few).routes(),
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
                "looks": await threaded(lambda: list(looks())),
                "start": {"kind": "zoom", "source": str(SEED)},
                "networks": [*specs()],
                "layers": [{"name": n, "about": about} for n, about in spec.looks.items()],
                "codecs": list(get_args(CodecName)),
                "upload_most": uploads.MOST,
            }
        )

    async def _sources(self, request: Request) -> Response:
        listed = await threaded(self._folder.listed)
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
        self._recipes.require_readable(path)
        return Path(self._folder.named(path))

    async def _source(self, request: Request) -> Response:
        path = self._asked(request)
        found = await threaded(lambda: pictures.about(path), self._few)
        return JSONResponse({"path": request.query_params["path"], **found})

    async def _picture(self, request: Request) -> Response:
        path, side = self._asked(request), _number(request, "side", 320, 16, 4096)
        seconds = _number(request, "t", 0, 0, 10**7)
        made = await threaded(lambda: pictures.picture(path, seconds, int(side)), self._few)
        return jpeg(made)

    async def _strip(self, request: Request) -> Response:
        path, count = self._asked(request), int(_number(request, "count", 12, 1, 40))
        height = int(_number(request, "height", 64, 16, 256))
        return jpeg(await threaded(lambda: pictures.strip(path, count, height), self._few))

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(self._hub.listen(), media_type="text/event-stream")

    async def _check(self, request: Request) -> Response:
        content = await read_json(request)
        data = data_of(content) if "data" in content else None
        text = str(content.get("yaml", ""))
        return JSONResponse(await threaded(lambda: self._recipes.check(data, text)))

    async def _curves(self, request: Request) -> Response:
        data = data_of(await read_json(request))

        def drawn() -> Event:
            recipe = self._recipes.read(data)
            with self._listening:
                source = self._heard.source(recipe)
            return curves.curves(recipe, source)

        return JSONResponse(await threaded(drawn, self._few))

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
        await threaded(lambda: self._recipes.read(data))
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


def _with_kind(data: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind_of(data.get("source")), **data}


def _number(request: Request, key: str, usual: float, least: float, most: float) -> float:
    """A number of a request's query. Raises InputError unless it lies in its bounds."""
    try:
        value = float(request.query_params.get(key, usual))
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise InputError(f"{key}: must be a number from {least} to {most}")
    return value
