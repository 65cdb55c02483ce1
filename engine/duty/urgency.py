"""Who needs a person most: the order of alerts, at every end."""

from __future__ import annotations

from datetime import datetime

from engine.severity import RANK


def urgency(
    severity: str, at: datetime, id: str, *, waits: bool, dry_run: bool, ended: bool = False
) -> tuple[object, ...]:
    """Return a sort key: who wants a person before who has one, dry runs last, worst first, what holds, then newest."""
    return dry_run, not waits, RANK.get(severity, len(RANK)), ended, -at.timestamp(), id
