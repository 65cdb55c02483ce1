"""Plates and tracks that nobody has ever seen before, without end: what rules remember stays as large as it is."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import step, ticks
from rules.memory import Memory
from rules.model import CameraId, Change, Event, EventId, Instant, Kind

START = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
#: Rules that remember something of each subject, every way of remembering once; `within` is longer than anything lasts.
RULES = """
rules:
  - {name: stays, when: {object: any}, for: 1h, limit: LIMIT}
  - {name: again, when: {object: any}, cooldown: {time: 1d, per: subject}, limit: LIMIT}
  - {name: asked, when: {object: any}, escalate: {after: 1d, do: [log]}, limit: LIMIT}
  - {name: two, when: {all: [{object: any}, {motion: started}], within: 1h}, limit: LIMIT}
  - {name: unless, when: {object: any}, unless: {happened: {plate: any}, within: 1d, by: site}, limit: LIMIT}
  - {name: unless-it, when: {plate: any, cameras: b},
     unless: {happened: {plate: any, cameras: a}, within: 1d, by: plate}, limit: LIMIT}
  - {name: mean, when: {object: any}, if: "avg(score, '1d') > 0.99", limit: LIMIT}
  - {name: swings, when: {object: any}, if: score > 0.6, until: score < 0.1, limit: LIMIT}
  - {name: higher, when: {object: any}, if: score > earlier(score), limit: LIMIT}
  - {name: a-then-b, when: {sequence: [{plate: any, cameras: a}, {plate: any, cameras: b}], within: 1d, by: plate},
     limit: LIMIT}
  - {name: often, when: {count: {plate: any}, above: 3, within: 1d, by: plate}, limit: LIMIT}
  - {name: others, when: {count: {plate: any}, above: 1000, within: 1d, distinct: plate, by: site}, limit: LIMIT}
  - {name: nobody, when: {absent: {object: any}, after: {plate: any}, for: 2h, by: site}, limit: LIMIT}
  - {name: balance, when: {every: 1h}, if: "counted('passed', '1d') > 5"}
counters:
  passed: {count: {plate: any}}
"""


def passing() -> Iterator[Event]:
    """Yield a plate and a track that came never before, again and again; none of them ever ends."""
    number = 0
    while True:
        at, number = START + timedelta(seconds=number / 10), number + 1
        camera, read = CameraId("ab"[number % 2]), number % 2
        if read:
            facts = {"plate": f"29A{number:07}"}
            yield Event(EventId(f"e{number}"), "s", number, Kind.PLATE, Change.NOTED, camera, at, at,
                        subject=f"plate:{number}", label="plate", facts=facts)  # fmt: skip
        else:
            yield Event(EventId(f"e{number}"), "s", number, Kind.OBJECT, Change.GOES_ON, camera, at, at,
                        subject=f"track:{number}", label="person", score=number % 10 / 10)  # fmt: skip


@dataclass(frozen=True)
class Grown:
    """How large a memory is."""

    rows: int
    written: int
    largest: int


def grown(memory: Memory) -> Grown:
    """Return the rows, and how much is written in all of them and in the largest."""
    sizes = [len(repr(row)) for _, _, row in memory.rows()]
    return Grown(len(sizes), sum(sizes), max(sizes))


def resident() -> int:
    """Return how many bytes of this program lie in memory."""
    kilobytes = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert kilobytes is not None
    return int(kilobytes[1]) * 1024


def lived(rules: RuleSet, memory: Memory, events: Iterator[Event]) -> None:
    for event in events:
        now = Instant(event.at, (event.at - START).total_seconds())
        for at in ticks(memory, now):
            memory.apply(step(rules, memory, None, at).changes)
        memory.apply(step(rules, memory, event, now).changes)


def compiled(limit: int) -> RuleSet:
    return compile_rules([("r.yaml", RULES.replace("LIMIT", str(limit)))], World())


def test_what_is_remembered_of_ever_new_subjects_stays_as_large() -> None:
    rules, memory, events = compiled(20), Memory(), passing()
    lived(rules, memory, islice(events, 3000))
    early = grown(memory)
    lived(rules, memory, islice(events, 3000))
    late = grown(memory)
    remembering = {rule for rule, _, _ in memory.rows()}
    assert len(remembering) > 10
    assert late.rows <= early.rows * 1.02
    assert late.written <= early.written * 1.05


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_events_of_ever_new_subjects() -> None:
    rules, memory, events = compiled(1000), Memory(), passing()
    found = []
    for _ in range(5):
        lived(rules, memory, islice(events, 200_000))
        gc.collect()
        found.append((sys.getallocatedblocks(), resident(), grown(memory)))
    print(found)  # noqa: T201 - the figures of docs/design/rules-speed.md
    (early, small, was), (late, large, there) = found[0], found[-1]
    assert there.rows <= was.rows * 1.02
    assert late <= early * 1.02
    assert large <= small * 1.05
