"""Random lives of a judge over a store: everything that may come between an event and its decision, close together.

A life is a few runs. Each ends in one of the ways in which a process can end; what is left is the store alone.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import aiosqlite

from engine.draft import Draft
from engine.judging.intake import Arrival
from engine.judging.judge import Judge, _adopting
from engine.judging.replay import Recorded
from engine.judging.rulebook import Rulebook, bound
from engine.runtime.clock import ManualClock, Mark
from engine.store.db import Store, open_store
from engine.store.model import Resume
from rules.compiler.compile import World, compile_rules
from rules.document.errors import RuleError
from rules.evaluator.evaluator import ACKNOWLEDGE, UNACKNOWLEDGE
from rules.memory import Memory
from rules.model import CameraId, Change, DecisionId, Fact, Instant, Kind, Phase
from rules.silence import SILENCE, UNSILENCE

DUSK = datetime(2026, 3, 1, 14, 55, tzinfo=UTC)
#: Around 22:00 at the site, where its hours begin; every kind of rule, every kind of timer.
RULES = """
rules:
  - {name: stays, when: {object: person, zone: gate}, for: 5s, cooldown: 20s}
  - {name: night, when: {object: person, score: {above: 0.5}}, between: 22:00-05:00, keep_firing_for: 7s}
  - {name: lost, when: {camera: lost}, for: 30s, escalate: {after: 1m, do: [log]}}
  - {name: gap, when: {engine: engine.gap}}
  - {name: set, when: {engine: [engine.clock, engine.rules]}}
  - {name: nobody, when: {absent: {object: person, cameras: [c1, c2]}, for: 40s}}
  - {name: nobody-at-all, when: {absent: {object: person, cameras: [c1, c2]}, for: 3m, on_gap: fire}}
  - {name: nobody-at-night, when: {absent: {object: dog, cameras: c1}, for: 20s}, between: 22:00-23:50}
  - {name: not-after, when: {absent: {object: dog}, after: {object: person, enters: gate}, for: 6s, on_gap: fire}}
  - {name: few, when: {count: {object: person, cameras: c1, change: began}, below: 3, within: 50s}}
  - {name: few-at-night, when: {count: {object: dog, cameras: c1}, below: 2, within: 20s, on_gap: fire},
     between: 22:01-22:20}
  - {name: many, when: {count: {object: any}, above: 3, within: 20s, distinct: none}, keep_firing_for: 5s}
  - {name: burst, when: {count: {motion: started}, above: 2, within: 30s, window: tumbling, by: site}}
  - name: in-then-not-out
    when: {sequence: [{object: person, enters: gate}, {not: {object: person, leaves: gate}}], within: 9s}
  - {name: order, when: {sequence: [{object: dog}, {object: person, if: "since(1) >= 0.5"}], within: 20s}}
  - {name: both, when: {all: [{object: person, zone: gate}, {motion: started}], within: 5s}}
  - {name: together, when: {all: [{object: person}, {object: dog}]}, for: 2s}
  - {name: on-time, when: {at: ["22:00", "22:01", "22:03", "22:10", "22:30"]}}
  - {name: late, when: {at: ["22:00", "22:01", "22:03", "22:10", "22:30"], on_gap: fire}}
  - {name: often, when: {every: 1m}}
  - {name: again, when: {decision: [stays, night]}, for: 3s, escalate: {after: 30s, do: [log]}}
  - {name: cleared, when: {object: person, enters: gate}, auto_clear: 8s, escalate: {after: 12s, do: [log]}}
  - {name: crowded, when: {object: any}, for: 15s, limit: 2, cooldown: {time: 30s, per: rule}}
  - {name: asked, when: {operator: call}, escalate: {after: 10s, do: [log]}}
  - {name: unless-called, when: {object: person}, unless: {happened: {operator: call}, within: 40s}, for: 1s}
  - {name: unless-a-dog, when: {object: person, zone: gate}, unless: {happened: {object: dog}, within: 15s},
     severity: critical, tags: [t]}
  - {name: unless-it-moves, when: {object: person}, unless: {happened: {motion: started}, by: site}, cooldown: 5s}
  - name: one-and-not
    when: {all: [{any: [{object: person}, {motion: started}]}, {object: dog}, {not: {object: person, zone: gate}}]}
  - {name: motionless, when: {all: [{object: person}, {not: {motion: started}}], within: 6s},
     escalate: {after: 9s, do: [log]}}
  - {name: in-the-shift, when: {absent: {object: person, cameras: c1}, for: 45s, within_hours: true},
     between: 22:00-23:30}
  - {name: works, when: {object: any}, severity: critical, tags: [t],
     suspend: [{between: "22:01-22:03", why: works}, {between: "22:05-22:06", why: more}]}
  - {name: gauge, when: {object: person}, if: score > 0.7, until: score < 0.2, escalate: [
     {after: 10s, do: [log]}, {after: 25s, tell: somebody, every: 20s}]}
  - {name: mean, when: {object: any}, if: "avg(score, '30s') > 0.6 or delta(score, '20s') > 0.5"}
  - {name: higher, when: {object: dog}, if: score > earlier(score)}
  - {name: balance, when: {every: 1m}, if: "counted('into') > counted('into', '40s') + 1"}
  - {name: of-it, when: {object: dog, zone: gate}, tags: hushed, for: 1s}
