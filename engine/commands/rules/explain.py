"""``matthan rules explain``: why a rule fired, and why it did not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.report import JsonOption, LangOption, Language, Progress, coloured, language, paint
from engine.commands.rules.check import ConfigOption
from engine.commands.rules.replay import History, line_of
from engine.commands.rules.sources import Moments, leave, moments_of, site_of

if TYPE_CHECKING:
    from rules.explain import Answer, Focus, Miss, PatternStory, Story, Timer
    from rules.model import Sentence
    from rules.playback import Arrival
    from rules.ruleset import Rule


def explain(
    rule: Annotated[str, typer.Argument(help="The rule's name.")],
    event: Annotated[str | None, typer.Option(metavar="ID", help="What it made of this event.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Around this moment: 22:30, 2026-03-01T22:30.")
    ] = None,
    camera: Annotated[str | None, typer.Option(help="Only of this camera.")] = None,
    around: Annotated[
        str, typer.Option(metavar="DURATION", help="With --at: so long before and after.")
    ] = "5m",
    since: Annotated[str, typer.Option(metavar="MOMENT", help="Without --at: from when on.")] = "24h",
    recording: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Events of a file, not of the site's own store.")
    ] = None,
    config: ConfigOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell why a rule fired or did not: its nearest miss, what it counted and gave up, what it waits for.

    Judges the recorded events again; the engine is not disturbed. Exit codes: 0 told, 2 there is no such
    rule or event.
    """
    from rules.explain import explain as tell
    from rules.flaws import nearest
    from rules.model import RuleName

    chosen = language(lang)
    site = site_of(config, chosen)
    found = site.rules.named.get(RuleName(rule))
    if found is None:
        guess = nearest(rule, list(site.rules.named))
        leave("rules.no_rule", chosen, rule=rule, known=guess or ", ".join(sorted(site.rules.named)))
    moments = moments_of(site)
    focus = _focus(moments, at, camera, around, None if recording else since)
    history = History(site, recording, moments, None, None, chosen)
    history.focus(focus.since, focus.until)
    with Progress(rule) as progress:
        arrivals = _counted(history.arrivals(), progress)
        if event is not None:
            _tell_event(found, event, arrivals, moments, chosen)
            return
        end = history.end() if focus.until is None else None
        story = tell(site.rules, found, arrivals, focus, end)
    if as_json:
        typer.echo(json.dumps(_plain(story, chosen), ensure_ascii=False, default=str))
        return
    for line in _lines(story, moments, chosen):
        typer.echo(line)


def _focus(moments: Moments, at: str | None, camera: str | None, around: str, since: str | None) -> Focus:
    from rules.explain import Focus
    from rules.fields import seconds

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


# -- one event ---------------------------------------------------------------------------------


def _tell_event(
    rule: Rule, wanted: str, arrivals: Iterable[Arrival], moments: Moments, lang: Language
) -> None:
    from engine.text import render
    from rules.explain import ask, pattern_name

    arrival = next((each for each in arrivals if each.event.id == wanted), None)
    if arrival is None:
        leave("rules.no_such_event", lang, event=wanted)
    event, colours = arrival.event, coloured()
    head = f"{moments.show(arrival.now.wall)}  {event.camera or '-'}  {event.kind}.{event.change} {event.subject}"
    typer.echo(head)
    asked = ask(rule, event)
    if not asked:
        typer.echo(render("explain.other_kind", {"kind": event.kind, "rule": rule.name}, lang))
    for pattern, answers in asked:
        typer.echo(pattern_name(pattern))
        for answer in answers:
            typer.echo("  " + _answer(answer, lang, colours=colours))
    if rule.hours is not None:
        code = "explain.timely" if rule.hours.hold(arrival.now.wall) else "explain.untimely"
        typer.echo("  " + render(code, {}, lang))


def _answer(answer: Answer, lang: Language, *, colours: bool) -> str:
    mark = paint("✓", "32", colours) if answer.held else paint("✗", "31", colours)
    return f"{mark} {_said(answer.why, lang)}"


def _said(sentence: Sentence, lang: Language) -> str:
    from engine.text import render

    return render(sentence.code, sentence.values, lang)


# -- a story -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Teller:
    moments: Moments
    lang: Language

    def say(self, code: str, **values: object) -> str:
        from engine.text import render

        return render(code, values, self.lang)


def _lines(story: Story, moments: Moments, lang: Language) -> Iterator[str]:
    teller = _Teller(moments, lang)
    yield teller.say("explain.fired" if story.fired else "explain.silent", rule=story.rule)
    for made in story.decisions:
        yield f"  {line_of(made, moments, lang)}"
    for error in story.faults:
        yield "  " + teller.say("explain.fault", detail=error)
    for pattern in story.patterns:
        yield from _pattern(pattern, teller)
    for timer in story.given_up:
        yield "  " + _given_up(timer, teller)
    for timer in story.waiting:
        yield "  " + _waiting(timer, teller)
    if not story.fired and story.nearest is not None:
        yield teller.say("explain.nearest")
        yield f"  {_miss(story.nearest[1], teller)}"


def _pattern(story: PatternStory, teller: _Teller) -> Iterator[str]:
    last = teller.moments.show(story.last) if story.last else "–"
    counts = {"seen": story.seen, "matched": story.matched, "late": story.late, "last": last}
    yield f"  {story.name}: " + teller.say("explain.counts", **counts)


def _miss(miss: Miss, teller: _Teller) -> str:
    why = "; ".join(_said(each.why, teller.lang) for each in miss.failed)
    return f"{teller.moments.show(miss.at)}  {miss.camera or '-'}  {miss.subject}  {why}  ({miss.event})"


def _given_up(timer: Timer, teller: _Teller) -> str:
    values = {"since": teller.moments.show(timer.since), "missing": round(timer.missing, 3), "key": timer.key}
    ended = teller.moments.show(timer.ended) if timer.ended else "–"
    return teller.say("explain.given_up", **values, ended=ended, event=timer.by or "–")


def _waiting(timer: Timer, teller: _Teller) -> str:
    due = teller.moments.show(timer.due) if timer.due else "–"
    return teller.say(
        f"explain.state_{timer.state}", key=timer.key, since=teller.moments.show(timer.since), due=due
    )


def _plain(story: Story, lang: Language) -> object:
    body = asdict(replace(story, decisions=[])) | {"fired": story.fired}
    body["decisions"] = [
        {
            "id": made.id,
            "phase": made.phase,
            "key": made.key,
            "at": made.at,
            "reason": _said(made.reason, lang),
        }
        for made in story.decisions
    ]
    return body
