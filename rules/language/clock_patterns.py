"""The grammar of what the clock alone decides under ``when:``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema, field_validator

from rules.dates import NAMED, PATTERN, DayRule
from rules.document.scalars import Duration, EdgeOfDay, Matches, OneOrMany, Written, problem
from rules.document.validation import nearest
from rules.schedule import DAY, DAYS, EVERY_DAY, Edge

#: A weekday, `holiday`, or another word for days (`rules.dates`).
Day = Annotated[
    str,
    WithJsonSchema({"anyOf": [{"enum": [*DAYS, *NAMED]}, {"type": "string", "pattern": f"^{PATTERN}$"}]}),
    Matches("|".join((*DAYS, PATTERN)), "day_word", lambda text: nearest(text, (*DAYS, *NAMED))),
]


def weekdays(words: Sequence[str] | None) -> frozenset[int]:
    """Return the weekdays, and holidays, among words for days, by number; of none all."""
    if words is None:
        return EVERY_DAY
    return frozenset(DAYS.index(word) for word in words if word in DAYS)


def other_days(words: Sequence[str] | None) -> tuple[DayRule, ...]:
    """Return the words for days that are no weekdays.

    Raises:
        PydanticCustomError: ``day_word``: there is no such date.
    """
    try:
        return tuple(DayRule.of(word) for word in words or () if word not in DAYS)
    except ValueError:
        raise problem("day_word") from None


class ClockPattern(Written):
    """What the clock alone decides."""

    days: OneOrMany[Day] | None = Field(
        None,
        description="Days on which it comes: mon ... sun, holiday, ram, mung-mot, mon#1, day-15; default: all.",
    )
    on_gap: Literal["hold", "fire"] = Field(
        "hold",
        description="What passed while the engine was down: `hold` leaves it out, `fire` tells it late.",
    )

    def numbers(self) -> frozenset[int]:
        """Return its days by number."""
        return weekdays(self.days)

    def rules(self) -> tuple[DayRule, ...]:
        """Return its other days."""
        return other_days(self.days)

    @field_validator("days")
    @classmethod
    def _known(cls, days: list[str] | None) -> list[str] | None:
        other_days(days)
        return days


class AtPattern(ClockPattern):
    """A time of day."""

    at: OneOrMany[EdgeOfDay] = Field(description='Time(s), e.g. "07:30", sunset, sunrise+30m.')

    def edges(self) -> tuple[Edge, ...]:
        """Return its times."""
        return tuple(self.at)


class EveryPattern(ClockPattern):
    """Again and again, from midnight on."""

    every: Duration = Field(
        description="Time between two, from midnight on: whole minutes that divide a day, e.g. 30m, 2h."
    )

    @field_validator("every")
    @classmethod
    def _divides(cls, every: float) -> float:
        if every % 60 or DAY * 60 % every:
            raise problem("every")
        return every

    def edges(self) -> tuple[Edge, ...]:
        """Return its times."""
        return tuple(range(0, DAY, int(self.every // 60)))
