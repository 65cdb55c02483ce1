"""What an alert turned out to be, as people say: right, false, a test. The newest word counts; all are kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.duty.acknowledgement import firing
from engine.duty.acts import Acts
from rules.model import Event

if TYPE_CHECKING:
    from engine.store.ports import Decisions

#: What may be said.
VERDICTS = ("true", "false", "test")


class Verdicts:
    """Takes verdicts; an alert may be judged as long as it is stored, also after it has ended."""

    def __init__(self, store: Decisions, acts: Acts) -> None:
        self._store, self._acts = store, acts

    async def give(self, decision: str, verdict: str, by: str, note: str, user: str) -> Event:
        """Note what a decision turned out to be; return the event once it is durable.

        Args:
            decision: Its id, its escalation's or its end's: the firing is judged.
            verdict: One of `VERDICTS`.
            by: Who says so, by their own word; `user`: whom the kernel knows them as.

        Raises:
            Refusal: ``decision.unknown``, or too many acts wait.
        """
        fired = await firing(self._store, decision)
        act = await self._acts.judge(fired, verdict, by, note, user)
        return (await asyncio.shield(act))[0]
