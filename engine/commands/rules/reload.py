"""``matthan rules reload``: the running engine reads its rules and cameras again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.commands.output import report
from engine.commands.output.report import GitHubOption, JsonOption, Language
from engine.commands.output.talk import Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import block, data, out, paint

if TYPE_CHECKING:
    from engine.api import wire
    from engine.api.errors import ApiError
    from rules.document.source import Problem


def reload(
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: JsonOption = False,
    github: GitHubOption = False,
    why: Why = "",
) -> None:
    """Let the running engine read its rules and cameras again, and show what changed.

    Rules whose meaning did not change go on with what they remember, cameras whose settings did not change watch on.
    Bad ones leave everything as it is: every problem is shown as `matthan rules check` shows it. Exit codes: 0 the
    engine works by what the files say, 1 problems, 2 a file cannot be read, 3 no engine answers.
    """
    told, notes, spoken = speak(socket, token, lang, _ask, why)
    for note in notes:
        out(note, "yellow", err=True)
    if isinstance(told, _Refused):
        out(f"matthan: {told.message}", "red", err=True)
        problems = list(map(_problem, told.problems))
        report.finish(problems, _texts(problems), "", lang=spoken, as_json=as_json, github=github)
    else:
        _show(told, spoken, as_json=as_json, github=github)


class _Refused:
    def __init__(self, error: ApiError) -> None:
        self.message, self.problems = error.message, error.problems


async def _ask(speaker: Speaker) -> tuple[wire.RulesReloaded | _Refused, list[str], Language]:
    """Return the engine's answer, and what else it says of the rules."""
    from engine.api.errors import ApiError

    told: wire.RulesReloaded | _Refused
    try:
        told = await speaker.client.reload_rules()
    except ApiError as error:
        if not error.problems:
            raise
        told = _Refused(error)
    problems = (await speaker.client.state()).engine.problems
    notes = [speaker.told(each) for each in problems if each.code == "rules.restart_needed"]
    return told, notes, speaker.language


def _show(told: wire.RulesReloaded, lang: Language, *, as_json: bool, github: bool) -> None:
    warnings = list(map(_problem, told.warnings))
    if as_json:
        data(
            json.dumps(
                {**json.loads(report.for_scripts(warnings, lang)), **told.model_dump(exclude={"warnings"})},
                ensure_ascii=False,
            )
        )
    elif github:
        report.annotate(warnings, lang)
    else:
        _for_people(told, warnings, lang)


def _for_people(told: wire.RulesReloaded, warnings: list[Problem], lang: Language) -> None:
    from engine.text import render

    colours = report.coloured()
    if warnings:
        block(report.for_people(warnings, _texts(warnings), lang, colours=colours))
    for mark, name in _changes(told):
        out(paint(f"{mark} {name}", {"+": "32", "-": "31", "~": "33"}.get(mark, "0"), colours))
    if told.cameras_added or told.cameras_changed or told.cameras_removed:
        names = (told.cameras_added, told.cameras_changed, told.cameras_removed)
        for mark, cameras in zip("+~-", names, strict=True):
            for name in cameras:
                out(f"{mark} camera {name}")
        values = dict(zip(("added", "changed", "removed"), map(len, names), strict=True))
        out(render("rules.cameras_changed", values, lang))
    counts = {"rules": told.rules, "kept": told.kept, "rows": told.remembered}
    out(render("rules.reloaded" if told.adopted else "rules.unchanged", counts, lang))


def _changes(told: wire.RulesReloaded) -> Iterator[tuple[str, str]]:
    for mark, names in (("+", told.added), ("-", told.removed), ("~", told.changed), ("=", told.edited)):
        for name in names:
            yield mark, name


def _problem(told: wire.FileProblem) -> Problem:
    from rules.document.source import Gravity, Problem

    gravity = Gravity(told.severity)
    return Problem(
        told.source, told.line, told.column, told.key, told.code, told.values, told.suggestion, gravity
    )


def _texts(problems: Iterable[Problem]) -> dict[str, str]:
    """Return the files, for caret lines: those that can be read from here."""
    from engine.config.configuration import read_text

    texts: dict[str, str] = {}
    for name in dict.fromkeys(each.source for each in problems):
        read_text(name, Path(name), texts, [])
    return texts
