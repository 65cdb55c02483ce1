"""What shall not be told for a while, though it is judged: who asked for it, until when, why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rules.model import Event, Fact

#: The operator's acts that begin a silence, and that end one before its time.
SILENCE, UNSILENCE = "silence", "unsilence"
#: Facts of the act: what is silenced. All that are given must hold.
WHAT = ("rules", "cameras", "zones", "tags")


@dataclass(frozen=True, slots=True)
class Target:
    """What a silence is about; of what is empty anything is meant, and all that is named must hold.

    Attributes:
        zones: Those that a rule's reason names: a rule that asks for no zone is in none.
    """

    rules: frozenset[str] = frozenset()
    cameras: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()

    def covers(self, rule: str, tags: Collection[str], camera: str, zones: Collection[str]) -> bool:
        """Return whether what a rule tells of a camera and its zones is meant."""
        return (
            (not self.rules or rule in self.rules)
            and (not self.tags or not self.tags.isdisjoint(tags))
            and (not self.cameras or camera in self.cameras)
            and (not self.zones or not self.zones.isdisjoint(zones))
        )

    def __bool__(self) -> bool:
        return bool(self.rules or self.cameras or self.zones or self.tags)

    def told(self) -> dict[str, str]:
        """Return what it names, each as one text; as an act's facts and a reason's values carry it."""
        named = ((name, getattr(self, name)) for name in WHAT)
        return {name: " ".join(sorted(values)) for name, values in named if values}

    @classmethod
    def of(cls, facts: Mapping[str, object]) -> Target:
        """Return what facts name (see `told`)."""
        return cls(*(frozenset(str(facts.get(name, "")).split()) for name in WHAT))


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence.

    Attributes:
        until: Aware UTC: by the clock on the wall, as people mean it.
    """

    id: str
    target: Target
    until: datetime
    by: str = ""
    why: str = ""

    @classmethod
    def of(cls, event: Event) -> Silence | None:
        """Return what an operator's act asks for; None: nothing, or no time that can be read."""
        target, until = Target.of(event.facts), moment(event.facts.get("until"))
        if not target or until is None:
            return None
        facts = event.facts
        return cls(event.id, target, until, str(facts.get("by", "")), str(facts.get("why", "")))

    def kept(self) -> dict[str, str]:
        """Return it as a row keeps it."""
        return {"until": self.until.isoformat(), "by": self.by, "why": self.why, **self.target.told()}

    @classmethod
    def read(cls, id: str, kept: Mapping[str, object]) -> Silence:
        """Return what a row keeps."""
        until = moment(kept.get("until")) or datetime.max.replace(tzinfo=UTC)
        return cls(id, Target.of(kept), until, str(kept.get("by", "")), str(kept.get("why", "")))


def moment(written: Fact | object) -> datetime | None:
    """Return a time that is written with its zone; None: it is none."""
    try:
        read = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo is not None else None
