"""Who did what: records of the audit log, for whoever may read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Protocol

from pydantic import Field

from engine.api.question import Inquiry, Named, Query, Question, Resource
from engine.api.resources.events import Number
from engine.api.sentence import Sentence
from engine.identity.permission import Permission
from engine.identity.record import Deed, Outcome
from engine.web.payload import Fact, Wire


class Record(Wire):
    """Something that somebody did, or tried to.

    Attributes:
        nth: Its place among all records, from 1 without holes; `seq`: in the log.
        deed: What was done; others may come. `said`: the same in words.
        told: Whether what is told of it is still kept; else only what stands before it is known.
        who: The person's id; `name`: what they were called then.
        principal: How it was known who it was; `means`: by which token or session.
        basis: What allowed it: a grant's id, ``owner``, ...; empty where nothing did.
        because: Why it was refused or failed.
        why: Why it was done, by their own word.
        about: What else there is to tell of it.
        times: How often it was done, where many are told as one.
    """

    nth: int
    seq: int
    id: str
    deed: str
    said: Sentence
    at: datetime
    camera: str | None = None
    told: bool = True
    outcome: Outcome = Outcome.DONE
    who: str = ""
    name: str = ""
    principal: str = ""
    means: str = ""
    address: str = ""
    basis: str = ""
    because: Sentence | None = None
    why: str = ""
    about: dict[str, Fact] = Field(default_factory=dict)
    times: int = 1


class RecordQuery(Query):
    """Which records."""

    who: Named | None = Field(None, description="Only of this person, by id or name.")
    what: Named | None = Field(None, description="Only of this deed, e.g. ptz.")
    camera: Named | None = Field(None, description="Only of this camera.")
    outcome: Outcome | None = Field(None, description="Only those that ended so.")
    since: datetime | None = Field(None, description="Only from then on.")
    until: datetime | None = Field(None, description="Only from before then.")
    before: Number | None = Field(None, description="Only with a smaller nth.")
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="At most so many.")


RECORDS = Question(
    "GET", "/v1/audit", "Who did what, newest first", Permission.AUDIT, list[Record], query=RecordQuery,
    deed=Deed.AUDIT,
)  # fmt: skip


class AuditPort(Protocol):
    """What is asked of the engine."""

    async def records(self, which: RecordQuery) -> list[Record]:
        """Return records, newest first."""
        ...


def resource(kept: AuditPort) -> Resource:
    """Return the questions about who did what."""

    async def records(asked: Inquiry[RecordQuery, None]) -> list[Record]:
        return await kept.records(asked.query)

    return Resource("audit", (RECORDS.by(records),))
