"""Rules under a hand-moved clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import step
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Event, EventId, Instant, Kind, Step

#: 22:00 in Việt Nam, a Wednesday.
START = datetime(2025, 1, 1, 15, 0, tzinfo=UTC)


@dataclass
class Bench:
    """A rule set, its memory and a clock; what the judge does, without a store."""

    rules: RuleSet
    memory: Memory = field(default_factory=Memory)
    count: int = 0
    steps: list[Step] = field(default_factory=list)

    def now(self, at: float) -> Instant:
        return Instant(START + timedelta(seconds=at), at)

    def event(self, at: float, **given: Any) -> Event:
        self.count += 1
        wall = START + timedelta(seconds=at)
        told: dict[str, Any] = {
            "kind": Kind.OBJECT,
            "change": Change.GOES_ON,
            "camera": CameraId("c1"),
            "subject": "track:1",
            "label": "person",
            "zones": ("gate",),
            "score": 0.83,
        }
        told |= given
        return Event(EventId(f"e{self.count}"), "s", self.count, at=wall, received_at=wall, **told)

    def see(self, at: float, **given: Any) -> tuple[Decision, ...]:
        return self.step(self.event(at, **given), at)

    def tick(self, at: float) -> tuple[Decision, ...]:
        return self.step(None, at)

    def step(self, event: Event | None, at: float) -> tuple[Decision, ...]:
        done = step(self.rules, self.memory, event, self.now(at))
        self.memory.apply(done.changes)
        self.steps.append(done)
        return done.decisions


def compiled(text: str, world: World | None = None) -> RuleSet:
    return compile_rules([("test.yaml", text)], world or World())


@pytest.fixture(scope="session")
def compile_text() -> Callable[..., RuleSet]:
    """Compile one YAML text; names are not checked unless a world is given."""
    return compiled


@pytest.fixture(scope="session")
def bench() -> Callable[..., Bench]:
    """Make a bench from YAML text or a rule set."""
    return lambda rules: Bench(compiled(rules) if isinstance(rules, str) else rules)
