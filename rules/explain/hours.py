"""When a rule's hours begin: what is asked while it is outside them."""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.compiler.ruleset import ActiveHours, TimesOfDay

#: Times that are tried.
_MOST = 100
_HAIR = timedelta(microseconds=1)


def begins(hours: ActiveHours, after: datetime) -> datetime | None:
    """Return when a rule applies next after a moment at which it does not; None: not within a year."""
    return next((moment for moment in hours.turns(after) if hours.hold(moment)), None)


def comes(alarm: TimesOfDay, hours: ActiveHours | None, first: datetime) -> datetime | None:
    """Return the first time of day, from one on, that is within the hours; None: not within a year."""
    moment: datetime | None = first
    for _ in range(_MOST):
        if moment is None or hours is None or hours.hold(moment):
            return moment
        begun = begins(hours, moment)
        moment = None if begun is None else alarm.upcoming(begun - _HAIR)
    return None
