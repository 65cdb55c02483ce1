"""Answers of a search, and figures of the past, as clients ask for them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from engine.api import present, wire
from engine.api.resources.past.history import History, HistoryQuery, HistoryRow
from engine.api.resources.past.search import Found, SearchQuery
from engine.api.services.past.figures import Steps, rows, watched, worst_of
from engine.api.services.past.looking import Entries, Looking, permitted
from engine.availability import Availability, Run
from engine.identity.caller import Caller
from engine.store.search.search import NotReady
from engine.web.refusals import refusal
from rules.model import Decision

if TYPE_CHECKING:
    from engine.store.search.block import Key


class PastService:
    """Implements `SearchPort` and `HistoryPort` of `engine.api.resources.past`."""

    def __init__(self, looking: Looking, site: str) -> None:
        self._looking, self._site = looking, site

    async def search(self, caller: Caller, query: SearchQuery) -> Found:
        """Return a page of what is found."""
        looking = self._looking
        sought = await looking.sought(caller, query, query.camera, typed=query.q, only=query.type)
        found, entries = await looking.page(sought, query.before, query.limit)
        progress = await looking.search.progress()
        return Found(
            entries=tuple(await self.presented(entries)),
            next=found.next,
            waits=found.waits,
            behind=found.behind,
            indexed=round(progress.share, 3),
            since=progress.since,
        )

    async def presented(self, entries: Entries) -> list[wire.Event | wire.Decision]:
        """Return entries as clients see them."""
        made = [each.id for _, each in entries if isinstance(each, Decision)]
        by = await self._looking.store.acknowledgements(made)
        return [
            present.decision(each, by.get(each.id), self._site)
            if isinstance(each, Decision)
            else present.event(each)
            for _, each in entries
        ]

    async def history(self, caller: Caller, query: HistoryQuery) -> History:
        """Return figures of a time."""
        looking = self._looking
        now = looking.clock.now().wall
        steps = Steps.up_to(min(query.until or now, now), query.hours, int(query.step))
        first, last = steps.first, steps.first + steps.count * steps.each - 1
        second = "alert" if query.scope == "camera" else ""
        try:
            progress = await looking.search.progress()
            counts = await looking.search.counts(query.scope, first, last)
            alerts = await looking.search.counts(second, first, last) if second else {}
        except NotReady:
            raise refusal(503, "search.not_ready") from None
        wanted = _of(counts, caller, query.camera), _of(alerts, caller, query.camera)
        end = steps.since + steps.count * steps.length
        runs = [
            run
            for run in await looking.store.availability(steps.since, end, query.camera)
            if permitted(caller, run.camera)
        ]
        known = _known(steps, progress.since)
        made = await asyncio.to_thread(_made, wanted, runs, steps, known, now, query)
        minutes = replace(steps, length=steps.length / (int(query.step) // 60), count=query.hours * 60)
        return History(
            since=steps.since,
            until=end,
            step=int(query.step),
            rows=tuple(made[: query.limit]),
            left_out=max(0, len(made) - query.limit),
            minutes=worst_of(runs, minutes, now) if query.camera else "",
            indexed=round(progress.share, 3),
        )


Counts = Mapping["Key", tuple[int, int]]


def _of(counts: Counts, caller: Caller, camera: str | None) -> Counts:
    """Return the counts of cameras that somebody may look back at; of one that is asked for."""
    cameras = {key[2] for key in counts}
    allowed = {each for each in cameras if permitted(caller, each or None) and camera in (None, each)}
    return {key: told for key, told in counts.items() if key[2] in allowed}


def _known(steps: Steps, since: datetime | None) -> int:
    """Return the first step whose counts are complete, by since when everything is in the index."""
    return 0 if since is None or since <= steps.since else -((steps.since - since) // steps.length)


def _made(
    wanted: tuple[Counts, Counts],
    runs: list[Run],
    steps: Steps,
    known: int,
    now: datetime,
    query: HistoryQuery,
) -> list[HistoryRow]:
    """Return the rows: of cameras all that were observed, also those of which there is nothing else to tell."""
    of: defaultdict[str, list[Run]] = defaultdict(list)
    for run in runs:
        of[run.camera].append(run)
    seen = {camera: watched(each, steps, now) for camera, each in of.items()}
    site = watched(_engine(of.values()), steps, now)
    found = rows(*wanted, steps, known, by_name=query.scope == "rule")
    if query.scope == "camera":
        quiet = of.keys() - {row.camera for row in found}
        found += [_quiet(camera, steps, known) for camera in sorted(quiet)]
    unknown = "?" * steps.count
    found = [
        row.model_copy(update={"watched": seen.get(row.camera, unknown) if row.camera else site})
        for row in found
    ]
    return sorted(found, key=_order)


def _quiet(camera: str, steps: Steps, known: int) -> HistoryRow:
    none = tuple(None if at < known else 0 for at in range(steps.count))
    return HistoryRow(camera=camera, counts=none, alerts=none, worst="-" * steps.count)


def _order(row: HistoryRow) -> tuple[int, int, str, str]:
    """Order rows: most alerts first, then what had most, then by name."""
    alerts, counts = (sum(filter(None, each)) for each in (row.alerts, row.counts))
    return -alerts, -counts, row.camera or "", row.name


def _engine(cameras: Collection[Iterable[Run]]) -> list[Run]:
    """Return the runs of the engine itself: it did not run where a camera says so, and else it did."""
    longest = max(cameras, key=lambda runs: len(list(runs)), default=())
    return [
        run if run.state is Availability.STOPPED else replace(run, state=Availability.UP) for run in longest
    ]
