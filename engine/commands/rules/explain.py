"""``matthan rules explain``: why a rule fired, and why it did not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.commands.completion import cameras, rules
from engine.commands.output.report import (
    JsonOption,
    Lang,
    Language,
    Progress,
    SiteLangOption,
    coloured,
    language,
)
from engine.commands.output.talk import Socket, Token, secret
from engine.commands.output.terminal import data, out, paint
from engine.commands.rules.check import ConfigOption
from engine.commands.rules.replay import History
from engine.commands.rules.sources import Moments, door_of, leave, moments_of, named, report_of, whole

if TYPE_CHECKING:
    from engine.api import explanation as telling
    from engine.config.configuration import Configuration, Report
    from rules.compiler.ruleset import Rule
    from rules.explain.explain import Answer, Focus
    from rules.explain.playback import Arrival
    from rules.model import Instant

#: What is looked at where no running engine is asked.
SINCE = "24h"


def explain(
    rule: Annotated[str, typer.Argument(help="The rule's name.", autocompletion=rules)],
    event: Annotated[str | None, typer.Option(metavar="ID", help="What it made of this event.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Around this moment: 22:30, 2026-03-01T22:30.")
    ] = None,
    camera: Annotated[str | None, typer.Option(help="Only of this camera.", autocompletion=cameras)] = None,
    around: Annotated[
        str, typer.Option(metavar="DURATION", help="With --at: so long before and after.")
    ] = "5m",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT", help="From when on; default: what the running engine keeps, else 24h."
        ),
    ] = None,
    recording: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Events of a file, not of the site's own store.")
    ] = None,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Ask the running engine on, and tell anew whenever something changed."),
    ] = False,
    tree: Annotated[
        bool, typer.Option("--tree", help="As a tree of its conditions, with how near each is.")
    ] = False,
    config: ConfigOption = None,
    socket: Socket = None,
    token: Token = None,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell why a rule fired or did not: its nearest miss, what it counted and gave up, what it waits for.

    A running engine answers at once from what it keeps. With --since, --at, --event or --recording, or where
    none runs, recorded events are judged again; the engine is not disturbed. Exit codes: 0 told, 2 there is
    no such rule or event, or nothing to look into; with --watch: 3 no engine answers, 130 ended by Ctrl-C.
    """
    chosen = language(lang)
    report = report_of(config)
    chosen = report.settings.language if report.settings and not lang else chosen
    recorded = event or at or since or recording
    door = None if recorded else door_of(report, config, socket)
    if watch:
        _watch(rule, camera, door, token, chosen, as_json=as_json, tree=tree)
    if door is not None and (told := _running(report, rule, camera, door, secret(token, door), chosen)):
        _tell(told, chosen, as_json=as_json, tree=tree)
        return
    site = whole(report, chosen)
    if rule in site.rules.disabled:
        _tell(_disabled(rule), chosen, as_json=as_json, tree=tree)
        return
    found = named(site.rules, rule, chosen)
    moments = moments_of(site)
    focus = _focus(moments, at, camera, around, None if recording else since or SINCE)
    history = History(site, recording, moments, None, None, chosen)
    history.focus(focus.since, focus.until)
    if event is not None:
        _tell_event(found, event, history.event(event), moments, chosen)
        return
    with Progress(rule) as progress:
        end = history.end() if focus.until is None else None
        arrivals = _counted(history.arrivals(), progress)
        told = _judged(site, found, arrivals, focus, end, moments)
    _tell(told, chosen, as_json=as_json, tree=tree)


def _disabled(rule: str) -> telling.Explanation:
    from engine.api.rule_report import disabled

    return disabled(rule)


def _watch(
    rule: str,
    camera: str | None,
    door: str | None,
    token: str | None,
    lang: Language,
    *,
    as_json: bool,
    tree: bool,
) -> NoReturn:
    from engine.commands.rules.watching import watch

    if door is None:
        raise typer.BadParameter("--watch asks a running engine: it cannot go with what is recorded")
    watch(
        door,
        secret(token, door),
        rule,
        camera,
        lang,
        lambda told: _tell(told, lang, as_json=as_json, tree=tree),
    )


