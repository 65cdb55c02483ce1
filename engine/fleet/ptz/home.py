"""A PTZ unit goes home: back to a preset when it was left elsewhere for long enough, and nobody commands it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

from drivers.contract import Ptz
from drivers.errors import Unsupported
from engine.config.settings import PtzSettings
from engine.errors import reason_of
from engine.fleet.health.conditions import Conditions
from engine.fleet.ptz.state import PtzState
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Nap
from rules.model import Sentence

#: Seconds between tries while the device does not take the command; the last one for ever.
WAITS = (10.0, 60.0, 300.0, 3600.0)
#: Seconds that the device gets to take it.
PATIENCE = 15.0


class PtzHome:
    """One camera's. Whoever commands the unit through this engine, a person or a rule, postpones it.

    That the device does not take the command stands among the camera's conditions, as `home`, until it is there.

    Args:
        state: Where the unit was sent; it tells this one of every command.
        sleep: Waits so many seconds, infinite ones too.
    """

    def __init__(
        self,
        settings: PtzSettings,
        state: PtzState,
        conditions: Conditions,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._preset, self._after = settings.home, settings.home_after
        self._state, self._conditions, self._clock = state, conditions, clock
        self._nap = Nap()
        self._sleep = sleep or self._nap
        self._began = clock.monotonic()
        self._failed, self._retry = 0, 0.0
        state.commanded = self._commanded

    async def run(self, unit: Callable[[], Ptz | None]) -> None:
        """Send the unit home whenever it is time, until cancelled; returns at once where there is no home.

        Of a unit that this run of the engine has not commanded yet nobody knows where it was left: it goes home too.

        Args:
            unit: The unit, commands through which are noted by the state; None: the camera has none.
        """
        if self._preset is None:
            return
        self._failed, self._retry = 0, 0.0
        try:
            while True:
                wait = self._wait(self._preset)
                if wait > 0:
                    await self._sleep(wait)
                else:
                    await self._go(unit, self._preset)
        finally:
            self._conditions.drop("home")

    @property
    def away_from(self) -> str | None:
        """The home preset at which the unit is not now, as far as is known; None: it is there, or has none."""
        return self._preset if self._preset is not None and self._state.away(self._preset) else None

    def _wait(self, preset: str) -> float:
        """Return the seconds until the unit is sent home; infinite where it is there."""
        left = self._state.left(preset)
        if left is None:
            return math.inf
        return max(left + self._after, self._began + self._after, self._retry) - self._clock.monotonic()

    async def _go(self, unit: Callable[[], Ptz | None], preset: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await _present(unit(), self._conditions.camera).goto(preset)
        except Exception as error:  # of less importance than the picture, whatever a plug-in raises
            self._put_off(preset, reason_of(error) or Sentence("camera.timeout"))

    def _put_off(self, preset: str, why: Sentence) -> None:
        self._retry = self._clock.monotonic() + WAITS[min(self._failed, len(WAITS) - 1)]
        self._failed += 1
        said = Sentence(f"camera.not_home+{why.code}", {**why.values, "home": preset})
        self._conditions.note("home", said, self._clock.now().wall)

    def _commanded(self) -> None:
        """Take note of a command that the device took: from now on it is counted anew."""
        self._failed, self._retry = 0, 0.0
        if self._preset is not None and self._state.left(self._preset) is None:
            self._conditions.drop("home")
        self._nap.wake()


def _present(unit: Ptz | None, camera: str) -> Ptz:
    if unit is None:
        raise Unsupported("ptz.unsupported", camera=camera)
    return unit
