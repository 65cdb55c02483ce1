"""The clock on the wall, tied to engine time: where it was set is told as an event of the log, and marks what follows.

Engine time is counted by the kernel and cannot be set; wall time is set by people and by NTP. From one step to the
next the wall clock is therefore not believed but reckoned from engine time: every time of the log between two steps
is as far from its engine time as every other, and a replay needs nothing else to know when each timer fired. Where a
reading parts from what is reckoned, the wall clock was set. Pure; time comes in with every call.
"""

from __future__ import annotations

from datetime import timedelta
from math import inf

from engine.draft import Draft
from engine.runtime import log
from engine.runtime.clock import Mark
from rules.compiler.reasons import duration
from rules.evaluator.evaluator import CLOCK_SET
from rules.model import Change, Fact, Instant, Kind, Sentence

_log = log.get(__name__)

#: Seconds by which a reading of the wall clock may differ without being a step: no drift, no unlucky reading.
STEP = 0.1
#: Seconds of a step from which on times are doubted, and a person is told: what is less is a correction.
LEAST = 2.0
#: Seconds of engine time after a step in which every time is in doubt, and in which it is a problem that stands.
DOUBT, STANDING = 3600.0, 86400.0
#: Seconds that the machine was off, by the wall clock alone, from which on that clock is doubted.
LONG = 7 * 86400.0
#: Decimals of engine time: it is as fine as the wall clock, so that one is reckoned from the other without rest.
FINE = 6


class ClockSteps:
    """Watches how far wall and engine time are apart, from where the last run left off."""

    def __init__(self, mark: Mark | None, bridged: float = 0.0) -> None:
        """Begin where the last run ended; only the wall clock tells of the `bridged` seconds since."""
        self._tied = None if mark is None else Instant(mark.wall, mark.engine)
        self._latest = -inf if mark is None else mark.engine
        self._running = False
        self._long = bridged if bridged >= LONG else 0.0
        self._begun: float | None = None
        self._at: float | None = None
        self._by = self._off = 0.0

    def reckoned(self, read: Instant) -> Instant:
        """Return a reading as the log tells it: no earlier than any before, by the wall clock as it was last set.

        Threads read out of order by a hair; both clocks are moved then.
        """
        engine, tied = max(round(read.engine, FINE), self._latest), self._tied
        if tied is None:
            return Instant(read.wall, engine)
        return Instant(tied.wall + timedelta(0, engine - tied.engine), engine)

    def look(self, read: Instant) -> Draft | None:
        """Take in a reading; return the event of a step, which is as of what the clock would have shown."""
        now = self.reckoned(read)
        if round(read.engine, FINE) <= self._latest:  # by then was looked at already
            return None
        running, self._running, self._latest = self._running, True, now.engine
        self._tied = self._tied or now
        self._begun = now.engine if self._begun is None else self._begun
        by = round((read.wall - now.wall).total_seconds(), 3)
        if abs(by) < STEP:
            return None
        self._tied = Instant(read.wall, now.engine)
        facts: dict[str, Fact] = {
            "seconds": by,
            "expected": now.wall.isoformat(timespec="seconds"),
            "running": running,
        }
        self._note(by, now, facts)
        return Draft(Kind.ENGINE, Change.NOTED, None, now.wall, "engine", CLOCK_SET, facts=facts)

    def _note(self, by: float, now: Instant, facts: dict[str, Fact]) -> None:
        if abs(by) < LEAST:
            _log.info("engine.clock_corrected", **facts)
            return
        _log.warning("engine.clock_stepped", **facts)
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
