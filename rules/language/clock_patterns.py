"""The grammar of what the clock alone decides under ``when:``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from rules.document.scalars import Duration, EdgeOfDay, OneOrMany, Written, problem
from rules.schedule import DAY, DAYS, EVERY_DAY, Edge

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]


class ClockPattern(Written):
    """What the clock alone decides."""

    days: OneOrMany[Day] | None = Field(None, description="Days on which it comes; default: all.")
    on_gap: Literal["hold", "fire"] = Field(
        "hold",
        description="What passed while the engine was down: `hold` leaves it out, `fire` tells it late.",
    )

    def numbers(self) -> frozenset[int]:
        """Return its days by number."""
        return EVERY_DAY if self.days is None else frozenset(DAYS.index(day) for day in self.days)


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
