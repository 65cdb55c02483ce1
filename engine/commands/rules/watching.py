"""``matthan rules explain --watch``: a running engine is asked again and again, and what changed is told anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import typer

from engine.commands.output.report import Lang
from engine.commands.output.talk import NO_ENGINE, explain, fail
from engine.commands.output.terminal import out

if TYPE_CHECKING:
    from engine.api.client import Client
    from engine.api.errors import ApiError
    from engine.api.explanation import Explanation
    from engine.text import Language

#: Seconds from one question to the next.
EVERY = 1.0
#: What goes on all the time and is no news: how many events were looked at, which of them was as near as the last,
#: how long something has held by now.
_COUNTS = ("explain.counts", "explain.looked", "explain.stands", "explain.miss_event")
_RUNNING = ("held",)

Tell = Callable[["Explanation"], None]


def watch(
    door: str, token: str | None, rule: str, camera: str | None, lang: Language, tell: Tell
) -> NoReturn:
    """Tell of a rule whenever something of it changed, until somebody ends it (exit code 130)."""
    from engine.api.client import Client
    from engine.api.errors import ApiError

    async def run() -> NoReturn:
        async with Client.connect(door, token=token, language=lang) as client:
            await _follow(client, rule, camera, lang, tell)

    try:
        asyncio.run(run())
    except ApiError as error:
        fail(error, Lang(lang))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(NO_ENGINE)


async def _follow(client: Client, rule: str, camera: str | None, lang: Language, tell: Tell) -> NoReturn:
    from engine.api.errors import ApiError

    known, lost = news(first := await client.explain(rule, camera=camera)), False
    tell(first)
    while True:
        await asyncio.sleep(EVERY)
        try:
            told = await client.explain(rule, camera=camera)
        except ApiError as error:
            lost = _complain(error, lang, lost=lost)
            continue
        if news(told) != known or lost:
            known, lost = news(told), False
            out("")
            tell(told)


def _complain(error: ApiError, lang: Language, *, lost: bool) -> bool:
    """Say once that the engine is gone; it is asked on, for it may come again. What it refuses is the end."""
    if error.status:
        raise error
    if not lost:
        out(f"matthan: {explain(error, Lang(lang))}", "yellow", err=True)
    return True


def news(told: Explanation) -> list[object]:
    """Return what of an explanation is worth telling anew: all but what only goes on."""
    said = (line.said for line in told.lines if line.said is not None)
    parts = (
        (each.code, {name: value for name, value in each.values.items() if not _runs(name)}) for each in said
    )
    return [part for part in parts if not any(code in part[0] for code in _COUNTS)]


def _runs(name: str) -> bool:
    return name.partition("@")[0] in _RUNNING
