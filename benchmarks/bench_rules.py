"""What judging costs: events per second with many rules, against a bare dict look-up and against peers.

Usage: python benchmarks/bench_rules.py [--json] [--rules N] [--events N] [--peers SECONDS]

Times are CPU seconds of this process: the best of seven rounds, a peer's one round of about SECONDS. Ratios
are what can be compared between machines: the look-up is measured right before each round, and the median
counts. ``decisions`` says how many events fired a rule: judging is not measured on events that match none.
`rule_bars` has what is measured of overlapping bounds, of a rule at its limit and of reloads.
Peers that are not installed (``pip install -e '.[bench-peers]'``) are left out, and it says so.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import inf
from random import Random
from statistics import median

import rule_bars
import rule_day
from rule_peers import FIRST_ONLY, PEERS, Asked, Flat, Wanted, answered, ask_peer
from yaml._yaml import CParser  # noqa: TID251 - the limit of what reads YAML here

from engine.api.printed_events import printed
from engine.judging.replay import replay
from rules.compiler.build import shared
from rules.compiler.compile import World, compile_rules, examine
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import NOTHING, step
from rules.explain.history import EvaluationHistory
from rules.linter.lint import lint
from rules.memory import Memory
from rules.model import CameraId, Change, Event, EventId, Instant, Kind

START = datetime(2025, 1, 1, 15, 0, tzinfo=UTC)
LABELS = ("person", "car", "motorcycle", "truck", "dog", "bicycle")
DETECTED = ("person", "car", "two_wheeler", "train", "boat", "animal")
CAMERAS = 100
#: Rounds of which the median ratio counts.
ROUNDS = 7
#: Rounds of loading many rules.
LOADINGS = 5
#: Events of one turn of the judge at most (`engine.judging.judge.TURN`).
TURN = 256
#: Rules that must load and check in 2 s of CPU, and rules of one file.
MANY, PER_FILE = 8000, 500


def wanted(count: int, random: Random) -> list[Wanted]:
    """Return what rules want, spread over 100 cameras and 400 zones."""
    made = []
    for number in range(count):
        camera = random.randrange(CAMERAS)
        zone, score = f"z{camera}-{random.randrange(4)}", round(random.uniform(0.3, 0.9), 2)
        made.append(Wanted(number, f"c{camera}", random.choice(LABELS), zone, score))
    return made


def written(rules: Sequence[Wanted], lasting: int) -> str:
    """Return a rule file; every `lasting`-th rule remembers (0: none), the others are moments."""
    lines = ["rules:"]
    for rule in rules:
        remembers = lasting and rule.number % lasting == 0
        when = (
            f"object: {rule.label}, cameras: {rule.camera}, zone: {rule.zone}, score: {{above: {rule.score}}}"
        )
        lines.append(f"  - name: r{rule.number}")
        lines.append(f"    when: {{{when}{'' if remembers else ', change: began'}}}")
        lines += ["    for: 2s", "    cooldown: 30s"] if remembers else []
    return "\n".join(lines)


def happened(count: int, random: Random) -> list[Event]:
    """Return events as tracks make them: beginnings, goings-on and ends."""
    events = []
    for n in range(count):
        camera = random.randrange(CAMERAS)
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


def flat(event: Event) -> Flat:
    """Return an event as peers take it."""
    return {
        "camera": event.camera,
        "zone": event.zones[0] if event.zones else "",
        "label": event.label,
        "change": str(event.change),
        "score": event.score,
    }


@dataclass
class Outcome:
    """What a run did, so that nobody measures a no-op."""

    decisions: int = 0
    changes: int = 0
    fired: list[list[int]] = field(default_factory=list)


def judge(rules: RuleSet, events: Sequence[Event], outcome: Outcome) -> Callable[[], None]:
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


def judge_turns(rules: RuleSet, events: Sequence[Event], *, keep: bool) -> Callable[[], None]:
    """Return the same run as a live engine makes it, in turns of so many events; `keep` what explanations need."""
    instants = [Instant(event.received_at, n / 100) for n, event in enumerate(events)]

    def run() -> None:
        memory, history = Memory(), EvaluationHistory(time.thread_time, Random(1))
        for start in range(0, len(events), TURN):
            turn = events[start : start + TURN]
            weighed = history.choose(len(turn)) if keep else -1
            for place, (event, now) in enumerate(zip(turn, instants[start : start + TURN], strict=True)):
                if place == weighed:
                    done = history.weigh(rules, memory, event, now, len(turn))
                else:
                    done = step(rules, memory, event, now)
                if done is not NOTHING:
                    if keep:
                        history.note(event, now, done)
                    memory.apply(done.changes)
            if keep:
                history.saw(turn)

    return run


def asked_alike(rules: RuleSet, events: Sequence[Event]) -> Asked:
    """Ask our own rules, which have no memory, in the loop in which peers are asked."""
    memory = Memory()
    arrivals = [(event, Instant(event.received_at, 0.0)) for event in events]

    def ask(arrival: tuple[Event, Instant]) -> list[int]:
        return [int(made.rule[1:]) for made in step(rules, memory, *arrival).decisions]

    return answered(ask, arrivals, inf)


def look_up(events: Sequence[Event]) -> Callable[[], None]:
    """Return the limit: one dict look-up per event, its key built from the event."""
    table = {(event.kind, event.label, event.zones): n for n, event in enumerate(events)}

    def run() -> None:
        for event in events:
            table.get((event.kind, event.label, event.zones))

    return run


def look_up_prepared(events: Sequence[Event]) -> Callable[[], None]:
    """Return what no judge can reach: the same look-up with keys that were built before."""
    keys = [(event.kind, event.label, event.zones) for event in events]
    table = {key: n for n, key in enumerate(keys)}

    def run() -> None:
        for key in keys:
            table.get(key)

    return run


def spent(run: Callable[[], None], times: int = 1) -> float:
    """Return the CPU seconds of one run, as the mean of so many."""
    gc.collect()
    began = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - began) / times


def cost(run: Callable[[], None]) -> float:
    """Return the least CPU seconds of three runs."""
    return min(spent(run) for _ in range(3))


def against(run: Callable[[], None], *limits: Callable[[], None]) -> tuple[float, list[float]]:
    """Return the least CPU seconds of a run, and how many times each limit's it takes: the median of its rounds.

    A limit is measured right before, for about as long: a busy machine slows both down.
    """
    rounds = [([spent(limit, 8) for limit in limits], spent(run)) for _ in range(ROUNDS)]
    times = [median(seconds / others[n] for others, seconds in rounds) for n in range(len(limits))]
    return min(seconds for _, seconds in rounds), times


def compiled(rules: Sequence[Wanted], lasting: int = 0) -> RuleSet:
    """Return compiled rules, their index built."""
    made = compile_rules([("bench.yaml", written(rules, lasting))], World())
    made.candidates(happened(1, Random(0))[0])
    return made


def loaded(files: Sequence[tuple[str, str]], world: World) -> None:
    """Load rule files, and let them go."""
    assert len(compile_rules(files, world).rules) == MANY


def checked(files: Sequence[tuple[str, str]], world: World) -> None:
    """Do what `matthan rules check` does with rule files: load them, and look for what is suspicious."""
    made = examine(files, world)
    assert len(made.rules.rules) == MANY
    lint(made, dict(files))


def _detected() -> list[tuple[str, str]]:
    """Return many rules in files, about labels that a detector knows."""
    rules = [replace(each, label=DETECTED[each.number % len(DETECTED)]) for each in wanted(MANY, Random(11))]
    return [(str(first), written(rules[first : first + PER_FILE], 3)) for first in range(0, MANY, PER_FILE)]


def scanned(files: Sequence[tuple[str, str]]) -> None:
    """Let libyaml's events pass: what reading the same text costs at least, whatever is made of it."""
    for _, text in files:
        next_event = CParser(text).get_event
        while next_event() is not None:
            pass


