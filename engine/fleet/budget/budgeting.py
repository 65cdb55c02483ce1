"""The task that keeps the cameras within what the machine has, and tells which are analysed more slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.fleet.budget.budget import FULL, WANTED, Budget, Demand
from engine.fleet.camera import CameraRunner
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.cores import Cores, Load
from rules.model import Sentence

logger = log.get(__name__)
#: Seconds between two looks.
PERIOD = 2.0
#: Part of the cores that must be our own use for it to help when we take less; seconds until it is told that it is not.
MINE, LONG = 0.5, 60.0


@dataclass(slots=True)
class Budgeting:
    """One site's; `run` is its one task.

    Args:
        cameras: By id; the fleet's own mapping.
    """

    cameras: Mapping[str, CameraRunner]
    clock: Clock
    cores: Cores
    budget: Budget = field(init=False)
    _crowded: float = 0.0
    _spent: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.budget = Budget(self.cores.count)

    async def run(self) -> None:
        """Look and decide until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            await self.look(self.cores.load())

    async def look(self, load: Load) -> None:
        """Decide once, by how busy the cores are."""
        crowded = load.busy >= FULL and load.own < MINE
        self._crowded = self._crowded + PERIOD if crowded else 0.0
        busy = min(load.busy, WANTED) if crowded else load.busy
        now, before = self.clock.monotonic(), dict(self.budget.step)
        demands = {name: self._demand(runner, now) for name, runner in self.cameras.items() if runner.sound}
        self.budget.look(busy, demands)
        for name in sorted(before.keys() | self.budget.step.keys()):
            if name in self.cameras and before.get(name) != self.budget.step.get(name):
                await self._tell(self.cameras[name])

    def problems(self) -> Iterator[Sentence]:
        """Yield that others take the processor, where they have done so for long."""
        if self._crowded >= LONG:
            yield Sentence("engine.crowded")

    async def _tell(self, runner: CameraRunner) -> None:
        fps, wanted = self.budget.fps(runner.id, runner.settings.fps), runner.settings.fps
        logger.info("analysed at another rate", camera=runner.id, fps=fps, wanted=wanted)
        await runner.slow(fps)

    def _demand(self, runner: CameraRunner, now: float) -> Demand:
        spent = sum(runner.analyzer.stages.seconds.values()) if runner.analyzer else 0.0
        at, before = self._spent.get(runner.id, (now, spent))
        self._spent[runner.id] = now, spent
        cost = max(0.0, spent - before) / (now - at) if now > at else 0.0
        return Demand(runner.rank, cost, runner.settings.fps)
