"""One look at a camera, from its beginning to its end: permitted, seen by others, recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

from engine.fleet.watchers import Watchers
from engine.identity.caller import Caller
from engine.identity.lasting import lasting
from engine.identity.record import Auditor, Deed, Outcome
from engine.preview.visitor import Visitor, name_of
from engine.runtime.clock import Clock
from engine.web.refusals import HttpProblem, refusal
from rules.model import Fact


@dataclass(slots=True)
class Viewings:
    """Lets people look.

    Attributes:
        auditor: Keeps who looked; what is the same is told once there, and counted.
        watchers_of: Returns who watches a camera; None: there is no such camera.
        asks_why: Deeds of which it must be said why.
    """

    auditor: Auditor
    watchers_of: Callable[[str], Watchers | None]
    clock: Clock
    asks_why: frozenset[str] = frozenset()

    async def permit(self, visitor: Visitor, camera: str) -> None:
        """Let somebody see a camera.

        Raises:
            HttpProblem: They may not; that is recorded.
            Refusal: ``audit.behind``: it could not be recorded.
        """
        try:
            visitor.permit(camera)
            if Deed.LIVE in self.asks_why and not visitor.caller.why:
                raise refusal(422, "access.why", deed=Deed.LIVE.value)
        except HttpProblem as error:
            if error.status == 403:
                await self._record(Deed.LIVE, visitor.caller, camera, Outcome.REFUSED, error.code)
            raise
        self.auditor.check()

    async def glance(self, visitor: Visitor, camera: str) -> None:
        """Let somebody see a single picture; many of them are recorded as one.

        Raises:
            HttpProblem, Refusal: See `permit`.
        """
        await self.permit(visitor, camera)
        await self._record(Deed.STILL, visitor.caller, camera, of="preview")

    @asynccontextmanager
    async def look(self, visitor: Visitor, camera: str, way: str) -> AsyncIterator[None]:
        """Let somebody watch, for as long as the context lasts and they may.

        Args:
            way: How it is shown.

        Raises:
            NoLonger: They may not any more.
            HttpProblem, Refusal: See `permit`.
        """
        caller, watchers = visitor.caller, self.watchers_of(camera)
        await self.permit(visitor, camera)
        await self._record(Deed.LIVE, caller, camera, way=way)
        begun, called = self.clock.monotonic(), name_of(caller)
        seen = watchers.watching(caller.user or called, called) if watchers else nullcontext()
        try:
            with seen, visitor.holding():
                async with lasting(lambda: visitor.may(camera)):
                    yield
        finally:
            seconds = round(self.clock.monotonic() - begun, 1)
            await self._record(Deed.LIVE_ENDED, caller, camera, way=way, seconds=seconds)

    async def _record(
        self,
        deed: Deed,
        caller: Caller,
        camera: str,
        outcome: Outcome = Outcome.DONE,
        code: str = "",
        **about: Fact,
    ) -> None:
        await self.auditor.record(caller.record(deed, outcome, camera=camera, code=code, about=about))
