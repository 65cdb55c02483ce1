"""Parts stop in reverse, one after the other; one that does not is named, and nobody waits for it any longer."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from structlog.testing import capture_logs

from engine.runtime import parts
from engine.runtime.parts import Parts


async def test_parts_stop_in_reverse() -> None:
    told: list[str] = []

    async def part(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append(name)

    async with asyncio.TaskGroup() as group:
        running = Parts(group)
        for name in ("store", "judge", "cameras"):
            running.start(name, partial(part, name))
        await asyncio.sleep(0)
        await running.stop()
        assert told == ["cameras", "judge", "store"]


async def test_one_that_does_not_stop_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "DEADLINE", 0.01)
    enough = asyncio.Event()

    async def stubborn() -> None:
        while not enough.is_set():
            try:
                await enough.wait()
            except asyncio.CancelledError:
                continue

    loop = asyncio.get_running_loop()
    tasks = [
        loop.create_task(stubborn(), name="camera[gate]"),
        loop.create_task(asyncio.sleep(600), name="camera[yard]"),
    ]
    await asyncio.sleep(0)
    with capture_logs() as logs:
        await parts.stop(tasks)
    assert [(each["event"], each["part"]) for each in logs] == [("does not stop", "camera[gate]")]
    enough.set()
    await asyncio.wait(tasks)
