"""Stored decisions as clients ask for them, and who takes care of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from engine.api import present
from engine.api.resources.decisions import Acknowledge, Decision, DecisionQuery, Judge, See, Withdraw
from engine.api.resources.events import Event
from engine.api.services.runners import lookable
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.permission import permit
from rules.model import Decision as Stored

if TYPE_CHECKING:
    from engine.api.services.past.looking import Looking
    from engine.duty.acknowledgement import Acknowledgements
    from engine.duty.verdicts import Verdicts
    from engine.store.ports import Records


class DecisionService:
    """Implements `engine.api.resources.decisions.DecisionPort`."""

    def __init__(
        self,
        store: Records,
        acknowledgements: Acknowledgements,
        verdicts: Verdicts,
        passed_on: Callable[[Decision], Decision],
        cameras: Collection[str],
        site: str,
        looking: Looking,
    ) -> None:
        self._looking = looking
        self._store, self._acknowledgements, self._site = store, acknowledgements, site
        self._verdicts = verdicts
        self._passed_on, self._cameras = passed_on, cameras

    async def decisions(self, caller: Caller, query: DecisionQuery) -> list[Decision]:
        """Return stored decisions, newest first."""
        found = await (self._narrowed if query.narrows() else self._newest)(caller, query)
        by = await self._store.acknowledgements(each.id for each in found)
        return [present.decision(each, by.get(each.id), self._site) for each in found]

    async def _newest(self, caller: Caller, query: DecisionQuery) -> list[Stored]:
        places, before, limit = lookable(caller, query.camera, self._cameras), query.before, query.limit
        read = [await self._store.decisions(before=before, limit=limit, camera=each) for each in places]
        return list(islice(merge(*read, key=lambda made: made.at, reverse=True), limit))

    async def _narrowed(self, caller: Caller, query: DecisionQuery) -> list[Stored]:
        before = None if query.before is None else await self._looking.store.number_of(query.before) or 0
        sought = await self._looking.sought(caller, query, query.camera, only="decision")
        entries = await self._looking.whole(sought, before, query.limit)
        return [each for _, each in entries if isinstance(each, Stored)]

    async def acknowledge(self, caller: Caller, decision: str, asked: Acknowledge) -> Decision:
        """Note that somebody takes care of a decision; return it with who was the first to."""
        await self._permitted(caller, decision)
        fired, by = await self._acknowledgements.give(
            decision, caller.named(asked.by), asked.note, caller.user
        )
        return self._passed_on(present.decision(fired, by, self._site))

    async def unacknowledge(self, caller: Caller, decision: str, asked: Withdraw) -> Decision:
        """Note that somebody takes an acknowledgement back, the very one and their own, while that is possible."""
        await self._permitted(caller, decision)
        fired = await self._acknowledgements.withdraw(decision, asked.at, caller.named(asked.by), caller.user)
        return self._passed_on(present.decision(fired, site=self._site))

    async def see(self, caller: Caller, decision: str, asked: See) -> Event:
        """Note that somebody has seen a decision."""
        await self._permitted(caller, decision)
        told = await self._acknowledgements.see(decision, caller.named(asked.by), caller.user)
        return present.event(told)

    async def judge(self, caller: Caller, decision: str, asked: Judge) -> Event:
        """Note what a decision turned out to be."""
        await self._permitted(caller, decision)
        told = await self._verdicts.give(
            decision, asked.verdict, caller.named(asked.by), asked.note, caller.user
        )
        return present.event(told)

    async def _permitted(self, caller: Caller, decision: str) -> None:
        """Let whoever may take care of a decision where it was made; of one that nobody knows nothing is told.

        Raises:
            HttpProblem: 403, with the grant that is missing.
        """
        found = await self._store.decisions_of([decision])
        where = next((made.camera for made in found if made.camera), Reach.SITE) if found else Reach.ANYWHERE
        permit(caller, Permission.ACKNOWLEDGE, where)
