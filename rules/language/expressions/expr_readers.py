"""What expressions read of an event: kinds of value, and the functions that read something by a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from unicodedata import normalize

from rules.kinds.fact_types import NUMBER, SWITCH, TEXT
from rules.language.expressions.remembered import OVER_TIME
from rules.model import Event, Fact

LIST = "list"
#: Of a fact whose name says nothing of it: it is what it is compared with.
ANY = "any"


def earlier_fact(step: int, name: str) -> str:
    """Return by which name an event carries a fact of an earlier step of its sequence (counted from 1)."""
    return f"{step}:{name}"


def lowered(text: str) -> str:
    """Return a text in small letters, in the composed form."""
    return normalize("NFC", text.lower())


def read_by(read: Callable[[Event, str], Fact | None], word: str, event: Event) -> Fact | None:
    """Return what a function reads of an event by a word; the event last, as readers take it."""
    return read(event, word)


def _among(event: Event, fact: str, zone: str) -> bool:
    told = event.facts.get(fact)
    return isinstance(told, str) and zone in told.split()


def fact(event: Event, name: str) -> Fact | None:
    """Return a fact as it is."""
    return event.facts.get(name)


def text(event: Event, name: str) -> str | None:
    """Return a fact as a text, whatever it is."""
    value = event.facts.get(name)
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def switch(event: Event, name: str) -> bool | None:
    """Return a fact that is a switch."""
    value = event.facts.get(name)
    return value if isinstance(value, bool) else None


def number(event: Event, name: str) -> float | None:
    """Return a fact as a number, also one that is written as a text."""
    value = event.facts.get(name)
    if isinstance(value, str):
        return _read_number(value)
    return None if value is None or not -1e15 < value < 1e15 else float(value)


@lru_cache(maxsize=1024)
def _read_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None


def _dwell(event: Event, zone: str) -> float | None:
    return number(event, f"dwell:{zone}")


ZONE_TESTS: Mapping[str, Callable[[Event, str], bool]] = {
    "in_zone": lambda event, zone: zone in event.zones,
    "entered": lambda event, zone: _among(event, "entered", zone),
    "left": lambda event, zone: _among(event, "left", zone),
}
READS: Mapping[str, tuple[str, Callable[[Event, str], Fact | None]]] = {
    "dwell_in": (NUMBER, _dwell),
    "text": (TEXT, text),
    "number": (NUMBER, number),
}
#: Every function that may be called.
FUNCTIONS = (
    *ZONE_TESTS, *READS, *OVER_TIME, "counted", "group", "list", "like", "lower", "known", "seconds", "abs", "min",
    "max", "earlier", "since",
)  # fmt: skip


def plain(value: Fact | None, kind: str) -> bool:
    """Return whether a value is of a kind: devices may name a fact of theirs as ours are named."""
    if value is None or kind_of(value) != kind:
        return False
    return isinstance(value, (str, bool)) or -1e15 < value < 1e15


def kind_of(value: Fact) -> str:
    """Return the kind of a value."""
    return SWITCH if isinstance(value, bool) else TEXT if isinstance(value, str) else NUMBER
