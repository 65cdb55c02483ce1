"""Places at a target: bounded, the most urgent first, one kept for what is critical."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from engine.actions.turnstile import Turnstile


class Crowd:
    """Tasks that go through a turnstile and stay inside until they are let go."""

    def __init__(self, gate: Turnstile, group: asyncio.TaskGroup) -> None:
        self.gate, self.group = gate, group
        self.inside: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._go: dict[str, asyncio.Event] = {}

    async def come(self, *names: str) -> None:
        for name in names:
            self._go[name] = asyncio.Event()
            self.tasks[name] = self.group.create_task(self._pass(name), name=name)
            await self.settle()

    async def leave(self, name: str) -> None:
        self._go[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _pass(self, name: str) -> None:
        async with self.gate.place(name.partition(" ")[0]):
            self.inside.append(name)
            await self._go[name].wait()
            self.inside.remove(name)


@asynccontextmanager
async def crowd(places: int, kept: int = 1) -> AsyncIterator[Crowd]:
    async with asyncio.TaskGroup() as group:
        made = Crowd(Turnstile(places, kept), group)
        yield made
        for task in made.tasks.values():
            task.cancel()


async def test_so_many_at_once_and_one_more_for_what_is_critical() -> None:
    async with crowd(2) as people:
        await people.come("info 1", "info 2", "warning 3")
        assert people.inside == ["info 1", "info 2"]
        await people.come("critical 4", "critical 5")
        assert people.inside == ["info 1", "info 2", "critical 4"]


async def test_who_waits_goes_in_by_severity_then_in_order() -> None:
    async with crowd(1, kept=0) as people:
        await people.come("info 0", "info 1", "odd 2", "warning 3", "critical 4", "warning 5")
        order = []
        for _ in range(6):
            (name,) = people.inside
            order.append(name)
            await people.leave(name)
        assert order == ["info 0", "critical 4", "warning 3", "warning 5", "info 1", "odd 2"]


async def test_who_gives_up_waiting_leaves_no_hole() -> None:
    async with crowd(1, kept=0) as people:
        await people.come("info 0", "info 1", "info 2")
        people.tasks["info 1"].cancel()
        await people.leave("info 0")
        assert people.inside == ["info 2"]


async def test_who_is_cancelled_as_he_is_called_gives_the_place_on() -> None:
    async with crowd(1, kept=0) as people:
        await people.come("info 0", "info 1", "info 2")
        people._go["info 0"].set()
        await asyncio.sleep(0)  # it leaves, and has called the next one, who has not run yet
        people.tasks["info 1"].cancel()
        await people.settle()
        assert people.inside == ["info 2"]
        await people.leave("info 2")
        await people.come("info 3")
        assert people.inside == ["info 3"]


@pytest.mark.parametrize("places", [1, 4])
async def test_a_failure_inside_gives_the_place_back(places: int) -> None:
    gate = Turnstile(places)
    for _ in range(3 * places):
        with pytest.raises(ValueError, match="x"):
            async with gate.place("info"):
                raise ValueError("x")
