"""Counts and the ledger of availability, as steps of time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.api.resources.past.history import HistoryRow
from engine.availability import ASIDE, SEEN, Availability, Run
from engine.store.search.block import Key
from engine.store.search.entries import BUCKET

_SEVERITY = "cwi-"
#: The worst first, where a step has several.
_LETTERS = "sgo?u"


@dataclass(frozen=True, slots=True)
class Steps:
    """Times of one length, one behind the other, the first of which begins at the border of a bucket."""

    since: datetime
    length: timedelta
    count: int

    @classmethod
    def up_to(cls, until: datetime, hours: int, seconds: int) -> Steps:
        """Return the steps of so many hours, the last of which has `until` in it."""
        ticks = -(-int(until.timestamp()) // seconds) * seconds
        count = hours * 3600 // seconds
        return cls(
            datetime.fromtimestamp(ticks - count * seconds, until.tzinfo), timedelta(seconds=seconds), count
        )

    @property
    def first(self) -> int:
        """The first bucket of the counts."""
        return int(self.since.timestamp()) * 1_000_000 // BUCKET

    @property
    def each(self) -> int:
        """Buckets in a step."""
        return int(self.length.total_seconds()) * 1_000_000 // BUCKET

    def step(self, bucket: int) -> int:
        """Return the step that a bucket is in."""
        return (bucket - self.first) // self.each


def letter(state: Availability) -> str:
    """Return what stands for how a camera was."""
    if state in SEEN:
        return "u"
    if state in ASIDE:
        return "o"
    return "s" if state is Availability.STOPPED else "g"


def watched(runs: Iterable[Run], steps: Steps, now: datetime) -> str:
    """Return a letter for each step: how much of it one camera had pictures; what is yet to come does not count."""
    lasted: list[defaultdict[str, float]] = [defaultdict(float) for _ in range(steps.count)]
    for run in runs:
        told, until = letter(run.state), min(run.until or now, now)
        for at in _touched(run.since, until, steps):
            begin = steps.since + at * steps.length
            shared = min(until, begin + steps.length) - max(run.since, begin)
            lasted[at][told] += max(shared.total_seconds(), 0.0)
    return "".join(_mixed(each) for each in lasted)


def _mixed(lasted: Mapping[str, float]) -> str:
    if not lasted:
        return "?"
    if len(lasted) > 1 and lasted.get("u"):
        return "p"
    return max(lasted, key=lambda told: lasted[told])


def worst_of(runs: Iterable[Run], steps: Steps, now: datetime) -> str:
    """Return a letter for each step: the worst that one camera was in it, however short."""
    found = ["?"] * steps.count
    for run in runs:
        told = letter(run.state)
        for at in _touched(run.since, min(run.until or now, now), steps):
            if found[at] == "?" or _LETTERS.index(told) < _LETTERS.index(found[at]):
                found[at] = told
    return "".join(found)


def _touched(since: datetime, until: datetime, steps: Steps) -> range:
    first = max(0, (since - steps.since) // steps.length)
    last = -((steps.since - until) // steps.length)  # rounded up
    return range(first, min(last, steps.count)) if until > since else range(0)


def rows(
    counts: Mapping[Key, tuple[int, int]],
    alerts: Mapping[Key, tuple[int, int]],
    steps: Steps,
    known: int,
    *,
    by_name: bool,
) -> list[HistoryRow]:
    """Return a row for each camera (and name), or for each name of all cameras (`by_name`).

    Args:
        counts: By bucket, of what is told as counts; `alerts`: of what is told as alerts.
        known: The first step whose counts are complete.
    """
    counted, fired = _summed(counts, steps, by_name), _summed(alerts, steps, by_name)
    found = []
    for camera, name in sorted({*counted, *fired}):
        numbers, alarms = counted.get((camera, name)), fired.get((camera, name))
        found.append(
            HistoryRow(
                camera=camera or None,
                name=name,
                counts=_numbers(numbers, steps, known),
                alerts=_numbers(alarms, steps, known) if alerts else (),
                worst="".join(_SEVERITY[rank] for _, rank in alarms or numbers or ()),
            )
        )
    return found


def _summed(
    counts: Mapping[Key, tuple[int, int]], steps: Steps, by_name: bool
) -> dict[tuple[str, str], list[tuple[int, int]]]:
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for (bucket, _, camera, name), (n, worst) in counts.items():
        if 0 <= (at := steps.step(bucket)) < steps.count:
            of = found.setdefault(("" if by_name else camera, name), [(0, 3)] * steps.count)
            of[at] = of[at][0] + n, min(of[at][1], worst)
    return found


def _numbers(found: Sequence[tuple[int, int]] | None, steps: Steps, known: int) -> tuple[int | None, ...]:
    of = found or [(0, 3)] * steps.count
    return tuple(None if at < known else n for at, (n, _) in enumerate(of))
