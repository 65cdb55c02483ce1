"""`matthan rules route`: who is told of a rule, when, and what keeps them from being told.

Exit codes: 0 shown, 1 the files are wrong, 2 wrong usage, or no such rule.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import Lang, language
from engine.commands.output.terminal import data, out
from engine.commands.rules.check import ConfigOption
from engine.commands.rules.sources import Moments, rule_of
from engine.runtime.clock import SystemClock
from engine.text import Language, render

if TYPE_CHECKING:
    from rules.compiler.ruleset import Rule
    from rules.compiler.telling import Receiver
    from rules.model import ActionCall


def route(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's name.")],
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Rule files; default: those of the site.")
    ] = None,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="22:30, or 2027-02-01T22:30; default: now.")
    ] = "",
    camera: Annotated[str, typer.Option("--camera", metavar="ID", help="Of which camera it tells.")] = "",
    config: ConfigOption = None,
    lang: Annotated[Lang | None, typer.Option("--lang", help="Language; default: the locale's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Show who is told when a rule fires at a time: receivers and why not others, tiers, what keeps it from being told.

    \b
    matthan rules route loitering
    matthan rules route camera-lost --at 22:30 --camera cho-1
    """  # noqa: D301 - click's mark for lines that stay as they are
    chosen = language(lang)
    found = rule_of(rule, paths, config, chosen)
    wall = Moments(found.almanac.zone, SystemClock().now().wall).read(at or None) or SystemClock().now().wall
    told = _steps(found, wall, camera)
    if as_json:
        data(json.dumps({"rule": found.name, "at": wall.isoformat(), "steps": told}, ensure_ascii=False))
        return
    for step in told:
        _tell(step, chosen)
    _beside(found, wall, chosen)


def _steps(rule: Rule, wall: datetime, camera: str) -> list[dict[str, object]]:
    """Return what is done in each phase, and by whom it is not heard."""
    steps = [_step("firing", 0.0, rule.actions, rule.receivers, wall, camera)]
    steps += [
        _step("escalated", tier.after, tier.actions, tier.receivers, wall, camera, tier.every)
        for tier in rule.tiers
    ]
    ends = tuple(each for each in rule.receivers if each.resolved)
    if rule.resolution or ends:
        steps.append(_step("resolved", 0.0, rule.resolution, ends, wall, camera))
    return steps


def _step(
    phase: str,
    after: float,
    own: Sequence[ActionCall],
    receivers: Sequence[Receiver],
    wall: datetime,
    camera: str,
    every: float = 0.0,
) -> dict[str, object]:
    awake = [each for each in receivers if each.awake(wall, camera)]
    return {
        "phase": phase,
        "after": after,
        "every": every,
        "actions": [call.name for call in own],
        "receivers": {each.name: [call.name for call in each.actions] for each in awake},
        "asleep": [each.name for each in receivers if each not in awake],
    }


def _tell(step: dict[str, object], lang: Language) -> None:
    from rules.compiler.reasons import duration

    after, every = float(str(step["after"])), float(str(step["every"]))
    when = render(f"cli_phase.{step['phase']}", {}, lang)
    when += f" +{duration(after)}" if after else ""
    when += f" ↻ {duration(every)}" if every else ""
    actions, receivers, asleep = step["actions"], step["receivers"], step["asleep"]
    assert isinstance(actions, list)  # noqa: S101 - as made above
    assert isinstance(receivers, dict)  # noqa: S101 - likewise
    assert isinstance(asleep, list)  # noqa: S101 - likewise
    told = [*actions, *(f"{name} ({', '.join(calls)})" for name, calls in receivers.items())]
    out(f"{when:<24} {'; '.join(told) or render('rules.nobody', {}, lang)}")
    if asleep:
        out(f"{'':<24} {render('rules.not_now', {'names': ', '.join(asleep)}, lang)}", dim=True)


def _beside(rule: Rule, wall: datetime, lang: Language) -> None:
    """Say what keeps it from being told, at that time and by other rules."""
    for suspension in rule.suspensions:
        until = suspension.until(wall)
        if until is not None:
            shown = f"{until.astimezone(rule.almanac.zone):%H:%M %d.%m.%Y}"
            out(render("rules.suspended_until", {"until": shown, "why": suspension.why}, lang), "yellow")
    for each in rule.inhibitors:
        values = {"rules": ", ".join(sorted(each.rules)), "same": render(f"rules.same_{each.same}", {}, lang)}
        out(render("rules.inhibited_by", values, lang), "yellow")
    if rule.dry_run:
        out(render("rules.dry_run", {}, lang), "yellow")
