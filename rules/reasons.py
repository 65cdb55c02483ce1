"""How a rule names what it saw: the parts of a reason, each a code with its values."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rules.model import Change, Event, Fact, Kind, Sentence
from rules.ruleset import Condition, Rule, Telling
from rules.text import catalogue


def sentence(parts: Iterable[Telling]) -> Sentence:
    """Join parts into one sentence; see `rules.text.fill`."""
    codes: list[str] = []
    values: dict[str, Fact] = {}
    for code, named in parts:
        codes.append(code)
        values |= named
    return Sentence("+".join(codes), values)


def holding(rule: Rule, event: Event) -> Sentence:
    """Return what holds: the subject and every condition with its value and its bound."""
    return sentence([rule.subject(event), *(condition.told(event) for condition in rule.conditions)])


def over(rule: Rule, event: Event) -> Telling:
    """Return why an event of the same subject ended what held: the first condition that no longer does."""
    if event.change is Change.ENDED and rule.kind is Kind.OBJECT:
        return "reason.ended", {}
    if rule.kind is Kind.OBJECT and rule.labels is not None and event.label not in rule.labels:
        return "reason.over_label", {"now": event.label or "?"}
    lost = (condition.lost(event) for condition in rule.conditions if not condition.test(event))
    return next(lost, ("reason.over", {}))


def duration(seconds: float) -> str:
    """Return seconds as ``2 s``, ``5 min`` or ``1 h 30 min``: signs that both languages share."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    told = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {sign}" for number, sign in told if number)


def _object(event: Event) -> Telling:
    known = f"label.{event.label}"
    code = known if known in catalogue("en") else "reason.object"
    return code, {"label": event.label or "?"}


def _signal(event: Event) -> Telling:
    code = "reason.signal_off" if event.change is Change.ENDED else "reason.signal"
    return code, {"label": event.label or "?"}


def _motion(event: Event) -> Telling:
    return ("reason.calm" if event.change is Change.ENDED else "reason.motion"), {}


def _camera(event: Event) -> Telling:
    return f"reason.camera_{event.label}", {}


def _named(code: str) -> Callable[[Event], Telling]:
    return lambda event: (code, {"label": event.label or "?"})


#: Who names the subject of an event.
SUBJECT: dict[Kind, Callable[[Event], Telling]] = {
    Kind.OBJECT: _object,
    Kind.MOTION: _motion,
    Kind.SIGNAL: _signal,
    Kind.CAMERA: _camera,
    Kind.ENGINE: _named("reason.engine"),
    Kind.OPERATOR: _named("reason.operator"),
}


def zone(wanted: frozenset[str]) -> Condition:
    """Return the condition that an event is within one of some zones."""

    def told(event: Event) -> Telling:
        return "reason.zone", {"zone": ", ".join(name for name in event.zones if name in wanted)}

    def lost(event: Event) -> Telling:
        return "reason.over_zone", {"zone": ", ".join(sorted(wanted))}

    return Condition(lambda event: not wanted.isdisjoint(event.zones), told, lost)


def score(above: float | None, below: float | None) -> Condition:
    """Return the condition that a score is ``>= above`` and ``< below``; without a score it does not hold."""
    low = float("-inf") if above is None else above
    high = float("inf") if below is None else below
    code = "reason.above" if below is None else "reason.below" if above is None else "reason.within"
    bounds: dict[str, Fact] = {
        name: bound for name, bound in (("above", above), ("below", below)) if bound is not None
    }

    def test(event: Event) -> bool:
        return event.score is not None and low <= event.score < high

    def told(event: Event) -> Telling:
        return code, {"score": event.score or 0.0, **bounds}

    def lost(event: Event) -> Telling:
        return "reason.over_score", {"score": event.score or 0.0}

    return Condition(test, told, lost)


def moment(change: Change) -> Condition:
    """Return the condition that it is the moment when something was first seen, or is gone."""
    code = "reason.began" if change is Change.BEGAN else "reason.ended"
    return Condition(
        lambda event: event.change is change, lambda _: (code, {}), lambda _: ("reason.over", {})
    )
