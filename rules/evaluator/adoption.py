"""Which rules are judged by from an event on: adopting rules is an event of the log, in order with all others.

So the log alone says by which rules each stretch of it was judged, and a replay changes them where the live run did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from weakref import ReferenceType, ref

from rules.compiler.ruleset import Rule, RuleSet
from rules.model import Event, Fact, Kind, RuleName

#: Label of the engine's event.
ADOPTED = "engine.rules"
#: Returns the rules of a digest; None where nobody knows them any more.
Library = Callable[[str], RuleSet | None]


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """Two rule sets, by the names of their rules.

    Attributes:
        changed: Means something else now: what it remembered is gone, and resolved where it had fired.
        edited: Other texts, actions, severity or limits; goes on with what it remembers.
        same: Nothing of it changed.
    """

    added: tuple[RuleName, ...] = ()
    removed: tuple[RuleName, ...] = ()
    changed: tuple[RuleName, ...] = ()
    edited: tuple[RuleName, ...] = ()
    same: tuple[RuleName, ...] = ()

    @property
    def kept(self) -> tuple[RuleName, ...]:
        """Rules that go on with what they remember."""
        return self.edited + self.same


@dataclass(frozen=True, slots=True)
class Comparison:
    """Changes, and from which rules they lead: thousands are compared in a thread, before they are adopted."""

    before: ReferenceType[RuleSet]
    changes: RuleChanges

    @classmethod
    def of(cls, before: RuleSet, after: RuleSet) -> Comparison:
        """Compare; nobody's rules are kept for it."""
        return cls(ref(before), compare(before, after))


def compare(before: RuleSet, after: RuleSet) -> RuleChanges:
    """Return what becomes of each rule."""
    old, new = before.named, after.named
    both = [name for name in new if name in old]
    kept = [name for name in both if old[name].edition == new[name].edition]
    edited = tuple(name for name in kept if _told(old[name]) != _told(new[name]))
    others = set(edited)
    return RuleChanges(
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        changed=tuple(name for name in both if old[name].edition != new[name].edition),
        edited=edited,
        same=tuple(name for name in kept if name not in others),
    )


def _told(rule: Rule) -> tuple[object, ...]:
    """Return all that may change without a new edition."""
    texts = (rule.title, rule.message, rule.ended, rule.what_to_do)
    said = (
        *map(dict, texts),
        rule.dedup,
        rule.severity,
        rule.actions,
        rule.resolution,
        rule.dry_run,
        rule.limit,
    )
    return (*said, rule.tiers, rule.receivers, rule.inhibitors, rule.suspensions, rule.tags)


def facts_of(digest: str, rules: RuleSet, changes: RuleChanges) -> Mapping[str, Fact]:
    """Return what the event tells."""
    return {
        "digest": digest,
        "rules": len(rules.rules),
        "added": len(changes.added),
        "removed": len(changes.removed),
        "changed": len(changes.changed),
        "kept": len(changes.kept),
    }


def adopted(event: Event) -> str | None:
    """Return the digest of the rules that an event adopts; None: it is about something else."""
    if event.kind is not Kind.ENGINE or event.label != ADOPTED:
        return None
    digest = event.facts.get("digest")
    return digest if isinstance(digest, str) else None
