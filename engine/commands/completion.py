"""What a shell offers after a tab: cameras, rules and presets of the engine that runs; nothing where none answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import typer

from engine.api.printable import clean

if TYPE_CHECKING:
    from engine.api.client import Client

#: Seconds that a person waits for a tab at most.
PATIENCE = 1.0
#: A word and what it stands for.
Offers = list[tuple[str, str]]


def cameras(ctx: typer.Context, incomplete: str) -> Offers:
    """Offer the ids of cameras, with their names."""

    async def ask(client: Client) -> Offers:
        return [(each.id, each.name) for each in (await client.state()).cameras]

    return _asked(ctx, ask, incomplete)


def rules(ctx: typer.Context, incomplete: str) -> Offers:
    """Offer the names of rules, with their titles."""

    async def ask(client: Client) -> Offers:
        return [(each.name, next(iter(each.title.values()), "")) for each in await client.rules()]

    return _asked(ctx, ask, incomplete)


def presets(ctx: typer.Context, incomplete: str) -> Offers:
    """Offer the presets of the camera that stands before."""
    camera = str(ctx.params.get("camera") or "")

    async def ask(client: Client) -> Offers:
        told = await client.presets(camera)
        both = ((each.name, each.token) for each in told)
        return [(name, token) if _plain(name) else (token, name) for name, token in both]

    return _asked(ctx, ask, incomplete) if camera else []


def _asked(ctx: typer.Context, ask: Callable[[Client], Awaitable[Offers]], incomplete: str) -> Offers:
    import asyncio

    from engine.api.client import Client
    from engine.api.errors import ApiError
    from engine.api.link.remembered import remembered

    async def run() -> Offers:
        where = ctx.params.get("socket")
        async with asyncio.timeout(PATIENCE), Client.connect(where, token=remembered(where)) as client:
            return await ask(client)

    try:
        found = asyncio.run(run())
    except (ApiError, TimeoutError, OSError):
        return []  # a shell has no place for a complaint
    return [(word, clean(about)) for word, about in found if word.startswith(incomplete) and _plain(word)]


def _plain(word: str) -> bool:
    """Return whether a word may be put on a command line as it is: a device's own word may be a shell's command."""
    return re.fullmatch(r"\w[\w.@+:-]*", word) is not None