def loading() -> dict[str, object]:
    """Return what it costs to load many rules, a third of them stateful, and to check every name in them.

    The least of several rounds; ratios are medians, the parser is measured before and after each round.
    """
    rules = wanted(MANY, Random(11))
    files = [
        (f"{first}.yaml", written(rules[first : first + PER_FILE], 3)) for first in range(0, MANY, PER_FILE)
    ]
    zones = {f"c{camera}": frozenset(f"z{camera}-{zone}" for zone in range(4)) for camera in range(CAMERAS)}
    world = World(zones=zones, labels=frozenset(LABELS), actions={})
    rounds = []
    for _ in range(LOADINGS):
        before = spent(lambda: scanned(files))
        load, check = spent(lambda: loaded(files, world)), spent(lambda: checked(files, world))
        rounds.append(((before + spent(lambda: scanned(files))) / 2, load, check))
    bare, seconds, checking = map(min, zip(*rounds, strict=True))
    some = wanted(1000, Random(11))
    compiled(some, 3)  # what is made once for all, such as the sentences' catalogue, is no rule's
    shared.cache_clear()
    tracemalloc.start()
    kept = compiled(some, 3)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return {
        "rules": MANY,
        "parser_cpu_s": round(bare, 2),
        "load_cpu_s": round(seconds, 2),
        "check_cpu_s": round(checking, 2),
        "load_times_the_parser": round(median(load / parser for parser, load, _ in rounds), 1),
        "check_times_the_parser": round(median(check / parser for parser, _, check in rounds), 1),
        "bytes_per_rule": round(used / len(kept.rules)),
    }


