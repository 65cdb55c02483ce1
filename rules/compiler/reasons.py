"""How a rule names what it saw: the parts of a reason, each a code with its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rules.compiler.if_condition import If
from rules.compiler.ruleset import Matcher, Rule, Telling
from rules.language.expressions.fact_readers import reader
from rules.model import Change, Event, Fact, Kind, Sentence


def sentence(parts: Iterable[Telling]) -> Sentence:
    """Join parts into one sentence; see `rules.text.fill`."""
    codes: list[str] = []
    values: dict[str, Fact] = {}
    for code, named in parts:
        codes.append(code)
        values |= named
    return Sentence("+".join(codes), values)


def extended(whole: Sentence, parts: Sequence[Telling]) -> Sentence:
    """Return a sentence with more parts behind it; without any, the same one."""
    return sentence([(whole.code, whole.values), *parts]) if parts else whole


def holding(rule: Rule, pattern: Matcher, event: Event) -> Sentence:
    """Return what holds: the subject and every condition with its value and its bound, and what texts name."""
    code, values = pattern.subject(event)
    told = {**named(rule.names, event), **values} if rule.names else dict(values)
    for each in pattern.conditions:
        if not (isinstance(each, If) and each.exception):
            part, more = each.told(event)
            code = f"{code}+{part}"
            told.update(more)
    return Sentence(code, told)


def about(pattern: Matcher) -> str:
    """Return what a pattern is about, in one word or a few."""
    return ", ".join(sorted(pattern.labels)) if pattern.labels else str(pattern.kind)


def missing(pattern: Matcher, code: str, more: Mapping[str, Fact]) -> Sentence:
    """Return what did not happen: ``reason.<code>``, or ``reason.<code>_zone`` where zones are named."""
    told: dict[str, Fact] = {"missed": about(pattern), **more}
    asked = [each.expression.text for each in pattern.conditions if isinstance(each, If)]
    tail = "+reason.asked" if asked else ""
    if asked:
        told["asked"] = " and ".join(asked)
    if not pattern.zones:
        return Sentence(f"reason.{code}{tail}", told)
    return Sentence(f"reason.{code}_zone{tail}", {**told, "zone": ", ".join(sorted(pattern.zones))})


def named(names: Iterable[str], event: Event) -> dict[str, Fact]:
    """Return the facts of an event that texts name."""
    found = ((name, reader(name)(event)) for name in names)
    return {name: value for name, value in found if value is not None}


def step(whole: Sentence, number: int) -> list[Telling]:
    """Return a sentence as one part of several: its values get a suffix of their own."""
    suffix = f"@{number}"
    code = "+".join(part + suffix for part in whole.code.split("+"))
    return [(code, {name + suffix: value for name, value in whole.values.items()})]


def several(steps: Iterable[Sentence], joint: str, more: Iterable[Telling] = ()) -> Sentence:
    """Return several sentences as one, joined by the part `joint`; texts name the facts of the last."""
    parts: list[Telling] = []
    last: Mapping[str, Fact] = {}
    for number, told in enumerate(steps, start=1):
        parts += [(joint, {})] if parts else []
        parts += step(told, number)
        last = told.values
    whole = sentence([*parts, *more])
    return Sentence(whole.code, {**last, **whole.values})


def over(rule: Rule, event: Event) -> Telling:
    """Return why an event of the same subject ended what held: the first condition that no longer does."""
    pattern = next((each for each in rule.patterns if each.kind is event.kind), None)
    if pattern is None:
        return "reason.over", {}
    if event.change is Change.ENDED and event.facts.get("unknown") is True:
        return "reason.unknown", {}
    if event.change is Change.ENDED and pattern.kind is Kind.OBJECT:
        return "reason.ended", {}
    if pattern.kind is Kind.OBJECT and pattern.labels is not None and event.label not in pattern.labels:
        return "reason.over_label", {"now": event.label or "?"}
    lost = (condition.lost(event) for condition in pattern.conditions if not condition.test(event))
    return next(lost, ("reason.over", {}))


def duration(seconds: float) -> str:
    """Return seconds as ``2 s``, ``5 min`` or ``1 h 30 min``: signs that both languages share."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    told = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {sign}" for number, sign in told if number)
