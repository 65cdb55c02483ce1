"""Events through the real evaluator on a clock that events move: trials, replays and explanations run on it.

Nothing here judges: `evaluator.step` does, as it does live. Timers are given their own moment before the next
event, as the judge gives it to them: by the clock on the wall of that event, or, where it says that the clock was
set, by the clock before. Where the log says that other rules were adopted, they are, if a library has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rules.compiler.ruleset import RuleSet
from rules.evaluator.adoption import Library, adopted
from rules.evaluator.evaluator import CLOCK_SET, GAPS, settle, step, ticks
from rules.memory import Memory
from rules.model import Decision, Event, Fault, Instant, Kind, Step


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event and the moment at which it was judged."""

    event: Event
    now: Instant


#: Told of every step: what was judged (None: a timer), when, and what came of it, before memory takes it over.
Watch = Callable[[Event | None, Instant, Step], None]


@dataclass(slots=True)
class Playback:
    """Rules at work on events that somebody else brings.

    Attributes:
        rules: What is judged by, until an event of the log adopts others.
        library: Knows the rules that were adopted; None: one rule set judges everything.
        memory: Written after every step.
        faults: Rules that raised, and what.
        evicted: How often a rule gave up something because it remembered too much.
    """

    rules: RuleSet
    memory: Memory = field(default_factory=Memory)
    watch: Watch | None = None
    faults: dict[str, Fault] = field(default_factory=dict)
    evicted: Counter[str] = field(default_factory=Counter)
    library: Library | None = None
    _begun: bool = False

    def begin(self, now: Instant) -> list[Decision]:
        """Let absences and times of day begin to count; without it, they do with the first event."""
        self._begun = True
        return list(self._take(None, now, settle(self.rules, self.memory, now)))

    def see(self, arrival: Arrival) -> list[Decision]:
        """Judge one event, after every timer that is due before it; return what was decided."""
        event, now = arrival.event, judged_at(arrival)
        due = self.until(Instant(event.at, now.engine)) if event.label == CLOCK_SET else []
        return [*due, *self.until(now), *self._adopt(event, now), *self._step(event, now)]

    def until(self, now: Instant) -> list[Decision]:
        """Let time pass, each timer firing at its own moment; return what was decided."""
        decided: list[Decision] = [] if self._begun else self.begin(now)
        for at in ticks(self.memory, now):
            decided += self._step(None, at)
        return decided

    def all(self, arrivals: Iterable[Arrival]) -> Iterator[Decision]:
        """Yield every decision, in order."""
        for arrival in arrivals:
            yield from self.see(arrival)

    def _adopt(self, event: Event, now: Instant) -> tuple[Decision, ...]:
        """Take over the rules that an event adopts, as the judge did: what was due is over, the event is theirs."""
        digest = adopted(event)
        found = self.library(digest) if self.library is not None and digest is not None else None
        if found is None:
            return ()
        before = None if _anew(event) else self.rules
        self.rules = found
        if before is None:
            self.memory = Memory()
        return self._take(None, now, settle(found, self.memory, now, before))

    def _step(self, event: Event | None, now: Instant) -> tuple[Decision, ...]:
        return self._take(event, now, step(self.rules, self.memory, event, now))

    def _take(self, event: Event | None, now: Instant, done: Step) -> tuple[Decision, ...]:
        if self.watch is not None:
            self.watch(event, now, done)
        self.memory.apply(done.changes)
        self.evicted.update(done.evicted)
        for fault in done.faults:
            self.faults.setdefault(fault.rule, fault)
        return done.decisions


def _anew(event: Event) -> bool:
    """Return whether an event adopts rules where none were: nothing was remembered, or it was lost."""
    return not any(event.facts.get(name) for name in ("kept", "changed", "removed"))


def judged_at(arrival: Arrival) -> Instant:
    """Return the moment by which an event was judged.

    Other rules and a gap are of their own time: after a restart they are judged when watching had ended.
    """
    event, now = arrival.event, arrival.now
    past = event.kind is Kind.ENGINE and (event.label in GAPS or adopted(event) is not None)
    return Instant(event.at, now.engine) if past else now
