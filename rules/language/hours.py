"""The grammar of hours: parts of the day, by name or as they are, and when a rule is not told."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from rules.dates import DayRule
from rules.document import suggestions
from rules.document.scalars import EdgeOfDay, Feast, LocalMoment, OneOrMany, Slug, Written, problem
from rules.language.clock_patterns import Day, other_days, weekdays
from rules.schedule import Window


class Hours(Written):
    """A part of the day; the end is not within, and may be on the next day."""

    from_: EdgeOfDay = Field(
        0, alias="from", description="First minute that is within, e.g. 22:30 or sunset."
    )
    to: EdgeOfDay = Field(24 * 60, description="First minute that is not, e.g. 05:00 or sunrise+30m.")
    days: OneOrMany[Day] | None = Field(
        None,
        description="Days on which it starts: mon ... sun, holiday, ram, mung-mot, mon#1, day-15; default: all.",
    )

    @model_validator(mode="after")
    def _sensible(self) -> Hours:
        if self.from_ == self.to:
            raise problem("hours_empty")
        other_days(self.days)
        return self

    def window(self, days: list[Day] | None = None, holidays: tuple[DayRule, ...] | None = None) -> Window:
        """Return it as the evaluator knows it; `days` where it names none itself."""
        named = self.days if self.days is not None else days
        return Window(self.from_, self.to, weekdays(named), other_days(named), holidays)


_EDGE = r"(?:[0-9]{1,2}:[0-9]{2}|(?:sunrise|sunset)(?:[+-](?:[0-9.]+(?:m|h))+)?)"
_HOURS = rf"^{_EDGE} ?[-–] ?{_EDGE}$"


def _hours(written: object) -> object:
    """Read ``22:30-05:00`` and ``sunset-30m-sunrise`` (the dash that parts is the one before an edge)."""
    if not isinstance(written, str):
        return written
    text = written.replace("–", "-").replace(" ", "")
    for place, sign in enumerate(text):
        rest = text[place + 1 :]
        if sign == "-" and place and (":" in rest or rest.startswith("sun")):
            return {"from": text[:place], "to": rest}
    raise problem("hours", suggestion=suggestions.hours(written))


HoursText = Annotated[str, Field(pattern=_HOURS, examples=["22:00-05:00"])]
Times = OneOrMany[Annotated[Hours, BeforeValidator(_hours, json_schema_input_type=HoursText | Hours)]]


class Schedule(Written):
    """Named hours."""

    between: Times | None = Field(None, description="Hours, e.g. 07:30-17:00; default: whole days.")
    days: OneOrMany[Day] | None = Field(None, description="Days of hours that name none; default: all.")
    holidays: list[Feast] | None = Field(
        None, description="What counts as `holiday` for these hours, instead of the site's holidays."
    )

    @model_validator(mode="after")
    def _known(self) -> Schedule:
        other_days(self.days)
        return self

    def windows(self) -> tuple[Window, ...]:
        """Return its windows."""
        whole = [Hours.model_validate({})]
        holidays = None if self.holidays is None else tuple(map(DayRule.of, self.holidays))
        return tuple(hours.window(self.days, holidays) for hours in self.between or whole)


def _schedule(written: object) -> object:
    return {"between": written} if isinstance(written, (str, list)) else written


NamedHours = Annotated[Schedule, BeforeValidator(_schedule, json_schema_input_type=HoursText | Schedule)]


class Suspend(Written):
    """When a rule is judged and not told."""

    why: Annotated[str, Field(min_length=1)] = Field(description="Why: whoever comes on duty reads it.")
    by: Annotated[str, Field(min_length=1)] | None = Field(None, description="Who decided it.")
    from_: LocalMoment | None = Field(
        None,
        alias="from",
        description="From this time on, e.g. 2026-12-05T06:00 (site time); default: since ever.",
    )
    until: LocalMoment | None = Field(None, description="Until this time, e.g. 2026-12-05T18:00.")
    between: Times | None = Field(None, description="Only at these hours, again and again, e.g. 02:00-03:00.")
    during: OneOrMany[Slug] | None = Field(None, description="Only within one of these named schedules.")

    @model_validator(mode="after")
    def _bounded(self) -> Suspend:
        if self.until is None and self.between is None and self.during is None:
            raise problem("silence_endless")
        if self.from_ is not None and self.until is not None and self.from_ >= self.until:
            raise problem("silence_order", steps=("until",))
        return self


class Maintenance(Suspend):
    """When some rules, or all that some cameras tell, are judged and not told."""

    rules: OneOrMany[Slug] | None = Field(None, description="These rules.")
    tags: OneOrMany[Slug] | None = Field(None, description="Rules that have one of these tags.")
    cameras: OneOrMany[Slug] | None = Field(None, description="What is told of these cameras.")
    groups: OneOrMany[Slug] | None = Field(None, description="What is told of the cameras of these groups.")
    zones: OneOrMany[Slug] | None = Field(
        None, description="What rules tell of these zones, which they name."
    )

    @model_validator(mode="after")
    def _about(self) -> Maintenance:
        if not any((self.rules, self.tags, self.cameras, self.groups, self.zones)):
            raise problem("silence_all")
        return self
