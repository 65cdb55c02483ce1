"""A replay is exact over crashes, a clock that is set, and rules that are read again."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from engine.clock import ManualClock
from engine.draft import Draft
from engine.intake import Arrival
from engine.judge import Judge, _adopting
from engine.replay import Recorded, Span, differ, replay
from engine.rulebook import Rulebook, bound
from engine.store.db import open_store
from engine.store.model import Resume
from rules.compile import World, compile_rules
from rules.memory import Memory
from rules.model import CameraId, Change, Kind

DUSK = datetime(2026, 3, 1, 14, 55, tzinfo=UTC)
RULES = """
rules:
  - {name: stays, when: {object: person, zone: gate}, for: 5s, cooldown: 20s}
  - {name: night, when: {object: person, score: {above: 0.5}}, between: 22:00-05:00, keep_firing_for: 7s}
  - {name: lost, when: {camera: lost}, for: 30s}
  - {name: gap, when: {engine: engine.gap}}
  - {name: nobody, when: {absent: {object: person, cameras: [c1, c2]}, for: 40s}}
  - {name: nobody-at-all, when: {absent: {object: person, cameras: [c1, c2]}, for: 3m, on_gap: fire}}
  - {name: few, when: {count: {object: person, cameras: c1, change: began}, below: 3, within: 50s}}
  - name: in-then-not-out
    when: {sequence: [{object: person, enters: gate}, {not: {object: person, leaves: gate}}], within: 9s}
  - {name: both, when: {all: [{object: person, zone: gate}, {motion: started}], within: 5s}}
  - {name: on-time, when: {at: ["22:00", "22:01", "22:03", "22:10", "22:30"]}}
  - {name: late, when: {at: ["22:00", "22:01", "22:03", "22:10", "22:30"], on_gap: fire}}
  - {name: often, when: {every: 1m}}
  - {name: again, when: {decision: [stays, night]}, for: 3s, escalate: {after: 30s, do: [log]}}
  - {name: cleared, when: {object: person, enters: gate}, auto_clear: 8s}
"""
OTHER = (
    RULES.replace("for: 5s", "for: 4s")
    .replace("name: few", "name: too-few")
    .replace("after: 30s", "after: 20s")
)


def book(text: str) -> Rulebook:
    return bound([("r.yaml", text)], World(), compile_rules([("r.yaml", text)], World()))


def some_draft(random: Random, wall: datetime) -> Draft:
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
        Kind.OBJECT, change, camera, wall, f"track:{random.randrange(3)}", "person", zones,
        round(random.random(), 2), facts=facts,
    )  # fmt: skip


@dataclass
class Life:
    """A judge that is driven turn by turn, over crashes."""

    path: Path
    random: Random
    clock: ManualClock = field(default_factory=lambda: ManualClock(DUSK, engine=50.0))
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    done: Counter[str] = field(default_factory=Counter)
    text: str = RULES

    async def run(self, gap: float) -> float:
        """Judge until something ends it; return how long nobody watches then."""
        async with open_store(self.path, quota_mb=64, clock=self.clock) as store:
            resume: Resume = await store.load()
            rows = [(each.rule, each.key, each.row) for each in resume.rows if each.row is not None]
            before = None if resume.adopted is None else Recorded(self.path).rules(resume.adopted.digest)
            judge = Judge(
                book(self.text), Memory(rows), store, self.clock, "s", lambda: f"id-{next(self.ids)}",
                lambda events, decisions: None, resume=resume, before=before, gap=gap,
            )  # fmt: skip
            await judge._keep(judge._turn(judge._first))
            for _ in range(self.random.randrange(5, 40)):
                await judge._keep(judge._turn(await self._arrivals()))
        down = self.random.choice([0.4, 3.0, 70.0, 1000.0])
        self.clock.advance(down)
        if self.random.random() < 0.3:
            self.text = self.random.choice([RULES, OTHER])
            self.done["other rules"] += 1
        if self.random.random() < 0.3:
            self._set_clock()
        self.done["crash"] += 1
        return down

    async def _arrivals(self) -> list[Arrival]:
        """Let some time pass; return what happened, with its moment."""
        arrivals: list[Arrival] = []
        for _ in range(self.random.randrange(4)):
            self.clock.advance(self.random.choice([0.0, 0.3, 1.1, 4.0, 13.0]))
            chance = self.random.random()
            if chance < 0.05:
                self._set_clock()
            elif chance < 0.1:
                self.text = self.random.choice([RULES, OTHER])
                arrivals.append((_adopting(book(self.text), self.clock.wall), self.clock.now()))
                self.done["reload"] += 1
            elif chance < 0.7:
                arrivals.append((some_draft(self.random, self.clock.wall), self.clock.now()))
        self.clock.advance(self.random.choice([0.0, 0.02, 2.0, 9.0]))
        return arrivals

    def _set_clock(self) -> None:
        self.clock.wall += timedelta(seconds=self.random.choice([-3600, -61, -5, -0.7, 0.7, 5, 61, 3600]))
        self.done["clock"] += 1


@pytest.mark.parametrize("seed", range(6))
async def test_what_was_lived_is_lived_again(tmp_path: Path, seed: int) -> None:
    life, gap = Life(tmp_path / "matthan.db", Random(seed)), 0.0
    for _ in range(4):
        gap = await life.run(gap)
    recorded = Recorded(life.path)
    live = recorded.decisions(Span())
    first = recorded.rules_at(None) or book(RULES).rules
    again = replay(first, recorded.arrivals(Span()), end=recorded.end(), library=recorded.rules)
    found = differ(live, again.decisions)
    assert not found, (life.done, found.moved[:3], found.gone[:3], found.new[:3])
    assert [made.id for made in again.decisions] == [made.id for made in live]
    assert max(
        abs(was.since - now.since) for was, now in zip(live, again.decisions, strict=True)
    ) < timedelta(milliseconds=2)
    assert len(live) > 30
    assert life.done["crash"] == 4
