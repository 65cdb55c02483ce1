"""A client without a socket: what a test lets be told, what was asked, and a failure when it is wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel

from engine.api import wire
from engine.api.client import ApiError, Message
from engine.api.explanation import Explanation
from engine.api.picture import Picture
from engine.api.question import A, Inquiry, Question, Resource
from engine.api.resources.acts import BeginSilence, EndSilence
from engine.api.resources.cameras import tracked
from engine.api.resources.decisions import DecisionQuery, Judge, See
from engine.api.resources.events import EventQuery
from engine.errors import Refusal
from engine.runtime.flow import Mailbox
from engine.web.refusals import HttpProblem, refused
from tests.fakes.engine import ROOT, FakeEngine

T = TypeVar("T")


class FakeClient:
    """Implements `tui.connection.client.EngineClient` over a `FakeEngine`.

    Attributes:
        asked: Every call but PTZ's values, as words.
        others: Resources that the engine has not.
        failure: Raised by every call while it is set.
    """

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._box: Mailbox[Any] = engine.hub.join()
        self.asked: list[str] = []
        self.others: list[Resource] = []
        self.failure: ApiError | None = None
        self.language = "en"
        self.address = "/run/matthan/api.sock"

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

    async def ask(
        self,
        question: Question[Any, Any, A],
        /,
        *names: str,
        query: Mapping[str, object] | None = None,
        body: BaseModel | Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> A:
        """Ask whatever the engine or one of the `others` answers; nothing of it goes over a wire."""
        known = self._engine.api(*self.others).resources
        answering = next(each.answering for one in known for each in one.answers if each.question is question)
        given = body.model_dump() if isinstance(body, BaseModel) else body
        asked = Inquiry(
            ROOT,
            dict(zip(question.names, names, strict=True)),
            question.query.model_validate(query or {}) if question.query else None,
            question.body.model_validate(given) if question.body else None,
            key or "",
        )
        path = question.at(*names)
        return cast(A, await self._ask(f"{question.method} {path}", lambda: answering(asked)))

    async def events(
        self, *, before: int | None = None, limit: int = 100, camera: str | None = None
    ) -> list[wire.Event]:
        return await self._ask(
            f"events<{before}",
            lambda: self._engine.events(
                ROOT, EventQuery.model_construct(before=before, limit=limit, camera=camera)
            ),
        )

    async def decisions(
        self, *, before: str | None = None, limit: int = 100, camera: str | None = None
    ) -> list[wire.Decision]:
        return await self._ask(
            f"decisions<{before}",
            lambda: self._engine.decisions(
                ROOT, DecisionQuery.model_construct(before=before, limit=limit, camera=camera)
            ),
        )

    async def acknowledge(self, decision: str, *, by: str = "", note: str = "") -> wire.Decision:
        return await self._ask(
            f"acknowledge {decision} {by}",
            lambda: self._engine.acknowledge(ROOT, decision, wire.Acknowledge(by=by, note=note)),
        )

    async def see(self, decision: str, *, by: str = "") -> wire.Event:
        return await self._ask(f"see {decision} {by}", lambda: self._engine.see(ROOT, decision, See(by=by)))

    async def judge(
        self, decision: str, verdict: Literal["true", "false", "test"], *, by: str = "", note: str = ""
    ) -> wire.Event:
        asked = Judge(verdict=verdict, by=by, note=note)
        return await self._ask(
            f"judge {decision} {verdict} {note}", lambda: self._engine.judge(ROOT, decision, asked)
        )

    async def unacknowledge(self, decision: str, acknowledgement: wire.Acknowledgement, /) -> wire.Decision:
        asked = wire.Withdraw(by=acknowledgement.by, at=acknowledgement.at)
        return await self._ask(
            f"unacknowledge {decision} {acknowledgement.by}",
            lambda: self._engine.unacknowledge(ROOT, decision, asked),
        )

    async def silence(self, body: Mapping[str, object], /) -> wire.Silence:
        asked = BeginSilence.model_validate(body)
        return await self._ask(
            f"silence {' '.join((*asked.rules, *asked.cameras))} {asked.lasts} {asked.why}",
            lambda: self._engine.silence(ROOT, asked),
        )

    async def unsilence(self, id: str, *, by: str = "") -> wire.Event:
        return await self._ask(f"unsilence {id}", lambda: self._engine.unsilence(ROOT, id, EndSilence(by=by)))

    async def rules(self) -> list[wire.Rule]:
        return await self._ask("rules", at_once(lambda: self._engine.rules(ROOT)))

    async def explain(self, rule: str, *, camera: str | None = None) -> Explanation:
        return await self._ask(f"explain {rule}", lambda: self._engine.explain(ROOT, rule, camera))

    async def reload_rules(self) -> wire.RulesReloaded:
        return await self._ask("reload", lambda: self._engine.reload_rules(ROOT))

    async def picture(self, camera: str, width: int = 4096, *, best: bool = True) -> Picture:
        assert not best  # it is asked several times a second: not at the camera's cost
        still = await self._ask(f"still {camera}", lambda: self._engine.still(ROOT, camera, width, best))
        return Picture(still.jpeg, "analysis", "", "", still.at, tracked(still.tracks))

    async def presets(self, camera: str) -> list[wire.Preset]:
        return await self._ask(f"presets {camera}", lambda: self._engine.presets(ROOT, camera))

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        await self._ask(f"ptz {camera}", lambda: self._engine.ptz(ROOT, camera, command))

    async def retry(self, camera: str) -> wire.Camera:
        return await self._ask(f"retry {camera}", at_once(lambda: self._engine.retry(ROOT, camera)))

    async def preview_link(self, camera: str) -> wire.PreviewLink:
        return await self._ask(f"preview {camera}", at_once(lambda: self._engine.preview_link(ROOT, camera)))

    async def _ask(self, what: str, answer: Callable[[], Awaitable[T]]) -> T:
        """Keep what was asked; return the engine's answer, or raise its refusal as a client does."""
        self.asked.append(what)
        if self.failure is not None:
            raise self.failure
        try:
            return await answer()
        except (HttpProblem, Refusal) as error:
            problem = refused(error) if isinstance(error, Refusal) else error
            raise ApiError(
                problem.status, problem.code, str(problem), problem.hint, problem.problems
            ) from error


def at_once(call: Callable[[], T]) -> Callable[[], Awaitable[T]]:
    """Return a call as one to be awaited."""

    async def answer() -> T:
        return call()

    return answer
