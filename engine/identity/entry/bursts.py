"""Floods of failures, told as one: the first at once, how many more when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from engine.identity.entry.lockout import HOUR
from engine.identity.record import AuditRecord
from engine.runtime.clock import Clock

#: Seconds for which failures of one kind are one flood.
WINDOW: Final = 300.0
#: Floods told apart at once; what comes beyond is told as one whose name and address are not said.
MOST: Final = 256
#: Failures within an hour that a person should know of.
MANY: Final = 20


@dataclass(slots=True)
class _Flood:
    record: AuditRecord
    since: float
    more: int = 0


class Bursts:
    """Counts failures that are alike."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._floods: dict[tuple[str, ...], _Flood] = {}
        self._lately: list[tuple[float, int]] = []

    def first(self, record: AuditRecord) -> bool:
        """Count a failure; return whether it is to be told now."""
        now = self._clock.now().engine
        self._count(now)
        key: tuple[str, ...] = (record.deed, record.code, record.who, record.address)
        if key not in self._floods and len(self._floods) >= MOST:
            key, record = (record.deed, record.code), replace(record, who="", name="", address="")
        flood = self._floods.get(key)
        if flood is None:
            self._floods[key] = _Flood(record, now)
            return True
        flood.more += 1
        return False

    def over(self, *, all: bool = False) -> Iterator[AuditRecord]:
        """Yield records of the floods that are over, each with how many failures were not told yet; all: of any."""
        now = self._clock.now().engine
        for key, flood in list(self._floods.items()):
            if all or now - flood.since >= WINDOW:
                del self._floods[key]
                if flood.more:
                    yield replace(flood.record, times=flood.more)

    def lately(self) -> int:
        """Return how many failures there were within an hour; 0: not so many that a person should know."""
        now = self._clock.now().engine
        count = sum(times for at, times in self._lately if now - at < HOUR)
        return count if count >= MANY else 0

    def _count(self, now: float) -> None:
        """Count by the minute, so that an hour takes 60 places however many there are."""
        minute = now // 60 * 60
        if self._lately and self._lately[-1][0] == minute:
            self._lately[-1] = (minute, self._lately[-1][1] + 1)
        else:
            self._lately = [*(each for each in self._lately if now - each[0] < HOUR), (minute, 1)]
