"""How a trial writes what happens: what every shorthand may say, and the events that it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from rules.document.scalars import Duration, Parsed, Slug, Written, problem
from rules.kinds.pattern import Label
from rules.model import Change, Fact, Kind

_MOMENT = r"(?:\+([0-9]{1,3})d )?([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]{1,6})?))?"
DAY = 86400.0


def trial_time(written: object) -> float:
    """Read ``22:01:30`` or ``+1d 02:00`` into seconds since the midnight before the trial's day."""
    if isinstance(written, float):
        return written
    found = re.fullmatch(_MOMENT, written) if isinstance(written, str) else None
    if found is None:
        raise problem("moment")
    return int(found[1] or 0) * DAY + int(found[2]) * 3600.0 + int(found[3]) * 60.0 + float(found[4] or 0)


TrialTime = Annotated[float, Parsed(trial_time, f"^(?:{_MOMENT})$", ("22:01:30", "+1d 02:00"))]


class Repeat(Written):
    """So often, so far apart."""

    times: Annotated[int, Field(ge=2, le=10_000)] = Field(description="How often altogether.")
    every: Duration = Field(description="From one beginning to the next, e.g. 5s.")


class Happening(Written):
    """What everything that happens may say."""

    camera: Slug | None = Field(None, description="Which camera; default: the trial's.")
    facts: dict[str, Fact] = Field(default_factory=dict, description="Whatever else a condition may read.")
    repeat: Repeat | None = Field(None, description="It happens several times.")

    @property
    def shifts(self) -> list[float]:
        """Seconds after the written times at which it happens."""
        repeat = self.repeat
        return [0.0] if repeat is None else [number * repeat.every for number in range(repeat.times)]


class Lasting(Happening):
    """Something that begins and ends."""

    from_: TrialTime = Field(alias="from", description="When it begins, e.g. 22:01:00.")
    to: TrialTime | None = Field(None, description="When it ends; default: it does not.")


class Noted(Happening):
    """A moment with a name."""

    name: Label = Field(description="Its name, e.g. engine.gap.")
    at: TrialTime = Field(description="When.")


@dataclass(frozen=True, slots=True)
class TrialEvent:
    """An event before it has its number; `seconds` since the midnight before the trial's day."""

    seconds: float
    kind: Kind
    change: Change
    camera: str | None
    subject: str
    label: str | None = None
    zones: tuple[str, ...] = ()
    score: float | None = None
    box: tuple[float, float, float, float] | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)


#: Turns a written moment into seconds since the midnight before the trial's day.
Clock = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Shorthand:
    """How a trial writes events of one kind.

    Attributes:
        key: Under ``events:``.
        about: What the key means, for editors and the reference.
        place: Where it stands among the others there, in their order.
        body: Its grammar.
        events: Returns the events that one entry stands for: of a body, its camera (None: of none), the trial's clock.
            None: they depend on other entries (`rules.trials.trial_objects`).
    """

    key: str
    about: str
    place: int
    body: type[Happening]
    events: Callable[[Any, str | None, Clock], Iterable[TrialEvent]] | None = None


def both(start: float, end: float | None, clock: Clock) -> Iterator[tuple[float, Change]]:
    """Yield when something begins and, if it is said, ends."""
    yield clock(start), Change.BEGAN
    if end is not None:
        yield clock(end), Change.ENDED


def plural(zones: list[str] | None) -> tuple[str, ...]:
    """Return zones as events have them."""
    return tuple(zones or ())
