"""What judging costs: events per second with many rules, against a bare dict look-up of the same events.

Usage: python benchmarks/bench_rules.py [--json] [--rules N] [--events N]
Times are CPU seconds of this process, the best of three rounds; the ratio is what can be compared between
machines. ``matching`` says how many events fired a rule: judging is not measured on events that match none.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from rules.compile import World, compile_rules
from rules.evaluator import step
from rules.memory import Memory
from rules.model import CameraId, Change, Event, EventId, Instant, Kind
from rules.ruleset import RuleSet

START = datetime(2025, 1, 1, 15, 0, tzinfo=UTC)
LABELS = ("person", "car", "motorcycle", "truck", "dog", "bicycle")


def written(count: int, *, lasting: int, random: Random) -> str:
    """Return rules on 100 cameras and 400 zones; every `lasting`-th remembers (0: none), the others are moments."""
    lines = ["rules:"]
    for n in range(count):
        camera = random.randrange(100)
        zone = f"z{camera}-{random.randrange(4)}"
        score = f"{random.uniform(0.3, 0.9):.2f}"
        remembers = lasting and n % lasting == 0
        when = f"object: {random.choice(LABELS)}, cameras: c{camera}, zone: {zone}, score: {{above: {score}}}"
        lines.append(f"  - name: r{n}")
        lines.append(f"    when: {{{when}{'' if remembers else ', change: began'}}}")
        lines += ["    for: 2s", "    cooldown: 30s"] if remembers else []
    return "\n".join(lines)


def happened(count: int, random: Random) -> list[Event]:
    """Return events as tracks make them: beginnings, goings-on and ends."""
    events = []
    for n in range(count):
        camera = random.randrange(100)
        wall = START + timedelta(milliseconds=10 * n)
        change = random.choices((Change.BEGAN, Change.GOES_ON, Change.ENDED), (1, 4, 1))[0]
        events.append(
            Event(
                EventId(f"e{n}"),
                "bench",
                n + 1,
                Kind.OBJECT,
                change,
                CameraId(f"c{camera}"),
                wall,
                wall,
                subject=f"track:{random.randrange(3)}",
                label=random.choice(LABELS),
                zones=() if change is Change.ENDED else (f"z{camera}-{random.randrange(4)}",),
                score=random.random(),
            )
        )
    return events


@dataclass
class Outcome:
    """What a run did, so that nobody measures a no-op."""

    decisions: int = 0
    changes: int = 0


def judge(rules: RuleSet, events: list[Event], outcome: Outcome) -> Callable[[], None]:
    """Return a run through all events with fresh memory."""
    instants = [Instant(event.received_at, n / 100) for n, event in enumerate(events)]

    def run() -> None:
        memory = Memory()
        outcome.decisions = outcome.changes = 0
        for event, now in zip(events, instants, strict=True):
            done = step(rules, memory, event, now)
            if done.changes:
                memory.apply(done.changes)
                outcome.changes += len(done.changes)
            outcome.decisions += len(done.decisions)

    return run


def look_up(events: list[Event]) -> Callable[[], None]:
    """Return the limit: one dict look-up per event."""
    table = {(event.kind, event.label, event.zones): n for n, event in enumerate(events)}

    def run() -> None:
        for event in events:
            table.get((event.kind, event.label, event.zones))

    return run


def cost(run: Callable[[], None]) -> float:
    """Return the least CPU seconds of three runs."""
    best = float("inf")
    for _ in range(3):
        gc.collect()
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best


def compiled(text: str) -> tuple[RuleSet, float, float]:
    """Return rules, CPU seconds to compile them, and bytes that each keeps."""
    began = time.process_time()
    compile_rules([("bench.yaml", text)], World())
    spent = time.process_time() - began
    tracemalloc.start()
    rules = compile_rules([("bench.yaml", text)], World())
    _ = rules.named, rules._index
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return rules, spent, kept / max(1, len(rules.rules))


def measure(rule_count: int, event_count: int) -> dict[str, object]:
    """Return every figure."""
    events = happened(event_count, Random(7))
    limit = cost(look_up(events))
    found: dict[str, object] = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "rules": rule_count,
        "events": event_count,
        "lookup_events_per_s": round(event_count / limit),
    }
    for name, lasting in (("stateless", 0), ("third_stateful", 3)):
        rules, spent, kept = compiled(written(rule_count, lasting=lasting, random=Random(11)))
        outcome = Outcome()
        seconds = cost(judge(rules, events, outcome))
        found[name] = {
            "events_per_s": round(event_count / seconds),
            "times_the_lookup": round(seconds / limit, 1),
            "decisions": outcome.decisions,
            "memory_changes": outcome.changes,
            "compile_cpu_s": round(spent, 2),
            "bytes_per_rule": round(kept),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--events", type=int, default=100_000)
    options = parser.parse_args()
    found = measure(options.rules, options.events)
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