counters:
  into: {count: {object: person, enters: gate}, since: "22:02"}
receivers:
  somebody: {do: [log], between: "22:00-22:10", resolved: true}
routes: [{tags: t, to: somebody}]
inhibit: [{by: {rules: motionless}, of: {tags: hushed}, same: camera}]
maintenance:
  stage: {cameras: c2, between: "22:02-22:04", why: a stage}
duty: {shifts: ["22:00", "22:02", "22:30"]}
"""
#: Means something else in places.
OTHER = (
    RULES.replace("for: 5s", "for: 4s")
    .replace("name: few,", "name: too-few,")
    .replace("after: 30s", "after: 20s")
    .replace('"22:03"', '"22:04"')
    .replace("above: 3, within: 20s", "above: 2, within: 20s")
)
#: Means the same, told otherwise.
EDITED = RULES.replace("for: 5s", 'for: 5s, title: "Stays"').replace("limit: 2", "limit: 3, severity: info")
#: Without much of it.
GONE = tuple(f"  - {{name: {name}" for name in ("n", "t", "again", "on-time"))
LESS = "\n".join(line for line in RULES.splitlines() if not line.startswith(GONE))
BAD = RULES.replace("for: 5s", "for: 5 parsecs")

#: How far a clock is set, in seconds: from what is no step yet to a month.
SET = [0.03, 0.7, 1, 2.5, 5, 61, 600, 3600, 4 * 3600, 86400, 30 * 86400]
DOWN = [0.0, 0.4, 3.0, 70.0, 1000.0, 4000.0]


#: What may happen to a life.
EVERYTHING = {
    "stopped", "crash", "crash before it was kept", "killed at once", "reboot", "other rules at a start", "reload",
    "same rules", "bad rules", "clock", "out of order", "answer lost", "acknowledged", "taken back", "another version",
    "silenced", "unsilenced",
}  # fmt: skip


@cache
def book(text: str) -> Rulebook:
    return bound([("r.yaml", text)], World(), compile_rules([("r.yaml", text)], World()))


class Wall(ManualClock):
    """A clock whose two sides are not read quite together, and do not run quite alike."""

    def __init__(self, random: Random) -> None:
        super().__init__(DUSK, engine=random.choice([50.0, 1234567.891]))
        self._random, self._boot = random, "boot"
        self._jitter = random.choice([0.0, 0.0, 0.0004, 0.04])
        self._drift = random.choice([0.0, 0.0, 0.0, 1e-5, -4e-4])

    def now(self) -> Instant:
        read = super().now()
        return Instant(read.wall + timedelta(seconds=self._random.random() * self._jitter), read.engine)

    def mark(self) -> Mark:
        read = self.now()
        return Mark(read.engine, read.engine, self._boot, read.wall)

    def advance(self, seconds: float) -> Instant:
        self.wall += timedelta(seconds=seconds * self._drift)
        return super().advance(seconds)

    def resume(self, mark: Mark | None, boots: bool) -> float:
        """Go on from a mark as the system's clock does; return how long nobody watched."""
        if mark is None:
            return 0.0
        if boots:  # engine time is carried by the wall clock, which may have been set
            self.engine = mark.engine + max(0.0, (self.wall - mark.wall).total_seconds())
        self.engine = max(self.engine, mark.engine)
        return self.engine - mark.engine


