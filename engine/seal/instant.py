"""A moment as sealed records write it: UTC, whole seconds, one spelling. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)


def written(at: datetime) -> str:
    """Return a moment as text, e.g. ``2026-03-01T22:30:00Z``; what is less than a second is left out."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def read(text: object) -> datetime:
    """Return the moment of its text.

    Raises:
        ValueError: It is none, or spelled otherwise.
    """
    if not isinstance(text, str) or not _SHAPE.fullmatch(text):
        raise ValueError("no moment in UTC")
    return datetime.fromisoformat(text)
