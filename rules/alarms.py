"""Times of day: one row says which is next, and engine time carries it."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil, floor
from typing import cast

from rules.life import Beginning
from rules.memory import GATHERING, GATHERING_MARK
from rules.model import EventId, Instant, Row, Sentence
from rules.ruleset import Alarm, Rule
from rules.work import RECKON, SITE, Work

_NO_REASON = Sentence("")


def begin(work: Work, rule: Rule, alarm: Alarm) -> None:
    """Wait for the next time, where nothing is waited for yet."""
    if work.rows.get(rule.name, GATHERING_MARK + SITE) is None:
        wind(work, rule, alarm, work.now.wall, work.now.engine)


def wind(work: Work, rule: Rule, alarm: Alarm, wall: datetime, engine: float) -> None:
    """Wait for the next time after a moment."""
    target = alarm.upcoming(wall)
    if target is not None:
        _tick(work, rule, target, wall, engine)


def ripe(work: Work, rule: Rule, alarm: Alarm, row: Row, at: Instant) -> None:
    """Tell a time of day that has come; otherwise reckon anew how far it is."""
    target = datetime.fromisoformat(cast(str, row.data))
    if at.wall < target - timedelta(milliseconds=1):
        nearer = alarm.upcoming(at.wall)  # the clock may have been set back
        _tick(work, rule, min(target, nearer or target), at.wall, at.engine)
        return
    told = Sentence("reason.clock", {"clock": f"{target.astimezone(rule.almanac.zone):%H:%M}"})
    work.life.begin(rule, Beginning(SITE, "", row.cause, told, lasting=False), at)
    wind(work, rule, alarm, max(at.wall, target), at.engine)


def _tick(work: Work, rule: Rule, target: datetime, wall: datetime, engine: float) -> None:
    left = max(0.0, (target - wall).total_seconds())
    cause = EventId(f"at:{target.isoformat()}")
    # Looked at on whole minutes of engine time, whatever came before: a replay looks when the engine did. Nobody can
    # look at the clock between two steps, so what lies before now is not looked at.
    look = max(floor(engine / RECKON) + 1, ceil(work.now.engine / RECKON)) * RECKON
    due = min(engine + left, look)
    told = target.isoformat()
    row = Row(GATHERING, engine, wall, due, cause, "", _NO_REASON, rule.edition, told)
    work.rows.put(rule, GATHERING_MARK + SITE, row)
