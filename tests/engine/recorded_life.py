"""A site's store with a life of one's own choosing: drafts at their times, judged by the real judge."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from engine.draft import Draft
from engine.judging.judge import Judge
from engine.judging.rulebook import Rulebook
from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Fact, Kind

#: A draft, and so many seconds after the beginning.
Happened = tuple[float, Draft]


async def live(
    path: Path, book: Rulebook, begin: datetime, happened: Sequence[Happened], until: float
) -> list[Decision]:
    """Judge what happens, each alone and at its time, until so many seconds have passed; return what was decided."""
    clock, decided = ManualClock(begin, engine=77.0), list[Decision]()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume, ids = await store.load(), itertools.count(1)
        judge = Judge(
            book, Memory(), store, clock, "s", lambda: f"id-{next(ids)}", lambda *_: None, resume=resume
        )
        verdict = judge._turn(judge._first)
        await judge._keep(verdict)
        now = 0.0
        for seconds, draft in (*happened, (until, None)):
            clock.advance(seconds - now)
            now = seconds
            verdict = judge._turn([] if draft is None else [(draft, clock.now())])
            await judge._keep(verdict)
            decided += verdict.decisions
    return decided


def seen(
    at: datetime, change: Change, track: int, score: float = 0.9, label: str = "person", **facts: Fact
) -> Draft:
    zones = () if change is Change.ENDED else ("gate",)
    camera, subject = CameraId("c1"), f"track:{track}"
    return Draft(
        Kind.OBJECT, change, camera, at, subject=subject, label=label, zones=zones, score=score, facts=facts
    )


def stay(begin: datetime, first: int, seconds: int, track: int) -> Iterable[Happened]:
    """Yield somebody who stays, told every second."""
    for second in range(seconds + 1):
        change = {0: Change.BEGAN, seconds: Change.ENDED}.get(second, Change.GOES_ON)
        yield float(first + second), seen(begin + timedelta(seconds=first + second), change, track)


def plate(at: datetime, text: str) -> Draft:
    return Draft(
        Kind.PLATE,
        Change.NOTED,
        CameraId("c1"),
        at,
        f"plate:{text}",
        text,
        ("gate",),
        0.9,
        facts={"plate": text},
    )


def act(at: datetime, name: str, **facts: Fact) -> Draft:
    return Draft(Kind.OPERATOR, Change.NOTED, None, at, f"operator:{name}", name, facts=facts)
