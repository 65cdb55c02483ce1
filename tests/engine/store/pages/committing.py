"""A program that fills a store as fast as it can, with a checkpoint every few pages, for whoever wants to kill it."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from uuid_utils import uuid7

from engine.runtime.clock import SystemClock
from engine.store.db import Store, open_store
from engine.store.journal import ailing
from engine.store.model import Verdict
from engine.store.pages import open_pages
from rules.model import Change, Event, EventId, Kind


def said(word: str) -> None:
    """Tell whoever reads."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(path: Path, pages: int, quota_mb: int, padding: int, commits: int) -> None:
    """Open the store, commit so often, close it; say what is found and done."""
    open_pages.CHECKPOINT_PAGES = pages
    clock = SystemClock()
    said("opening")
    async with open_store(path, quota_mb=quota_mb, clock=clock) as store:
        resume = await store.load()
        troubles = {each.code for each in ailing(store)} - {"store.forgotten", "store.given_up"}
        said(f"found {resume.damage} {sorted(troubles)}")
        numbers = count(resume.last_seq + 1)
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(_work(store, clock, numbers, padding, commits // 4))
        said(f"wrong {store.scrub.wrong}")
        said("closing")
        await store.close_cleanly(clock.mark())
    said("closed")


async def _work(store: Store, clock: SystemClock, numbers: count[int], padding: int, commits: int) -> None:
    for seq, _ in zip(numbers, range(commits), strict=False):
        at, facts = datetime.now(UTC), {"x": str(seq % 10) * (seq % 7 * padding)}
        event = Event(EventId(str(uuid7())), "s", seq, Kind.MOTION, Change.BEGAN, None, at, at, facts=facts)
        await store.commit(Verdict((event,), (), (), (), clock.mark()))
        said("committed")
        if not seq % 5:
            await store.scrub.step()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
