"""``matthan rules record``: a stretch of life as a trial, so that a false alarm becomes a test in one step."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.commands.output.report import (
    JsonOption,
    Language,
    Progress,
    SiteLangOption,
    coloured,
    finish,
    language,
)
from engine.commands.output.terminal import data, out, paint
from engine.commands.rules.check import CLEAN, TRIAL, ConfigOption
from engine.commands.rules.replay import line_of
from engine.commands.rules.sources import Moments, leave, moments_of, own_files, site_of
from engine.commands.rules.sources import named as rule_named

if TYPE_CHECKING:
    from engine.config.configuration import Configuration
    from engine.judging.recording import Taken, Trial, Wish
    from engine.judging.replay import Recorded

_CLOCK = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?"
#: Without a store there is nothing to record.
NO_STORE = 3


class Expect(StrEnum):
    """What a recorded trial expects."""

    DECISIONS = "decisions"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class _Written:
    """What was recorded, and where to."""

    site: Configuration
    path: Path
    taken: Taken
    trial: Trial
    named: frozenset[str]
    clean: bool
    lang: Language
    moments: Moments

    @property
    def good(self) -> bool:
        """Whether it comes out as it did live; and of a clean night, whether it is one."""
        return bool(self.trial.comparison) and not (self.clean and self.trial.alarms)


def record(
    since: Annotated[
        str, typer.Option("--from", metavar="MOMENT", help="From when on: 22:00, 2026-03-01T22:00, 2h (ago).")
    ],
    until: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="MOMENT", help="Until when; 02:00 is the first one after --from. Default: now."
        ),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="NAME", help="Only what this rule is about (repeatable)."),
    ] = None,
    camera: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only of this camera (repeatable).")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER", help="Where to; default: beside the rules, with --clean in clean/."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What the file is called; default: the rule and the moment."),
    ] = None,
    expect: Annotated[
        Expect,
        typer.Option(help="What must come of it: what was decided, or nothing (it was a false alarm)."),
    ] = Expect.DECISIONS,
    clean: Annotated[
        bool, typer.Option("--clean", help="Make a clean night of it, for `matthan rules clean`.")
    ] = False,
    lead: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Begin so much earlier; default: as early as the rules' memory needs, up to 30m.",
        ),
    ] = None,
    keep_plates: Annotated[
        bool, typer.Option("--keep-plates", help="Write plates that the rules name as they are.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    config: ConfigOption = None,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a trial of what happened, and try it at once with the present rules.

    Plates and people are told under other names, free text only where a rule reads it, pictures never. What rules
    remembered when the stretch began is told before it. Exit codes: 0 written, it comes out as it did live; 1 written,
    it comes out otherwise (or, with --clean, a rule fired); 2 nothing is written; 3 there is no store.
    """
    chosen = language(lang)
    site = site_of(config, chosen)
    chosen = chosen if lang else site.settings.language
    moments = moments_of(site)
    wish = _wish(site, moments, (since, until), rule or [], camera or [], lead, expect, clean, chosen)
    path = _path(site, into, wish, _named(name), clean=clean)
    if path.exists() and not force:
        leave("record.exists", chosen, path=path)
    taken = _taken(site, wish, chosen)
    done = _made(site, path, taken, moments, chosen, clean=clean, keep=keep_plates)
    _write(done)
    _tell(done, as_json=as_json)
    raise typer.Exit(int(not done.good))


# -- what is asked for -------------------------------------------------------------------------


def _wish(
    site: Configuration,
    moments: Moments,
    span: tuple[str, str | None],
    rules: Sequence[str],
    cameras: Sequence[str],
    lead: str | None,
    expect: Expect,
    clean: bool,
    lang: Language,
) -> Wish:
    from engine.judging.recording import Wish

    since, until = stretch(moments, *span)
    if not since < until <= moments.now:
        leave("record.span", lang, since=moments.show(since), until=moments.show(until))
    for name in rules:
        rule_named(site.rules, name, lang)
    known = sorted(each.id for each in site.settings.cameras)
    for name in cameras:
        if name not in known:
            leave("record.no_camera", lang, camera=name, known=", ".join(known) or "-")
    silent = clean or expect is Expect.NOTHING
    return Wish(since, until, moments.zone, frozenset(rules), frozenset(cameras), _seconds(lead), silent)


