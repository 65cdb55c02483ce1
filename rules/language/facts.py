"""Facts by name: what expressions and texts may read of an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from rules.language.expr import NUMBER, SWITCH, TEXT, Reader
from rules.model import Event, Fact, Kind
from rules.schedule import DAYS, Almanac

#: Facts that an event carries by this name, and their type.
CARRIED: Mapping[str, str] = {
    **dict.fromkeys(("share", "speed", "kmh", "heading", "age", "still", "alone", "count"), NUMBER),
    **dict.fromkeys(("line", "direction", "payload", "preset", "severity"), TEXT),
    **dict.fromkeys(("state", "initial"), SWITCH),
}
#: Names in `title`, `message` and `dedup` that are facts of the event.
TOLD = ("label", "zone", "score", "speed", "kmh", "plate", "line", "direction", "count")
#: Names there that belong to the decision.
ABOUT = ("rule", "camera", "key", "at", "since", "held")


#: Numbers beyond it are no measurement; NaN neither.
_LARGEST = 1e15


def _carried(name: str, kind: str) -> Reader:
    if kind == NUMBER:
        return lambda event: _measured(event.facts.get(name))
    types = {TEXT: (str,), SWITCH: (bool,)}[kind]

    def read(event: Event) -> Fact | None:
        value = event.facts.get(name)
        return value if isinstance(value, types) else None

    return read


def _measured(value: Fact | None) -> float | None:
    return value if isinstance(value, (int, float)) and -_LARGEST < value < _LARGEST else None


def _plate(event: Event) -> Fact | None:
    plate = event.facts.get("plate")
    if isinstance(plate, str):
        return plate
    return event.label if event.kind is Kind.PLATE else None


def _rule(event: Event) -> Fact | None:
    return event.label if event.kind is Kind.DECISION else None


def _dwell(event: Event) -> Fact | None:
    """Return the longest time in any zone where it is now; in no zone, since it was first seen."""
    times = [event.facts.get(f"dwell:{zone}") for zone in event.zones]
    numbers = [time for time in map(_measured, times) if time is not None]
    return max(numbers) if numbers else _measured(event.facts.get("age"))


def _of_box(read: Callable[[tuple[float, float, float, float]], float]) -> Reader:
    return lambda event: None if event.box is None else read(event.box)


_FIXED: Mapping[str, tuple[str, Reader]] = {
    "score": (NUMBER, lambda event: event.score),
    "camera": (TEXT, lambda event: event.camera),
    "label": (TEXT, lambda event: event.label),
    "subject": (TEXT, lambda event: event.subject),
    "clock_suspect": (SWITCH, lambda event: event.clock_suspect),
    "plate": (TEXT, _plate),
    "rule": (TEXT, _rule),
    "dwell": (NUMBER, _dwell),
    "x": (NUMBER, _of_box(lambda box: (box[0] + box[2]) / 2)),
    "y": (NUMBER, _of_box(lambda box: box[3])),
    "width": (NUMBER, _of_box(lambda box: box[2] - box[0])),
    "height": (NUMBER, _of_box(lambda box: box[3] - box[1])),
    **{name: (kind, _carried(name, kind)) for name, kind in CARRIED.items()},
}


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
        return event.received_at.astimezone(almanac.zone).date() in almanac.holidays

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
