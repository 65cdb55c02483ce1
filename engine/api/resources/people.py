"""People, and what they may: added, changed and removed; grants given and taken; why somebody may something."""

from __future__ import annotations

from datetime import datetime
from datetime import time as clock_time
from typing import Annotated, Protocol

from pydantic import AfterValidator, AwareDatetime, Field

from engine.api.person import Given, Person, Text
from engine.api.question import Inquiry, Named, Query, Question, Resource
from engine.api.sentence import Sentence
from engine.identity.caller import Caller
from engine.identity.people.person import PATTERN
from engine.identity.permission import Permission, Role
from engine.identity.record import Deed
from engine.web.payload import Wire


def _without_zone(at: clock_time) -> clock_time:
    if at.tzinfo is not None:
        raise ValueError("hours are in the site's time zone")
    return at


#: By which a person logs in.
PersonId = Annotated[str, Field(pattern=PATTERN)]
#: A user of this machine.
LocalUser = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?$")]
#: ``site``, ``group:NAME`` or ``camera:ID``.
PlaceText = Annotated[
    str, Field(pattern=r"^(site|(group|camera):[A-Za-z0-9][A-Za-z0-9._-]*)$", max_length=100)
]
#: A time of the day at the site; one of another zone would be another.
LocalTime = Annotated[clock_time, AfterValidator(_without_zone)]
Local = Annotated[tuple[LocalUser, ...], Field(max_length=16)]


class Hours(Given):
    """Hours of a day in the site's time zone; over midnight where the end is not after the beginning."""

    begin: LocalTime
    end: LocalTime
    days: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1, max_length=7)] = Field(
        (0, 1, 2, 3, 4, 5, 6), description="On which days it begins, Monday is 0."
    )


class Grant(Wire):
    """A role at a place, perhaps for a time, perhaps at some hours."""

    id: str
    person: str
    role: Role
    place: str = Field(description="site, group:NAME or camera:ID")
    since: datetime | None = None
    until: datetime | None = None
    hours: Hours | None = None
    by: str = ""
    why: str = ""
    holds: bool = Field(True, description="Whether it holds now.")


class PersonInfo(Wire):
    """Somebody who may be granted something."""

    id: str
    name: str
    local: tuple[str, ...] = Field((), description="Users of this machine who are this person.")
    made: datetime
    by: str = ""
    password: bool = Field(False, description="Whether they have chosen one.")
    disabled: datetime | None = None
    removed: datetime | None = None
    grants: tuple[Grant, ...] = ()


class NewPerson(Given):
    """Whom to register, and what they are granted at once."""

    id: PersonId
    name: Person = ""
    local: Local = ()
    role: Role | None = None
    place: PlaceText = "site"


class PersonChange(Given):
    """What becomes of a person; what is not said stays."""

    name: Person | None = None
    local: Local | None = None
    disabled: bool | None = None


class CodeMade(Wire):
    """A code by which a person chooses a password, once; it is told this one time."""

    person: str
    code: str
    until: datetime


class NewGrant(Given):
    """What somebody is to be granted."""

    person: PersonId
    role: Role
    place: PlaceText = "site"
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    hours: Hours | None = None
    why: Text = ""


class Everybody(Query):
    """Whose list."""

    removed: bool = Field(False, description="Those who were removed as well.")


class Explain(Query):
    """Whether somebody may something, and why."""

    person: Named
    permission: Permission
    camera: Named | None = None


class Explained(Wire):
    """The grant that allows it, or what is missing."""

    allowed: bool
    person: str
    permission: Permission
    place: str
    grant: Grant | None = None
    basis: str = ""
    until: datetime | None = None
    missing: Sentence | None = None


