"""From keys to PTZ commands, never more than one on its way: a held key must not queue moves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from engine.api import wire

#: Seconds that one press moves; the camera stops by itself.
PRESS: Final = 0.4
SPEED: Final = 0.5
#: Directions by the name that keys and texts give them: pan, tilt, zoom.
MOVES: Final[dict[str, tuple[float, float, float]]] = {
    "left": (-SPEED, 0, 0),
    "right": (SPEED, 0, 0),
    "up": (0, SPEED, 0),
    "down": (0, -SPEED, 0),
    "in": (0, 0, SPEED),
    "out": (0, 0, -SPEED),
}
STOP: Final = wire.PtzCommand(op="stop")


def move(direction: str) -> wire.PtzCommand:
    """Return one short move."""
    pan, tilt, zoom = MOVES[direction]
    return wire.PtzCommand(op="move", pan=pan, tilt=tilt, zoom=zoom, seconds=PRESS)


def goto(preset: str) -> wire.PtzCommand:
    """Return the way to a preset."""
    return wire.PtzCommand(op="goto", preset=preset)


class PtzSender:
    """Sends commands one after another; of those that come meanwhile only the newest is kept.

    Attributes:
        replaced: Commands that a newer one replaced before they were sent.
    """

    def __init__(self, send: Callable[[wire.PtzCommand], Awaitable[None]]) -> None:
        self._send = send
        self._next: wire.PtzCommand | None = None
        self._sending = False
        self.replaced = 0

    def submit(self, command: wire.PtzCommand) -> bool:
        """Put a command next; return whether somebody must `run` now. A stop is never replaced by a move."""
        if self._next is not None:
            self.replaced += 1
        if not (self._next == STOP and command.op == "move"):
            self._next = command
        starts, self._sending = not self._sending, True
        return starts

    async def run(self) -> None:
        """Send until nothing is left."""
        try:
            while self._next is not None:
                command, self._next = self._next, None
                await self._send(command)
        finally:
            self._next, self._sending = None, False
