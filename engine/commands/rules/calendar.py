"""`matthan rules calendar`: when rules are awake in the days to come.

Exit codes: 0 shown, 1 the files are wrong, 2 wrong usage, or no such rule.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import Lang, language
from engine.commands.output.terminal import data, out
from engine.commands.rules.check import ConfigOption
from engine.commands.rules.sources import rule_of
from engine.runtime.clock import SystemClock
from engine.text import Language, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.compiler.ruleset import Rule

#: Lines for one rule at most: `every: 1m` comes often.
MOST = 400
Span = tuple[datetime, datetime | None]


def calendar(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's name.")],
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Rule files; default: those of the site.")
    ] = None,
    begin: Annotated[str, typer.Option("--from", metavar="DATE", help="First day; default: today.")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="How many days.")] = 30,
    config: ConfigOption = None,
    lang: Annotated[Lang | None, typer.Option("--lang", help="Language; default: the locale's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")] = False,
) -> None:
    """Show when a rule is awake in the next days: its hours, its times of day, when it is suspended.

    \b
    matthan rules calendar loitering
    matthan rules calendar temple-yard --from 2027-02-01 --days 60
    matthan rules calendar temple-yard configs/rules/commune.yaml

    Each day has its lunar date beside it (reckoned for Việt Nam, UTC+7) and says whether it is a holiday.
    """  # noqa: D301 - click's mark for lines that stay as they are
    chosen = language(lang)
    found = rule_of(rule, paths, config, chosen)
    first = _first(begin, found)
    for day in (first + timedelta(days=ahead) for ahead in range(days)):
        _tell(found, day, chosen, as_json=as_json)


def _first(begin: str, rule: Rule) -> date:
    if not begin:
        return SystemClock().now().wall.astimezone(rule.almanac.zone).date()
    try:
        return date.fromisoformat(begin)
    except ValueError:
        raise typer.BadParameter(f"{begin!r} is no date like 2027-02-01", param_hint="--from") from None


def _tell(rule: Rule, day: date, lang: Language, *, as_json: bool) -> None:
    awake, silent = list(_awake(rule, day)), list(_suspended(rule, day))
    if as_json:
        told = {
            "rule": rule.name,
            "date": day.isoformat(),
            "lunar": _lunar(day),
            "holiday": rule.almanac.is_holiday(day),
            "awake": [_iso(span) for span in awake],
            "suspended": [{**_iso((start, end)), "why": why} for start, end, why in silent],
        }
        data(json.dumps(told, ensure_ascii=False))
        return
    words = [", ".join(map(_span, awake)) or render("rules.asleep", {}, lang)]
    words += [
        render("rules.suspended", {"hours": _span((start, end)), "why": why}, lang)
        for start, end, why in silent
    ]
    holiday = f"  {render('rules.holiday', {}, lang)}" if rule.almanac.is_holiday(day) else ""
    weekday = render(f"weekday.{day.weekday()}", {}, lang)
    out(f"{weekday:<3} {day:%d.%m.%Y}  {_lunar(day):<7}  {'; '.join(words)}{holiday}", dim=not awake)


def _lunar(day: date) -> str:
    """Return the lunar date as calendars print it: ``15/10``, ``1/6+`` in a leap month."""
    from rules.lunar import lunar

    found = lunar(day)
    return "" if found is None else f"{found.day}/{found.month}{'+' if found.leap else ''}"


def _awake(rule: Rule, day: date) -> Iterator[Span]:
    """Yield the pieces of a day in which a rule is judged; of times of day, those."""
    from rules.compiler.ruleset import TimesOfDay

    midnight = datetime.combine(day, time(), rule.almanac.zone)
    if isinstance(rule.trigger, TimesOfDay):
        for at in _times(rule, midnight):
            if rule.hours is None or rule.hours.hold(at):
                yield at.astimezone(rule.almanac.zone), None
        return
    if rule.hours is None:
        yield midnight, midnight + timedelta(days=1)
        return
    yield from _pieces(rule, midnight)


def _pieces(rule: Rule, midnight: datetime) -> Iterator[Span]:
    assert rule.hours is not None  # noqa: S101 - the caller looked
    end = midnight + timedelta(days=1)
    turns = [each for each in rule.hours.turns(midnight, 2) if each < end]
    edges: Sequence[datetime] = [midnight, *turns, end]
    begun: datetime | None = None
    for here, after in pairwise(edges):
        if rule.hours.hold(here):
            begun = begun or here
            if after == end or not rule.hours.hold(after):
                yield begun.astimezone(rule.almanac.zone), after.astimezone(rule.almanac.zone)
                begun = None


def _times(rule: Rule, midnight: datetime) -> Iterator[datetime]:
    from rules.compiler.ruleset import TimesOfDay

    assert isinstance(rule.trigger, TimesOfDay)  # noqa: S101 - the caller looked
    at: datetime | None = midnight - timedelta(microseconds=1)
    for _ in range(MOST):
        at = rule.trigger.upcoming(at) if at is not None else None
        if at is None or at >= midnight + timedelta(days=1):
            return
        yield at


def _suspended(rule: Rule, day: date) -> Iterator[tuple[datetime, datetime, str]]:
    """Yield when a rule is not told on a day, and why."""
    midnight = datetime.combine(day, time(), rule.almanac.zone)
    end = midnight + timedelta(days=1)
    for each in rule.suspensions:
        starts = [midnight, *((each.since,) if each.since else ())]
        starts += list(each.hours.turns(midnight, 2)) if each.hours else []
        told: datetime | None = None
        for start in sorted(starts):
            if midnight <= start < end and (told is None or start >= told):
                until = each.until(start)
                if until is not None:
                    told = min(until, end)
                    yield start.astimezone(rule.almanac.zone), told.astimezone(rule.almanac.zone), each.why


def _iso(span: Span) -> dict[str, str]:
    start, end = span
    told = {"from": start.isoformat()}
    return told if end is None else {**told, "to": end.isoformat()}


def _span(span: Span) -> str:
    start, end = span
    if end is None:
        return f"{start:%H:%M}"
    closes = f"{end:%H:%M}"
    return f"{start:%H:%M}–{'24:00' if closes == '00:00' else closes}"
