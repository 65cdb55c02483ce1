"""Steps of this machine's clock: noticed, told as an event of the log, and marking what follows.

Engine time is counted by the kernel and cannot be set; wall time is set by people and by NTP. Where one moves without
the other, the wall clock was set: before or after it, it was wrong. Pure; time comes in with every call.
"""

from __future__ import annotations

from datetime import timedelta

from engine import log
from engine.clock import Mark
from engine.draft import Draft
from rules.model import Change, Fact, Instant, Kind, Sentence
from rules.reasons import duration

_log = log.get(__name__)

#: Label of the engine's event.
STEPPED = "engine.clock"
#: Seconds between two looks by which the clocks may part without a step: NTP makes a clock run faster or slower.
LEAST = 2.0
#: Seconds of engine time after a step in which every time is in doubt, and in which it is a problem that stands.
DOUBT, STANDING = 3600.0, 86400.0
#: Seconds that the machine was off, by the wall clock alone, from which on that clock is doubted.
LONG = 7 * 86400.0


class Steps:
    """Watches how far wall and engine time are apart, from where the last run left off."""

    def __init__(self, mark: Mark | None, bridged: float = 0.0) -> None:
        """Begin where the last run ended; only the wall clock tells of the `bridged` seconds since."""
        self._seen = None if mark is None else Instant(mark.wall, mark.engine)
        self._running = False
        self._long = bridged if bridged >= LONG else 0.0
        self._begun: float | None = None
        self._at: float | None = None
        self._by = self._off = 0.0

    def look(self, now: Instant) -> Draft | None:
        """Compare the clocks; return the event of a step since the last look."""
        seen, running = self._seen, self._running
        if seen is not None and running and now.engine < seen.engine:
            return None  # read earlier than what was looked at already, by another thread
        self._seen, self._running = now, True
        self._begun = now.engine if self._begun is None else self._begun
        if seen is None:
            return None
        expected = seen.wall + timedelta(seconds=now.engine - seen.engine)
        by = round((now.wall - expected).total_seconds(), 1)
        if abs(by) < LEAST:
            return None
        self._note(by, now)
        facts: dict[str, Fact] = {
            "seconds": by,
            "expected": expected.isoformat(timespec="seconds"),
            "running": running,
        }
        _log.warning("engine.clock_stepped", **facts)
        return Draft(Kind.ENGINE, Change.NOTED, None, now.wall, subject="engine", label=STEPPED, facts=facts)

    def _note(self, by: float, now: Instant) -> None:
        self._off = by if self._at is None or now.engine - self._at >= DOUBT else self._off + by
        self._at, self._by = now.engine, by

    def doubtful(self, engine: float) -> bool:
        """Return whether the wall clock's times are in doubt: it was set lately, and not back to where it was."""
        if self._long and self._begun is not None and engine - self._begun < DOUBT:
            return True
        return self._at is not None and abs(self._off) >= LEAST and engine - self._at < DOUBT

    def problems(self, engine: float) -> tuple[Sentence, ...]:
        """Return what a person should know."""
        found = []
        if self._at is not None and engine - self._at < STANDING:
            code = "engine.clock_ahead" if self._by > 0 else "engine.clock_back"
            found.append(Sentence(code, {"difference": duration(round(abs(self._by)))}))
        if self._long and self._begun is not None and engine - self._begun < STANDING:
            found.append(Sentence("engine.long_gap", {"difference": duration(round(self._long))}))
        return tuple(found)
