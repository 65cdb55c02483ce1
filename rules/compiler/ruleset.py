"""Rules as the evaluator knows them, and the index that finds those an event could match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from rules.compiler.active_hours import ActiveHours
from rules.compiler.candidates.index import Candidate, Index
from rules.compiler.candidates.matcher import Matcher
from rules.compiler.if_condition import If
from rules.compiler.suspension import Suspension
from rules.compiler.telling import Inhibitor, Receiver, Tier
from rules.dates import DayRule
from rules.document.source import Problem
from rules.kinds.conditions import Condition, Telling
from rules.language.expressions.expr import Expression, Reader
from rules.memory import SILENCES
from rules.model import ActionCall, Event, Kind, RuleName, Severity
from rules.schedule import EVERY_DAY, Almanac, Edge
from rules.text import catalogue

__all__ = [
    "Absence",
    "ActiveHours",
    "Condition",
    "Counting",
    "DutyRota",
    "Each",
    "Matcher",
    "Ordered",
    "Rule",
    "RuleSet",
    "Tally",
    "Telling",
    "TimesOfDay",
    "Together",
    "Trigger",
    "Veto",
]


@dataclass(frozen=True, slots=True)
class Each:
    """Every pattern for itself: what matches is followed by its subject."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """One after the other.

    Attributes:
        within: Seconds from the first to the last.
        steps: Role of each positive step.
        breaks: Roles that must not match after a positive step, by the step's number.
        waits: Whether the last step is a negative one: it is complete when `within` is over.
        asked: Facts for which later steps ask: role, name, and how it is read.
    """

    within: float
    by: tuple[str, ...]
    steps: tuple[int, ...]
    breaks: Mapping[int, int]
    waits: bool
    hold_on_gap: bool = True
    asked: tuple[tuple[int, str, Reader], ...] = ()


@dataclass(frozen=True, slots=True)
class Together:
    """All hold, or held within so many seconds.

    Attributes:
        groups: Roles of each step: one of them must hold.
        barred: Roles of what must not hold.
    """

    within: float | None
    by: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]
    barred: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Veto:
    """What keeps a rule from firing: the pattern of a role matched so many seconds ago, or holds (0: only that)."""

    role: int
    within: float
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counting:
    """`size` or more within so many seconds, or, where it asks for few, fewer than that.

    Attributes:
        distinct: Of what different ones are counted; empty: every event counts.
        keys: Where it asks for few: what is counted apart, known beforehand; nothing needs to happen for it.
    """

    size: int
    within: float
    by: tuple[str, ...]
    distinct: str = ""
    tumbling: bool = False
    few: bool = False
    hold_on_gap: bool = False
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Absence:
    """Nothing matched for so many seconds, always or after role 1.

    Attributes:
        keys: What is missed apart, known beforehand; nothing needs to happen for it to count.
        within_hours: The time counts within the rule's hours alone, and anew whenever they begin.
    """

    time: float
    by: tuple[str, ...]
    after: bool = False
    hold_on_gap: bool = True
    keys: tuple[str, ...] = ()
    within_hours: bool = False


@dataclass(frozen=True, slots=True)
class TimesOfDay:
    """Times of day."""

    edges: tuple[Edge, ...]
    days: frozenset[int]
    almanac: Almanac
    hold_on_gap: bool = True
    rules: tuple[DayRule, ...] = ()

    def upcoming(self, after: datetime) -> datetime | None:
        """Return the next time, aware UTC."""
        return self.almanac.upcoming(after, self.edges, self.days, self.rules)


@dataclass(frozen=True, slots=True)
class Tally:
    """A counter.

    Attributes:
        longest: Seconds of the longest time over which it is asked; 0: only how many there were.
        since: The time of day at which it begins anew; None: it never does.
    """

    almanac: Almanac
    longest: float = 0.0
    since: Edge | None = None


Trigger = Each | Ordered | Together | Counting | Absence | TimesOfDay | Tally
EACH = Each()


def _from_nothing(trigger: Trigger) -> bool:
    few = isinstance(trigger, Counting) and trigger.few
    return few or isinstance(trigger, (Absence, TimesOfDay))


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule.

    Attributes:
        order: Place among all rules; decisions of one event come in it.
        patterns: What may happen, by role; none for a time of day.
        trigger: How the patterns belong together.
        hours: When it applies; None: always.
        lasting: Whether it holds for a while (and resolves), or is a moment.
        hold: Seconds that it must hold.
        cooldown: Least seconds between two firings per `per`.
        linger: Seconds that it goes on firing after its end (`keep_firing_for`).
        clear: Seconds after the last match when it resolves by itself (`auto_clear`); 0: never.
        limit: Subjects remembered at once.
        tiers: Steps of its escalation, in order.
        receivers: Who is told besides, each at its hours.
        what_to_do: What the officer on duty is to do.
        ended: Its message when it is over; `resolution`: actions then.
        inhibitors: What keeps it from being told while it fires.
        names: Facts that its texts name: kept with what holds.
        edition: Changes with whatever changes what its rows mean.
        tags: By which it can be silenced, found and switched on and off.
        suspensions: When it is judged and not told.
        until: What began holds on until an event of its subject fulfils it; None: until one does not match.
        guard: What must hold when a time of day has come.
        vetoes: What keeps it from firing; their patterns come after those of the trigger.
    """

    name: RuleName
    order: int
    patterns: tuple[Matcher, ...]
    trigger: Trigger = EACH
    hours: ActiveHours | None = None
    lasting: bool = True
    hold: float = 0.0
    cooldown: float = 0.0
    per: str = "camera"
    linger: float = 0.0
    clear: float = 0.0
    limit: int = 1000
    severity: Severity = Severity.WARNING
    title: Mapping[str, str] = field(default_factory=dict)
    message: Mapping[str, str] = field(default_factory=dict)
    dedup: str = ""
    names: tuple[str, ...] = ()
    actions: tuple[ActionCall, ...] = ()
    tiers: tuple[Tier, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    ended: Mapping[str, str] = field(default_factory=dict)
    what_to_do: Mapping[str, str] = field(default_factory=dict)
    resolution: tuple[ActionCall, ...] = ()
    inhibitors: tuple[Inhibitor, ...] = ()
    dry_run: bool = False
    edition: str = ""
    almanac: Almanac = field(default_factory=Almanac, repr=False)
    tags: frozenset[str] = frozenset()
    suspensions: tuple[Suspension, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    until: Expression | None = None
    guard: If | None = None

    @property
    def escalate(self) -> float:
        """Seconds after which what nobody acknowledges escalates; 0: never."""
        return self.tiers[0].after if self.tiers else 0.0

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every conjunct of every pattern."""
        return tuple(condition for pattern in self.patterns for condition in pattern.conditions)

    @property
    def room(self) -> int:
        """How many rows it may keep: as many as its `limit` of subjects need, whatever becomes of them."""
        own = len(self.patterns) - len(self.vetoes)
        of_one = (1 if isinstance(self.trigger, Each) else 1 + max(1, own)) + len(self.vetoes)
        return self.limit * (of_one + (self.cooldown > 0) + (self.escalate > 0))

    @property
    def kind(self) -> Kind:
        """What its first pattern is about."""
        return self.patterns[0].kind if self.patterns else Kind.CLOCK


@dataclass(frozen=True, slots=True)
class DutyRota:
    """When shifts change, and what is done then about critical rules that are silenced."""

    almanac: Almanac = field(default_factory=Almanac)
    changes: tuple[Edge, ...] = (6 * 60, 18 * 60)
    actions: tuple[ActionCall, ...] = ()

    def upcoming(self, after: datetime) -> datetime | None:
        """Return the next change of shift, aware UTC."""
        return self.almanac.upcoming(after, self.changes, EVERY_DAY)


#: Before the name of a counter, in the name of the rule that keeps it.
COUNTER = "counter."
#: Silences, and what they mute, that are remembered at most.
_MOST_MUTED = 100_000


@dataclass(frozen=True)
class RuleSet:
    """Every rule that is judged, indexed by (kind, label, zone, camera).

    `rules.compiler.candidates.index` says how; it changes the speed and nothing else.

    Attributes:
        disabled: Names of those that are written and not judged: whoever asks about one is to be told.
    """

    rules: tuple[Rule, ...] = ()
    warnings: tuple[Problem, ...] = ()
    duty: DutyRota = field(default_factory=DutyRota)
    tallies: tuple[Rule, ...] = ()
    disabled: frozenset[str] = field(default=frozenset(), compare=False)

    def prepare(self) -> None:
        """Make the index now, where it holds nobody up; else the first event waits for it."""
        _ = self.named, self.heard, self.absences, self.escalating
        self.index.prepare()

    @cached_property
    def named(self) -> Mapping[RuleName, Rule]:
        """The rules by name."""
        return {rule.name: rule for rule in self.rules}

    def rule(self, name: RuleName) -> Rule | None:
        """Return a rule by its name, also the one in whose name silences are told."""
        return self.named.get(name) or self._nameless.get(name)

    @cached_property
    def _nameless(self) -> Mapping[RuleName, Rule]:
        """The rules that nobody wrote: what keeps silences, and counters."""
        return {rule.name: rule for rule in (self.silencer, *self.tallies)}

    @cached_property
    def silencer(self) -> Rule:
        """What keeps and tells silences: a rule without patterns that nobody wrote."""
        title = {"vi": catalogue("vi")["silence.title"], "en": catalogue("en")["silence.title"]}
        return Rule(SILENCES, -1, (), limit=_MOST_MUTED, title=title, almanac=self.duty.almanac)

    @cached_property
    def heard(self) -> frozenset[str]:
        """Names of rules whose decisions other rules wait for."""
        patterns = (pattern for rule in (*self.tallies, *self.rules) for pattern in rule.patterns)
        return frozenset(
            name for each in patterns if each.kind is Kind.DECISION for name in each.labels or ()
        )

    @cached_property
    def absences(self) -> tuple[Rule, ...]:
        """Rules that count from nothing: they must be armed before anything happens."""
        return tuple(rule for rule in self.rules if _from_nothing(rule.trigger))

    @cached_property
    def inhibiting(self) -> frozenset[str]:
        """Names of rules that keep others from being told while they fire."""
        return frozenset(name for rule in self.rules for each in rule.inhibitors for name in each.rules)

    @cached_property
    def escalating(self) -> tuple[Rule, ...]:
        """Rules that escalate."""
        return tuple(rule for rule in self.rules if rule.escalate)

    @cached_property
    def index(self) -> Index:
        """Finds the patterns that an event could match."""
        return Index((*self.tallies, *self.rules))

    def candidates(self, event: Event) -> Sequence[Candidate]:
        """Return patterns that admit an event, in order: all of which `Matcher.holds` may be true, and few others."""
        return self.index.candidates(event)
