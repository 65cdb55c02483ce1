"""A program that bears judges under load, for `test_judge_kill.py` to kill.

Usage: python kill_nursery.py DATABASE
Each line on stdin is a seed: a child is forked that opens the store, goes on where the last one was killed,
and judges what a random street does, for ever; half of them are given other rules every few moments. It says
``pid N``, then ``told ID`` for every decision as soon as it may be told; when it is dead, the nursery says
``gone N``. Forking saves each child the imports and the compiling.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random

from engine.draft import Draft
from engine.judging.judge import Judge
from engine.judging.rulebook import Rulebook, bound, reopened
from engine.runtime.clock import SystemClock
from engine.store.db import open_store
from rules.compiler.compile import World, compile_rules
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Event, Kind

RULES = Path(__file__).with_name("kill_rules.yaml")
#: What other rule sets say instead: rules that mean something else, are told differently, or are gone.
EDITS = (
    (),
    (("for: 20ms", "for: 12ms"), ("within: 25ms", "within: 35ms")),
    (("name: lingers", "name: lingers-on"), ("above: 3", "above: 2")),
    (("name: quiet\n", "name: quiet\n    title: Quiet\n"), ("auto_clear: 50ms", "auto_clear: 70ms")),
)
_CHANGES = (Change.BEGAN, Change.GOES_ON, Change.GOES_ON, Change.GOES_ON, Change.ENDED)


def books() -> list[Rulebook]:
    """Return the rule sets that judges are given."""
    found = []
    for edits in EDITS:
        text = RULES.read_text()
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        files = [(RULES.name, text)]
        found.append(bound(files, World(), compile_rules(files, World())))
    return found


def say(word: str, what: object) -> None:
    """Write one short line at once: nothing waits in a buffer when the process is killed."""
    os.write(1, f"{word} {what}\n".encode())


def told(events: list[Event], decisions: list[Decision], _: object) -> None:
    """Say what became durable."""
    for decision in decisions:
        say("told", decision.id)


def happens(random: Random, clock: SystemClock) -> Draft:
    """Return something that a camera saw or a device said."""
    wall, camera = clock.now().wall, CameraId(f"c{random.randrange(3)}")
    change = random.choice(_CHANGES)
    if random.random() < 0.3:
        signal = random.choice(("door", "smoke"))
        who = {"who": random.choice(("An", "Lan", "Mai"))}
        return Draft(Kind.SIGNAL, change, camera, wall, subject=f"signal:{signal}", label=signal, facts=who)
    if random.random() < 0.03:
        until = (wall + timedelta(milliseconds=random.randrange(5, 200))).isoformat()
        facts = {"until": until, "by": "Lan", "why": "x", random.choice(("cameras", "rules")): "c1 both many"}
        return Draft(Kind.OPERATOR, Change.NOTED, None, wall, "operator:silence", "silence", facts=facts)
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


async def live(path: Path, seed: str, given: list[Rulebook]) -> None:
    """Judge until killed."""
    clock, random = SystemClock(), Random(seed)
    book = random.choice(given)
    async with open_store(path, quota_mb=256, clock=clock) as store:
        resume = await store.load()
        clock.resume(resume.mark)
        memory = Memory()
        memory.apply(resume.rows)
        before = None if resume.adopted is None else reopened(resume.adopted.body)
        judge = Judge(
            book, memory, store, clock, "site", _ids(seed), told,
            resume=resume, before=before, gap=clock.gap, random=random,
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            group.create_task(judge.run(), name="judge")
            if random.random() < 0.5:
                group.create_task(reload(judge, given, Random(seed)), name="reload")
            while True:
                for _ in range(random.randrange(8)):
                    await judge.offer(happens(random, clock))
                await asyncio.sleep(random.uniform(0.0, 0.004))


async def reload(judge: Judge, given: list[Rulebook], random: Random) -> None:
    """Give a judge other rules again and again."""
    while True:
        await judge.adopt(random.choice(given))
        await asyncio.sleep(random.uniform(0.0, 0.03))


def _ids(seed: str) -> Callable[[], str]:
    numbers = count()
    return lambda: f"{seed}-{next(numbers)}"


def main() -> None:
    given = books()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            asyncio.run(live(Path(sys.argv[1]), line.strip(), given))
        say("pid", child)
        os.waitpid(child, 0)
        say("gone", child)


if __name__ == "__main__":
    main()
