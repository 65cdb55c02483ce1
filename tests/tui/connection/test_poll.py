"""Asked at once, then seldom enough; woken at any moment, asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tui.connection.poll import PATIENCE, Poll

LONG = 86_400.0


async def asked_while(poll: Poll, so: Callable[[], Awaitable[None]]) -> None:
    """Let a poll run as long as something takes."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(poll.run(), name="poll")
        await so()
        task.cancel()


@pytest.mark.parametrize(
    ("took", "every", "pause"), [(0.0, 2.0, 2.0), (0.05, 2.0, 2.0), (1.5, 2.0, 1.5 * PATIENCE)]
)
async def test_a_slow_answer_is_asked_for_seldom(
    monkeypatch: pytest.MonkeyPatch, took: float, every: float, pause: float
) -> None:
    seconds, pauses, asked = 0.0, [], asyncio.Semaphore(0)
    real = asyncio.timeout

    async def ask() -> None:
        nonlocal seconds
        seconds += took
        asked.release()

    def at_once(delay: float) -> asyncio.Timeout:
        pauses.append(delay)
        return real(0)

    async def thrice() -> None:
        for _ in range(3):
            await asked.acquire()

    monkeypatch.setattr("tui.connection.poll.asyncio.timeout", at_once)
    await asked_while(Poll(ask, every, lambda: seconds), thrice)
    assert len(pauses) >= 2
    assert pauses == pytest.approx([pause] * len(pauses))


async def test_it_is_woken_and_asks_at_once() -> None:
    asked = asyncio.Semaphore(0)

    async def ask() -> None:
        asked.release()

    poll = Poll(ask, LONG, lambda: 0.0)

    async def wake() -> None:
        await asked.acquire()
        await asyncio.sleep(0)
        assert asked.locked()
        poll.wake()
        await asked.acquire()

    await asked_while(poll, wake)


async def test_what_changes_while_it_asks_is_asked_for_too() -> None:
    """The answer that is on its way may be older than the change."""
    going, answer, asked = asyncio.Event(), asyncio.Event(), 0

    async def ask() -> None:
        nonlocal asked
        asked += 1
        going.set()
        await answer.wait()

    poll = Poll(ask, LONG, lambda: 0.0)

    async def wake() -> None:
        await going.wait()
        poll.wake()
        answer.set()
        while asked < 2:
            await asyncio.sleep(0)

    await asked_while(poll, wake)
    assert asked == 2