PEOPLE = Question(
    "GET", "/v1/people", "Who is registered, and what they are granted", Permission.ACCESS, list[PersonInfo],
    query=Everybody,
)  # fmt: skip
ADD = Question(
    "POST", "/v1/people", "Register a person; the answer has a code to choose a password", Permission.ACCESS,
    CodeMade, body=NewPerson, deed=Deed.ACCESS,
)  # fmt: skip
CHANGE = Question(
    "PATCH", "/v1/people/{id}", "Rename, disable, enable or map a person", Permission.ACCESS, PersonInfo,
    body=PersonChange, deed=Deed.ACCESS,
)  # fmt: skip
REMOVE = Question(
    "DELETE", "/v1/people/{id}", "Remove a person; the records keep the name", Permission.ACCESS, PersonInfo,
    deed=Deed.ACCESS,
)  # fmt: skip
RESET = Question(
    "POST", "/v1/people/{id}/reset", "Make a code by which a person chooses a new password", Permission.ACCESS,
    CodeMade, deed=Deed.ACCESS,
)  # fmt: skip
GRANT = Question(
    "POST", "/v1/grants", "Give somebody a role at a place, perhaps for a time", Permission.ACCESS, Grant,
    body=NewGrant, deed=Deed.ACCESS,
)  # fmt: skip
REVOKE = Question(
    "DELETE", "/v1/grants/{id}", "Take a grant back; what it allowed ends", Permission.ACCESS, Grant,
    deed=Deed.ACCESS,
)  # fmt: skip
EXPLAIN = Question(
    "GET", "/v1/access/explain", "Which grant lets somebody do something, or what is missing", Permission.ACCESS,
    Explained, query=Explain,
)  # fmt: skip


class PeoplePort(Protocol):
    """What is asked of the engine. Everything may raise `Refusal`: ``access.no_person``, ``access.last_admin``, ..."""

    def people(self, caller: Caller, removed: bool) -> list[PersonInfo]:
        """Return who is registered."""
        ...

    async def add(self, caller: Caller, asked: NewPerson) -> CodeMade:
        """Register a person."""
        ...

    async def change(self, caller: Caller, person: str, asked: PersonChange) -> PersonInfo:
        """Change what is given of a person."""
        ...

    async def remove(self, caller: Caller, person: str) -> PersonInfo:
        """Remove a person."""
        ...

    async def reset(self, caller: Caller, person: str) -> CodeMade:
        """Make a code for a new password."""
        ...

    async def give(self, caller: Caller, asked: NewGrant) -> Grant:
        """Give a grant."""
        ...

    async def take(self, caller: Caller, grant: str) -> Grant:
        """Take a grant back."""
        ...

    def explain(self, caller: Caller, asked: Explain) -> Explained:
        """Say why somebody may something, or what is missing."""
        ...


def resource(people: PeoplePort) -> Resource:
    """Return the questions about people."""

    async def listed(asked: Inquiry[Everybody, None]) -> list[PersonInfo]:
        return people.people(asked.caller, asked.query.removed)

    async def add(asked: Inquiry[None, NewPerson]) -> CodeMade:
        return await people.add(asked.caller, asked.body)

    async def change(asked: Inquiry[None, PersonChange]) -> PersonInfo:
        return await people.change(asked.caller, asked.name, asked.body)

    async def remove(asked: Inquiry[None, None]) -> PersonInfo:
        return await people.remove(asked.caller, asked.name)

    async def reset(asked: Inquiry[None, None]) -> CodeMade:
        return await people.reset(asked.caller, asked.name)

    async def give(asked: Inquiry[None, NewGrant]) -> Grant:
        return await people.give(asked.caller, asked.body)

    async def take(asked: Inquiry[None, None]) -> Grant:
        return await people.take(asked.caller, asked.name)

    async def explain(asked: Inquiry[Explain, None]) -> Explained:
        return people.explain(asked.caller, asked.query)

    answers = (
        PEOPLE.by(listed), ADD.by(add), CHANGE.by(change), REMOVE.by(remove), RESET.by(reset),
        GRANT.by(give), REVOKE.by(take), EXPLAIN.by(explain),
    )  # fmt: skip
    return Resource("people", answers)
