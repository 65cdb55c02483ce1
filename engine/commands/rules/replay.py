"""``matthan rules replay``: history through present or changed rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import JsonOption, Language, Progress, SiteLangOption, coloured, language
from engine.commands.output.terminal import data, out, paint
from engine.commands.rules.check import ConfigOption
from engine.commands.rules.sources import Moments, leave, lines_of, moments_of, rules_of, site_of

if TYPE_CHECKING:
    from engine.config.configuration import Configuration
    from engine.judging.replay import Difference, Period, Replay
    from rules.compiler.ruleset import RuleSet
    from rules.evaluator.adoption import Library
    from rules.explain.playback import Arrival
    from rules.model import Decision, Instant

#: Seconds of history before the span that rules are given to remember.
WARM = 24 * 3600.0
Recording = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE", help="What `matthan events --json` printed; default: the site's own store."
    ),
]
Since = Annotated[
    str | None, typer.Option(metavar="MOMENT", help="From when on: 2h (ago), 22:30, 2026-03-01T22:30.")
]
Until = Annotated[str | None, typer.Option(metavar="MOMENT", help="Until when.")]


def replay(
    recording: Recording = None,
    since: Since = None,
    until: Until = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option(
            "--rules", metavar="FILE|FOLDER", help="Changed rules, to be compared with the present ones."
        ),
    ] = None,
    config: ConfigOption = None,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge recorded events again and show how the decisions differ.

    From the store: what was decided then against what the rules of that time decide, each stretch by those
    that were live; the same rules decide the same, to the identity. With --rules: present rules against
    changed ones. Exit codes: 0 no difference, 1 some, 2 nothing can be read.
    """
    chosen = language(lang)
    alone = recording is not None and rules is not None and config is None
    site = None if alone else site_of(config, chosen)
    chosen = site.settings.language if site and not lang else chosen
    history = History(site, recording, moments_of(site), since, until, chosen)
    before: list[Decision] | None = None
    if recording is None and rules is None:
        before = history.decided()
    elif site is not None and rules is not None:
        before = history.replay(site.rules).decisions
    started = perf_counter()
    present = site.rules if site else rules_of([], None, chosen)
    done = history.replay(rules_of(rules, site, chosen)) if rules else history.relive(present)
    took = perf_counter() - started
    _tell(done, before, took, history.moments, chosen, as_json=as_json)


class History:
    """Recorded events of a span, from the store or a file."""

    def __init__(
        self,
        site: Configuration | None,
        recording: Path | None,
        moments: Moments,
        since: str | None,
        until: str | None,
        lang: Language,
    ) -> None:
        from engine.judging.replay import Period

        self.moments, self._lang, self._recording = moments, lang, recording
        self.span: Period = Period(moments.read(since), moments.read(until))
        self._database = _database(site) if site is not None and recording is None else None

    def focus(self, since: datetime | None, until: datetime | None) -> None:
        """Set the span."""
        from engine.judging.replay import Period

        self.span = Period(since, until)

    def end(self) -> Instant | None:
        """Return the last moment that is known of; None: of a file nobody knows."""
        from engine.errors import StoreError
        from engine.judging.replay import Recorded

        try:
            return Recorded(self._database).end() if self._database else None
        except StoreError as error:
            leave("rules.unreadable", self._lang, path=self._database or "", detail=error)

    def arrivals(self) -> Iterator[Arrival]:
        """Yield the events, from a day before the span on; ends the command where they cannot be read."""
        from engine.api.printed_events import BadRecording, printed
        from engine.errors import StoreError
        from engine.judging.replay import Recorded

        try:
            if self._recording is not None:
                span = self.span.earlier(WARM)
                told = printed(lines_of(self._recording, self._lang))
                yield from (each for each in told if span.holds(each.now.wall))
            elif self._database is not None:
                yield from Recorded(self._database).arrivals(self.span.earlier(WARM))
        except StoreError as error:
            leave("rules.unreadable", self._lang, path=self._database or "", detail=error)
        except BadRecording as error:
            leave(
                "rules.no_event", self._lang, path=self._recording or "", line=error.line, detail=error.detail
            )

    def event(self, wanted: str) -> Arrival | None:
        """Return one event by its identity; ends the command where nothing can be read."""
        from engine.errors import StoreError
        from engine.judging.replay import Recorded

        if self._database is None:
            return next((each for each in self.arrivals() if each.event.id == wanted), None)
        try:
            return Recorded(self._database).event(wanted)
        except StoreError as error:
            leave("rules.unreadable", self._lang, path=self._database, detail=error)

    def decided(self) -> list[Decision]:
        """Return what was decided then."""
        from engine.errors import StoreError
        from engine.judging.replay import Recorded

        assert self._database is not None  # noqa: S101 - only the store has decisions
        try:
            return Recorded(self._database).decisions(self.span)
        except StoreError as error:
            leave("rules.unreadable", self._lang, path=self._database, detail=error)

    def relive(self, present: RuleSet) -> Replay:
        """Judge the events again, each stretch by the rules that were live; by the present ones where none is known."""
        from engine.errors import StoreError
        from engine.judging.replay import Recorded

        if self._database is None:
            return self.replay(present)
        recorded = Recorded(self._database)
        try:
            first = recorded.rules_at(self.span.earlier(WARM).since)
        except StoreError as error:
            leave("rules.unreadable", self._lang, path=self._database, detail=error)
        return self.replay(first or present, recorded.rules)

    def replay(self, rules: RuleSet, library: Library | None = None) -> Replay:
        """Judge the events again."""
        from engine.judging.replay import replay
        from engine.text import render

        with Progress(render("rules.replaying", {}, self._lang)) as progress:
            events, end = self.arrivals(), self.end()
            return replay(rules, events, span=self.span, end=end, library=library, progress=progress)


