"""How long pictures are kept: as their decisions are, by both clocks, and at most one day of them a day.

A folder's name is the wall clock's word, so it alone deletes nothing: each day's folder is kept until as much engine
time was counted since it was last written to as decisions are kept. Whatever a wrong clock does, at most one day's
pictures are gone before a person has had a day to see it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from engine.runtime import log
from engine.runtime.clock import Clock
from engine.store.model import Deletion
from engine.store.ports import Media, Notes

_log = log.get(__name__)
#: Seconds of counted engine time between two days of pictures that go.
DAY = 86400.0
#: Where the store keeps what is known of the folders.
_SEEN, _WENT = "pictures.seen", "pictures.went"


@dataclass(frozen=True, slots=True)
class LastWritten:
    """A day's folder: when it was last written to by the file system, and by engine time."""

    written: int
    engine: float


class Album:
    """How long pictures stay."""

    def __init__(self, media: Media, store: Notes, clock: Clock) -> None:
        self._media, self._store, self._clock = media, store, clock

    async def prune(self, before: date, keep: float) -> int:
        """Delete the oldest day of pictures if it is due; return how many days went (0 or 1).

        Args:
            before: Days from this one on stay.
            keep: Seconds of counted engine time that a day stays after it was last written to.
        """
        seen = await self._look()
        went = await self._store.recall(_WENT)
        if went is not None and self._store.lived(float(went)) < DAY:
            return 0
        old = sorted(day for day in seen if day < before and self._store.lived(seen[day].engine) >= keep)
        for day in old[:1]:
            await self._store.remember(_WENT, repr(self._clock.now().engine))
            await self._forget(day)
        return len(old[:1])

    async def _look(self) -> Mapping[date, LastWritten]:
        """Return every day's folder; one that is new or was written to since the last look is as young as can be."""
        known = _read(await self._store.recall(_SEEN))
        now = self._clock.now().engine
        seen = {
            day: known[day] if day in known and known[day].written == written else LastWritten(written, now)
            for day, written in (await self._media.days()).items()
        }
        if seen != known:
            told = {day.isoformat(): [each.written, each.engine] for day, each in seen.items()}
            await self._store.remember(_SEEN, json.dumps(told))
        return seen

    async def _forget(self, day: date) -> None:
        """Delete a day's pictures; journalled before, so that no deletion is left out."""
        begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
        count = await self._media.pictures(day)
        await self._store.note(
            Deletion("pictures", "age", max(1, count), since=begins, until=begins + timedelta(days=1))
        )
        await self._media.forget(day)
        _log.info("album.forgot", day=day.isoformat(), pictures=count)


def _read(text: str | None) -> dict[date, LastWritten]:
    told = json.loads(text) if text else {}
    return {date.fromisoformat(day): LastWritten(*each) for day, each in told.items()}