def peers(counts: Sequence[int], events: Sequence[Event], budget: float) -> dict[str, object]:
    """Return how every peer did with every number of rules."""
    flats = [flat(event) for event in events]
    return {
        name: {str(count): _peer(name, wanted(count, Random(11)), events, flats, budget) for count in counts}
        for name in PEERS
    }


def _peer(
    name: str, rules: Sequence[Wanted], events: Sequence[Event], flats: list[Flat], budget: float
) -> object:
    """Return how a peer did, and how many times faster ours did, asked right before and after."""
    made = compiled(rules)
    ours = [asked_alike(made, events) for _ in range(2)]
    try:
        asked = ask_peer(name, rules, flats, budget)
    except ImportError as error:
        return f"left out: {error}"
    ours.append(asked_alike(made, events))
    fired, per_event = ours[0].fired, median(each.spent for each in ours) / len(events)
    count = len(asked.fired)
    return {
        "events": count,
        "events_per_s": round(count / asked.spent),
        "ours_is_faster": round(asked.spent / count / per_event, 1),
        "load_cpu_s": round(asked.load, 2),
        "fired": sum(map(len, asked.fired)),
        "same_as_ours": _same(name, asked, fired[:count]),
    }


def _same(name: str, asked: Asked, fired: list[list[int]]) -> object:
    """Return whether a peer fires what we fire; of one that stops at the first, whether it is one of ours."""
    pairs = list(zip(asked.fired, fired, strict=True))
    if name not in FIRST_ONLY:
        return all(theirs == ours for theirs, ours in pairs)
    agree = all(set(theirs) <= set(ours) and bool(theirs) == bool(ours) for theirs, ours in pairs)
    left = sum(len(ours) - len(theirs) for theirs, ours in pairs)
    return f"{'one of ours each time' if agree else 'no'}; {left} more are not fired"


def measure(rule_count: int, event_count: int) -> dict[str, object]:
    """Return our own figures."""
    events = happened(event_count, Random(7))
    limit, prepared = cost(look_up(events)), cost(look_up_prepared(events))
    found: dict[str, object] = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "rules": rule_count,
        "events": event_count,
        "lookup_events_per_s": round(event_count / limit),
        "lookup_prepared_key_events_per_s": round(event_count / prepared),
    }
    for name, lasting in (("stateless", 0), ("third_stateful", 3)):
        outcome = Outcome()
        rules = compiled(wanted(rule_count, Random(11)), lasting)
        run = judge(rules, events, outcome)
        seconds, times = against(run, look_up(events), look_up_prepared(events))
        bare, kept = judge_turns(rules, events, keep=False), judge_turns(rules, events, keep=True)
        pairs = [(spent(bare), spent(kept)) for _ in range(ROUNDS)]
        found[name] = {
            "events_per_s": round(event_count / seconds),
            "times_the_lookup": round(times[0], 1),
            "times_the_lookup_prepared_key": round(times[1], 1),
            "kept_for_explaining_times": round(median(live / alone for alone, live in pairs), 2),
            "decisions": outcome.decisions,
            "memory_changes": outcome.changes,
        }
    return found


def replaying() -> dict[str, object]:
    """Return how fast a commune's day is replayed through the sample rules, from printed events to decisions.

    Reading the text of the events is measured too: nobody has them otherwise.
    """
    lines, texts = rule_day.lines(rule_day.happened(Random(5))), rule_day.rules()
    made = compile_rules(texts, World())
    seconds, done = [], None
    for _ in range(3):
        gc.collect()
        began = time.process_time()
        done = replay(made, printed(lines))
        seconds.append(time.process_time() - began)
    assert done is not None
    return {
        "rules": len(made.rules),
        "cameras": rule_day.CAMERAS,
        "events": done.events,
        "hours": round(done.seconds / 3600, 1),
        "decisions": len(done.decisions),
        "cpu_s": round(median(seconds), 2),
        "times_real_time": round(done.seconds / median(seconds)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on one line")
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument(
        "--peers", type=float, default=2.0, help="CPU seconds for each peer and number of rules; 0: none"
    )
    options = parser.parse_args()
    bars = {"overlapping": {"bounds": rule_bars.overlapping(options.rules)}, "at_limit": rule_bars.at_limit()}
    bars["reloading"] = rule_bars.reloading(_detected(), CAMERAS)
    found = {"loading": loading(), **bars} | measure(options.rules, options.events)
    found["replay"] = replaying()
    if options.peers > 0:
        counts = sorted({1, 100, options.rules})
        found["peers"] = peers(counts, happened(20_000, Random(7)), options.peers)
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
