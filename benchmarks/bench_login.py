"""What logging in costs, and whether its time tells who is registered.

    python benchmarks/bench_login.py --json

Wrong passwords for a name that exists and for one that does not, in pairs, over the real store at the real cost of a
password: medians of their CPU and of their time. The bar is a difference of 5 % at most. Besides: what a look at
somebody's grants costs, of a site with many people, and how long a stream outlives the grant that allowed it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from secrets import token_bytes
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from engine.identity.entry.porter import Porter
from engine.identity.lasting import LOOK, NoLonger, lasting
from engine.identity.people.registry import Wrong
from engine.identity.permission import Permission, Role
from engine.identity.place import Place
from engine.identity.record import AuditRecord
from engine.runtime import log
from engine.runtime.clock import ManualClock
from engine.store.db import open_store

#: Somebody's right password, and a wrong one.
RIGHT, WRONG = "cong sau khoa luc nua dem", "ba con meo tren mai ton"
PEOPLE, GRANTS_EACH = 300, 5


class Nobody:
    """Implements `engine.identity.record.Auditor`: what logins cost without their records."""

    def check(self) -> None:
        """Everything may be done."""

    async def record(self, record: AuditRecord) -> None:
        """Keep nothing."""


async def timed(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the CPU and the time that something takes, in milliseconds."""
    cpu, began = process_time(), perf_counter()
    await work()
    return (process_time() - cpu) * 1e3, (perf_counter() - began) * 1e3


async def alternating(door: Porter, clock: ManualClock, rounds: int) -> dict[str, dict[str, float]]:
    """Return medians of wrong passwords for somebody and for nobody, in pairs."""
    found: dict[str, list[tuple[float, float]]] = {"known": [], "unknown": []}

    async def guess(name: str) -> None:
        try:
            await door.login(name, WRONG, "192.0.2.1")
        except Wrong:
            return
        raise AssertionError("let in")

    random = Random(1)
    for turn in range(rounds + 1):
        pair = random.sample(("known", "unknown"), 2)  # so that what comes every so many commits meets either
        for kind in pair:
            measured = await timed(partial(guess, "an" if kind == "known" else "em"))
            clock.advance(3601)  # so that nobody is locked out
            await door.attempts.sweep()
            if turn:  # the first warms up
                found[kind].append(measured)
    return dict(_compared(found))


def _compared(found: Mapping[str, list[tuple[float, float]]]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield medians, and that of how many times the other each of a pair is: others' load is on both."""
    for place, unit in enumerate(("cpu_ms", "ms")):
        known, unknown = ([each[place] for each in found[kind]] for kind in ("known", "unknown"))
        ratio = median(other / one for one, other in zip(known, unknown, strict=True))
        yield unit, {
            "known": round(median(known), 2), "unknown": round(median(unknown), 2), "ratio": round(ratio, 4),
        }  # fmt: skip


async def looks(door: Porter) -> float:
    """Return the microseconds of a look at what somebody may, of a site with many people."""
    book = door.book
    for number in range(PEOPLE):
        await book.add(f"p{number}", f"Person {number}", by="bench")
        for camera in range(GRANTS_EACH):
            await book.give(book.granted(f"p{number}", Role.OFFICER, Place.read(f"camera:c{camera}")))
    count = 20_000
    began = process_time()
    for number in range(count):
        book.rule(f"p{number % PEOPLE}", Permission.LIVE, f"c{number % 8}")
    return round((process_time() - began) / count * 1e6, 1)


async def outlives(door: Porter, rounds: int) -> float:
    """Return the longest milliseconds for which something lasted after its grant was taken back."""
    book, found = door.book, list[float]()
    for _ in range(rounds):
        grant = await book.give(book.granted("an", Role.VIEWER))
        try:
            async with lasting(lambda: book.rule("an", Permission.LIVE, "gate")):
                await asyncio.sleep(LOOK * 0.37)
                await book.take(grant.id)
                began = perf_counter()
                await asyncio.Event().wait()
        except NoLonger:
            found.append((perf_counter() - began) * 1e3)
    return round(max(found), 1)


async def measure(rounds: int) -> dict[str, object]:
    """Return all figures."""
    clock = ManualClock(datetime.now(UTC), engine=1000.0)
    with TemporaryDirectory() as folder:
        async with open_store(Path(folder) / "m.db", quota_mb=64, clock=clock) as store:
            door = Porter.of(store, clock, token_bytes, Nobody(), zone=UTC, groups=lambda _: ())
            await door.book.add("an", "An", by="bench")
            await door.book.set_password("an", await door._passwords.make(RIGHT))
            return {
                "bench": "login",
                **await alternating(door, clock, rounds),
                "look_us": await looks(door),
                "outlives_its_grant_ms": await outlives(door, 5),
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    log.configure("error", json=True)
    told = asyncio.run(measure(given.rounds))
    json.dump(told, sys.stdout, indent=None if given.json else 2)
    print()


if __name__ == "__main__":
    main()
