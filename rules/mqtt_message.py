"""What a message on the broker says: its facts, made in one way for the engine and for trials."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rules import normalization
from rules.model import Fact

#: Most characters of a text, and most facts, that are taken from one message: brokers carry anything.
LONGEST, MOST = 200, 32
#: Largest whole or broken number that is taken for one.
LARGEST = 1e15


def facts_of(payload: bytes, *, retained: bool) -> dict[str, Fact]:
    """Return the facts of a message: the plain values of a JSON object by their names, its text, how it came.

    What the broker had retained is what was said before: marked as `initial`, as a device's first state is.
    """
    text = normalization.composed(payload[: 64 * LONGEST].decode("utf-8", "replace"))
    facts: dict[str, Fact] = dict(_plain(text))
    return facts | {"payload": text[:LONGEST], "initial": retained}


def subject_of(topic: str) -> str:
    """Return what a message continues: all that is said on its topic."""
    return f"mqtt:{normalization.composed(topic)}"[:LONGEST]


def _plain(text: str) -> Iterator[tuple[str, Fact]]:
    if not text.startswith("{"):
        return
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return
    for name, value in list(body.items())[:MOST]:
        if isinstance(value, str):
            yield normalization.composed(name)[:LONGEST], normalization.composed(value)[:LONGEST]
        elif isinstance(value, (bool, int, float)) and abs(value) < LARGEST:
            yield normalization.composed(name)[:LONGEST], value
