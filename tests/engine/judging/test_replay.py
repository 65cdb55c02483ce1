"""A recording judged again makes the decisions that the engine made, to the identity."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from engine.api import present
from engine.api.printed_events import BadRecording, printed
from engine.draft import Draft
from engine.errors import StoreError
from engine.judging.judge import Judge
from engine.judging.replay import Period, Recorded, differ, replay
from engine.judging.rulebook import Rulebook, bound
from engine.judging.then import again, as_it_was
from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from engine.store.model import Resume
from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Kind, Phase

DUSK = datetime(2026, 3, 1, 14, 55, tzinfo=UTC)
RULES = """
rules:
  - name: stays
    when: {object: person, zone: gate}
    for: 5s
    cooldown: 20s
  - name: night
    when: {object: [person, dog], score: {above: 0.5}}
    between: 22:00-05:00
    cooldown: {time: 1m, per: rule}
  - name: lost
    when: {camera: lost}
    for: 30s
  - name: gap
    when: {engine: engine.gap}
  - name: nobody
    when: {absent: {object: person, cameras: [c1, c2]}, for: 4s}
    cooldown: 1m
  - name: early
    when: {absent: {object: bear, cameras: c1}, for: 90s}
  - name: dog-then-person
    when: {sequence: [{object: dog, zone: gate}, {object: person, zone: gate}], within: 10s}
  - name: many
    when: {count: {object: person, change: began}, above: 4, within: 20s, distinct: none}
    keep_firing_for: 5s
  - name: on-the-hour
    when: {at: ["22:00", "22:05", "22:20"]}
  - name: again
    when: {decision: stays}
    for: 3s
    escalate: {after: 30s, do: [log]}
"""
CAMERAS = ("c1", "c2", "c3")


def compiled(text: str = RULES) -> RuleSet:
    return compile_rules([("r.yaml", text)], World())


def book(text: str = RULES) -> Rulebook:
    return bound([("r.yaml", text)], World(), compiled(text))


def some_draft(random: Random, wall: datetime) -> Draft:
    camera = CameraId(random.choice(CAMERAS))
    change = random.choice([Change.BEGAN, Change.GOES_ON, Change.GOES_ON, Change.ENDED])
    if random.random() < 0.05:
        label, change = random.choice([("lost", Change.ENDED), ("online", Change.BEGAN)])
        return Draft(Kind.CAMERA, change, camera, wall, subject="camera", label=label)
    return Draft(
        Kind.OBJECT,
        change,
        camera,
        wall - timedelta(seconds=random.random()),  # a device's clock differs from ours
        subject=f"track:{random.randrange(4)}",
        label=random.choice(["person", "dog"]),
        zones=random.choice([("gate",), ()]) if change is not Change.ENDED else (),
        score=round(random.random(), 2),
        facts={"age": 1.0},
    )


@dataclass
class Site:
    """An engine's heart over a store, which can be ended and begun again."""

    path: Path
    clock: ManualClock
    ids: itertools.count[int]

    @asynccontextmanager
    async def judging(self, gap: float) -> AsyncIterator[Judge]:
        async with open_store(self.path, quota_mb=64, clock=self.clock) as store:
            resume: Resume = await store.load()
            rows = [(each.rule, each.key, each.row) for each in resume.rows if each.row is not None]
            judge = Judge(
                book(), Memory(rows), store, self.clock, "s", lambda: f"id-{next(self.ids)}",
                lambda *_: None, resume=resume, gap=gap,
            )  # fmt: skip
            async with asyncio.TaskGroup() as group:
                running = group.create_task(judge.run(), name="judge")
                try:
                    yield judge
                finally:
                    running.cancel()


