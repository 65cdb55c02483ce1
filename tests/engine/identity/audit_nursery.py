"""A program that records what people do, for `test_audit_log.py` to kill.

Usage: python audit_nursery.py STATE SEED
It says ``told NAME`` for each record as soon as it may be answered. Now and then its disk is full for a while.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from pathlib import Path
from random import Random

from uuid_utils import uuid7

from engine.errors import StoreFull
from engine.identity.audit_log import AuditLog
from engine.identity.record import AuditRecord, Deed
from engine.identity.spool import Spool
from engine.judging.judge import Judge
from engine.judging.rulebook import bound
from engine.runtime.clock import SystemClock
from engine.store.db import Store, open_store
from engine.store.model import Verdict
from rules.compiler.compile import World
from rules.compiler.ruleset import RuleSet
from rules.memory import Memory


class Moody:
    """A store whose disk is full now and then."""

    def __init__(self, store: Store, random: Random) -> None:
        self._store, self._random = store, random
        self._full = 0

    async def commit(self, verdict: Verdict) -> None:
        if not self._full and self._random.random() < 0.02:
            self._full = 3
        if self._full:
            self._full -= 1
            raise StoreFull("no room")
        await self._store.commit(verdict)


async def live(state: Path, seed: str) -> None:
    clock, random = SystemClock(), Random(seed)
    async with open_store(state / "matthan.db", quota_mb=64, clock=clock) as store:
        resume = await store.load()
        clock.resume(resume.mark)
        audits: list[AuditLog] = []
        judge = Judge(
            bound([], World(), RuleSet()), Memory(), Moody(store, random), clock, "site", lambda: str(uuid7()),
            lambda *_: None, resume=resume, recorded=lambda records: audits[0].kept(records),
        )  # fmt: skip
        audits.append(AuditLog(judge.offer, clock, lambda: str(uuid7()), Spool(state), store.known_records))
        numbers = count()

        async def do() -> None:
            while True:
                name = f"{seed}-{next(numbers)}"
                await audits[0].record(AuditRecord(Deed.PTZ, who="an", about={"name": name}))
                os.write(1, f"told {name}\n".encode())

        async with asyncio.TaskGroup() as group:
            group.create_task(judge.run(), name="judge")
            group.create_task(audits[0].run(), name="audit")
            for _ in range(4):
                group.create_task(do(), name="do")


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2]))
