"""Opening devices in turns: not too many at work at once, and no waiting for dead ones."""

from __future__ import annotations

import asyncio

import pytest

from engine.fleet.open_limit import OpenLimit


async def test_no_more_than_so_many_are_opened_at_once() -> None:
    turns, inside, most = OpenLimit(3, longest=1e6), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with turns.turn():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(one())
    assert most == 3


async def test_dead_ones_hold_their_places_for_a_moment_only() -> None:
    turns, opened = OpenLimit(3, longest=0.001), 0

    async def dead() -> None:
        async with turns.turn():
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(dead()) for _ in range(50)]
        await asyncio.sleep(0)
        async with turns.turn():
            opened += 1
        for task in tasks:
            task.cancel()
    assert opened == 1
    await everywhere_free(turns, 3)


async def test_a_place_is_given_back_once_however_it_ends() -> None:
    turns = OpenLimit(2, longest=0.0)

    async def fails() -> None:
        async with turns.turn():
            await asyncio.sleep(0.001)  # it took too long as well
            raise KeyError

    for _ in range(5):
        with pytest.raises(KeyError):
            await fails()
    await everywhere_free(turns, 2)


async def everywhere_free(turns: OpenLimit, most: int) -> None:
    """There are exactly so many places."""
    for _ in range(most):
        await asyncio.wait_for(turns._places.acquire(), 60)
    assert turns._places.locked()
