"""What judging costs where many rules bound the same numbers or one is at its limit, and while rules are reloaded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, cast

from engine.config.configuration import load, world
from engine.fleet.budget.budget import ranking
from engine.fleet.translate import crowds
from engine.judging.judge import Judge
from engine.judging.reload import Reloader
from engine.judging.rulebook import bound
from engine.runtime.clock import ManualClock
from engine.store.model import Resume, Verdict
from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import step
from rules.memory import Memory
from rules.model import CameraId, Change, Event, EventId, Instant, Kind

START = datetime(2025, 1, 1, 15, 0, tzinfo=UTC)
SEEN = Event(
    EventId("e"), "bench", 1, Kind.OBJECT, Change.GOES_ON, CameraId("c0"), START, START, label="person"
)
#: Rounds of which the median counts, and events of one.
ROUNDS, EVENTS = 5, 1000
#: Subjects that a rule remembers at most, unless it says otherwise.
LIMIT = 1000
#: Every way in which a rule remembers something of each person that it has never seen before.
REMEMBERING = {
    "for": "when: {object: person}, for: 1h",
    "cooldown": "when: {object: person}, cooldown: {time: 1d, per: subject}",
    "escalate": "when: {object: person}, escalate: {after: 1d, do: [log]}",
    "all": "when: {all: [{object: person}, {motion: started}], within: 1h}",
    "sequence": "when: {sequence: [{object: person}, {object: dog}], within: 1d, by: track}",
    "count": "when: {count: {object: person}, above: 3, within: 1d, by: track}",
    "absent": "when: {absent: {object: person}, for: 2h, by: camera}",
    "unless": "when: {object: dog}, unless: {happened: {object: person}, within: 1d}",
}
#: What is edited for each reload.
SEVERITIES = ("critical", "info", "critical", "info", "critical")
#: Seconds between two beats of a loop.
BEAT = 0.002


def overlapping(rules: int) -> dict[str, object]:
    """Return the microseconds of an event whose label many rules are about, each with other bounds: few of them hold.

    Each rule also has another zone in ``zones`` and ``five_zones``, and two bounds in ``if``. Events lie in all those
    zones, or in five others each time: nothing that was looked up before helps. ``plain`` asks every rule, in the
    same run.
    """
    random = Random(3)
    low, every = 1 - 10 / rules, tuple(f"z{n}" for n in range(rules))
    first = [low * n / rules for n in range(rules)]
    asked: dict[str, tuple[Callable[[float, int], str], Callable[[int], Event]]] = {
        "zones": (lambda at, n: f"when: {{object: person, zone: z{n}, score: {{above: {at:.4f}}}}}",
                  lambda _: replace(SEEN, zones=every, score=first[5])),
        "five_zones": (lambda at, n: f"when: {{object: person, zone: z{n}, score: {{above: {at:.4f}}}}}",
                       lambda _: replace(SEEN, zones=tuple(random.sample(every, 5)), score=0.0)),
        "score": (lambda at, _: f"when: {{object: person, score: {{above: {at:.4f}}}}}",
                  lambda _: replace(SEEN, score=first[5])),
        "if": (lambda at, _: f"when: {{object: person}}, if: score > {at:.4f} and speed < {at + 0.005:.4f}",
               lambda _: replace(SEEN, score=(now := random.random()), facts={"speed": now})),
    }  # fmt: skip
    return {name: _bounded(rules, first, written, happens) for name, (written, happens) in asked.items()}


def _bounded(
    rules: int, bounds: Sequence[float], written: Callable[[float, int], str], happens: Callable[[int], Event]
) -> dict[str, object]:
    lines = [f"  - {{name: r{n}, {written(bounds[n], n)}}}" for n in range(rules)]
    files = [(f"{n}", "rules:\n" + "\n".join(lines[n : n + 500])) for n in range(0, rules, 500)]
    made = compile_rules(files, World())
    made.prepare()
    found = []
    for _ in range(ROUNDS):
        events = [happens(n) for n in range(EVENTS)]
        found.append((_spent(made.candidates, events), _spent(_plainly(made), events[:20])))
    holding = [sum(each.holds(event) for _, each in made.candidates(event)) for event in events]
    return {
        "us_per_event": round(median(cut for cut, _ in found), 1),
        "plain_us_per_event": round(median(plain for _, plain in found), 1),
        "hold": round(sum(holding) / len(holding), 1),
    }


def _plainly(rules: RuleSet) -> Callable[[Event], object]:
    return lambda event: [each for rule in rules.rules for each in rule.patterns if each.matches(event)]


def _spent(ask: Callable[[Event], object], events: Sequence[Event]) -> float:
    """Return the microseconds of CPU of an event."""
    began = time.process_time()
    for event in events:
        ask(event)
    return (time.process_time() - began) / len(events) * 1e6


def at_limit() -> dict[str, object]:
    """Return what an event costs of a rule that remembers its limit of subjects, in times of what it did before."""
    found = {way: _at_limit(written) for way, written in REMEMBERING.items()}
    return found["for"] | {"each_way_times": {way: each["times"] for way, each in found.items()}}


def _at_limit(written: str) -> dict[str, object]:
    rules = compile_rules([("r", f"rules: [{{name: r, {written}}}]")], World())
    rounds = []
    for _ in range(ROUNDS):
        memory, number = Memory(), count()
        before = [_one_more(rules, memory, next(number)) for _ in range(LIMIT)]
        after = [_one_more(rules, memory, next(number)) for _ in range(2 * LIMIT)][LIMIT:]
        rounds.append((sum(before) / LIMIT * 1e6, sum(after) / LIMIT * 1e6))
    return {
        "us_per_event_before": round(median(before for before, _ in rounds), 1),
        "us_per_event_at_limit": round(median(after for _, after in rounds), 1),
        "times": round(median(after / before for before, after in rounds), 2),
    }


def _one_more(rules: RuleSet, memory: Memory, number: int) -> float:
    event = replace(SEEN, id=EventId(f"e{number}"), subject=f"track:{number}")
    began = time.process_time()
    memory.apply(step(rules, memory, event, Instant(START, number / 100)).changes)
    return time.process_time() - began


class _Nowhere:
    """A store that keeps nothing."""

    async def commit(self, verdict: Verdict) -> None:
        pass


def reloading(files: Sequence[tuple[str, str]], cameras: int) -> dict[str, object]:
    """Return how long reloading many rules of which one (`r5`) was edited holds the loop: the longest of several.

    ``cpu_ms``: what the loop's thread works between two beats. ``gap_ms``: how late a beat is, whoever was at work;
    compiling goes on in another thread, with the same interpreter.
    """
    zone = "[[0, 0], [1, 0], [1, 1]]"
    lines = ["rules: ['*.rules.yaml']", "cameras:"]
    for each in range(cameras):
        zones = ", ".join(f"z{each}-{n}: {zone}" for n in range(4))
        lines.append(f"  - {{id: c{each}, url: 'rtsp://192.0.2.1/x', zones: {{{zones}}}}}")
    with TemporaryDirectory() as folder:
        site = Path(folder)
        (site / "matthan.yaml").write_text("\n".join(lines))
        for name, text in files:
            (site / f"{name}.rules.yaml").write_text(text)
        held = asyncio.run(_reloads(site, site / f"{files[0][0]}.rules.yaml"))
    cpu, gap = (max(each) * 1e3 for each in zip(*held, strict=True))
    return {"reloads": len(SEVERITIES), "cpu_ms": round(cpu, 1), "gap_ms": round(gap, 1)}


def _reloader(site: Path) -> tuple[Judge, Reloader]:
    """Return a judge with the rules of a folder, and what reloads them."""
    there, numbers = load(site / "matthan.yaml"), count()
    there.rules.prepare()
    book = bound(there.rules_files, world(there.settings), there.rules)
    store, clock, resume = cast("Any", _Nowhere()), ManualClock(START), Resume(None, 0, (), True)
    told = (book, Memory(), store, clock, "bench", lambda: f"e{next(numbers)}", lambda *_: None)
    judge = Judge(*told, resume=resume)

    async def live(rules: RuleSet) -> None:
        crowds(rules)
        ranking(rules)

    return judge, Reloader(there.path, there.settings, book, judge, live, asyncio.Event())


async def _reloads(site: Path, edited: Path) -> list[tuple[float, float]]:
    judge, reloader = _reloader(site)
    held: list[tuple[float, float]] = []
    edit = _editor(edited)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(each, name="bench") for each in (judge.run(), reloader.run(), _beats(held))
        ]
        for severity in SEVERITIES:
            edit(severity)
            outcome = await reloader.reload()
            assert outcome.changes is not None
            assert len(outcome.changes.edited) == 1
            await asyncio.sleep(5 * BEAT)
        for task in tasks:
            task.cancel()
    return held


def _editor(file: Path) -> Callable[[str], object]:
    written = file.read_text()
    return lambda severity: file.write_text(
        written.replace("name: r5\n", f"name: r5\n    severity: {severity}\n", 1)
    )


async def _beats(held: list[tuple[float, float]]) -> None:
    while True:
        cpu, wall = time.thread_time(), time.perf_counter()
        await asyncio.sleep(BEAT)
        held.append((time.thread_time() - cpu, time.perf_counter() - wall - BEAT))
