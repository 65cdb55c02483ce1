"""Other rules while the judge judges: what unchanged ones remember stays, and the log alone tells when it happened."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.draft import Draft
from engine.judging.judge import Judge
from engine.judging.rulebook import Rulebook, bound, reopened
from engine.runtime.clock import ManualClock
from engine.store.model import Adoption, Resume, Verdict
from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.evaluator.adoption import adopted
from rules.explain.playback import Arrival, Playback
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Event, Instant, Kind, Phase, Row, RuleName

DUSK = datetime(2026, 3, 1, 14, 55, tzinfo=UTC)
WORLD = World(zones={"c1": frozenset({"gate"}), "c2": frozenset()})
#: Each with everything that waits; a reload swaps some of the lines below for others.
LINES = {
    "holds": "{name: holds, when: {object: person, zone: gate}, for: 5s, cooldown: 20s}",
    "door": "{name: door, when: {signal: door}, for: 3s, keep_firing_for: 4s}",
    "steps": "{name: steps, when: {sequence: [{object: dog}, {object: person, zone: gate}], within: 10s}}",
    "many": "{name: many, when: {count: {object: person}, above: 3, within: 30s, distinct: track}}",
    "nobody": "{name: nobody, when: {absent: {object: person}, for: 8s}}",
    "clears": "{name: clears, when: {signal: smoke}, auto_clear: 9s, escalate: {after: 6s, do: [log]}}",
    "hears": "{name: hears, when: {decision: holds}, for: 1s}",
    "hour": '{name: hour, when: {at: ["22:00", "22:01"]}}',
    "anew": "{name: anew, when: {engine: engine.rules}}",
}
OTHERS = {
    "holds": "{name: holds, when: {object: person, zone: gate}, for: 4s, cooldown: 20s}",
    "door": '{name: door, title: "A door", when: {signal: door}, for: 3s, keep_firing_for: 4s}',
    "many": "{name: many, when: {count: {object: person}, above: 2, within: 30s, distinct: track}}",
    "nobody": "{name: nobody, when: {absent: {object: person, cameras: c1}, for: 8s}}",
    "clears": "",
    "hears": "{name: hears, when: {decision: holds}, for: 1s, severity: critical}",
    "hour": "",
}


def text(**other: str) -> str:
    lines = {**LINES, **other}
    return "rules:\n" + "".join(f"  - {line}\n" for line in lines.values() if line)


@cache
def book(written: str) -> Rulebook:
    files = [("r.yaml", written)]
    return bound(files, WORLD, compile_rules(files, WORLD))


def person(clock: ManualClock, track: int = 1, change: Change = Change.BEGAN, camera: str = "c1") -> Draft:
    zones = () if change is Change.ENDED else ("gate",)
    return Draft(
        Kind.OBJECT,
        change,
        CameraId(camera),
        clock.wall,
        subject=f"track:{track}",
        label="person",
        zones=zones,
        score=0.9,
    )


def signal(clock: ManualClock, name: str, change: Change = Change.BEGAN) -> Draft:
    return Draft(Kind.SIGNAL, change, CameraId("c1"), clock.wall, subject=f"signal:{name}", label=name)


@dataclass
class Kept:
    """A store in memory, and what `Store.load` would make of it."""

    verdicts: list[Verdict] = field(default_factory=list)

    async def commit(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)

    def resume(self) -> Resume:
        if not self.verdicts:
            return Resume(None, 0, (), True)
        changes = [change for each in self.verdicts for change in each.changes]
        seqs = [each.last_seq() for each in self.verdicts]
        adoptions: list[Adoption] = [each for verdict in self.verdicts for each in verdict.adopted]
        mark = self.verdicts[-1].mark
        return Resume(mark, max(seqs, default=0), tuple(changes), False, adopted=adoptions[-1])

    def arrivals(self) -> list[Arrival]:
        told = [pair for each in self.verdicts for pair in each.times()]
        return [Arrival(event, Instant(event.received_at, engine)) for event, engine in told]

    def decisions(self) -> list[Decision]:
        return [made for each in self.verdicts for made in each.decisions]

    def rules(self, digest: str) -> RuleSet:
        bodies = {each.digest: each.body for verdict in self.verdicts for each in verdict.adopted}
        return reopened(bodies[digest])


@dataclass
class Bench:
    """A judge at work over what is kept."""

    clock: ManualClock
    kept: Kept
    ids: Iterator[int]
    judge: Judge
    memory: Memory

    async def happens(self, *drafts: Draft) -> None:
        """Let things happen, and wait until they are judged."""
        wanted = self.judge.events + len(drafts)
        for draft in drafts:
            await self.judge.offer(draft)
        async with asyncio.timeout(20):
            while self.judge.events < wanted:
                await asyncio.sleep(0)

    async def passes(self, seconds: float) -> None:
        """Let time pass; something that concerns nobody makes the judge look at the clock."""
        self.clock.advance(seconds)
        nothing = Draft(Kind.MOTION, Change.NOTED, CameraId("c9"), self.clock.wall, subject="motion")
        await self.happens(nothing)

    def told(self, *rules: str) -> list[tuple[str, Phase]]:
        return [(made.rule, made.phase) for made in self.kept.decisions() if made.rule in rules]


@asynccontextmanager
async def judging(
    clock: ManualClock, rules: Rulebook, kept: Kept | None = None, gap: float = 0.0
) -> AsyncIterator[Bench]:
    kept = kept or Kept()
    resume = kept.resume()
    memory = Memory()
    memory.apply(resume.rows)
    before = reopened(resume.adopted.body) if resume.adopted else None
    ids = itertools.count(resume.last_seq + 1)
    judge = Judge(
        rules, memory, kept, clock, "s", lambda: f"id-{next(ids)}", lambda *_: None,
        resume=resume, before=before, gap=gap,
    )  # fmt: skip
    bench = Bench(clock, kept, ids, judge, memory)
    known = resume.settled and resume.adopted is not None and resume.adopted.digest == rules.digest
    news = (resume.mark is not None) + (not known)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(judge.run(), name="judge")
        try:
            async with asyncio.timeout(20):
                while judge.events < news:
                    await asyncio.sleep(0)
            yield bench
        finally:
            running.cancel()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(DUSK, engine=50.0)


# -- what stays -------------------------------------------------------------------------------


async def test_adopting_rules_is_the_first_event_of_all(clock: ManualClock) -> None:
    async with judging(clock, book(text())) as bench:
        (first,) = bench.kept.arrivals()
    assert (first.event.seq, first.event.kind, first.event.label) == (1, Kind.ENGINE, "engine.rules")
    counts = {"rules": 9, "added": 9, "removed": 0, "changed": 0, "kept": 0}
    assert first.event.facts == {"digest": book(text()).digest, **counts}
    assert bench.told("anew") == [("anew", Phase.FIRING)]


async def test_the_same_rules_after_a_restart_are_no_event(clock: ManualClock) -> None:
    async with judging(clock, book(text())) as bench:
        pass
    async with judging(clock, book(text()), bench.kept, gap=60.0) as again:
        assert [each.event.label for each in again.kept.arrivals()] == ["engine.rules", "engine.gap"]


async def test_the_same_rules_are_adopted_anew_where_what_they_remembered_may_be_lost(
    clock: ManualClock,
) -> None:
    async with judging(clock, book(text())) as bench:
        pass
    kept = Unsettled(bench.kept.verdicts)
    async with judging(clock, book(text()), kept, gap=60.0) as again:
        await again.happens()
        adopting = again.kept.arrivals()[1].event
    assert [each.event.label for each in again.kept.arrivals()][1:] == ["engine.rules", "engine.gap"]
    assert adopting.facts["kept"] == adopting.facts["rules"] == 9
    assert again.memory.get(RuleName("nobody"), "#c1") is not None


@dataclass
class Unsettled(Kept):
    """A store in which some of what was remembered may be lost."""

    def resume(self) -> Resume:
        lost = tuple(each for each in super().resume().rows if not each.key.startswith("#"))
        return replace(super().resume(), rows=lost, settled=False)


async def test_what_unchanged_rules_wait_for_goes_on(clock: ManualClock) -> None:
    async with judging(clock, book(text())) as bench:
        await bench.happens(person(clock), signal(clock, "smoke"), signal(clock, "door"))
        await bench.happens(*(person(clock, track) for track in (2,)))
        clock.advance(2.0)
        found = await bench.judge.adopt(book(text(nobody=OTHERS["nobody"], hour="", extra=_EXTRA)))
        assert (found.added, found.removed, found.changed) == (("extra",), ("hour",), ("nobody",))
        assert bench.judge.remembered(found.kept) >= 5
        await bench.happens(person(clock, 3))  # the third of `many`, whose first two came before
        await bench.passes(1.5)
        assert bench.told("door", "many") == [("many", Phase.FIRING), ("door", Phase.FIRING)]
        await bench.passes(2.0)
        assert bench.told("holds") == [("holds", Phase.FIRING)] * 1
        await bench.passes(1.0)
        assert ("clears", Phase.ESCALATED) in bench.told("clears")
        await bench.passes(3.0)
        assert bench.told("clears")[-1] == ("clears", Phase.RESOLVED)


_EXTRA = "{name: extra, when: {object: cat}}"


async def test_a_sequence_and_a_cooldown_go_on(clock: ManualClock) -> None:
    dog = Draft(Kind.OBJECT, Change.BEGAN, CameraId("c1"), clock.wall, subject="track:9", label="dog")
    async with judging(clock, book(text())) as bench:
        await bench.happens(dog, person(clock))
        await bench.passes(6.0)
        assert bench.told("holds", "steps") == [("steps", Phase.FIRING), ("holds", Phase.FIRING)]
        await bench.happens(dog, person(clock, 1, Change.ENDED))
        await bench.judge.adopt(book(text(extra=_EXTRA)))
        await bench.happens(person(clock, 2))
        await bench.passes(6.0)  # long enough for `holds`, but its cooldown runs for 14 s more
        assert bench.told("steps") == [("steps", Phase.FIRING)] * 2
        assert bench.told("holds") == [("holds", Phase.FIRING), ("holds", Phase.RESOLVED)]


async def test_what_an_absence_has_waited_counts(clock: ManualClock) -> None:
    async with judging(clock, book(text())) as bench:
        await bench.passes(5.0)
        await bench.judge.adopt(book(text(extra=_EXTRA)))
        await bench.passes(4.0)
    assert bench.told("nobody") == [("nobody", Phase.FIRING)] * 2  # at c1 and at c2


async def test_edited_texts_and_severity_forget_nothing(clock: ManualClock) -> None:
    async with judging(clock, book(text())) as bench:
        await bench.happens(signal(clock, "door"))
        clock.advance(2.0)
        found = await bench.judge.adopt(book(text(door=OTHERS["door"])))
        assert (found.edited, found.changed) == (("door",), ())
        await bench.passes(1.5)
    (made,) = (each for each in bench.kept.decisions() if each.rule == "door")
    assert made.title["en"] == "A door"
    assert made.at - made.since == (DUSK.replace(second=3) - DUSK)


# -- what does not ------------------------------------------------------------------------------


@pytest.mark.parametrize("holds", [OTHERS["holds"], ""], ids=["changed", "removed"])
@pytest.mark.parametrize("restarts", [False, True])
async def test_what_a_rule_told_that_means_something_else_is_resolved_and_heard(
    clock: ManualClock, holds: str, restarts: bool
) -> None:
    hears = LINES["hears"] if holds else ""
    other = book(text(holds=holds, hears=hears))
    async with judging(clock, book(text())) as bench:
        await bench.happens(person(clock))
        await bench.passes(5.5)
        await bench.passes(1.0)
        assert bench.told("holds", "hears") == [("holds", Phase.FIRING), ("hears", Phase.FIRING)]
        if not restarts:
            await bench.judge.adopt(other)
    if restarts:
        async with judging(clock, other, bench.kept):
            pass
    over = {made.rule: made for made in bench.kept.decisions() if made.phase is Phase.RESOLVED}
    assert {"holds", "hears"} <= set(over)
    assert "reason.over_rule" in over[RuleName("holds")].reason.code


async def test_what_came_due_while_nobody_watched_does_not_fire_for_a_rule_that_is_gone(
    clock: ManualClock,
) -> None:
    async with judging(clock, book(text())) as bench:
        await bench.happens(signal(clock, "smoke"))
    clock.advance(60.0)
    async with judging(clock, book(text(clears="")), bench.kept, gap=60.0) as again:
        await again.passes(1.0)
        labels = [each.event.label for each in again.kept.arrivals() if each.event.kind is Kind.ENGINE]
    assert labels == ["engine.rules", "engine.rules", "engine.gap"]
    assert again.told("clears") == [("clears", Phase.FIRING), ("clears", Phase.RESOLVED)]


async def test_what_was_due_before_is_judged_by_the_old_rules(clock: ManualClock) -> None:
    async with judging(clock, book(text())) as bench:
        await bench.happens(signal(clock, "door"))
        clock.advance(10.0)
        await bench.judge.adopt(book(text(door="")))
    assert bench.told("door") == [("door", Phase.FIRING), ("door", Phase.RESOLVED)]


async def test_the_order_among_waiting_events_is_kept(clock: ManualClock) -> None:
    async with judging(clock, book(text())) as bench:
        cat = Draft(Kind.OBJECT, Change.BEGAN, CameraId("c1"), clock.wall, subject="track:5", label="cat")
        async with asyncio.TaskGroup() as group:
            await bench.judge.offer(cat)
            adopting = group.create_task(bench.judge.adopt(book(text(extra=_EXTRA))), name="adopt")
            await asyncio.sleep(0)
            await bench.judge.offer(cat)
        assert adopting.result().added == ("extra",)
        await bench.passes(0.0)
        labels = [each.event.label for each in bench.kept.arrivals()]
    assert labels == ["engine.rules", "cat", "engine.rules", "cat", None]
    (made,) = (each for each in bench.kept.decisions() if each.rule == "extra")
    assert made.cause == bench.kept.arrivals()[3].event.id


# -- the log alone --------------------------------------------------------------------------------


def variants() -> list[Rulebook]:
    """Rule sets that differ in one or several rules from each other."""
    ones = [book(text(**{name: line})) for name, line in OTHERS.items()]
    return [
        book(text()),
        *ones,
        book(text(**OTHERS)),
        book(text(holds="", hears="")),
        book(text(extra=_EXTRA)),
    ]


_WHICH = st.integers(0, len(OTHERS) + 3)
_STEPS = st.one_of(
    st.tuples(st.just("person"), st.integers(1, 3), st.sampled_from(["c1", "c2"])),
    st.tuples(st.just("leaves"), st.integers(1, 3), st.sampled_from(["c1", "c2"])),
    st.tuples(st.just("signal"), st.sampled_from(["door", "smoke"]), st.booleans()),
    st.tuples(st.just("pass"), st.sampled_from([0.25, 1.0, 2.5, 4.0, 9.0]), st.just(0)),
    st.tuples(st.just("reload"), _WHICH, st.just(0)),
    st.tuples(st.just("restart"), _WHICH, st.sampled_from([0.5, 5.0, 90.0])),
)
Script = Sequence[tuple[str, int | float | str, int | float | str | bool]]


async def _live(script: Script) -> tuple[Kept, Memory]:
    """Live through a script, in as many runs as it has restarts."""
    clock, kept, rules = ManualClock(DUSK, engine=50.0), Kept(), variants()
    steps, current, gap = iter(script), 0, 0.0
    while True:
        restarted = False
        async with judging(clock, rules[current], kept, gap) as bench:
            for what, which, more in steps:
                if what == "restart":
                    current, gap, restarted = int(which), float(more), True
                    break
                if what == "reload":
                    current = int(which)
                    await bench.judge.adopt(rules[current])
                else:
                    await _happen(bench, what, which, more)
            await bench.passes(0.0)
        if not restarted:
            return kept, bench.memory
        clock.advance(gap)


async def _happen(bench: Bench, what: str, which: object, more: object) -> None:
    clock = bench.clock
    if what == "pass":
        await bench.passes(float(str(which)))
    elif what == "signal":
        await bench.happens(signal(clock, str(which), Change.BEGAN if more else Change.ENDED))
    else:
        change = Change.BEGAN if what == "person" else Change.ENDED
        await bench.happens(person(clock, int(str(which)), change, str(more)))


def _rows(memory: Memory) -> dict[tuple[str, str], Row]:
    return {(rule, key): row for rule, key, row in memory.rows()}


@settings(max_examples=60, deadline=None)
@given(st.lists(_STEPS, max_size=40))
def test_a_replay_of_the_log_is_the_live_run_whatever_was_reloaded(script: Script) -> None:
    kept, memory = asyncio.run(_live(script))
    again = Playback(RuleSet(), library=kept.rules)
    assert list(again.all(kept.arrivals())) == kept.decisions()
    assert _rows(again.memory) == _rows(memory)
    numbers = [number for each in kept.verdicts for number in each.numbers]
    log = sorted([each.event.seq for each in kept.arrivals()] + numbers)
    assert log == [*range(1, len(kept.arrivals()) + len(kept.decisions()) + 1)]


def test_without_a_library_one_rule_set_judges_all() -> None:
    script: Script = [("reload", len(OTHERS) + 2, 0), ("person", 1, "c1"), ("pass", 9.0, 0)]
    kept, _ = asyncio.run(_live(script))
    assert "holds" not in {made.rule for made in kept.decisions()}
    assert "holds" in {made.rule for made in Playback(book(text()).rules).all(kept.arrivals())}


def test_an_event_of_another_kind_adopts_nothing() -> None:
    def event(kind: Kind, label: str) -> Event:
        return Draft(kind, Change.NOTED, None, DUSK, label=label, facts={"digest": "d"}).issue(
            "e",  # type: ignore[arg-type]  # any text is an id here
            "s",
            1,
            DUSK,
            0.0,
        )

    assert adopted(event(Kind.ENGINE, "engine.rules")) == "d"
    assert adopted(event(Kind.OPERATOR, "engine.rules")) is None
    assert adopted(event(Kind.ENGINE, "engine.gap")) is None
