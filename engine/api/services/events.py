"""Stored events as clients ask for them."""

from __future__ import annotations

from collections.abc import Collection
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from engine.api import present
from engine.api.resources.events import Event
from engine.api.services.runners import lookable
from engine.identity.caller import Caller

if TYPE_CHECKING:
    from engine.store.db import Store


class EventService:
    """Implements `engine.api.resources.events.EventPort`."""

    def __init__(self, store: Store, cameras: Collection[str]) -> None:
        self._store, self._cameras = store, cameras

    async def events(
        self, caller: Caller, *, before: int | None, limit: int, camera: str | None
    ) -> list[Event]:
        """Return stored events, newest first, of all cameras that somebody may look back at."""
        places = lookable(caller, camera, self._cameras)
        read = [await self._store.events(before=before, limit=limit, camera=each) for each in places]
        newest = merge(*read, key=lambda event: -event.seq)
        return [present.event(each) for each in islice(newest, limit)]
