"""Decisions, as they are stored, and who takes care of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import Field

from engine.api.person import Given, Person, Text
from engine.api.question import Inquiry, Named, Question, Resource
from engine.api.resources.events import Event
from engine.api.resources.past.narrowed import Narrowed
from engine.api.sentence import Sentence
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire


class Acknowledgement(Wire):
    """Somebody takes care of a decision: the first one who said so."""

    by: str = ""
    at: datetime
    note: str = ""


class Decision(Wire):
    """A decision, as stored.

    Attributes:
        dedup: By what receivers put decisions together: the rule's own key, else rule and key.
        what_to_do: What the officer on duty is to do, by language.
        dry_run: The rule is only tried out: nothing was done.
        acknowledged: Of a firing decision: who takes care of it.
        alert: The firing decision that it belongs to, a firing one's own id; empty: not known.
    """

    type: Literal["decision"] = "decision"
    id: str
    site: str = ""
    alert: str = ""
    rule: str
    phase: str
    key: str
    camera: str | None = None
    at: datetime
    since: datetime
    cause: str
    severity: str
    title: dict[str, str] = Field(default_factory=dict)
    reason: Sentence
    actions: tuple[str, ...] = ()
    message: dict[str, str] = Field(default_factory=dict)
    what_to_do: dict[str, str] = Field(default_factory=dict)
    dedup: str = ""
    dry_run: bool = False
    acknowledged: Acknowledgement | None = None


class DecisionQuery(Narrowed):
    """Which decisions."""

    before: Named | None = Field(None, description="Only decisions older than the one with this id.")
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="At most so many.")
    camera: Named | None = Field(None, description="Only of this camera.")


class Acknowledge(Given):
    """Who takes care of a decision. Without `by` it is the user whom the engine's machine knows."""

    by: Person = ""
    note: Text = ""


class Judge(Given):
    """What a decision turned out to be: right, a false alarm, or somebody's test."""

    verdict: Literal["true", "false", "test"]
    by: Person = ""
    note: Text = ""


class See(Given):
    """Who has seen it. Without `by` it is the user whom the engine's machine knows."""

    by: Person = ""


class Withdraw(Given):
    """Takes one's own acknowledgement back. `at` is when it was made, as it was answered: that one and no other."""

    at: datetime
    by: Person = ""


DECISIONS = Question(
    "GET",
    "/v1/decisions",
    "Decisions, newest first",
    Permission.HISTORY,
    list[Decision],
    query=DecisionQuery,
    of="query",
    where=Reach.ANYWHERE,
    deed=Deed.HISTORY,
)
ACKNOWLEDGE = Question(
    "POST", "/v1/decisions/{id}/acknowledge", "Say that somebody takes care of a decision",
    Permission.ACKNOWLEDGE, Decision, body=Acknowledge, optional=True,
    where=Reach.ANYWHERE, deed=Deed.ACKNOWLEDGE,
)  # fmt: skip
UNACKNOWLEDGE = Question(
    "POST", "/v1/decisions/{id}/unacknowledge", "Take one's own acknowledgement back, within seconds",
    Permission.ACKNOWLEDGE, Decision, body=Withdraw,
    where=Reach.ANYWHERE, deed=Deed.UNACKNOWLEDGE,
)  # fmt: skip
VERDICT = Question(
    "POST", "/v1/decisions/{id}/verdict", "Say what a decision turned out to be",
    Permission.ACKNOWLEDGE, Event, body=Judge,
    where=Reach.ANYWHERE, deed=Deed.VERDICT,
)  # fmt: skip

SEEN = Question(
    "POST", "/v1/decisions/{id}/seen", "Say that somebody has seen an alert: once it ended it leaves the queue",
    Permission.ACKNOWLEDGE, Event, body=See, optional=True,
    where=Reach.ANYWHERE, deed=Deed.SEEN,
)  # fmt: skip


class DecisionPort(Protocol):
    """What is asked of the engine."""

    async def decisions(self, caller: Caller, query: DecisionQuery) -> list[Decision]:
        """Return stored decisions, newest first, older than the decision id `before`.

        Raises:
            HttpProblem: Narrowed down: 503 ``search.not_ready``, ``search.unfinished``, ``search.no_words``.
        """
        ...

    async def acknowledge(self, caller: Caller, decision: str, asked: Acknowledge) -> Decision:
        """Note that somebody takes care of a decision; return it with who was the first to.

        Raises:
            HttpProblem: 404 ``decision.unknown``, 503 ``act.busy``.
        """
        ...

    async def unacknowledge(self, caller: Caller, decision: str, asked: Withdraw) -> Decision:
        """Note that an acknowledgement is taken back; return the decision without it.

        Raises:
            HttpProblem: 404 ``decision.unknown``, 409 ``acknowledge.other`` (it is not that one, or another person's),
                ``acknowledge.late``, 503 ``act.busy``.
        """
        ...

    async def see(self, caller: Caller, decision: str, asked: See) -> Event:
        """Note that somebody has seen a decision, also when it has ended; return the event of it.

        Raises:
            HttpProblem: 404 ``decision.unknown``, 503 ``act.busy``.
        """
        ...

    async def judge(self, caller: Caller, decision: str, asked: Judge) -> Event:
        """Note what a decision turned out to be, also when it has ended; return the event of it.

        Raises:
            HttpProblem: 404 ``decision.unknown``, 503 ``act.busy``.
        """
        ...


def resource(stored: DecisionPort) -> Resource:
    """Return the questions about decisions."""

    async def decisions(asked: Inquiry[DecisionQuery, None]) -> list[Decision]:
        return await stored.decisions(asked.caller, asked.query)

    async def acknowledge(asked: Inquiry[None, Acknowledge]) -> Decision:
        return await stored.acknowledge(asked.caller, asked.name, asked.body)

    async def unacknowledge(asked: Inquiry[None, Withdraw]) -> Decision:
        return await stored.unacknowledge(asked.caller, asked.name, asked.body)

    async def see(asked: Inquiry[None, See]) -> Event:
        return await stored.see(asked.caller, asked.name, asked.body)

    async def judge(asked: Inquiry[None, Judge]) -> Event:
        return await stored.judge(asked.caller, asked.name, asked.body)

    return Resource(
        "decisions",
        (
            DECISIONS.by(decisions),
            ACKNOWLEDGE.by(acknowledge),
            UNACKNOWLEDGE.by(unacknowledge),
            SEEN.by(see),
            VERDICT.by(judge),
        ),
    )
