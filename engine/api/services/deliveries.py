"""Dead letters as clients ask for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.api import present
from engine.api.resources.deliveries import Letter
from engine.identity.caller import Caller
from engine.web.refusals import refusal

if TYPE_CHECKING:
    from engine.store.db import Store


class DeliveryService:
    """Implements `engine.api.resources.deliveries.DeliveryPort`.

    Args:
        wake: Says that there is more to be sent.
    """

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store, self._wake = store, wake

    async def letters(self, caller: Caller, *, before: int | None, limit: int) -> list[Letter]:
        """Return what was given up, newest first."""
        return [present.letter(each) for each in await self._store.dead(limit=limit, before=before)]

    async def resend(self, caller: Caller, ids: Sequence[int] | None) -> list[Letter]:
        """Let dead letters (None: all) be tried again at once; return them."""
        known = {each.id for each in await self._store.letters(ids)}
        if unknown := sorted(set(ids or ()) - known):
            raise refusal(404, "delivery.unknown", id=unknown[0])
        again = await self._store.resend(ids)
        self._wake()
        return [present.letter(each) for each in again]
