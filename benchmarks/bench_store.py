"""The store against the limit of raw sqlite3 on the same disk in the same run.

    python benchmarks/bench_store.py --json

Ratios are what to compare: absolute figures are this disk's. `limit` is one `executemany` of the same rows
in one transaction (``synchronous = FULL``, same tables and indexes); `commit_each` is raw sqlite3 with one
transaction per event, `limit_in_groups` with as many as there are tasks. Each event handed to the store is awaited:
it is durable when its time ends. Verdicts are made beforehand, as the limit's rows are. `unsealed` is the store
without its hash chain and without page sums, which no program runs: what `sealing_costs` of the events per second.
Rounds are interleaved, medians reported.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from unittest.mock import patch

from uuid_utils import uuid7

from engine.runtime.clock import SystemClock
from engine.store import plan
from engine.store.codec import event_row
from engine.store.db import open_store
from engine.store.model import Verdict
from engine.store.pages.page_sums import PageSums
from engine.store.plan import EVENT
from engine.store.schema import steps, upgrade
from rules.model import CameraId, Change, Event, EventId, Kind

PRODUCERS = (1, 8, 64, 512)


def make_events(many: int) -> list[Event]:
    now = datetime.now(UTC)
    return [
        Event(
            id=EventId(str(uuid7())),
            site="bench",
            seq=seq,
            kind=Kind.OBJECT,
            change=Change.GOES_ON,
            camera=CameraId(f"cam-{seq % 64}"),
            at=now,
            received_at=now,
            subject=f"track:{seq}",
            label="person",
            zones=("gate",),
            score=0.87,
            box=(0.1, 0.2, 0.3, 0.4),
            facts={"age": 1.25, "vx": 0.01, "vy": -0.02},
        )
        for seq in range(1, many + 1)
    ]


def raw(folder: Path, events: list[Event], transaction: int) -> float:
    """Return seconds per event of raw sqlite3 with so many events per transaction, rows made beforehand."""
    rows = [event_row(event, 0.0) for event in events]
    path = folder / f"raw-{transaction}.db"
    remove(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        upgrade(db, steps())
        began = perf_counter()
        for start in range(0, len(rows), transaction):
            db.execute("BEGIN IMMEDIATE")
            db.executemany(EVENT, rows[start : start + transaction])
            db.execute("COMMIT")
        return (perf_counter() - began) / len(rows)


def remove(path: Path) -> None:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()


@contextmanager
def unsealed() -> Iterator[None]:
    """Let stores keep neither hash chain nor page sums."""

    def folded(_: PageSums, db: sqlite3.Connection, how: str = "PASSIVE") -> bool:
        db.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        return True

    with patch.object(plan, "_entries", lambda *_: ()), patch.object(PageSums, "fold", folded):
        yield


async def grouped(folder: Path, events: list[Event], producers: int) -> tuple[float, float]:
    """Return wall and CPU seconds per event with so many tasks, each waiting for its commit."""
    path, clock = folder / f"store-{producers}.db", SystemClock()
    remove(path)
    async with open_store(path, quota_mb=1024, clock=clock) as store:
        numbers, mark = count(), clock.mark()
        verdicts = [Verdict((event,), (), (), (), mark) for event in events]

        async def produce() -> None:
            while (n := next(numbers)) < len(events):
                await store.commit(verdicts[n])

        began, cpu = perf_counter(), process_time()
        async with asyncio.TaskGroup() as group:
            for _ in range(producers):
                group.create_task(produce())
        return (perf_counter() - began) / len(events), (process_time() - cpu) / len(events)


async def reading(folder: Path, producers: int) -> dict[str, float]:
    """Return median milliseconds of the queries that clients make, on what `grouped` left."""
    async with open_store(folder / f"store-{producers}.db", quota_mb=1024, clock=SystemClock()) as store:

        async def timed(ask: Callable[[], object]) -> float:
            spent = []
            for _ in range(50):
                began = perf_counter()
                await ask()  # type: ignore[misc] # every question is a coroutine
                spent.append(perf_counter() - began)
            return round(1000 * median(spent), 3)

        return {
            "latest_50_ms": await timed(lambda: store.events(limit=50)),
            "latest_50_of_camera_ms": await timed(lambda: store.events(limit=50, camera="cam-7")),
            "page_in_the_middle_ms": await timed(lambda: store.events(before=500, limit=50)),
        }


async def measure(folder: Path, rounds: int, many: int) -> dict[str, object]:
    events, single = make_events(many), make_events(max(200, many // 20))
    limit, each = [], []
    groups, wall, cpu, bare, bare_cpu = ({n: list[float]() for n in PRODUCERS} for _ in range(5))
    for _ in range(rounds):
        limit.append(raw(folder, events, many))
        each.append(raw(folder, single, 1))
        for producers in PRODUCERS:
            these = events if producers >= 8 else single
            groups[producers].append(raw(folder, these, producers))
            with unsealed():
                spent, used = await grouped(folder, these, producers)
            bare[producers].append(spent)
            bare_cpu[producers].append(used)
            spent, used = await grouped(folder, these, producers)
            wall[producers].append(spent)
            cpu[producers].append(used)
    bar = median(limit)
    middle = {n: median(wall[n]) for n in PRODUCERS}
    return {
        "events": many,
        "rounds": rounds,
        "limit_events_per_s": round(1 / bar),
        "commit_each_events_per_s": round(1 / median(each)),
        "limit_in_groups_events_per_s": {str(n): round(1 / median(groups[n])) for n in PRODUCERS},
        "store_events_per_s": {str(n): round(1 / middle[n]) for n in PRODUCERS},
        "store_cpu_us_per_event": {str(n): round(1e6 * median(cpu[n]), 1) for n in PRODUCERS},
        "ratio_to_limit": {str(n): round(middle[n] / bar, 2) for n in PRODUCERS},
        "share_of_limit": {str(n): round(bar / middle[n], 3) for n in PRODUCERS},
        "share_of_limit_in_groups": {str(n): round(median(groups[n]) / middle[n], 2) for n in PRODUCERS},
        "gain_over_commit_each": {str(n): round(median(each) / middle[n], 2) for n in PRODUCERS},
        "unsealed_events_per_s": {str(n): round(1 / median(bare[n])) for n in PRODUCERS},
        "sealing_costs": {str(n): round(1 - median(bare[n]) / middle[n], 3) for n in PRODUCERS},
        "sealing_cpu_us_per_event": {
            str(n): round(1e6 * (median(cpu[n]) - median(bare_cpu[n])), 1) for n in PRODUCERS
        },
        "read": await reading(folder, PRODUCERS[-1]),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--json", action="store_true", help="end in one JSON object")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--events", type=int, default=20_000)
    options.add_argument("--folder", type=Path, default=Path(), help="on the disk to be measured")
    given = options.parse_args()
    with TemporaryDirectory(dir=given.folder, prefix="bench-store-") as folder:
        result = asyncio.run(measure(Path(folder), given.rounds, given.events))
    if given.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:28} {value}", file=sys.stdout)


if __name__ == "__main__":
    main()
