"""The rules as last told, what needs a person first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.api import wire
from tui.texts import Texts, fold, natural


class RuleState(StrEnum):
    """How a rule does, the worst first."""

    FAILED = "failed"
    FIRING = "firing"
    PENDING = "pending"
    QUIET = "quiet"


_RANK = {rule_state: rank for rank, rule_state in enumerate(RuleState)}


def rule_state(rule: wire.Rule) -> RuleState:
    """Return how a rule does: one that raised is in trouble, whatever it fires."""
    if rule.error:
        return RuleState.FAILED
    if rule.firing:
        return RuleState.FIRING
    return RuleState.PENDING if rule.pending else RuleState.QUIET


@dataclass(frozen=True, slots=True)
class _Known:
    """What is reckoned of a rule once, not at every look: there may be thousands."""

    rule: wire.Rule
    name: tuple[object, ...]
    text: str

    @classmethod
    def of(cls, rule: wire.Rule, before: _Known | None) -> _Known:
        if before is not None and before.rule.title == rule.title:
            return cls(rule, before.name, before.text)
        return cls(rule, natural(rule.name), fold(" ".join((rule.name, *rule.title.values()))))

    def order(self) -> tuple[object, ...]:
        now = rule_state(self.rule)
        worst = 0 if now is RuleState.QUIET else wire.RANK.get(self.rule.severity, len(wire.RANK))
        return _RANK[now], worst, self.name, self.rule.name


@dataclass(slots=True)
class RuleList:
    """Every rule of the engine.

    Attributes:
        loaded: Whether the engine has told its rules yet.
    """

    loaded: bool = False
    _known: dict[str, _Known] = field(default_factory=dict)
    _order: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._order)

    def replace(self, rules: Iterable[wire.Rule]) -> bool:
        """Forget what was told before; return whether anything is another now."""
        before, known = self._known, self.loaded
        self._known = {rule.name: _Known.of(rule, before.get(rule.name)) for rule in rules}
        ordered = sorted(self._known.values(), key=_Known.order)
        self._order = [known.rule.name for known in ordered]
        self.loaded = True
        return not known or self._known != before

    def get(self, name: str) -> wire.Rule | None:
        """Return a rule, None when the engine told none of that name."""
        known = self._known.get(name)
        return known.rule if known else None

    def names(self) -> Sequence[str]:
        """Return every rule's name, what needs a person first."""
        return self._order

    def matching(self, query: str, t: Texts) -> Iterator[str]:
        """Yield the names of rules that a (folded) query wants, in order: unhealthy, firing, pending, quiet.

        It may name the state and the severity, as `t` calls them whole, and words of the name and the title.
        """
        states = {each: fold(t(f"rule.{each}")) for each in RuleState}
        severities = {name: fold(t.find(f"severity.{name}", name)) for name in wire.RANK}
        for name in self._order:
            known, rest = self._known[name], f" {query} "
            for words in (states[rule_state(known.rule)], severities.get(known.rule.severity, "")):
                rest = rest.replace(f" {words} ", " ")
            if all(word in known.text for word in rest.split()):
                yield name
