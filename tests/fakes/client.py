"""A client without a socket: what a test lets be told, what was asked, and a failure when it is wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from engine.api import explanation, present, wire
from engine.api.client import ApiError, Message, Picture
from engine.runtime.flow import Mailbox
from engine.web.problems import HttpProblem
from tests.fakes.engine import FakeEngine


class FakeClient:
    """Implements `tui.connection.client.EngineClient` over a `FakeEngine`.

    Attributes:
        asked: Every call but PTZ's values, as words.
        failure: Raised by every call while it is set.
    """

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._box: Mailbox[Any] = engine.hub.join()
        self.asked: list[str] = []
        self.failure: ApiError | None = None
        self.language = "en"

    def say(self, *messages: Message | ApiError) -> None:
        """Let the stream tell something, beside what the engine publishes."""
        for message in messages:
            self._box.put(message)

    @property
    def idle(self) -> bool:
        """Whether everything told has been heard."""
        return not len(self._box)

    async def updates(self) -> AsyncIterator[Message]:
        yield self._engine.state()
        while True:
            missed, message = await self._box.take()
            assert not missed
            if isinstance(message, ApiError):
                raise message
            yield message

    async def wait(self) -> None:
        """Wait until something is told, and forget it."""
        await self._box.take()

    async def events(
        self, *, before: int | None = None, limit: int = 100, camera: str | None = None
    ) -> list[wire.Event]:
        self._ask(f"events<{before}")
        with self._answered():
            return await self._engine.events(before=before, limit=limit, camera=camera)

    async def decisions(
        self, *, before: str | None = None, limit: int = 100, camera: str | None = None
    ) -> list[wire.Decision]:
        self._ask(f"decisions<{before}")
        with self._answered():
            return await self._engine.decisions(before=before, limit=limit, camera=camera)

    async def acknowledge(self, decision: str, *, by: str = "", note: str = "") -> wire.Decision:
        self._ask(f"acknowledge {decision} {by}")
        with self._answered():
            return await self._engine.acknowledge(decision, wire.Acknowledge(by=by, note=note), "root")

    async def unacknowledge(self, decision: str, acknowledgement: wire.Acknowledgement, /) -> wire.Decision:
        self._ask(f"unacknowledge {decision} {acknowledgement.by}")
        told = wire.Withdraw(by=acknowledgement.by, at=acknowledgement.at)
        with self._answered():
            return await self._engine.unacknowledge(decision, told, "root")

    async def rules(self) -> list[wire.Rule]:
        self._ask("rules")
        with self._answered():
            return self._engine.rules()

    async def explain(self, rule: str, *, camera: str | None = None) -> explanation.Explanation:
        self._ask(f"explain {rule}")
        with self._answered():
            return await self._engine.explain(rule, camera)

    async def reload_rules(self) -> wire.RulesReloaded:
        self._ask("reload")
        with self._answered():
            return await self._engine.reload_rules()

    async def picture(self, camera: str, width: int = 4096, *, best: bool = True) -> Picture:
        assert not best  # it is asked several times a second: not at the camera's cost
        self._ask(f"still {camera}")
        with self._answered():
            still = await self._engine.still(camera, width, best)
        return Picture(still.jpeg, "analysis", "", "", still.at, present.tracked(still.tracks))

    async def presets(self, camera: str) -> list[wire.Preset]:
        self._ask(f"presets {camera}")
        with self._answered():
            return await self._engine.presets(camera)

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        self._ask(f"ptz {camera}")
        with self._answered():
            await self._engine.ptz(camera, command)

    async def retry(self, camera: str) -> wire.Camera:
        self._ask(f"retry {camera}")
        with self._answered():
            return self._engine.retry(camera)

    async def preview_link(self, camera: str) -> wire.PreviewLink:
        self._ask(f"preview {camera}")
        with self._answered():
            return self._engine.preview_link(camera)

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Tell what the engine refuses as the real client does."""
        try:
            yield
        except HttpProblem as problem:
            raise ApiError(
                problem.status, problem.code, problem.sentence("en"), problem.hint, problem.problems
            ) from problem

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.failure is not None:
            raise self.failure
