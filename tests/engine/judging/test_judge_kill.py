"""``kill -9`` at random instants under load: no decision is lost, none is made twice, every timer goes on.

The reference is a replay of the event log that the killed judges left, in one go, through the evaluator
alone. Whatever a kill did to a decision, a timer or an action that was due would show as a difference. Judges start
with other rules than the last one had, and some are given others while they judge: the log must tell that too.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, pairwise
from pathlib import Path
from random import Random

import pytest

from engine.judging.judge import Judge
from engine.judging.rulebook import Rulebook, bound, reopened
from engine.runtime.clock import ManualClock
from engine.store import codec
from engine.store.db import Store, open_store
from engine.store.model import Resume, Withdrawal, duty_of, wants_eyes
from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.explain.playback import Arrival, Playback
from rules.memory import Memory
from rules.model import Decision, Instant, Phase

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
#: Most seconds that a child may take to say its next word, on a machine that is busy with other things.
PATIENCE = 60.0


@dataclass
class Nursery:
    """The program that bears judges, and every decision that they told."""

    process: asyncio.subprocess.Process
    told: list[str] = field(default_factory=list)

    async def word(self) -> tuple[str, str]:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = (await self.process.stdout.readline()).decode()
        word, _, what = line.strip().partition(" ")
        if word == "told":
            self.told.append(what)
        return word, what

    async def kill_one(self, seed: str, random: Random) -> None:
        """Bear a judge and kill it: within its start, or after some decisions and a little more."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seed}\n".encode())
        word, pid = await self.word()
        assert word == "pid", f"{word} {pid}"
        if random.random() < 0.7:
            enough = len(self.told) + random.randrange(1, 40)
            while len(self.told) < enough:
                assert await self.word() != ("gone", pid), "the judge ended by itself"
            await asyncio.sleep(random.uniform(0, 0.005))
        else:
            await asyncio.sleep(random.uniform(0, 0.1))
        os.kill(int(pid), signal.SIGKILL)
        while (await self.word())[0] != "gone":
            pass


@asynccontextmanager
async def nursery(database: Path) -> AsyncIterator[Nursery]:
    path = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        _HERE / "kill_nursery.py",
        database,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def rules() -> Rulebook:
    file = _HERE / "kill_rules.yaml"
    files = [(file.name, file.read_text())]
    return bound(files, World(), compile_rules(files, World()))


async def turn(database: Path) -> Resume:
    """Judge one event on a clock that stands where the last mark was made; return what is remembered then.

    After the last kill everything that was due is told by it.
    """
    clock = ManualClock(datetime.now(UTC))
    async with open_store(database, quota_mb=256, clock=clock) as store:
        resume = await store.load()
        clock.engine = 0.0 if resume.mark is None else resume.mark.engine
        await _one_turn(store, clock, resume)
        return await store.load()


async def _one_turn(store: Store, clock: ManualClock, resume: Resume) -> None:
    memory = Memory()
    memory.apply(resume.rows)
    done = asyncio.Event()
    ids = (f"turn-{resume.last_seq}-{number}" for number in count())
    before = None if resume.adopted is None else reopened(resume.adopted.body)
    judge = Judge(
        rules(), memory, store, clock, "site", lambda: next(ids), lambda *_: done.set(),
        resume=resume, before=before,
    )  # fmt: skip
    async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE):
        running = group.create_task(judge.run(), name="judge")
        await done.wait()
        running.cancel()


@dataclass
class Kept:
    """What is in the database, in order."""

    arrivals: list[Arrival]
    decisions: list[Decision]
    calls: list[tuple[str, int]]
    log: list[int]
    rules: dict[str, RuleSet]
    unseen: dict[str, bool]


def kept(database: Path) -> Kept:
    with sqlite3.connect(database) as db:  # the texts are the codec's own (S608)
        events = db.execute("SELECT " + codec.EVENT + " FROM event ORDER BY seq").fetchall()  # noqa: S608
        decisions = db.execute("SELECT " + codec.DECISION + " FROM decision ORDER BY n").fetchall()  # noqa: S608
        calls = db.execute("SELECT subject, nth FROM outbox ORDER BY id").fetchall()
        log = [seq for (seq,) in db.execute("SELECT seq FROM log ORDER BY seq")]
        bodies = db.execute("SELECT digest, body FROM ruleset").fetchall()
        unseen = db.execute("SELECT decision, ended IS NOT NULL FROM attention WHERE seen IS NULL").fetchall()
    db.close()
    logged = [(event, event.judged or 0.0) for event in map(codec.event_of, events)]
    return Kept(
        arrivals=[Arrival(event, Instant(event.received_at, engine)) for event, engine in logged],
        decisions=[codec.decision_of(row) for row in decisions],
        calls=calls,
        log=log,
        rules={digest: reopened(body) for digest, body in bodies},
        unseen={decision: bool(ended) for decision, ended in unseen},
    )


def waiting(left: Kept) -> dict[str, bool]:
    """Return what the log says that nobody has seen, and whether it ended."""
    duties = [duty for arrival in left.arrivals if (duty := duty_of(arrival.event)) is not None]
    seen = {duty.decision for duty in duties if not isinstance(duty, Withdrawal)}
    over = {made.alert for made in left.decisions if made.phase is Phase.RESOLVED}
    return {made.id: made.id in over for made in left.decisions if wants_eyes(made) and made.id not in seen}


async def killed(database: Path, kills: int, seed: int) -> None:
    """Kill that many judges in a row, and hold what they left against the reference."""
    random = Random(seed)
    async with nursery(database) as born:
        for number in range(kills):
            await born.kill_one(f"{seed}-{number}", random)
    resume = await turn(database)
    left = kept(database)

    reference = Playback(RuleSet(), library=left.rules.get)
    expected = list(reference.all(left.arrivals))
    assert left.decisions == expected
    assert left.calls == [(made.id, nth) for made in left.decisions for nth in range(len(made.actions))]
    assert left.log == list(range(1, len(left.arrivals) + len(left.decisions) + 1))
    assert set(born.told) <= {made.id for made in left.decisions}, "told, and then lost"
    assert len(born.told) == len(set(born.told)), "told twice"
    assert left.unseen == waiting(left), "a queue that says something else than the log"
    assert {*left.unseen.values()} == {True, False}
    remembered = {(change.rule, change.key): change.row for change in resume.rows}
    assert remembered == {(rule, key): row for rule, key, row in reference.memory.rows()}
    gaps = sum(arrival.event.label == "engine.gap" for arrival in left.arrivals)
    assert kills // 3 <= gaps <= kills + 1  # some were killed before they had begun
    labels = [arrival.event.label for arrival in left.arrivals]
    follows = [after for before, after in pairwise(labels) if before == "engine.rules"]
    assert follows.count("engine.gap") > kills // 8, "restarts with other rules"
    assert len(follows) - follows.count("engine.gap") > kills // 8, "reloads under way"
    assert {made.phase for made in left.decisions} == set(Phase)
    assert len({made.rule for made in left.decisions}) > 10


async def test_25_kills(tmp_path: Path) -> None:
    await killed(tmp_path / "m.db", 25, seed=25)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10))
async def test_1000_kills(tmp_path: Path, seed: int) -> None:
    await killed(tmp_path / "m.db", 100, seed)
