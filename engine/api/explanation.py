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


class Branch(Wire):
    """A condition of a rule, and those that it consists of: what fails and is nearest first.

    Attributes:
        sort: What it is about: ``rule``, ``fault``, ``trigger``, ``pattern``, ``event``, ``question``, ``hold``,
            ``hours``, ``guard``, ``cooldown``, ``note``.
        holds: Whether it does; None: nobody knows, or nothing is asked yet.
        value: The number that it looks at, and its `bound`, in `unit` (``s`` or nothing); None: there is none.
        measured: Both as people read them, e.g. ``0.48 of 0.5``.
        near: How near it is to holding, 0..1; 1 holds.
        at: When it was so, of an event; `before`: the same as people read it at the site; `event` and `camera`: which.
        nearest: It is the nearest miss.
    """

    sort: str
    said: Sentence
    holds: bool | None = None
    value: float | None = None
    bound: float | None = None
    unit: str = ""
    measured: Sentence | None = None
    near: float | None = None
    at: datetime | None = None
    before: str = ""
    event: str | None = None
    camera: str | None = None
    nearest: bool = False
    branches: tuple[Branch, ...] = ()


class Explanation(Wire):
    """Why a rule fired, and why it did not, as people read it (`lines`) and for programs.

    Attributes:
        live: Told by a running engine from what it keeps; else judged again from a recording.
        events: How many were looked at, from `since` to `until`.
        tree: The rule as a tree of its conditions, as it stands at the end.
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
    tree: Branch | None = None
