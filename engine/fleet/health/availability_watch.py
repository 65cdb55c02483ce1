"""Looks at the cameras now and then, and keeps how each was (`engine.availability`): what reports come from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.availability import Availability, Ledger, Observed, Run
from engine.errors import StoreError
from engine.fleet.state import CameraState
from engine.runtime import log
from engine.runtime.clock import Clock
from rules.model import Instant, Sentence

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner
    from engine.store.db import Store

logger = log.get(__name__)
#: Seconds between two looks, and between two notes that the engine is alive: what a kill costs at most.
EVERY, ALIVE = 5.0, 60.0
#: Seconds without a picture from a camera that is online after which it counts as frozen.
STILL = 15.0
#: Runs that wait for room in the store at most; beyond them the oldest are given up.
WAITING = 20_000


def observed(runner: CameraRunner, now: Instant, monotonic: float) -> Observed:
    """Return how a camera is."""
    status = runner.status
    if status.state is not CameraState.ONLINE:
        reason = status.reason.code if status.reason else ""
        return Observed(Availability(str(status.state)), status.since, reason)
    if runner.seen is not None and (seconds := monotonic - runner.seen.told) > STILL:
        return Observed(Availability.FROZEN, now.wall - timedelta(seconds=seconds))
    if (impaired := runner.conditions.standing.get("impaired")) is not None:
        cause = impaired.sentence.code.partition("+")[0]
        frozen = cause == "picture.frozen"
        return Observed(Availability.FROZEN if frozen else Availability.IMPAIRED, impaired.since, cause)
    deaf = runner.conditions.standing.get("deaf")
    if deaf is not None:
        return Observed(Availability.DEAF, deaf.since, deaf.sentence.code)
    return Observed(Availability.UP, status.since)


class AvailabilityWatch:
    """One site's; `run` is its one task.

    Args:
        cameras: Those that there are now.

    Attributes:
        given_up: Runs that found no room for too long.
    """

    def __init__(self, cameras: Callable[[], Iterable[CameraRunner]], store: Store, clock: Clock) -> None:
        self._cameras, self._store, self._clock = cameras, store, clock
        self._ledger = Ledger()
        self._waiting: dict[int, Run] = {}
        self._kept_at = -ALIVE
        self._full = False
        self.given_up = 0

    async def run(self) -> None:
        """Look until cancelled; then note that the engine stops, so that the end is exact."""
        runs, alive = await self._store.last_availability()
        last = {run.camera: run for run in runs}
        self._ledger = Ledger(last, alive, max((run.id for run in runs), default=0) + 1)
        try:
            while True:
                await self.look()
                await asyncio.sleep(EVERY)
        finally:
            self._wait(self._ledger.close(self._clock.now()))
            await self._keep()

    async def look(self) -> None:
        """Take in how every camera is, and keep what is other than before."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        seen = {str(runner.id): observed(runner, now, monotonic) for runner in self._cameras()}
        self._wait(self._ledger.observe(now, seen))
        if self._waiting or monotonic - self._kept_at >= ALIVE:
            await self._keep()

    def problems(self) -> Iterable[Sentence]:
        """Yield what a person should know."""
        if self.given_up:
            yield Sentence("store.availability_given_up", {"runs": self.given_up})

    def _wait(self, runs: Iterable[Run]) -> None:
        self._waiting |= {run.id: run for run in runs}
        while len(self._waiting) > WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.given_up += 1

    async def _keep(self) -> None:
        """Keep what waits; a store that cannot take it now is tried again at the next look."""
        alive = self._ledger.alive
        if alive is None:
            return
        waiting = dict(self._waiting)
        try:
            await self._store.keep_availability(waiting.values(), alive)
        except StoreError as error:
            if not self._full:
                logger.warning("availability not kept", reason=str(error))
            self._full = True
            return
        self._full = False
        self._kept_at = self._clock.monotonic()
        for id, run in waiting.items():
            if self._waiting.get(id) is run:
                del self._waiting[id]