def some_draft(random: Random, wall: datetime) -> Draft:
    """Return what a camera, a device or a person says; its own clock may be off, and it may come late."""
    wall -= timedelta(seconds=random.choice([0.0, 0.0, 0.2, 7.0, -3.0]))
    camera = CameraId(random.choice(["c1", "c2"]))
    change = random.choice([Change.BEGAN, Change.GOES_ON, Change.GOES_ON, Change.ENDED])
    if random.random() < 0.1:
        label, told = random.choice([("lost", Change.ENDED), ("online", Change.BEGAN)])
        return Draft(Kind.CAMERA, told, camera, wall, subject="camera", label=label)
    if random.random() < 0.2:
        return Draft(Kind.MOTION, change, camera, wall, subject="motion", score=0.1)
    facts = {random.choice(["entered", "left"]): "gate"} if random.random() < 0.5 else {}
    zones = random.choice([("gate",), ()])
    return Draft(
        Kind.OBJECT, change, camera, wall, f"track:{random.randrange(4)}",
        random.choice(["person", "person", "dog"]), zones, round(random.random(), 2), facts=facts,
    )  # fmt: skip


def act(name: str, wall: datetime, **facts: Fact) -> Draft:
    return Draft(Kind.OPERATOR, Change.NOTED, None, wall, f"operator:{name}", name, facts=facts)


