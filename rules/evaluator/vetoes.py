"""Until when something that happened, or holds, keeps a rule from firing; `rules.evaluator.happened` keeps its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf
from typing import Protocol

from rules.compiler.ruleset import Rule, Veto
from rules.evaluator.rows import Rows
from rules.memory import HELD, SITE
from rules.model import Instant, Row, RuleName, Sentence


class KnownRows(Protocol):
    """What is remembered, or was."""

    def joined(self, rule: RuleName, role: int, *corrs: str) -> Iterable[tuple[str, Row]]:
        """Return a rule's rows of what holds or was, of one pattern and some correlations."""
        ...


def veto_of(rule: Rule, role: int) -> Veto | None:
    """Return the veto that a pattern of a rule belongs to."""
    return next((each for each in rule.vetoes if each.role == role), None) if rule.vetoes else None


def release(rows: Rows, rule: Rule, now: Instant) -> None:
    """Let what waits for the end of a veto ask again, at once: it may wait for another one."""
    for key, row in rows.barred(rule.name):
        rows.put(rule, key, replace(row, due=max(now.engine, row.since + rule.hold)))


def until(rows: KnownRows, rule: Rule, subject: str, told: Sentence) -> tuple[float, Row | None]:
    """Return the engine time until which a rule must not fire, and the row that says so; infinity: while it holds."""
    latest, why = -inf, None
    for veto in rule.vetoes:
        for _, row in rows.joined(rule.name, veto.role, *_keys(veto.by, subject, told)):
            if row.state == HELD:
                return inf, row
            if row.due is not None and row.due > latest:
                latest, why = row.due, row
    return latest, why


def _keys(by: Sequence[str], subject: str, told: Sentence) -> list[str]:
    """Return the keys (see `correlation`) under which what a rule would tell of belongs."""
    camera = subject.partition("/")[0]
    parts = [camera if {"camera", "zone"} & set(by) else SITE]
    zones = [""]
    for name in by:
        if name == "zone":
            zones = [f"/zone:{zone}" for zone in str(told.values.get("zone", "")).split(", ")]
        elif name not in ("camera", "site"):
            parts.append(f"{name}:{told.values.get(name)}")
    return ["/".join(parts) + zone for zone in zones]
