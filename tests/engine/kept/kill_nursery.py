"""A program that bears judges under load, for `test_judge_kill.py` to kill.

Usage: python kill_nursery.py DATABASE
Each line on stdin is a seed: a child is forked that opens the store, goes on where the last one was killed,
and judges what a random street does, for ever. It says ``pid N``, then ``told ID`` for every decision as soon as
it may be told; when it is dead, the nursery says ``gone N``. Forking saves each child the imports.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

from engine.clock import SystemClock
from engine.draft import Draft
from engine.judge import Judge
from engine.store.db import open_store
from rules.compile import World, compile_rules
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Event, Kind

RULES = Path(__file__).with_name("kill_rules.yaml")
_CHANGES = (Change.BEGAN, Change.GOES_ON, Change.GOES_ON, Change.GOES_ON, Change.ENDED)


def say(word: str, what: object) -> None:
    """Write one short line at once: nothing waits in a buffer when the process is killed."""
    os.write(1, f"{word} {what}\n".encode())


def told(events: list[Event], decisions: list[Decision]) -> None:
    """Say what became durable."""
    for decision in decisions:
        say("told", decision.id)


def happens(random: Random, clock: SystemClock) -> Draft:
    """Return something that a camera saw or a device said."""
    wall, camera = clock.now().wall, CameraId(f"c{random.randrange(3)}")
    change = random.choice(_CHANGES)
    if random.random() < 0.3:
        signal = random.choice(("door", "smoke"))
        return Draft(Kind.SIGNAL, change, camera, wall, subject=f"signal:{signal}", label=signal)
    track = random.randrange(4)
    label = random.choice(("person", "person", "car"))
    zones = random.choice(((), ("gate",), ("gate", "road")))
    return Draft(
        Kind.OBJECT,
        change,
        camera,
        wall,
        subject=f"track:{track}",
        label=label,
        zones=zones,
        score=random.random(),
    )


async def live(path: Path, seed: str) -> None:
    """Judge until killed."""
    clock, random = SystemClock(), Random(seed)
    rules = compile_rules([(RULES.name, RULES.read_text())], World())
    async with open_store(path, quota_mb=256, clock=clock) as store:
        resume = await store.load()
        clock.resume(resume.mark)
        memory = Memory()
        memory.apply(resume.rows)
        judge = Judge(
            rules, memory, store, clock, "site", _ids(seed), told, resume=resume, gap=clock.gap, random=random
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(judge.run(), name="judge")
            while True:
                for _ in range(random.randrange(8)):
                    await judge.offer(happens(random, clock))
                await asyncio.sleep(random.uniform(0.0, 0.004))


def _ids(seed: str) -> Callable[[], str]:
    numbers = count()
    return lambda: f"{seed}-{next(numbers)}"


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            asyncio.run(live(Path(sys.argv[1]), line.strip()))
        say("pid", child)
        os.waitpid(child, 0)
        say("gone", child)


if __name__ == "__main__":
    main()
