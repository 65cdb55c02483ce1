"""What an action is: a name, a schema for its parameters, and one coroutine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pydantic import BaseModel

from engine.fleet.stills import Still
from rules.model import Decision, Event


@dataclass(frozen=True, slots=True)
class Job:
    """One delivery: what was decided, and what is to be done about it.

    Attributes:
        id: Outbox row.
        key: Idempotency key, equal for every attempt; receivers may use it to drop repeats.
        attempt: 1 for the first.
        event: The cause, when it is still stored.
    """

    id: int
    key: str
    attempt: int
    action: str
    params: Mapping[str, object]
    decision: Decision
    event: Event | None


class Action(Protocol):
    """A way to act. `Params` is strict: a rule's `do:` is checked against it at load."""

    name: str
    Params: type[BaseModel]

    async def run(self, job: Job) -> str:
        """Carry it out; return what was done, in few words.

        Raises:
            Again: It may work later.
            Never: It will not work until a person changes something.
        """
        ...


@runtime_checkable
class OfCameras(Protocol):
    """An action whose target is a camera: cameras have nothing to do with each other's places."""

    of_cameras: bool


@runtime_checkable
class Hearing(Protocol):
    """An action whose target also says something (a broker)."""

    async def listen(
        self, topics: Iterable[str], hear: Callable[[str, bytes, bool], Awaitable[None]]
    ) -> None:
        """Call `hear` with topic, payload and whether it was retained, for every message on these topics alone."""
        ...


class Cameras(Protocol):
    """What actions may ask of cameras; implemented by the engine."""

    async def goto(self, camera: str, preset: str) -> None:
        """Send a PTZ camera to a preset.

        Raises:
            ActionError: `Again` when it is offline, `Never` when it has no PTZ or no such preset.
        """
        ...

    async def still(self, camera: str, width: int) -> Still:
        """Return the last analysed picture as JPEG; `Again` when there is none."""
        ...

    async def own_still(self, camera: str, width: int) -> Still | None:
        """Return the camera's own still, None where it has none to give; `Again`, which says why, when it failed."""
        ...
