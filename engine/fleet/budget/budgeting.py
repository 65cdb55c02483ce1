"""The task that keeps the cameras within what the machine has, and tells which are analysed more slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.fleet.budget.budget import Budget, Demand
from engine.fleet.camera import CameraRunner
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.cores import Cores

logger = log.get(__name__)
#: Seconds between two looks.
PERIOD = 2.0


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
    _spent: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.budget = Budget(self.cores.count)

    async def run(self) -> None:
        """Look and decide until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            await self.look(self.cores.busy())

    async def look(self, busy: float) -> None:
        """Decide once, by how busy the cores are (0..1)."""
        now, before = self.clock.monotonic(), dict(self.budget.step)
        demands = {name: self._demand(runner, now) for name, runner in self.cameras.items() if runner.sound}
        self.budget.look(busy, demands)
        for name in sorted(before.keys() | self.budget.step.keys()):
            if name in self.cameras and before.get(name) != self.budget.step.get(name):
                await self._tell(self.cameras[name])

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
