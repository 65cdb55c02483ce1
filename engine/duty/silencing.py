"""Silences that people ask for: checked against what there is, handed to the judge, read from what rules remember."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from engine.duty.acts import Acts
from engine.errors import Because, Refusal
from engine.runtime.clock import Clock
from rules.document.validation import nearest
from rules.memory import SILENCES, SILENT
from rules.silence import Silence, Target

if TYPE_CHECKING:
    from rules.compiler.ruleset import RuleSet
    from rules.compiler.suspension import Suspension
    from rules.memory import Memory
    from rules.model import Event, Row

#: Silences that people may have at once, and how long one may last: what is quiet for longer is switched off.
MOST: Final = 200
LONGEST: Final = timedelta(days=31)
_PREFIX: Final = "silence:"


@dataclass(frozen=True, slots=True)
class Silenced:
    """A silence as it is now.

    Attributes:
        declared: A rule's file says so: nobody can end it from here.
        counts: How often each rule would have fired.
    """

    silence: Silence
    since: datetime | None
    declared: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)


class Silencing:
    """Takes silences, and says which there are."""

    def __init__(self, memory: Memory, acts: Acts, clock: Clock) -> None:
        self._memory, self._acts, self._clock = memory, acts, clock

    def now(self, rules: RuleSet) -> list[Silenced]:
        """Return every silence that holds, what ends first coming first; those that files declare among them."""
        kept = [_kept(key, row) for key, row in self._memory.of_rule(SILENCES).items() if row.state == SILENT]
        counted = {each.silence.id for each in kept}
        wall = self._clock.now().wall
        kept += [each for each in _declared(rules, wall) if each.silence.id not in counted]
        return sorted(kept, key=lambda each: (each.silence.until, each.silence.id))

    async def begin(
        self,
        target: Target,
        until: datetime,
        by: str,
        why: str,
        user: str,
        known: Mapping[str, Collection[str]],
    ) -> Silence:
        """Silence something; return it once it is durable.

        Args:
            until: Aware.
            known: Names that there are, by what they are names of (`rules.silence.WHAT`).

        Raises:
            Refusal: ``silence.nothing``, ``silence.unknown``, ``silence.past``, ``silence.long``, ``silence.full``.
        """
        self._check(target, until, known)
        event, _ = await asyncio.shield(await self._acts.silence(target, until, by, why, user))
        made = Silence.of(event)
        assert made is not None  # noqa: S101 - it was checked, and is what was handed in
        return made

    async def lift(self, id: str, by: str, user: str) -> Event:
        """End a silence before its time; return the event of it.

        Args:
            id: Its whole id.

        Raises:
            Refusal: ``silence.none``, ``silence.declared``.
        """
        row = self._memory.get(SILENCES, _PREFIX + id)
        if row is None:
            raise Refusal(Because.UNKNOWN, "silence.none", id=id)
        if _kept(_PREFIX + id, row).declared:
            raise Refusal(Because.CONFLICT, "silence.declared", id=id)
        return (await asyncio.shield(await self._acts.unsilence(id, by, user)))[0]

    def _check(self, target: Target, until: datetime, known: Mapping[str, Collection[str]]) -> None:
        if not target:
            raise Refusal(Because.INVALID, "silence.nothing")
        for what, names in known.items():
            for name in sorted(getattr(target, what)):
                if name not in names:
                    near = nearest(name, sorted(names)) or ", ".join(sorted(names)[:20]) or "–"
                    raise Refusal(Because.INVALID, f"silence.unknown_{what}", name=name, known=near)
        lasts = until - self._clock.now().wall
        if lasts <= timedelta(0):
            raise Refusal(Because.INVALID, "silence.past")
        if lasts > LONGEST:
            raise Refusal(Because.INVALID, "silence.long", days=LONGEST.days)
        if sum(row.state == SILENT for row in self._memory.of_rule(SILENCES).values()) >= MOST:
            raise Refusal(Because.BUSY, "silence.full", most=MOST)


def _kept(key: str, row: Row) -> Silenced:
    data = row.data if isinstance(row.data, dict) else {}
    silence = Silence.read(key.removeprefix(_PREFIX), data)
    return Silenced(silence, row.since_wall, "declared" in data, dict(data.get("counts", {})))


def _declared(rules: RuleSet, wall: datetime) -> Iterator[Silenced]:
    """Yield what files silence now; a site's maintenance once, whatever rules it is about."""
    found: dict[str, tuple[Suspension, datetime, set[str]]] = {}
    for rule in rules.rules:
        for each in rule.suspensions:
            if (until := each.until(wall)) is not None:
                found.setdefault(each.id, (each, until, set()))[2].add(rule.name)
    for each, until, names in found.values():
        target = Target(frozenset(names), each.cameras or frozenset(), each.zones or frozenset())
        yield Silenced(Silence(each.id, target, until, each.by, each.why), each.since, declared=True)
