"""The ledger of availability in the API's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo

from engine.api.resources.availability import AvailabilityGap, AvailabilityPeriod, By, CameraAvailability
from engine.availability import Gap, Run, Summary, periods, summary

#: What is told where nothing else is asked for, and at most.
USUAL, MOST = timedelta(days=30), timedelta(days=400)
#: Gaps of one camera that are told, the newest.
GAPS = 500


def window(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the time that is meant: up to now, a month of it where nothing is said, never more than `MOST`."""
    end = now if until is None else min(until, now)
    begin = end - USUAL if since is None else since
    return max(min(begin, end), end - MOST), end


def report(
    runs: Iterable[Run], since: datetime, until: datetime, zone: tzinfo, by: By | None = None
) -> list[CameraAvailability]:
    """Return how every camera was of which there are runs, in the order of their names."""
    of: defaultdict[str, list[Run]] = defaultdict(list)
    for run in runs:
        of[run.camera].append(run)
    return [_camera(name, of[name], since, until, zone, by) for name in sorted(of)]


def _camera(
    name: str, runs: Sequence[Run], since: datetime, until: datetime, zone: tzinfo, by: By | None
) -> CameraAvailability:
    told = summary(runs, since, until)
    parts = list(periods(since, until, zone, by)) if by else []
    return CameraAvailability(
        camera=name,
        since=since,
        until=until,
        share=_rounded(told.share),
        seconds=_seconds(told),
        longest=None if told.longest is None else _gap(told.longest),
        gaps=tuple(map(_gap, told.gaps[-GAPS:])),
        left_out=max(0, len(told.gaps) - GAPS),
        periods=tuple(
            _period(each, summary(_near(runs, begin, end), begin, end)) for each, begin, end in parts
        ),
    )


def _near(runs: Sequence[Run], since: datetime, until: datetime) -> list[Run]:
    return [run for run in runs if run.since < until and (run.until is None or run.until > since)]


def _period(name: str, told: Summary) -> AvailabilityPeriod:
    share, seconds = _rounded(told.share), _seconds(told)
    return AvailabilityPeriod(name=name, since=told.since, until=told.until, share=share, seconds=seconds)


def _gap(gap: Gap) -> AvailabilityGap:
    seconds = round(gap.seconds, 1)
    return AvailabilityGap(
        since=gap.since, until=gap.until, seconds=seconds, cause=str(gap.cause), reason=gap.reason
    )


def _seconds(told: Summary) -> dict[str, float]:
    return {str(state): round(each, 1) for state, each in sorted(told.seconds.items())}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