async def settled(judge: Judge, events: int) -> None:
    async with asyncio.timeout(60):
        while judge.events < events:
            await asyncio.sleep(0.001)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of an engine that ran twice, with 10 minutes of nobody watching between."""
    path = tmp_path_factory.mktemp("site") / "matthan.db"
    asyncio.run(lived(path))
    return path


async def lived(path: Path) -> None:
    random, clock = Random(7), ManualClock(DUSK, engine=50.0)
    site = Site(path, clock, itertools.count(1))
    for run in range(2):
        async with site.judging(gap=600.0 * run) as judge:
            await settled(judge, run)
            for count in range(1, 301):
                await judge.offer(some_draft(random, clock.wall))
                if count == 1 or random.random() < 0.3:
                    await settled(judge, count + run)
                clock.advance(random.choice([0.0, 0.25, 1.0, 1.5, 40.0 if random.random() < 0.1 else 0.5]))
            await settled(judge, 300 + run)
        clock.advance(600.0)


def test_the_store_replayed_makes_the_decisions_of_the_live_run(database: Path) -> None:
    recorded = Recorded(database)
    live = recorded.decisions(Period())
    again = replay(compiled(), recorded.arrivals(Period()), end=recorded.end())
    assert len(live) > 50
    assert {made.rule for made in live} == set(compiled().named)
    assert [made.id for made in again.decisions] == [made.id for made in live]
    assert again.decisions == live
    assert again.events == 601
    assert not differ(live, again.decisions)


def test_a_decision_is_explained_as_it_was_then(database: Path) -> None:
    recorded = Recorded(database)
    live = recorded.decisions(Period())
    stories = [(as_it_was(recorded, compiled(), made), made) for made in live[:: len(live) // 40]]
    came = [again(story, made) for story, made in stories if story is not None]
    assert len(came) == len(stories)
    assert sum(came) >= 0.9 * len(came), "a whole history is there to judge again"
    for story, made in stories:
        assert story is not None
        assert story.tree is not None
        assert all(each.at is None or each.at <= made.at for each in story.tree.all()), "nothing of later"
        if made.phase is Phase.FIRING and again(story, made):
            assert story.tree.holds, "it fires at that very moment"


def test_whoever_may_see_one_camera_is_told_of_no_other(database: Path) -> None:
    recorded = Recorded(database)
    made = [each for each in recorded.decisions(Period()) if each.camera is not None]
    for each in made[:: len(made) // 40]:
        story = as_it_was(recorded, compiled(), each, alone=True)
        assert story is not None
        assert story.tree is not None
        assert {node.camera for node in story.tree.all()} <= {None, each.camera}
        assert {other.camera for other in story.decisions} <= {None, each.camera}


def test_of_what_is_too_little_it_is_said_that_it_does_not_come_out_again(database: Path) -> None:
    recorded = Recorded(database)
    told = [as_it_was(recorded, compiled(), made, most=1) for made in recorded.decisions(Period())[-20:]]
    assert all(story is not None and story.events <= 1 for story in told)


def test_a_printed_recording_makes_the_same_decisions(database: Path) -> None:
    recorded = Recorded(database)
    lines = [present.event(each.event).model_dump_json() for each in recorded.arrivals(Period())]
    again = replay(compiled(), printed(lines))
    assert again == replay(compiled(), recorded.arrivals(Period()))


def test_a_recording_without_engine_time_makes_the_same_decisions(database: Path) -> None:
    recorded = Recorded(database)
    lines = [
        present.event(each.event).model_dump_json(exclude={"engine"}) for each in recorded.arrivals(Period())
    ]
    again = replay(compiled(), printed(lines))
    last = max(each.now.wall for each in recorded.arrivals(Period()))
    live = [made for made in recorded.decisions(Period()) if made.at <= last]
    assert [told(made) for made in again.decisions] == [told(made) for made in live]


def told(made: Decision) -> tuple[str, ...]:
    """What is the same where engine time was reckoned: what begins without an event has it in its identity."""
    begun = made.cause.startswith(("from:", "at:"))
    return (made.rule, made.key, made.phase, str(made.at), "" if begun else made.id)


def test_a_span_has_what_was_remembered_before_it(database: Path) -> None:
    recorded = Recorded(database)
    since = DUSK + timedelta(minutes=5)
    span = Period(since, since + timedelta(minutes=3))
    live = recorded.decisions(span)
    again = replay(compiled(), recorded.arrivals(span.earlier(3600)), span=span, end=recorded.end())
    assert live
    assert all(span.holds(made.at) for made in live)
    assert [made.id for made in again.decisions] == [made.id for made in live]


def test_changed_rules_show_what_changes(database: Path) -> None:
    recorded = Recorded(database)
    live = recorded.decisions(Period())
    changed = compiled(RULES.replace("for: 5s", "for: 4s").replace("name: lost", "name: missing"))
    found = differ(live, replay(changed, recorded.arrivals(Period()), end=recorded.end()).decisions)
    assert found.same > 0
    assert {made.rule for made in found.gone} >= {"lost"}
    assert {made.rule for made in found.new} >= {"missing"}
    assert {was.rule for was, _ in found.moved} >= {"stays", "again"}
    assert all(was.id == now.id for was, now in found.moved)


def test_a_recording_far_faster_than_it_happened_tells_how_far_it_is(database: Path) -> None:
    seen: list[int] = []
    arrivals = list(Recorded(database).arrivals(Period()))
    done = replay(compiled(), arrivals * 8, progress=seen.append)
    assert seen == [2000, 4000]
    assert done.seconds == (arrivals[-1].now.wall - arrivals[0].now.wall).total_seconds()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: Invalid JSON"),
        ('{"id": "x"}', "line 2: seq Field required"),
        (
            json.dumps(
                {"id": "a", "seq": 1, "kind": "dream", "change": "began", "at": "2026-03-01T00:00:00Z"}
            ),
            "line 2: 'dream' is not a valid Kind",
        ),
    ],
)
def test_a_line_that_is_no_event_is_named(line: str, said: str) -> None:
    with pytest.raises(BadRecording, match=said):
        list(printed(["", line]))


def test_no_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        list(Recorded(tmp_path / "none.db").arrivals(Period()))


def test_a_clock_that_is_set_back_never_runs_engine_time_back() -> None:
    def line(seq: int, second: int) -> str:
        at = (DUSK + timedelta(seconds=second)).isoformat()
        return json.dumps({"id": f"e{seq}", "seq": seq, "kind": "motion", "change": "began", "at": at})

    engine = [each.now.engine for each in printed([line(1, 0), line(2, 10), line(3, 5), line(4, 6)])]
    assert engine == [0.0, 10.0, 10.0, 11.0]


def test_engine_time_is_reckoned_on_from_what_is_told() -> None:
    def line(seq: int, second: int, **given: object) -> str:
        at = (DUSK + timedelta(seconds=second)).isoformat()
        return json.dumps(
            {"id": f"e{seq}", "seq": seq, "kind": "motion", "change": "began", "at": at, **given}
        )

    found = list(printed([line(1, 0, engine=7.5), line(2, 10), line(3, 11, engine=100.25)]))
    assert [each.now.engine for each in found] == [7.5, 17.5, 100.25]
    assert [each.event.judged for each in found] == [7.5, None, 100.25]


def test_one_event_is_found_by_its_identity(database: Path) -> None:
    recorded = Recorded(database)
    first = next(iter(recorded.arrivals(Period())))
    assert recorded.event(first.event.id) == first
    assert recorded.event("nobody") is None
