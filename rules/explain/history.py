"""What is kept of rules while they judge: the latest events and steps, and what each rule did and about cost.

A running engine explains from it. It is bounded, and cheap: events are noted once per turn, steps only where
something came of them, and one event of a turn is weighed for all.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import NOTHING, step
from rules.memory import Memory
from rules.model import CameraId, Event, Instant, Phase, RuleName, Step

#: Events, and steps that came to something, kept of each camera and of what belongs to none: a busy camera
#: pushes out no other's.
EVENTS, STEPS = 256, 64

#: What was judged (None: a timer), when, and what came of it.
Kept = tuple[Event | None, Instant, Step]


@dataclass(slots=True)
class Tally:
    """What one rule did since the engine began.

    Attributes:
        fired: How often it fired, `last` when the last time.
        evicted: Rows it gave up because it had too many.
        visits: Events that the index brought to it, about.
        seconds: Processor time of the steps that it had part in, shared among the rules of each, about.
        faults: How often it raised since the rules were loaded, `error` what the last time, `failed` when.
    """

    fired: int = 0
    last: datetime | None = None
    evicted: int = 0
    visits: int = 0
    seconds: float = 0.0
    faults: int = 0
    error: str = ""
    failed: datetime | None = None


class EvaluationHistory:
    """Written by one judge, read by whoever explains."""

    def __init__(self, cpu: Callable[[], float], random: Random) -> None:
        """Make an empty one; `cpu` tells processor time in seconds."""
        self._cpu, self._random = cpu, random
        self._events: dict[CameraId | None, deque[Event]] = defaultdict(lambda: deque(maxlen=EVENTS))
        self._steps: dict[CameraId | None, deque[Kept]] = defaultdict(lambda: deque(maxlen=STEPS))
        self._tallies: defaultdict[RuleName, Tally] = defaultdict(Tally)

    # -- writing -----------------------------------------------------------------------------

    def choose(self, count: int) -> int:
        """Return which of a turn's events is to be weighed: any, so that nothing falls into step with it."""
        return self._random.randrange(count) if count else -1

    def weigh(
        self, rules: RuleSet, memory: Memory, event: Event | None, now: Instant, stands_for: int = 1
    ) -> Step:
        """Judge as `evaluator.step` does, and charge the rules that it concerned, for so many events."""
        visited = {rule.name for rule, _ in rules.candidates(event)} if event is not None else set()
        began = self._cpu()
        done = step(rules, memory, event, now)
        spent = (self._cpu() - began) * stands_for
        for name in visited:
            self._tallies[name].visits += stands_for
        concerned = visited or {change.rule for change in done.changes}
        for name in concerned:
            self._tallies[name].seconds += spent / len(concerned)
        return done

    def saw(self, events: Iterable[Event]) -> None:
        """Keep what was judged in a turn."""
        kept = self._events
        for event in events:
            kept[event.camera].append(event)

    def note(self, event: Event | None, now: Instant, done: Step) -> None:
        """Keep and count what came of a step; for one that came to nothing, nobody needs to call it."""
        self._steps[None if event is None else event.camera].append((event, now, done))
        for made in done.decisions:
            if made.phase is Phase.FIRING:
                tally = self._tallies[made.rule]
                tally.fired += 1
                tally.last = made.at
        for rule in done.evicted:
            self._tallies[rule].evicted += 1
        for fault in done.faults:
            tally = self._tallies[fault.rule]
            tally.faults += 1
            tally.error, tally.failed = fault.error, now.wall

    def renew(self, rules: RuleSet) -> None:
        """Take over other rules: faults are forgotten, and so is who is gone."""
        for name in [name for name in self._tallies if name not in rules.named]:
            del self._tallies[name]
        for tally in self._tallies.values():
            tally.faults, tally.error, tally.failed = 0, "", None

    # -- reading -----------------------------------------------------------------------------

    def of(self, rule: RuleName) -> Tally:
        """Return what a rule did."""
        return self._tallies.get(rule) or Tally()

    def recent(self, camera: str | None = None) -> list[Kept]:
        """Return the latest steps of all cameras, or of one and of what belongs to none; oldest first."""

        def chosen(name: CameraId | None) -> bool:
            return camera is None or name in (camera, None)

        found = [each for name, steps in self._steps.items() if chosen(name) for each in steps]
        noted = {event.id for event, _, _ in found if event is not None}
        found += [
            (event, Instant(event.received_at, event.judged or 0.0), NOTHING)
            for name, events in self._events.items()
            if chosen(name)
            for event in events
            if event.id not in noted
        ]
        return sorted(found, key=_place)


def _place(kept: Kept) -> tuple[float, int]:
    event, now, _ = kept
    return now.engine, 0 if event is None else event.seq
