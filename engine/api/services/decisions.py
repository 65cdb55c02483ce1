"""Stored decisions as clients ask for them, and who takes care of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.api import present
from engine.api.caller import Caller
from engine.api.resources.decisions import Acknowledge, Decision, Withdraw

if TYPE_CHECKING:
    from engine.duty.acknowledgement import Acknowledgements
    from engine.store.ports import Records


class DecisionService:
    """Implements `engine.api.resources.decisions.DecisionPort`."""

    def __init__(
        self,
        store: Records,
        acknowledgements: Acknowledgements,
        passed_on: Callable[[Decision], Decision],
        site: str = "",
    ) -> None:
        self._store, self._acknowledgements, self._site = store, acknowledgements, site
        self._passed_on = passed_on

    async def decisions(
        self, caller: Caller, *, before: str | None, limit: int, camera: str | None
    ) -> list[Decision]:
        """Return stored decisions, newest first."""
        found = await self._store.decisions(before=before, limit=limit, camera=camera)
        by = await self._store.acknowledgements(each.id for each in found)
        return [present.decision(each, by.get(each.id), self._site) for each in found]

    async def acknowledge(self, caller: Caller, decision: str, asked: Acknowledge) -> Decision:
        """Note that somebody takes care of a decision; return it with who was the first to."""
        fired, by = await self._acknowledgements.give(decision, asked.by, asked.note, caller.user)
        return self._passed_on(present.decision(fired, by, self._site))

    async def unacknowledge(self, caller: Caller, decision: str, asked: Withdraw) -> Decision:
        """Note that somebody takes an acknowledgement back, the very one and their own, while that is possible."""
        fired = await self._acknowledgements.withdraw(decision, asked.at, asked.by, caller.user)
        return self._passed_on(present.decision(fired, site=self._site))