def stretch(moments: Moments, since: str, until: str | None) -> tuple[datetime, datetime]:
    """Return a span in UTC: a time of day ends it where a clock first shows that after its beginning.

    Raises:
        typer.BadParameter: It is none.
    """
    first, last = moments.read(since), moments.read(until) or moments.now
    assert first is not None  # noqa: S101 - it is written
    if until is None or not re.fullmatch(_CLOCK, until):
        return first, last
    last = _after(first, last, moments)
    if last > moments.now and re.fullmatch(_CLOCK, since):  # it is not over yet today
        return _day_before(first, moments), _day_before(last, moments)
    return first, last


def _day_before(at: datetime, moments: Moments) -> datetime:
    return (at.astimezone(moments.zone) - timedelta(days=1)).astimezone(at.tzinfo)


def _after(first: datetime, shown: datetime, moments: Moments) -> datetime:
    """Return when a clock at the site first shows a time of day after a moment."""
    local, clock = first.astimezone(moments.zone), shown.astimezone(moments.zone)
    at = local.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0)
    return (at if at > local else at + timedelta(days=1)).astimezone(first.tzinfo)


def _seconds(written: str | None) -> float | None:
    from rules.document.scalars import seconds

    try:
        return None if written is None else seconds(written)
    except ValueError:  # pydantic's own kind of it
        raise typer.BadParameter(f"{written!r} is no duration: 30m, 2h") from None


def _named(name: str | None) -> str | None:
    """Return a name that is one in any folder, and leads into no other.

    Raises:
        typer.BadParameter: It is none.
    """
    if name is not None and not re.fullmatch(r"\w[\w-]{0,79}", name):
        raise typer.BadParameter(f"{name!r} is no name of a file: letters, digits, - and _")
    return name


def _path(site: Configuration, into: Path | None, wish: Wish, called: str | None, *, clean: bool) -> Path:
    """Return where it is written to: beside the rule that it is about, in a folder, or to a file."""
    if into is not None and not into.is_dir():
        return into
    about = "-".join(sorted(wish.rules)[:1]) or "recorded"
    name = called or f"{about}-{wish.since.astimezone(wish.zone):%Y-%m-%d-%H%M%S}"
    folder = into or (_files_of(site, wish) or [site.path])[0].parent
    if clean:
        return (folder if into else folder / CLEAN) / f"{name}.yaml"
    return folder / f"{name}{TRIAL}"


def _files_of(site: Configuration, wish: Wish) -> list[Path]:
    """Return the files that have the rules; all where none is named."""
    from rules.document.source import parse

    def has(text: str) -> bool:
        written = parse(text, "").data
        rules = written.get("rules") if isinstance(written, dict) else None
        names = {each.get("name") for each in rules or () if isinstance(each, dict)}
        return bool(names & wish.rules)

    found = [Path(name) for name, text in site.rules_files if wish.rules and has(text)]
    return found or own_files(site)


# -- taking and making -------------------------------------------------------------------------


def _taken(site: Configuration, wish: Wish, lang: Language) -> Taken:
    from engine.errors import StoreError
    from engine.judging.recording import take
    from engine.text import render

    recorded = _store(site, lang)
    try:
        with Progress(render("rules.replaying", {}, lang)):
            taken = take(recorded, site.rules, wish)
    except StoreError as error:
        leave("record.no_store", lang, NO_STORE, detail=error)
    if not taken.arrivals:
        leave("rules.no_events", lang)
    return taken


def _store(site: Configuration, lang: Language) -> Recorded:
    from engine.config.state_paths import state_paths
    from engine.judging.replay import Recorded

    database = state_paths(site.settings).database
    if not database.exists():
        leave("record.no_store", lang, NO_STORE, detail=database)
    return Recorded(database)


def _made(
    site: Configuration,
    path: Path,
    taken: Taken,
    moments: Moments,
    lang: Language,
    *,
    clean: bool,
    keep: bool,
) -> _Written:
    from engine.judging.recording import make, named

    plates = named(taken.names.plates, [text for _, text in site.rules_files])
    if plates and not keep:
        leave("record.plates", lang, plates=", ".join(sorted(plates)))
    trial = make(taken, site.rules, _head(site, path, taken.wish, clean=clean), plates)
    if trial.problems:
        finish(trial.problems, {"": trial.text}, "", lang=lang)
        raise typer.Exit(2)
    return _Written(site, path, taken, trial, plates, clean, lang, moments)


def _head(site: Configuration, path: Path, wish: Wish, *, clean: bool) -> dict[str, Any]:
    """Return what the file says before its trial: where it is, and which rules it tries; a clean night tries all."""
    if clean:
        return {}
    own = _files_of(site, wish)
    beside = [each for each in own_files(site) if each not in own]
    place = site.settings.location
    told = {"rules": _relative(own, path), "beside": _relative(beside, path)}
    where = (
        {"latitude": place.latitude, "longitude": place.longitude} if place and _by_the_sun(site) else None
    )
    return {name: value for name, value in {**told, "location": where}.items() if value}


