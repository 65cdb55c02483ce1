"""Events through the real evaluator on a clock that events move: trials, replays and explanations run on it.

Nothing here judges: `evaluator.step` does, as it does live. Timers are given their own moment before the next
event, as the judge gives it to them. Where the log says that other rules were adopted, they are, if a library has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from rules.adoption import Library, adopted
from rules.evaluator import CLOCK_SET, GAPS, settle, step
from rules.memory import Memory
from rules.model import Decision, Event, Fault, Instant, Kind, Step
from rules.ruleset import RuleSet


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
    _told: Instant | None = None

    def begin(self, now: Instant) -> list[Decision]:
        """Let absences and times of day begin to count; without it, they do with the first event."""
        self._begun = True
        return list(self._take(None, now, settle(self.rules, self.memory, now)))

    def see(self, arrival: Arrival) -> list[Decision]:
        """Judge one event, after every timer that is due before it; return what was decided."""
        due = self._before(arrival)
        self._told = None if _of_the_past(arrival.event) else arrival.now
        return [
            *due,
            *self.until(arrival.now),
            *self._adopt(arrival),
            *self._step(arrival.event, arrival.now),
        ]

    def _before(self, arrival: Arrival) -> list[Decision]:
        """Let the time pass that went by another clock on the wall: before a restart, or before a clock was set.

        What was due then fired by the old clock, that of the last event, or what it showed at the end.
        """
        event, engine = arrival.event, arrival.now.engine
        if event.label == CLOCK_SET and isinstance(after := event.facts.get("after"), (int, float)):
            return self.until(Instant(event.at, min(float(after), engine)))
        if not _of_the_past(event):
            return []
        told = self._told
        if told is None or event.label in GAPS:
            return self.until(Instant(event.at, engine))
        return self.until(Instant(told.wall + timedelta(seconds=engine - told.engine), engine))

    def until(self, now: Instant) -> list[Decision]:
        """Let time pass, each timer firing at its own moment; return what was decided."""
        decided: list[Decision] = [] if self._begun else self.begin(now)
        while (due := self.memory.next_due()) is not None and due <= now.engine:
            decided += self._step(None, Instant(now.wall - timedelta(seconds=now.engine - due), due))
            if self.memory.next_due() == due:  # a timer that stays would be asked for ever
                break
        return decided

    def all(self, arrivals: Iterable[Arrival]) -> Iterator[Decision]:
        """Yield every decision, in order."""
        for arrival in arrivals:
            yield from self.see(arrival)

    def _adopt(self, arrival: Arrival) -> tuple[Decision, ...]:
        """Take over the rules that an event adopts, as the judge did: what was due is over, the event is theirs."""
        digest = adopted(arrival.event)
        found = self.library(digest) if self.library is not None and digest is not None else None
        if found is None:
            return ()
        before, self.rules = self.rules, found
        return self._take(None, arrival.now, settle(found, self.memory, arrival.now, before))

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


def _of_the_past(event: Event) -> bool:
    """Return whether an event may be judged when watching had ended, by a clock that was read later."""
    return event.kind is Kind.ENGINE and (event.label in GAPS or adopted(event) is not None)