@dataclass
class Life:
    """A judge that is driven turn by turn, over crashes.

    Attributes:
        done: What happened to it.
    """

    path: Path
    seed: int
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.clock = Wall(self.random)
        self.text = RULES
        self._ids: Iterator[int] = itertools.count(1)
        self._told: deque[DecisionId] = deque(maxlen=6)
        self._taken: deque[DecisionId] = deque(maxlen=3)
        self._silent: deque[str] = deque(maxlen=3)
        self._late: list[Arrival] = []
        self._boots = False

    async def run(self, last: bool) -> None:
        """Judge until something ends it; then nobody watches for a while."""
        async with open_store(self.path, quota_mb=64, clock=self.clock) as store:
            resume: Resume = await store.load()
            judge = self._judge(store, resume)
            if not last and self.random.random() < 0.05:
                self.done["killed at once"] += 1
                return
            await judge._keep(judge._turn(judge._first))
            for _ in range(self.random.choice([0, 1, 5, 20, 40])):
                await self._turn(judge, store)
            await self._end(judge, store)
        await self._down()

    def _judge(self, store: Store, resume: Resume) -> Judge:
        rows = [(each.rule, each.key, each.row) for each in resume.rows if each.row is not None]
        adopted = resume.adopted
        before = None if adopted is None else Recorded(self.path).rules(adopted.digest)
        gap = self.clock.resume(resume.mark, self._boots)
        return Judge(
            book(self.text), Memory(rows), store, self.clock, "s", lambda: f"id-{next(self._ids)}",
            lambda *_: None, resume=resume, before=before, gap=gap,
            bridged=gap if self._boots else 0.0,
        )  # fmt: skip

    async def _turn(self, judge: Judge, store: Store) -> None:
        verdict = judge._turn(self._arrivals())
        self._told.extend(made.id for made in verdict.decisions if made.phase is Phase.FIRING)
        if self.random.random() < 0.05:  # kept, but the answer was lost: it is kept again
            await store.commit(verdict)
            self.done["answer lost"] += 1
        await judge._keep(verdict)

    async def _end(self, judge: Judge, store: Store) -> None:
        how = self.random.random()
        if how < 0.3:
            self.clock.advance(self.random.choice([0.0, 0.3, 9.0]))
            if self.random.random() < 0.2:
                self._set_clock()
            await store.close_cleanly(judge.left_off())
            self.done["stopped"] += 1
        elif how < 0.65:
            judge._turn(self._arrivals())  # judged, and never kept
            self.done["crash before it was kept"] += 1
        else:
            self.done["crash"] += 1

    async def _down(self) -> None:
        self.clock.advance(self.random.choice(DOWN))
        self._late.clear()
        self._boots = self.random.random() < 0.3
        self.done["reboot"] += self._boots
        if self.random.random() < 0.4:
            self.text = self.random.choice([RULES, OTHER, EDITED, LESS])
            self.done["other rules at a start"] += 1
        if self.random.random() < 0.4:
            self._set_clock()
        if self.random.random() < 0.04:
            await self._of_another_version()

    async def _of_another_version(self) -> None:
        """Let what rules remember be of a program that this one does not know."""
        async with aiosqlite.connect(self.path) as db:
            await db.execute("UPDATE meta SET value = '999' WHERE key = 'memory'")
            await db.commit()
        self.done["another version"] += 1

    def _arrivals(self) -> list[Arrival]:
        """Let some time pass; return what happened, with its moment."""
        arrivals, self._late = self._late, []
        for _ in range(self.random.randrange(5)):
            step = self.random.choice([0.0, 0.3, 1.1, 4.0, 13.0, self.random.expovariate(1.0)])
            self.clock.advance(step)
            if self.random.random() < 0.06:
                self._set_clock()
            if (draft := self._draft()) is not None:
                arrivals.append((draft, self.clock.now()))
        self.clock.advance(self.random.choice([0.0, 0.02, 2.0, 9.0]))
        if len(arrivals) > 1 and self.random.random() < 0.2:  # another thread was faster
            self.random.shuffle(arrivals)
            self.done["out of order"] += 1
        if arrivals and self.random.random() < 0.1:
            self._late.append(arrivals.pop())
        return arrivals

    def _draft(self) -> Draft | None:
        wall, chance = self.clock.wall, self.random.random()
        if chance < 0.06:
            return self._reload()
        if chance < 0.2:
            return self._act(wall)
        return some_draft(self.random, wall) if chance < 0.75 else None

    def _reload(self) -> Draft | None:
        text = self.random.choice([RULES, OTHER, EDITED, LESS, BAD, self.text])
        try:
            adopting = _adopting(book(text), self.clock.wall)
        except RuleError:
            self.done["bad rules"] += 1
            return None
        self.done["same rules" if text == self.text else "reload"] += 1
        self.text = text
        return adopting

    def _act(self, wall: datetime) -> Draft:
        kind = self.random.choice(["call", ACKNOWLEDGE, ACKNOWLEDGE, UNACKNOWLEDGE, SILENCE, UNSILENCE])
        if kind == SILENCE:
            return self._silence(wall)
        if kind == UNSILENCE and self._silent:
            self.done["unsilenced"] += 1
            return act(kind, wall, silence=self.random.choice(self._silent), by="Lan")
        if kind == ACKNOWLEDGE and self._told:
            self._taken.append(self.random.choice(self._told))
            self.done["acknowledged"] += 1
            return act(kind, wall, decision=self._taken[-1], by="Lan")
        if kind == UNACKNOWLEDGE and self._taken:
            self.done["taken back"] += 1
            return act(kind, wall, decision=self.random.choice(self._taken), by="Lan")
        return act("call", wall, by="Lan")

    def _silence(self, wall: datetime) -> Draft:
        what = self.random.choice(
            [{"rules": "stays lost"}, {"cameras": "c1"}, {"tags": "t"}, {"cameras": "c2", "zones": "gate"}]
        )
        until = wall + timedelta(seconds=self.random.choice([5, 30, 200, 5000]))
        draft = replace(
            act(SILENCE, wall, until=until.isoformat(), by="Lan", why="x", **what),
            id=f"silence-{next(self._ids)}",
        )
        self._silent.append(draft.id)
        self.done["silenced"] += 1
        return draft

    def _set_clock(self) -> None:
        for _ in range(self.random.choice([1, 1, 2])):
            self.clock.wall += timedelta(seconds=self.random.choice(SET) * self.random.choice([1, -1]))
            self.done["clock"] += 1


async def lived(path: Path, seed: int, runs: int = 4) -> Life:
    """Live through some runs."""
    life = Life(path, seed)
    for number in range(1, runs + 1):
        await life.run(last=number == runs)
    return life
