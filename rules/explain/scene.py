"""A rule, what it remembers and the moment: what all explanations of it are told from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.compiler import reasons
from rules.compiler.ruleset import Rule
from rules.explain.criteria import pattern_told
from rules.explain.words import clock, joined, who
from rules.memory import GATHERING, GATHERING_MARK, HELD_MARK, role_of
from rules.model import Event, Fact, Instant, Row, RuleName, Sentence


@dataclass(frozen=True, slots=True)
class Scene:
    """One rule at one moment.

    Attributes:
        rows: What it remembers, by key.
        asked: Whether it is within the span that is asked about; what was before only leads to it.
    """

    rule: Rule
    rows: Mapping[str, Row]
    now: Instant
    asked: bool = True

    def wall(self, engine: float) -> datetime:
        """Return what the clock on the wall shows at an engine time."""
        return self.now.wall + timedelta(seconds=engine - self.now.engine)

    def at(self, engine: float | None) -> str:
        """Return an engine time as the clock on the wall shows it."""
        return "–" if engine is None else self.clock(self.wall(engine))

    def clock(self, at: datetime) -> str:
        """Return a moment as the clock on the wall shows it."""
        return clock(at, self.now.wall, self.rule.almanac.zone)

    def left(self, row: Row) -> float:
        """Return how many seconds are left until a row is due."""
        return (row.due or self.now.engine) - self.now.engine

    def gathered(self) -> Iterator[tuple[str, Row]]:
        """Yield what a combination gathered, by what it keeps apart."""
        for key, row in self.rows.items():
            if row.state == GATHERING:
                yield key.removeprefix(GATHERING_MARK), row

    def joined(self, rule: RuleName, role: int, *corrs: str) -> Iterator[tuple[str, Row]]:
        """Yield what holds or was, of one pattern: the evaluator asks so for what keeps a rule from firing."""
        return ((key, row) for key, row in self.held() if role_of(key) == role and row.data in corrs)

    def held(self) -> Iterator[tuple[str, Row]]:
        """Yield the rows of what holds or was, by key."""
        return ((key, row) for key, row in self.rows.items() if key.startswith(HELD_MARK))

    def step(self, role: int) -> Sentence:
        """Return a pattern of the rule in a few words."""
        return pattern_told(self.rule.patterns[role])

    @property
    def quiet_hours(self) -> bool:
        """Whether the rule does not apply now."""
        return self.rule.hours is not None and not self.rule.hours.hold(self.now.wall)


def of(key: str, code: str, values: Mapping[str, Fact], *more: Sentence) -> Sentence:
    """Return a sentence about whom a key stands for; `more` is told behind it, after a colon of its own."""
    return joined([who(key), (code, values), *more])


def matched(rule: Rule, event: Event) -> list[int]:
    """Return the roles of the patterns that an event matches, whatever a sequence asks of earlier steps."""
    return [each.role for each in rule.patterns if each.kind is event.kind and each.matches(event)]


def length(seconds: float) -> str:
    """Return a length of time, with a decimal where it is short: ``1.0 s``."""
    return (
        f"{seconds:.1f} s" if seconds < 10 else reasons.duration(round(seconds) if seconds >= 60 else seconds)
    )
