"""Small dreams of a person's own picture: of each look, and of each layer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from anyio import to_thread

from dreamvid.errors import DreamvidError, RecipeError
from dreamvid.networks.registry import spec_of
from dreamvid.recipe import ClassTerm, Recipe
from dreamvid.recipe.at_frame import heard_by
from dreamvid.recipe.load import about_preset, load_recipe, presets, read_recipe
from dreamvid.studio.dreams import Dreams, Event, PreemptedError
from dreamvid.studio.pictures import about
from dreamvid.studio.recipes import Data, Recipes, faults_of

SIDE = 240
"""Px of a small dream's longer side."""

LEAST = 128
"""Px of its shorter side, at least."""

KEPT = 300
"""Small dreams that are kept."""

WAITS = "a film is rendering; these wait until it is done"

OF_THE_SOURCE = ("kind", "source", "mix", "start", "end", "fps")
"""Keys of a recipe that a look is shown with."""


def looks() -> Iterator[Data]:
    """The presets that are looks; see `/api/start`."""
    recipes = {name: load_recipe(name) for name in presets() if not {"/", "\\"} & set(name)}
    # Those of classes last: their pictures take the longest.
    for name, recipe in sorted(recipes.items(), key=lambda each: _of_classes(each[1])):
        data, hears = read_recipe(name), bool(heard_by(recipe))
        kind = data.get("kind", "any")
        yield {
            "name": name,
            "kind": kind,
            "about": about_preset(name),
            "data": data,
            "sound": hears,
        }


def _of_classes(recipe: Recipe) -> bool:
    return any(isinstance(term, ClassTerm) for term in recipe.dream.objective or ())


class Looks:
    """Makes small dreams, one by one, while nothing else is to be dreamed.

    Args:
        waits: whether a render is at work.
    """

    def __init__(self, recipes: Recipes, dreams: Dreams, waits: Callable[[], bool]) -> None:
        self._recipes, self._dreams, self._waits = recipes, dreams, waits
        self._made: OrderedDict[Any, Event] = OrderedDict()

    async def of_looks(self, data: Mapping[str, Any]) -> AsyncGenerator[Event]:
        """A picture of each look of the recipe's kind."""
        kept = await self._small(data, OF_THE_SOURCE)
        for look in looks():
            if look["kind"] not in ("any", kept.get("kind")) or look["sound"]:
                continue
            told = {"event": "look", "name": look["name"]}
            async for event in self._made_of({**kept, "extends": look["name"]}, told):
                yield event
        yield {"event": "done"}

    async def of_layers(self, data: Mapping[str, Any]) -> AsyncGenerator[Event]:
        """A picture of each layer that has a name."""
        recipe = self._recipes.read(data)
        kept = await self._small(data, (*OF_THE_SOURCE, "network"))
        for name, dreamt in spec_of(recipe.network).looks.items():
            told = {"event": "layer", "name": name, "about": dreamt}
            asked = {**kept, "dream": {"objective": name}}
            async for event in self._made_of(asked, told):
                yield event
        yield {"event": "done"}

    async def _small(self, data: Mapping[str, Any], keys: tuple[str, ...]) -> Data:
        """Some keys of a recipe, with frames so small that its creatures fill them."""
        recipe = self._recipes.read({key: data[key] for key in keys if key in data})
        if not recipe.source:
            raise RecipeError("name the picture or clip to dream on", key="source")
        width, height = (await to_thread.run_sync(about, recipe.source[0]))["size"]
        scale = min(1.0, max(SIDE / max(width, height), LEAST / min(width, height)))
        size = f"{max(1, round(scale * width))}x{max(1, round(scale * height))}"
        return {key: data[key] for key in keys if key in data} | {"size": size}

    async def _made_of(self, data: Data, told: Event) -> AsyncGenerator[Event]:
        try:
            recipe = self._recipes.read(data)
        except DreamvidError as error:
            yield {**told, "faults": faults_of(error)}
            return
        stamps = [(str(path), path.stat().st_mtime_ns) for path in recipe.source if path.exists()]
        key = repr((data, stamps))
        while key not in self._made:
            if self._waits():
                yield {"event": "waits", "why": WAITS}
                while self._waits():
                    await asyncio.sleep(1)
            with suppress(PreemptedError):
                picture = await self._dreamed(data)
                self._made[key] = picture
                while len(self._made) > KEPT:
                    self._made.popitem(last=False)
        yield {**told, **self._made[key]}

    async def _dreamed(self, data: Data) -> Event:
        dream: Event = {}
        asked = self._dreams.ask(data, 0, None, urgent=False)
        async with aclosing(asked) as events:
            async for event in events:
                if event["event"] == "done":
                    dream = {"picture": event["picture"]}
                elif event["event"] == "fault":
                    dream = {"faults": event["faults"]}
        return dream