def _running(
    report: Report, rule: str, camera: str | None, door: str, token: str | None, lang: Language
) -> telling.Explanation | None:
    """Return what a running engine tells, also while its files are being edited; None: none runs, or not this rule.

    Where there are no files to look into, whatever it says is the last word.
    """
    from engine.api.client import Client
    from engine.api.errors import ApiError
    from engine.commands.output.talk import explain

    async def ask() -> telling.Explanation:
        async with Client.connect(door, token=token, language=lang) as client:
            return await client.explain(rule, camera=camera)

    try:
        return asyncio.run(ask())
    except ApiError as error:
        if report.settings is None:
            out(f"matthan: {explain(error, Lang(lang))}", err=True)
            if error.status:
                raise typer.Exit(2) from None
        written = report.checked.rules
        if error.status and (
            rule in written.named or rule in written.disabled
        ):  # it does not know the rule yet
            from engine.text import render

            out(f"matthan: {render('rules.engine_says', {'detail': error.message}, lang)}", err=True)
        return None


def _judged(
    site: Configuration,
    rule: Rule,
    arrivals: Iterable[Arrival],
    focus: Focus,
    end: Instant | None,
    moments: Moments,
) -> telling.Explanation:
    """Return what recorded events tell, judged again."""
    from engine.api.rule_report import explanation
    from rules.explain.explain import explain as tell

    return explanation(tell(site.rules, rule, arrivals, focus, end), moments.show, live=False)


def _focus(moments: Moments, at: str | None, camera: str | None, around: str, since: str | None) -> Focus:
    from rules.document.scalars import seconds
    from rules.explain.explain import Focus

    middle = moments.read(at)
    if middle is None:
        return Focus(moments.read(since), None, camera)
    try:
        reach = timedelta(seconds=seconds(around))
    except ValueError:  # pydantic's own kind of it
        raise typer.BadParameter(f"{around!r} is no duration: 30s, 5m, 1h") from None
    return Focus(middle - reach, middle + reach, camera)


def _counted(arrivals: Iterable[Arrival], progress: Progress) -> Iterator[Arrival]:
    for count, arrival in enumerate(arrivals, start=1):
        if count % 2000 == 0:
            progress(count)
        yield arrival


def _tell(told: telling.Explanation, lang: Language, *, as_json: bool, tree: bool) -> None:
    if as_json:
        whole = told.tree if tree and told.tree is not None else told
        data(whole.model_dump_json())
        return
    if tree and told.tree is not None:
        _tell_tree(told.tree, lang)
        return
    colours = coloured()
    for line in told.lines:
        said = "" if line.said is None else line.said.vi if lang == "vi" else line.said.en
        before = paint(line.before, "31", colours) if line.before == "✗" else line.before
        out("  " * line.depth + " ".join(part for part in (before, said) if part))


def _tell_tree(tree: telling.Branch, lang: Language) -> None:
    from engine.api.branches import bar, lines, mark
    from engine.text import render

    colours = coloured()
    for depth, each in lines(tree):
        sign = mark(each)
        shown = paint(sign, {"✓": "32", "✗": "31"}.get(sign, "2"), colours) if sign else ""
        said = each.said.vi if lang == "vi" else each.said.en
        told = "" if each.measured is None else each.measured.vi if lang == "vi" else each.measured.en
        part = "" if each.near is None or not told else bar(each.near)
        more = render("rules.nearest", {}, lang) if each.nearest else ""
        out("  " * depth + " ".join(filter(None, (shown, each.before, said, part, told, more))))


# -- one event ---------------------------------------------------------------------------------


def _tell_event(rule: Rule, wanted: str, arrival: Arrival | None, moments: Moments, lang: Language) -> None:
    from engine.text import render
    from rules.explain.criteria import pattern_told
    from rules.explain.explain import ask
    from rules.explain.words import about, joined, word

    if arrival is None:
        leave("rules.no_such_event", lang, event=wanted)
    event, colours = arrival.event, coloured()
    head = joined([about(event), ("explain.colon", {}), ("explain.kind", {"kind": word(event.change)})])
    out(f"{moments.show(arrival.now.wall)}  {render(head.code, head.values, lang)}")
    asked = ask(rule, event)
    if not asked:
        out(render("explain.other_kind", {"kind": word(event.kind), "rule": rule.name}, lang))
    for pattern, answers in asked:
        told = pattern_told(pattern)
        out(render(told.code, told.values, lang))
        for answer in answers:
            out("  " + _answer(answer, lang, colours=colours))
    if rule.hours is not None:
        code = "explain.timely" if rule.hours.hold(arrival.now.wall) else "explain.untimely"
        out("  " + render(code, {}, lang))


def _answer(answer: Answer, lang: Language, *, colours: bool) -> str:
    from engine.text import render

    mark = paint("✓", "32", colours) if answer.held else paint("✗", "31", colours)
    return f"{mark} {render(answer.why.code, answer.why.values, lang)}"
