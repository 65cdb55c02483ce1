"""Where a PTZ unit was sent: what rules and zones that depend on a preset may ask.

Only what this engine commanded is known; a unit that somebody else turns is not noticed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from drivers.contract import Preset, Ptz, PtzStatus, PtzVector
from engine.fleet.translate import PtzPose

#: Seconds after which a unit is taken to have arrived, and to have come to rest.
TRAVEL, REST = 6.0, 1.0


class PtzState:
    """A PTZ unit that remembers where it was sent; for the rest it is the unit that it wraps.

    `state` may be read from any thread.

    Attributes:
        commanded: Called after each command that was taken, on the loop.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._told: tuple[str | None, float] | None = None
        self._last: tuple[int, float] = 0, 0.0
        self._asked = 0
        self.commanded: Callable[[], None] = _nobody

    def state(self) -> PtzPose | None:
        """Return how the unit is now; None: nothing was commanded yet."""
        told = self._told
        return None if told is None else PtzPose(told[0], self._now() < told[1])

    def left(self, preset: str) -> float | None:
        """Return since when (`now` seconds) the unit is elsewhere than at a preset; None: it is there.

        Counted from the last command, or from the end of a longer movement; -inf where nothing was commanded.
        """
        told = self._told
        if told is None:
            return -math.inf
        moving = told[1] - REST if told[0] is None else -math.inf
        return None if told[0] == preset else max(self._last[1], moving)

    def moving(self) -> bool:
        """Return whether the unit moves now."""
        told = self.state()
        return told is not None and told.moving

    def away(self, home: str | None) -> bool:
        """Return whether the unit moves, or was sent elsewhere than home; where there is no home: anywhere."""
        told = self.state()
        return told is not None and (told.moving or home is None or told.preset != home)

    def over(self, unit: Ptz) -> Ptz:
        """Return a unit whose commands are remembered here."""
        return _Remembered(unit, self)

    def ask(self) -> int:
        """Return the number of a command that is being sent: a later one's outcome is not undone by an earlier's."""
        self._asked += 1
        return self._asked

    def went(self, number: int, preset: str | None, seconds: float) -> None:
        """Note a command that was taken: where it leads, and in how many seconds the unit is there."""
        if number > self._last[0]:
            now = self._now()
            self._told, self._last = (preset, now + seconds), (number, now)
        self.commanded()


def _nobody() -> None:
    """Tell nobody."""


class _Remembered:
    """A unit, its commands noted once they are on their way."""

    def __init__(self, unit: Ptz, state: PtzState) -> None:
        self._unit, self._state = unit, state

    async def presets(self) -> tuple[Preset, ...]:
        """Return the stored presets."""
        return await self._unit.presets()

    async def goto(self, preset: str) -> None:
        """Start moving to a preset."""
        number = self._state.ask()
        await self._unit.goto(preset)
        self._state.went(number, preset, TRAVEL)

    async def set_preset(self, name: str) -> Preset:
        """Store the present position under a name: the unit is there."""
        number = self._state.ask()
        made = await self._unit.set_preset(name)
        self._state.went(number, name, 0.0)
        return made

    async def move(self, velocity: PtzVector, timeout: float) -> None:
        """Move; the unit is at no preset any more."""
        number = self._state.ask()
        await self._unit.move(velocity, timeout)
        self._state.went(number, None, timeout + REST)

    async def stop(self) -> None:
        """Stop every movement."""
        number = self._state.ask()
        await self._unit.stop()
        self._state.went(number, None, REST)

    async def status(self) -> PtzStatus:
        """Return position and movement."""
        return await self._unit.status()
