"""Asked at once, then seldom enough; woken at any moment, asked again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tui.connection.poll import PATIENCE, Poll

LONG = 86_400.0


async def turns(count: int = 50) -> None:
    """Let everything that can go on go on; nothing here waits for a clock."""
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(poll: Poll) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(poll.run(), name="poll")
        await turns()
        try:
            yield
        finally:
            task.cancel()


@pytest.mark.parametrize(
    ("took", "every", "pause"), [(0.0, 2.0, 2.0), (0.05, 2.0, 2.0), (1.5, 2.0, 1.5 * PATIENCE)]
)
async def test_a_slow_answer_is_asked_for_seldom(
    monkeypatch: pytest.MonkeyPatch, took: float, every: float, pause: float
) -> None:
    seconds, pauses = 0.0, []
    real = asyncio.timeout

    async def ask() -> None:
        nonlocal seconds
        seconds += took

    def at_once(delay: float) -> asyncio.Timeout:
        pauses.append(delay)
        return real(0)

    monkeypatch.setattr("tui.connection.poll.asyncio.timeout", at_once)
    async with running(Poll(ask, every, lambda: seconds)):
        pass
    assert len(pauses) >= 2
    assert pauses == pytest.approx([pause] * len(pauses))


async def test_it_asks_once_and_again_when_it_is_woken() -> None:
    asked = []

    async def ask() -> None:
        asked.append(True)

    poll = Poll(ask, LONG, lambda: 0.0)
    async with running(poll):
        assert len(asked) == 1
        poll.wake()
        await turns()
        assert len(asked) == 2


async def test_what_changes_while_it_asks_is_asked_for_too() -> None:
    """The answer that is on its way may be older than the change."""
    answer, asked = asyncio.Event(), []

    async def ask() -> None:
        asked.append(True)
        await answer.wait()

    poll = Poll(ask, LONG, lambda: 0.0)
    async with running(poll):
        poll.wake()
        answer.set()
        await turns()
        assert len(asked) == 2