def _database(site: Configuration) -> Path:
    from engine.config.state_paths import state_paths

    return state_paths(site.settings).database


# -- telling -----------------------------------------------------------------------------------


def _tell(
    done: Replay,
    before: Sequence[Decision] | None,
    took: float,
    moments: Moments,
    lang: Language,
    *,
    as_json: bool,
) -> None:
    from engine.judging.replay import differ
    from engine.text import render

    found = None if before is None else differ(before, done.decisions)
    if as_json:
        data(_json(done, found, took))
        raise typer.Exit(int(bool(found)))
    colours = coloured()
    lines = _plain(done.decisions, moments, lang) if found is None else _compared(found, moments, lang)
    for line in lines:
        out(paint(line, {"-": "31", "+": "32", "~": "33"}.get(line[0], "0"), colours))
    for rule, error in done.faults.items():
        out(render("trial.fault", {"rule": rule, "detail": error}, lang), err=True)
    speed = done.seconds / took if took else 0.0
    values = {"events": done.events, "hours": done.seconds / 3600, "took": took, "speed": speed}
    out(render("rules.replayed", values, lang), err=True)
    if found is not None:
        told = {"same": found.same, "gone": len(found.gone), "new": len(found.new), "moved": len(found.moved)}
        out(render("rules.compared", told, lang))
    raise typer.Exit(int(bool(found)))


def line_of(decision: Decision, moments: Moments, lang: Language) -> str:
    """Return a decision in one line."""
    from engine.text import render

    reason = render(decision.reason.code, decision.reason.values, lang)
    return f"{moments.show(decision.at)}  {decision.camera or '-':<16} {decision.phase:<9} {decision.rule}: {reason}"


def _plain(decisions: Sequence[Decision], moments: Moments, lang: Language) -> Iterator[str]:
    return (f"  {line_of(made, moments, lang)}" for made in decisions)


def _compared(found: Difference, moments: Moments, lang: Language) -> list[str]:
    told = [(made.at, f"- {line_of(made, moments, lang)}") for made in found.gone]
    told += [(made.at, f"+ {line_of(made, moments, lang)}") for made in found.new]
    told += [
        (now.at, f"~ {line_of(now, moments, lang)}  ({(now.at - was.at).total_seconds():+.3g} s)")
        for was, now in found.moved
    ]
    return [line for _, line in sorted(told)]


def _json(done: Replay, found: Difference | None, took: float) -> str:
    import json

    from engine.text import LANGUAGES, render

    def told(decision: Decision) -> object:
        reason = {each: render(decision.reason.code, decision.reason.values, each) for each in LANGUAGES}
        names = ("id", "rule", "phase", "key", "camera", "cause", "severity")
        times = {"at": decision.at.isoformat(), "since": decision.since.isoformat()}
        return {name: getattr(decision, name) for name in names} | times | {"reason": reason}

    body: dict[str, object] = {
        "events": done.events,
        "seconds": done.seconds,
        "took": took,
        "faults": done.faults,
    }
    if found is None:
        body["decisions"] = [told(made) for made in done.decisions]
    else:
        body |= {"same": found.same, "gone": [*map(told, found.gone)], "new": [*map(told, found.new)]}
        body["moved"] = [{"before": told(was), "after": told(now)} for was, now in found.moved]
    return json.dumps(body, ensure_ascii=False)
