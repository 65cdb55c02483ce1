"""Facts by name: what expressions and texts may read of an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from rules.kinds.fact_types import NUMBER, SWITCH, TEXT, UNNAMED, Reader, measured, score_of
from rules.kinds.lookup import LABEL_FACTS
from rules.kinds.record import EventKind
from rules.kinds.table import TABLE
from rules.model import Event, Fact
from rules.schedule import DAYS, Almanac

#: Names in `title`, `message` and `dedup` that are facts of the event.
TOLD = ("label", "zone", "score", "speed", "kmh", *LABEL_FACTS, "line", "direction", "count")
#: Names there that belong to the decision.
ABOUT = ("rule", "camera", "key", "at", "since", "held")


def _carried(name: str, kind: str) -> Reader:
    if kind == NUMBER:
        return lambda event: measured(event.facts.get(name))
    types = {TEXT: (str,), SWITCH: (bool,)}[kind]

    def read(event: Event) -> Fact | None:
        value = event.facts.get(name)
        return value if isinstance(value, types) else None

    return read


def _label_fact(about: EventKind) -> Reader:
    """Return what reads a fact that is the label of one kind, and that others may carry."""
    name, kind = about.label_fact, about.kind

    def read(event: Event) -> Fact | None:
        value = event.facts.get(name)
        if isinstance(value, str):
            return value
        return event.label if event.kind is kind else None

    return read


def _of_box(read: Callable[[tuple[float, float, float, float]], float]) -> Reader:
    return lambda event: None if event.box is None else read(event.box)


_OF_EVENT: Mapping[str, tuple[str, Reader]] = {
    "score": (NUMBER, score_of),
    "camera": (TEXT, lambda event: event.camera),
    "label": (TEXT, lambda event: event.label),
    "subject": (TEXT, lambda event: event.subject),
    "clock_suspect": (SWITCH, lambda event: event.clock_suspect),
    "x": (NUMBER, _of_box(lambda box: (box[0] + box[2]) / 2)),
    "y": (NUMBER, _of_box(lambda box: box[3])),
    "width": (NUMBER, _of_box(lambda box: box[2] - box[0])),
    "height": (NUMBER, _of_box(lambda box: box[3] - box[1])),
}


def _fixed() -> dict[str, tuple[str, Reader]]:
    """Return what is read in the same way at every site."""
    known = dict(_OF_EVENT)
    for each in TABLE:
        known |= {name: (kind, _carried(name, kind)) for name, kind in each.facts.items() if kind != UNNAMED}
    for each in TABLE:
        known |= each.readers
        known |= {each.label_fact: (TEXT, _label_fact(each))} if each.label_fact else {}
    return known


_FIXED = _fixed()


def timely(almanac: Almanac) -> dict[str, tuple[str, Reader]]:
    """Return type and reader of every fact that an expression may name, at a site."""

    def clock(read: Callable[[int, int], int]) -> Reader:
        def of(event: Event) -> Fact:
            local = event.received_at.astimezone(almanac.zone)
            return read(local.hour, local.minute)

        return of

    def weekday(event: Event) -> Fact:
        return DAYS[event.received_at.astimezone(almanac.zone).weekday()]

    def holiday(event: Event) -> Fact:
        return almanac.is_holiday(event.received_at.astimezone(almanac.zone).date())

    return {
        **_FIXED,
        "hour": (NUMBER, clock(lambda hour, _: hour)),
        "minute": (NUMBER, clock(lambda _, minute: minute)),
        "weekday": (TEXT, weekday),
        "holiday": (SWITCH, holiday),
        "dark": (SWITCH, lambda event: almanac.dark(event.received_at)),
    }


@cache
def reader(name: str) -> Reader:
    """Return how a text reads a fact."""
    if name == "zone":
        return lambda event: ", ".join(event.zones) or None
    if name == "line":
        return lambda event: event.facts.get("line")
    return _FIXED[name][1]
