"""What is done over and over is told once, and then counted: looking must not fill the log. Pure.

A terminal asks for stills again and again, and whoever is refused tries again. The first is told at once; what is the
same after it is counted, and told as one record when the window ends. Where it goes on, the window becomes longer.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engine.identity.record import AuditRecord, Deed, Outcome

#: Seconds that what is the same is counted for, at first and, where it goes on, at most.
FIRST: Final = 300.0
LONGEST: Final = 3600.0
#: Windows that are open at most; beyond it the one that would end first ends.
MOST: Final = 2000
#: Deeds that are told once and then counted; a refusal is, whatever was asked.
COUNTED: Final = frozenset({Deed.STILL, Deed.HISTORY, Deed.LIVE, Deed.AUDIT})


@dataclass(slots=True)
class _Window:
    record: AuditRecord
    length: float
    ends: float
    times: int = 0
    since: datetime | None = None
    until: datetime | None = None


class Repeats:
    """What was told and is counted now. Times are of a monotonic clock, but for those that people read."""

    def __init__(self) -> None:
        self._open: dict[Hashable, _Window] = {}

    def tell(self, record: AuditRecord, now: float, wall: datetime) -> list[AuditRecord]:
        """Return what is to be told now that something was done: it, nothing because it is counted, or more."""
        if record.deed not in COUNTED and record.outcome is not Outcome.REFUSED:
            return [record]
        key = _key(record)
        told = self.due(now)
        if (window := self._open.get(key)) is not None:
            window.times += record.times
            window.since, window.until = window.since or wall, wall
            return told
        if len(self._open) >= MOST:
            told += self._end(min(self._open, key=lambda each: self._open[each].ends))
        self._open[key] = _Window(record, FIRST, now + FIRST)
        return [*told, record]

    def due(self, now: float) -> list[AuditRecord]:
        """Return what was counted in windows that are over by now; those in which something was go on."""
        told = list[AuditRecord]()
        for key in [key for key, window in self._open.items() if window.ends <= now]:
            window = self._open[key]
            counted = self._end(key)
            told += counted
            if counted:
                length = min(LONGEST, 2 * window.length)
                self._open[key] = _Window(window.record, length, now + length)
        return told

    def close(self) -> list[AuditRecord]:
        """Return all that was counted, and begin anew."""
        return [record for key in [*self._open] for record in self._end(key)]

    def _end(self, key: Hashable) -> list[AuditRecord]:
        window = self._open.pop(key)
        if not window.times or window.since is None or window.until is None:
            return []
        about = {
            **window.record.about,
            "since": window.since.isoformat(timespec="seconds"),
            "until": window.until.isoformat(timespec="seconds"),
        }
        return [replace(window.record, times=window.times, about=about)]


def _key(record: AuditRecord) -> Hashable:
    who = record.who, record.means, record.address
    return record.deed, record.outcome, *who, record.camera, record.code, record.basis, record.why
