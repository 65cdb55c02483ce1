"""How available cameras were, as clients ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.api.availability import report, window
from engine.api.resources.availability import By, CameraAvailability
from engine.api.services.runners import runner_of
from engine.identity.caller import Caller
from engine.runtime.clock import Clock

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner
    from engine.store.db import Store


class AvailabilityService:
    """Implements `engine.api.resources.availability.AvailabilityPort`.

    Args:
        zone: Whose days and months are meant.
    """

    def __init__(
        self, store: Store, cameras: Mapping[str, CameraRunner], clock: Clock, zone: ZoneInfo
    ) -> None:
        self._store, self._cameras, self._clock, self._zone = store, cameras, clock, zone

    async def availability(
        self,
        caller: Caller,
        camera: str | None,
        since: datetime | None,
        until: datetime | None,
        by: By | None,
    ) -> list[CameraAvailability]:
        """Return how available cameras were."""
        begin, end = window(since, until, self._clock.now().wall)
        runs = await self._store.availability(begin, end, camera)
        runs = [run for run in runs if caller.sees(run.camera)]
        if camera is not None and not runs:
            runner_of(self._cameras, camera, caller)
        return await asyncio.to_thread(report, runs, begin, end, self._zone, by)
