"""Reading requests and answering them: JSON, lines of JSON, and errors in the words of the
prompt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from dreamvid.errors import DreamvidError, RecipeError
from dreamvid.studio.dreams import Event
from dreamvid.studio.plain import plain
from dreamvid.studio.recipes import faults_of

MOST = 2**21
"""Bytes of a request's JSON."""

PATIENCE = 30.0
"""Seconds that it may take to come."""

T = TypeVar("T")

Answer = Callable[[Request], Awaitable[Response]]


def told(answer: Answer) -> Answer:
    """An answer whose errors are told to the page."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except (DreamvidError, OSError, MemoryError) as error:
            again = isinstance(error, OSError) or getattr(error, "retry", False)
            return JSONResponse({"faults": faults_of(error)}, 503 if again else 422)
        except ClientDisconnect:
            return Response(status_code=400)

    return answered


async def read_json(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises RecipeError if it has none, or too large a one."""
    data = b""

    async def read() -> None:
        nonlocal data
        async for piece in request.stream():
            data += piece
            if len(data) > MOST:
                raise RecipeError(f"is longer than {MOST} bytes", key="recipe")

    try:
        await asyncio.wait_for(read(), PATIENCE)
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise RecipeError("the request is no JSON") from None
    except TimeoutError:
        raise RecipeError("the request did not come to its end") from None
    if not isinstance(content, dict):
        raise RecipeError("the request is no object of JSON")
    return plain(content)


def data_of(content: Mapping[str, Any], key: str = "data") -> dict[str, Any]:
    """The recipe in a request. Raises RecipeError if there is none."""
    data = content.get(key)
    if not isinstance(data, dict):
        raise RecipeError("must be a mapping of keys to values", key=key)
    return data


def whole(content: Mapping[str, Any], key: str, least: int, most: int) -> int:
    """A whole number of a request. Raises RecipeError unless it lies in its bounds."""
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RecipeError(f"must be a whole number from {least} to {most}", key=key)
    return value


def lines(events: AsyncGenerator[Event]) -> StreamingResponse:
    """Events, one a line of JSON; they are closed when the page goes away. A page that reads slowly
    does not hold up who makes them."""
    made: asyncio.Queue[Event | None] = asyncio.Queue()

    async def make() -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    made.put_nowait(event)
        except (DreamvidError, OSError) as error:
            made.put_nowait({"event": "fault", "faults": faults_of(error)})
        finally:
            made.put_nowait(None)

    async def written() -> AsyncGenerator[bytes]:
        making = asyncio.create_task(make())
        try:
            while (event := await made.get()) is not None:
                yield json.dumps(event).encode() + b"\n"
        finally:
            making.cancel()

    return StreamingResponse(written(), media_type="application/x-ndjson")


def jpeg(data: bytes) -> Response:
    """A picture."""
    return Response(data, media_type="image/jpeg")


async def threaded(work: Callable[[], T], limiter: CapacityLimiter | None = None) -> T:
    """What `work` returns, which takes long, in a thread; of a `limiter` so many at a time."""
    return await to_thread.run_sync(work, limiter=limiter)
