"""One file of a site, as far as it could be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rules.document.partial import Read, read_partly
from rules.document.source import Flaw, Problem
from rules.language.schema import RuleFile
from rules.language.templates import FOLLOWS, Resolved

#: What a name that is not found may be: in a file that could not be read.
ELSEWHERE = frozenset(
    f"problem.{each}"
    for each in (
        "expr_name", "unknown_group", "unknown_list", "unknown_name", "unknown_rule", "unknown_schedule",
        "unknown_template",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One file, as far as it could be read."""

    resolved: Resolved
    read: Read[RuleFile]

    @classmethod
    def of(cls, resolved: Resolved) -> Part:
        """Return what can be read of a file."""
        lost = resolved.data is None and bool(resolved.problems)
        return cls(resolved, Read(None) if lost else read_partly(RuleFile, resolved.data))

    @property
    def whole(self) -> bool:
        """Whether all that other files may name could be read."""
        lost = self.read.value is None
        return not lost and all(flaw.path[:1] == ("rules",) for flaw in self.read.flaws)

    @property
    def named_whole(self) -> bool:
        """Whether all values that other files may name could be read, but for what comes of a name that means nothing.

        That must not excuse itself: nobody would be told of it.
        """
        return self.read.value is not None and all(flaw.path[:1] == ("rules",) for flaw in self.own)

    @property
    def own(self) -> list[Flaw]:
        """What is wrong with the grammar, without what only comes of references."""
        return [flaw for flaw in self.read.flaws if not self.follows(flaw)]

    @property
    def data(self) -> Mapping[str, Any]:
        """What is written, where it is a mapping."""
        return self.resolved.data if isinstance(self.resolved.data, dict) else {}

    def named(self) -> Iterator[tuple[int, str]]:
        """Yield every rule's number and name, also of rules with mistakes."""
        rules = self.data.get("rules")
        for number, rule in enumerate(rules if isinstance(rules, list) else ()):
            name = rule.get("name") if isinstance(rule, dict) else None
            if isinstance(name, str):
                yield number, name

    def problems(self, whole: bool) -> Iterator[Problem]:
        """Yield what is wrong with the grammar and the references; `whole`: all named values could be read."""
        yield from self.resolved.problems
        yield from map(self.resolved.locate, self.own)
        for flaw in self.resolved.flaws:
            if flaw.code != FOLLOWS and (whole or flaw.code not in ELSEWHERE):
                yield self.resolved.locate(flaw)

    def follows(self, flaw: Flaw) -> bool:
        """Return whether a flaw is only what comes of a reference that leads nowhere."""
        return any(self._follows(flaw, reference) for reference in self.resolved.flaws)

    def _follows(self, flaw: Flaw, reference: Flaw) -> bool:
        path, place = self.resolved.written(flaw.path), reference.path
        if place[2:3] not in (("use",), ("with",)):
            return path[: len(place)] == place
        rule = self.resolved.own(place[:2])
        return path[:2] == place[:2] and not (len(path) > 2 and path[2] in rule)
