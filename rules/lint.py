"""What is no mistake of the grammar and yet probably not meant: warnings for the author of rules.

Works on what is written (after templates and names are resolved), so that every warning has its line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from rules.compile import Checked, Written, uncollected
from rules.model import EMPTY, Fact
from rules.patterns import (
    ClockPattern,
    DecisionPattern,
    ObjectPattern,
    Pattern,
    PlatePattern,
    SignalPattern,
    is_moment,
    parts,
)
from rules.rivals import rivals
from rules.ruleset import Hours
from rules.schedule import DAY
from rules.source import Flaw, Gravity, Path, Problem

#: What devices recognise by themselves and many never say to be over (Uniview's shapes, recorders' fields).
_NEVER_OFF = (
    "RuleEngine/FieldDetector/",
    "RuleEngine/LineDetector/",
    "RuleEngine/MyRuleDetector/",
    "UserAlarm/",
)
_CHEAP = frozenset({"log"})
#: As Vietnamese plates are written: province, series, number.
_PLATE = re.compile(r"[0-9]{2}[A-Z][A-Z0-9]?[-. ]?[0-9]{3}[. ]?[0-9]{1,2}")
_SEPARATORS = re.compile(r"[\W_]")
#: A week without holidays near: hours are tried on it. Monday.
_WEEK = datetime(2025, 6, 2)


def lint(checked: Checked, texts: Mapping[str, str]) -> list[Problem]:
    """Return the warnings about rules, in the order of files and lines; those with errors are left out.

    Args:
        checked: What was read.
        texts: The files' texts by name: whether a value is in quotes is seen there alone.
    """
    with uncollected():
        return _lint(checked, {name: text.splitlines() for name, text in texts.items()})


def _lint(checked: Checked, lines: Mapping[str, list[str]]) -> list[Problem]:
    rules = [each for each in checked.written if each.spec.enabled]
    off = {each.spec.name for each in checked.written if not each.spec.enabled}
    found = [problem for each in rules for problem in _one(each, off, lines)]
    found += _pairs(rules, checked.groups)
    order = {name: number for number, name in enumerate(lines)}
    return sorted(found, key=lambda each: (order.get(each.source, -1), each.line, each.column))


def _at(
    written: Written,
    code: str,
    *path: str | int,
    on_key: bool = False,
    suggestion: str = "",
    values: Mapping[str, Fact] = EMPTY,
) -> Problem:
    """Return a warning at a place within a rule."""
    return written.locate(Flaw(path, f"problem.{code}", values, suggestion, Gravity.WARNING, on_key))


def _one(written: Written, off: Collection[str], lines: Mapping[str, list[str]]) -> Iterator[Problem]:
    yield from _unreachable(written, off)
    yield from _never_clears(written)
    yield from _no_cooldown(written)
    yield from _plates(written, lines)


# -- one rule ----------------------------------------------------------------------------------


def _unreachable(written: Written, off: Collection[str]) -> Iterator[Problem]:
    """Yield why a rule can never fire."""
    for path, pattern in parts(written.spec.when):
        names = pattern.decision if isinstance(pattern, DecisionPattern) else ()
        for index, name in enumerate(names):
            if name in off:
                yield _at(
                    written, "unreachable_rule", "when", *path, "decision", index, values={"rule": name}
                )
    hours = written.rule.hours if written.rule else None
    if hours is None or not (hours.free or (hours.between and hours.during) or written.spec.hold):
        return  # each of the given hours is some time
    key = next(
        key for key in ("between", "during", "not_between", "not_during") if getattr(written.spec, key)
    )
    longest = _longest(hours)
    if longest == 0:
        yield _at(written, "unreachable_hours", key, on_key=True)
    elif 60 * longest < (written.spec.hold or 0.0) < 60 * (DAY - longest):
        # hours are asked when it begins and when it fires: longer than a night, shorter than to the next one
        yield _at(written, "unreachable_for", "for", values={"longest": longest})


@lru_cache(maxsize=1024)  # rules share their hours
def _longest(hours: Hours) -> int:
    """Return the minutes of the longest time in one piece in a week, at most a day."""
    longest = run = 0
    for minute in range(0, 8 * DAY, 5):  # a day more: a piece may go over the week's end
        held = hours.hold((_WEEK + timedelta(minutes=minute)).replace(tzinfo=hours.almanac.zone))
        run = run + 5 if held else 0
        longest = max(longest, run)
    return min(longest, DAY)


def _never_clears(written: Written) -> Iterator[Problem]:
    if written.spec.auto_clear is not None:
        return
    for path, pattern in parts(written.spec.when):
        topics = pattern.signal if isinstance(pattern, SignalPattern) and pattern.state else ()
        for index, topic in enumerate(topics):
            if topic.startswith(_NEVER_OFF):
                yield _at(written, "never_clears", "when", *path, "signal", index, values={"topic": topic})


def _no_cooldown(written: Written) -> Iterator[Problem]:
    """Yield a rule that does something for every object, plate or signal anew, however often they come."""
    spec = written.spec
    dear = [call.name for call in spec.do if call.name not in _CHEAP]
    each = isinstance(spec.when, (ObjectPattern, PlatePattern, SignalPattern)) or is_moment(spec.when)
    daily = isinstance(spec.when, ClockPattern) or not isinstance(spec.when, Pattern)
    if dear and each and not daily and not (spec.cooldown or spec.auto_clear or spec.dry_run):
        yield _at(written, "no_cooldown", "do", on_key=True, values={"action": dear[0]})


def _plates(written: Written, lines: Mapping[str, list[str]]) -> Iterator[Problem]:
    for path, pattern in parts(written.spec.when):
        for index, plate in enumerate(pattern.plate if isinstance(pattern, PlatePattern) else ()):
            if plate == "any":
                continue
            where: Path = ("when", *path, "plate", index)
            plain = _SEPARATORS.sub("", plate).upper()
            if plain != plate:
                yield _at(written, "plate_form", *where, suggestion=plain, values={"plate": plate})
            problem = _at(written, "plate_quotes", *where, values={"plate": plate})
            if _PLATE.fullmatch(plate) and _bare(lines.get(problem.source, []), problem, plate):
                yield problem


def _bare(lines: Sequence[str], place: Problem, plate: str) -> bool:
    """Return whether a value stands at its place without quotes (and not as a name of something else)."""
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    return line[place.column - 1 :].startswith(plate)


def _pairs(written: Sequence[Written], groups: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Yield rules that another one makes needless, and rules that do the same for the same thing."""
    for later, other, code in rivals([each.spec for each in written], groups):
        rival = written[other]
        first = rival.locate(Flaw(("name",), ""))
        values: dict[str, Fact] = {"rule": rival.spec.name, "source": first.source, "line": first.line}
        yield _at(written[later], code, "name", values=values)
