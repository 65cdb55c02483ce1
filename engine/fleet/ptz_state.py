"""Where a PTZ head was sent: what rules and zones that depend on a preset may ask.

Only what this engine commanded is known; a head that somebody else turns is not noticed.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.contract import Preset, Ptz, PtzStatus, PtzVector
from engine.fleet.translate import Head

#: Seconds after which a head is taken to have arrived, and to have come to rest.
TRAVEL, REST = 6.0, 1.0


class PtzState:
    """A PTZ head that remembers where it was sent; for the rest it is the head that it wraps.

    `state` may be read from any thread.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._told: tuple[str | None, float] | None = None

    def state(self) -> Head | None:
        """Return how the head is now; None: nothing was commanded yet."""
        told = self._told
        return None if told is None else Head(told[0], self._now() < told[1])

    def over(self, head: Ptz) -> Ptz:
        """Return a head whose commands are remembered here."""
        return _Remembered(head, self._went)

    def _went(self, preset: str | None, seconds: float) -> None:
        self._told = preset, self._now() + seconds


class _Remembered:
    """A head, its commands noted once they are on their way."""

    def __init__(self, head: Ptz, went: Callable[[str | None, float], None]) -> None:
        self._head, self._went = head, went

    async def presets(self) -> tuple[Preset, ...]:
        """Return the stored presets."""
        return await self._head.presets()

    async def goto(self, preset: str) -> None:
        """Start moving to a preset."""
        await self._head.goto(preset)
        self._went(preset, TRAVEL)

    async def set_preset(self, name: str) -> Preset:
        """Store the present position under a name: the head is there."""
        made = await self._head.set_preset(name)
        self._went(name, 0.0)
        return made

    async def move(self, velocity: PtzVector, timeout: float) -> None:
        """Move; the head is at no preset any more."""
        await self._head.move(velocity, timeout)
        self._went(None, timeout + REST)

    async def stop(self) -> None:
        """Stop every movement."""
        await self._head.stop()
        self._went(None, REST)

    async def status(self) -> PtzStatus:
        """Return position and movement."""
        return await self._head.status()
