"""Stored events as clients ask for them."""

from __future__ import annotations

from collections.abc import Collection
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from engine.api import present
from engine.api.resources.events import Event, EventQuery
from engine.api.services.runners import lookable
from engine.identity.caller import Caller
from rules.model import Event as Stored

if TYPE_CHECKING:
    from engine.api.services.past.looking import Looking
    from engine.store.db import Store


class EventService:
    """Implements `engine.api.resources.events.EventPort`."""

    def __init__(self, store: Store, cameras: Collection[str], looking: Looking) -> None:
        self._store, self._cameras, self._looking = store, cameras, looking

    async def events(self, caller: Caller, query: EventQuery) -> list[Event]:
        """Return stored events, newest first, of all cameras that somebody may look back at."""
        before, limit = query.before, query.limit
        if query.narrows():
            sought = await self._looking.sought(caller, query, query.camera, only="event")
            entries = await self._looking.whole(sought, before, limit)
            return [present.event(each) for _, each in entries if isinstance(each, Stored)]
        places = lookable(caller, query.camera, self._cameras)
        read = [await self._store.events(before=before, limit=limit, camera=each) for each in places]
        newest = merge(*read, key=lambda event: -event.seq)
        return [present.event(each) for each in islice(newest, limit)]
