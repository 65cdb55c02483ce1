"""Whether each camera could be seen, as runs of time: one per change. Pure: times are handed in, nothing is read.

All times are UTC. Where this machine's clock is set while the engine runs, the runs end at the time before and begin
anew at the time after, so that their lengths are those that really passed; what a clock leapt over is a run of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import groupby
from typing import Literal

from rules.model import Instant

#: Seconds by which the wall clock must differ from what passed to have been set.
STEP = timedelta(seconds=2)


class Availability(StrEnum):
    """How a camera was; the cause of a gap where there was no picture."""

    UP = "up"  #: pictures come, and its own events where it has any
    DEAF = "deaf"  #: pictures come, its own events do not
    FROZEN = "frozen"  #: it is connected, and no new picture comes, or always the same
    IMPAIRED = "impaired"  #: pictures come that cannot be relied upon: covered, turned away, dark
    CONNECTING = "connecting"  #: no picture yet since the engine began
    LOST = "lost"
    REFUSED = "refused"
    FAILED = "failed"
    STOPPED = "stopped"  #: the engine did not run
    DISABLED = "disabled"  #: switched off in the configuration: not counted
    CLOCK = "clock"  #: time that this machine's clock leapt over: not counted


#: With pictures.
SEEN = frozenset({Availability.UP, Availability.DEAF})
#: Neither available nor not.
ASIDE = frozenset({Availability.DISABLED, Availability.CLOCK})


@dataclass(frozen=True, slots=True)
class Run:
    """A camera was so from a time to a time.

    Attributes:
        id: Counts within the site, in the order in which runs began.
        reason: Code of the sentence that says why; empty: there is none.
        until: None: it is so still.
    """

    id: int
    camera: str
    state: Availability
    since: datetime
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """How a camera is now, and since when."""

    state: Availability
    since: datetime
    reason: str = ""


@dataclass(slots=True)
class Ledger:
    """What was observed, as runs. Every method returns the runs that are new or otherwise than before, to be kept.

    Args:
        last: The last run of each camera that an earlier engine kept.
        alive: When that engine is last known to have run; None: there was none.
        next_id: Of the next run.
    """

    last: dict[str, Run] = field(default_factory=dict)
    alive: datetime | None = None
    next_id: int = 1
    _before: Instant | None = None
    _ends: dict[str, datetime] = field(default_factory=dict)

    def observe(self, now: Instant, cameras: Mapping[str, Observed]) -> list[Run]:
        """Take what is so now; a camera that is not among them any more is not observed from now on."""
        first = self._before is None
        changed = self._resumed(now, cameras) if first else self._stepped(now)
        changed += [self._end(run, now.wall) for run in self._open() if run.camera not in cameras]
        for camera, seen in cameras.items():
            changed += self._observed(camera, seen, now.wall)
        self._before, self.alive = now, now.wall
        return _latest(changed)

    def close(self, now: Instant) -> list[Run]:
        """End every run: the engine stops."""
        if self._before is None:
            return []
        changed = self._stepped(now)
        self.alive = now.wall
        return _latest([*changed, *(self._end(run, now.wall) for run in self._open())])

    def _open(self) -> list[Run]:
        return [run for run in self.last.values() if run.until is None]

    def _resumed(self, now: Instant, cameras: Mapping[str, Observed]) -> list[Run]:
        """End what an earlier engine left open where it was last alive; it did not run from there to now."""
        changed = []
        for run in list(self.last.values()):
            alive = run.since if self.alive is None else self.alive
            ended = self._keep(run) if run.until is not None else self._end(run, alive)
            seen = cameras.get(run.camera)
            if seen is not None and seen.state is run.state is Availability.DISABLED:
                changed.append(self._keep(replace(run, until=None)))
                continue
            changed.append(ended)
            if seen is not None and ended.until is not None and ended.until < now.wall:
                changed.append(self._begin(run.camera, Availability.STOPPED, ended.until, until=now.wall))
        return changed

    def _stepped(self, now: Instant) -> list[Run]:
        """End all runs at the clock of before, where it was set, and begin them anew at that of now."""
        if self._before is None:
            return []
        expected = self._before.wall + timedelta(seconds=now.engine - self._before.engine)
        if abs(now.wall - expected) <= STEP:
            return []
        changed = []
        for run in self._open():
            changed.append(self._end(run, expected))
            if (
                known := self._ends[run.camera]
            ) < now.wall:  # not the times of before a clock that was wrong at first
                changed.append(self._begin(run.camera, Availability.CLOCK, known, until=now.wall))
            changed.append(self._begin(run.camera, run.state, now.wall, run.reason))
        return changed

    def _observed(self, camera: str, seen: Observed, now: datetime) -> list[Run]:
        run = self.last.get(camera)
        if run is not None and run.until is None and run.state is seen.state:
            return []
        since = self._began(run, seen, now)
        ended = [self._end(run, since)] if run is not None and run.until is None else []
        return [*ended, self._begin(camera, seen.state, since, seen.reason)]

    def _began(self, run: Run | None, seen: Observed, now: datetime) -> datetime:
        """Return since when a camera is as it is seen: what is older than the last look stood beside what is over now.

        That no new picture comes is noticed late: such a run reaches back into one with pictures.
        """
        if run is None:
            return now
        if run.until is not None:
            return min(max(seen.since, run.until), now)
        late = seen.state is Availability.FROZEN and run.state in SEEN
        beside = self._before is not None and seen.since < self._before.wall and not late
        return now if beside else min(max(seen.since, run.since), now)

    def _begin(
        self,
        camera: str,
        state: Availability,
        since: datetime,
        reason: str = "",
        until: datetime | None = None,
    ) -> Run:
        self.next_id += 1
        return self._keep(Run(self.next_id - 1, camera, state, since, until, reason))

    def _end(self, run: Run, at: datetime) -> Run:
        return self._keep(replace(run, until=max(run.since, at)))

    def _keep(self, run: Run) -> Run:
        self.last[run.camera] = run
        if run.until is not None:
            self._ends[run.camera] = max(run.until, self._ends.get(run.camera, run.until))
        return run


def _latest(runs: Iterable[Run]) -> list[Run]:
    return list({run.id: run for run in runs}.values())


# -- what comes of it ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gap:
    """Time without pictures, of one cause after the other.

    Attributes:
        cause: What lasted longest of it.
        reason: Of that; empty: there is none.
    """

    since: datetime
    until: datetime
    cause: Availability
    reason: str = ""

    @property
    def seconds(self) -> float:
        """How long it was."""
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True)
class Summary:
    """How a camera was within a time.

    Attributes:
        seconds: In each state.
        gaps: In order, those that do not count among them.
    """

    since: datetime
    until: datetime
    seconds: Mapping[Availability, float]
    gaps: tuple[Gap, ...]

    @property
    def share(self) -> float | None:
        """Part of the time that counts in which there were pictures, 0..1; None: nothing counts."""
        counted = sum(each for state, each in self.seconds.items() if state not in ASIDE)
        return sum(self.seconds.get(state, 0.0) for state in SEEN) / counted if counted else None

    @property
    def longest(self) -> Gap | None:
        """The longest gap that counts."""
        return max(
            (gap for gap in self.gaps if gap.cause not in ASIDE), key=lambda gap: gap.seconds, default=None
        )


def summary(runs: Iterable[Run], since: datetime, until: datetime) -> Summary:
    """Return how one camera was within a time.

    Args:
        runs: Of that camera, in order; one that has no end goes on until `until`.
    """
    within = [each for run in runs if (each := _clipped(run, since, until)) is not None]
    seconds: defaultdict[Availability, float] = defaultdict(float)
    for run in within:
        seconds[run.state] += _length(run)
    return Summary(since, until, dict(seconds), tuple(_gaps(within)))


def _clipped(run: Run, since: datetime, until: datetime) -> Run | None:
    begin, end = max(run.since, since), min(run.until or until, until)
    return replace(run, since=begin, until=end) if begin < end else None


def _length(run: Run) -> float:
    return (run.until - run.since).total_seconds() if run.until else 0.0


def _gaps(runs: Sequence[Run]) -> Iterator[Gap]:
    """Yield times without pictures: what adjoins is one, what does not count is apart."""
    number, before = 0, None
    together: list[tuple[tuple[int, object], Run]] = []
    for run in runs:
        kind: object = "seen" if run.state in SEEN else run.state if run.state in ASIDE else "gap"
        adjoins = before is not None and before[0] == kind and before[1] == run.since
        number += not adjoins
        before = kind, run.until
        together.append(((number, kind), run))
    for (_, kind), group in groupby(together, key=lambda each: each[0]):
        if kind != "seen":
            yield _gap([run for _, run in group])


def _gap(runs: Sequence[Run]) -> Gap:
    lasted: defaultdict[Availability, float] = defaultdict(float)
    for run in runs:
        lasted[run.state] += _length(run)
    cause = max(lasted, key=lambda state: lasted[state])
    reason = next((run.reason for run in runs if run.state is cause and run.reason), "")
    return Gap(runs[0].since, runs[-1].until or runs[-1].since, cause, reason)


def periods(
    since: datetime, until: datetime, zone: tzinfo, by: Literal["day", "month"]
) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield the days or months of a site's zone within a time: name, begin and end, these in UTC."""
    local = since.astimezone(zone)
    begin = since
    while begin < until:
        if by == "day":
            following = datetime(local.year, local.month, local.day, tzinfo=zone) + timedelta(days=1)
        else:
            following = datetime(local.year + local.month // 12, local.month % 12 + 1, 1, tzinfo=zone)
        end = min(following.astimezone(UTC), until)
        yield f"{local:%Y-%m-%d}" if by == "day" else f"{local:%Y-%m}", begin, end
        begin, local = end, following
