"""Where a PTZ unit was sent: what rules and zones that depend on a preset may ask.

Only what this engine commanded is known; a unit that somebody else turns is not noticed.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.contract import Preset, Ptz, PtzStatus, PtzVector
from engine.fleet.translate import PtzPose

#: Seconds after which a unit is taken to have arrived, and to have come to rest.
TRAVEL, REST = 6.0, 1.0


class PtzState:
    """A PTZ unit that remembers where it was sent; for the rest it is the unit that it wraps.

    `state` may be read from any thread.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._told: tuple[str | None, float] | None = None

    def state(self) -> PtzPose | None:
        """Return how the unit is now; None: nothing was commanded yet."""
        told = self._told
        return None if told is None else PtzPose(told[0], self._now() < told[1])

    def over(self, unit: Ptz) -> Ptz:
        """Return a unit whose commands are remembered here."""
        return _Remembered(unit, self._went)

    def _went(self, preset: str | None, seconds: float) -> None:
        self._told = preset, self._now() + seconds


class _Remembered:
    """A unit, its commands noted once they are on their way."""

    def __init__(self, unit: Ptz, went: Callable[[str | None, float], None]) -> None:
        self._unit, self._went = unit, went

    async def presets(self) -> tuple[Preset, ...]:
        """Return the stored presets."""
        return await self._unit.presets()

    async def goto(self, preset: str) -> None:
        """Start moving to a preset."""
        await self._unit.goto(preset)
        self._went(preset, TRAVEL)

    async def set_preset(self, name: str) -> Preset:
        """Store the present position under a name: the unit is there."""
        made = await self._unit.set_preset(name)
        self._went(name, 0.0)
        return made

    async def move(self, velocity: PtzVector, timeout: float) -> None:
        """Move; the unit is at no preset any more."""
        await self._unit.move(velocity, timeout)
        self._went(None, timeout + REST)

    async def stop(self) -> None:
        """Stop every movement."""
        await self._unit.stop()
        self._went(None, REST)

    async def status(self) -> PtzStatus:
        """Return position and movement."""
        return await self._unit.status()