def _relative(files: Sequence[Path], path: Path) -> list[str]:
    return [Path(os.path.relpath(each, path.parent)).as_posix() for each in files]


def _by_the_sun(site: Configuration) -> bool:
    return any(re.search(r"\b(sun\w*|dark)\b", text) for _, text in site.rules_files)


def _write(done: _Written) -> None:
    from engine.config.writer import put

    try:
        done.path.parent.mkdir(parents=True, exist_ok=True)
        put(done.path, f"{_comment(done)}{done.trial.text}".encode())
    except OSError as error:
        leave("rules.unwritable", done.lang, path=done.path, detail=error.strerror or "?")


def _comment(done: _Written) -> str:
    """Return the first lines of the file, in the language of the site."""
    from engine.text import render

    wish = done.taken.wish
    told = {"since": done.moments.show(wish.since), "until": done.moments.show(wish.until)}
    return "".join(f"# {render(code, told, done.lang)}\n" for code in ("record.comment", "record.hidden"))


# -- telling -----------------------------------------------------------------------------------


def _tell(done: _Written, *, as_json: bool) -> None:
    for code, values in _notes(done):
        _note(code, done.lang, **values)
    if as_json:
        data(json.dumps(_summary(done), ensure_ascii=False))
        return
    from engine.text import render

    found, colours = done.trial.comparison, coloured()
    for sign, colour, decisions in (("-", "31", found.gone), ("+", "32", found.new)):
        for made in decisions:
            out(paint(f"{sign} {line_of(made, done.moments, done.lang)}", colour, colours))
    told = {"path": done.path, "events": len(done.taken.arrivals), "expected": done.trial.expected}
    out(render("record.written", told, done.lang))
    counts = {"same": len(found.same), "gone": len(found.gone), "new": len(found.new)}
    out(render("record.reproduces" if found else "record.differs", counts, done.lang))


def _note(code: str, lang: Language, **values: object) -> None:
    from engine.text import render

    out(f"matthan: {render(code, values, lang)}", err=True)


def _notes(done: _Written) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield what the author should know besides."""
    taken, trial = done.taken, done.trial
    for rule, since in sorted(taken.cut.items()):
        yield "record.cut", {"rule": rule, "since": done.moments.show(since), "lead": _lead(taken, since)}
    if taken.clock_set:
        yield "record.clock", {}
    if not trial.comparison and taken.then is not None and _others(done):
        yield "record.other_rules", {}
    if done.named:
        yield "record.kept", {"plates": ", ".join(sorted(done.named))}
    if done.clean and trial.alarms:
        yield "record.alarms", {"rules": ", ".join(sorted({made.rule for made in trial.alarms}))}
    elif trial.failures and trial.comparison:
        yield "record.fails", {"path": done.path}


def _others(done: _Written) -> bool:
    """Return whether rules of that time mean something else than those of the same name by now."""
    then, now = done.taken.then, done.site.rules
    assert then is not None  # noqa: S101 - they are known
    return {name: each.edition for name, each in then.named.items()} != {
        name: each.edition for name, each in now.named.items()
    }


def _lead(taken: Taken, since: datetime) -> str:
    """Return how much earlier a trial should begin to take in what a rule remembered, in whole minutes."""
    need = (taken.wish.since - since).total_seconds()
    tried = (taken.wish.since - taken.stretch.start).total_seconds()
    return f"{int(max(need, 2 * tried if since >= taken.stretch.start else 0.0) // 60) + 1}m"


def _summary(done: _Written) -> dict[str, object]:
    taken, trial = done.taken, done.trial
    found = trial.comparison

    def told(decisions: Sequence[Any]) -> list[dict[str, object]]:
        names = ("rule", "phase", "camera")
        return [
            {name: getattr(made, name) for name in names} | {"at": made.at.isoformat()} for made in decisions
        ]

    return {
        "file": str(done.path),
        "start": taken.stretch.start.isoformat(),
        "since": taken.wish.since.isoformat(),
        "until": taken.wish.until.isoformat(),
        "events": len(taken.arrivals),
        "expected": trial.expected,
        "reproduces": bool(found),
        "passes": not trial.failures,
        "same": len(found.same),
        "gone": told(found.gone),
        "new": told(found.new),
        "alarms": told(trial.alarms),
        "cut": {rule: since.isoformat() for rule, since in taken.cut.items()},
        "plates": len(taken.names.plates),
        "people": len(taken.names.people),
        "kept_plates": sorted(done.named),
    }
