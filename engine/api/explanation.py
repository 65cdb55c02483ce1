"""Why a rule fired and why it did not, as the API tells it: part of version 1, beside `wire`."""

from __future__ import annotations

from datetime import datetime

from engine.api.resources.decisions import Decision
from engine.api.sentence import Sentence
from engine.web.payload import Wire


class Told(Wire):
    """A line of an explanation: so deep within it, what stands before the sentence, and the sentence."""

    depth: int = 0
    before: str = ""
    said: Sentence | None = None


class Waiting(Wire):
    """Something that a rule waits for, or (with `ended`) gave up waiting for when `missing` seconds were missing."""

    key: str
    state: str
    since: datetime
    due: datetime | None = None
    ended: datetime | None = None
    missing: float = 0.0
    by: str | None = None


class Miss(Wire):
    """The event that came nearest to a pattern without matching it, and what failed."""

    event: str
    at: datetime
    camera: str | None = None
    subject: str = ""
    failed: tuple[Sentence, ...] = ()


class Asked(Wire):
    """A pattern of a rule, in the words of its file, and what it saw of events of its kind."""

    name: str
    seen: int = 0
    matched: int = 0
    late: int = 0
    last: datetime | None = None
    nearest: Miss | None = None


class Explanation(Wire):
    """Why a rule fired, and why it did not, as people read it (`lines`) and for programs.

    Attributes:
        live: Told by a running engine from what it keeps; else judged again from a recording.
        events: How many were looked at, from `since` to `until`.
    """

    rule: str
    live: bool = False
    fired: bool = False
    events: int = 0
    since: datetime | None = None
    until: datetime | None = None
    patterns: tuple[Asked, ...] = ()
    decisions: tuple[Decision, ...] = ()
    given_up: tuple[Waiting, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    faults: tuple[str, ...] = ()
    lines: tuple[Told, ...] = ()
