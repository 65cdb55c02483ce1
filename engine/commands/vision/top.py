"""``matthan vision top``: what looking costs a running engine, camera by camera, live."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from itertools import islice
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.keyboard import keys
from engine.commands.output.report import coloured
from engine.commands.output.talk import Language_, Socket, Speaker, Token, speak
from engine.commands.output.terminal import data, line, out, paint, perform, stage
from engine.commands.vision.cost import Lately, Rate, cells, lately

if TYPE_CHECKING:
    from engine.api.resources.vision import Vision

#: Columns of each figure, and of a camera's name.
_CELL, _NAME = 9, 18


def top(
    every: Annotated[
        float, typer.Option("--every", min=0.5, max=60, metavar="SECONDS", help="Seconds between two looks.")
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, over that time, and end.")] = False,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per look, for programs.")] = False,
) -> None:
    """Show what looking costs a running engine: milliseconds of a core per camera and stage, the dearest first.

    \b
    matthan vision top                    live, until q or Ctrl-C
    matthan vision top --once             one table, over two seconds
    matthan vision top --once --json      the same for a program
    matthan vision top --every 10         calmer

    decode: pictures made of packets. motion: what moves in them. detect: parts cut out, and the detector. track:
    objects followed. quality: whether the picture can be relied upon. A camera that rests (~) decodes keyframes alone,
    because nothing moves; one that is slowed (!) gets fewer pictures than wanted, because the cores are full.
    Without a terminal one table is printed. Exit codes: 0 told, 1 refused, 2 wrong usage, 3 no engine answers.
    """  # noqa: D301 - click's mark for lines that stay as they are
    if as_json:
        speak(socket, token, lang, partial(_programs, every=every, once=once))
    elif once or not sys.stdout.isatty():
        speak(socket, token, lang, partial(_table, every=every))
    else:
        speak(socket, token, lang, partial(_live, every=every))


async def _looks(speaker: Speaker, every: float) -> AsyncIterator[Lately]:
    before: Vision = await speaker.client.vision()
    while True:
        await asyncio.sleep(every)
        now = await speaker.client.vision()
        yield lately(before, now)
        before = now


async def _programs(speaker: Speaker, *, every: float, once: bool) -> None:
    async for found in _looks(speaker, every):
        cameras = [rate.told() for rate in found.rates]
        whole = {"seconds": round(found.seconds, 2), "cores": found.cores, "busy": round(found.busy, 3)}
        data(json.dumps({**whole, "detector": found.detector, "cameras": cameras}))
        if once:
            return


async def _table(speaker: Speaker, *, every: float) -> None:
    async for found in _looks(speaker, every):
        for each in lines(speaker, found, colours=coloured()):
            out(each)
        return


async def _live(speaker: Speaker, *, every: float) -> None:
    """Show it until q is pressed."""
    over = asyncio.Event()

    def heard(key: str) -> None:
        if key.startswith("q"):
            over.set()

    try:
        with stage(sys.stdout), keys(heard):
            perform([speaker.say("vision.measuring", seconds=round(every))], sys.stdout)
            async with asyncio.TaskGroup() as group:
                showing = group.create_task(_perform(speaker, every), name="vision.top")
                await over.wait()
                showing.cancel()
    except ExceptionGroup as failed:  # one cause is enough: the engine has ended, or refuses
        raise failed.exceptions[0] from None


async def _perform(speaker: Speaker, every: float) -> None:
    async for found in _looks(speaker, every):
        columns, rows = get_terminal_size()
        *table, whole = lines(speaker, found, colours=coloured(), wide=columns)
        below = wrap(whole, max(20, columns - 1))
        room = max(2, rows - len(below))
        if len(table) > room:  # the sum at the end stays in sight
            left = len(table) - room + 1
            table = [*table[: room - 1], speaker.say("vision.more_cameras", count=left)]
        perform([*table, *below], sys.stdout)


def lines(speaker: Speaker, found: Lately, *, colours: bool, wide: int = 200) -> Iterator[str]:
    """Yield a heading, a line for each camera, and the sum."""
    names = speaker.say("vision.top_columns").split("|")
    many = max(2, min(len(names) - 1, (wide - _NAME - 2) // _CELL))
    yield paint(f"  {names[0]:<{_NAME}}" + _row(islice(names[1:], many)), "1", colours)
    for rate in found.rates:
        yield _camera(rate, many, colours=colours)
    whole = sum(rate.whole for rate in found.rates)
    yield speaker.say(
        "vision.top_sum",
        ms=round(whole),
        cameras=len(found.rates),
        resting=sum(rate.cost.resting for rate in found.rates),
        busy=round(100 * found.busy),
        cores=found.cores,
    )


def _camera(rate: Rate, many: int, *, colours: bool) -> str:
    slowed = rate.cost.fps < rate.cost.wanted
    mark = "!" if slowed else "~" if rate.cost.resting else " "
    name = line(rate.cost.camera)[:_NAME]
    told = f"{mark} {name:<{_NAME}}" + _row(islice(cells(rate), many))
    return paint(told, "33" if slowed else "2", colours) if slowed or rate.cost.resting else told


def _row(figures: Iterator[str]) -> str:
    return "".join(f"{each:>{_CELL}}" for each in figures)
