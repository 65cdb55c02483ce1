"""Stored events as clients ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.api import present
from engine.api.caller import Caller
from engine.api.resources.events import Event

if TYPE_CHECKING:
    from engine.store.db import Store


class EventService:
    """Implements `engine.api.resources.events.EventPort`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def events(
        self, caller: Caller, *, before: int | None, limit: int, camera: str | None
    ) -> list[Event]:
        """Return stored events, newest first."""
        found = await self._store.events(before=before, limit=limit, camera=camera)
        return [present.event(each) for each in found]
