"""``matthan audit report``: who did what in a stretch of time, on paper: HTML or PDF, to be signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.audit.listing import Since, Until, What, Who, read
from engine.commands.output.talk import Language_, OfCamera, Socket, Speaker, Token, speak
from engine.commands.output.terminal import complain, out
from engine.commands.output.times import moment

if TYPE_CHECKING:
    from datetime import datetime

    from engine.api.resources.audit import Record
    from engine.report.model import Report, Section

#: What of a record names the request, and not what was asked for; the reason has a place of its own.
WIRE = frozenset({"asked", "permission", "why"})
#: Records of a report at most; beyond it ask for a shorter time.
MOST = 20_000
ENDINGS = (".html", ".pdf")
#: Columns of the list, and their shares of the width.
_SHARES = {
    "nth": 0.6, "at": 1.5, "who": 1.3, "deed": 2.0, "camera": 1.2, "grant": 0.9, "from": 1.1, "why": 1.6,
}  # fmt: skip


def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write: FILE.html or FILE.pdf.")],
    since: Since = None,
    until: Until = None,
    who: Who = None,
    what: What = None,
    camera: OfCamera = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
) -> None:
    """Write who did what as a report with lines to sign on.

    \b
    matthan audit report --since 2026-11-01 --until 2026-12-01 november.pdf
    matthan audit report --who an an.html

    Its digest is of the records as `matthan audit list --json --limit 20000` with the same options prints them.
    """  # noqa: D301 - click's mark for lines that stay as they are
    if file.suffix not in ENDINGS:
        raise typer.BadParameter(f"{file.name}: .html or .pdf", param_hint="FILE")
    if file.exists() and not force:
        raise typer.BadParameter(f"{file} exists; --force replaces it", param_hint="FILE")

    async def talk(speaker: Speaker) -> None:
        from engine.api.resources.audit import RecordQuery
        from engine.runtime.clock import SystemClock

        begin, end = (moment(word, speaker.zone, speaker.language) for word in (since, until))
        which = RecordQuery(who=who, what=what, camera=camera, since=begin, until=end)
        found = (await read(speaker, which, MOST))[::-1]
        now = SystemClock().now().wall.astimezone(speaker.zone)
        _write(file, made(speaker, found, begin, end, now))
        out(speaker.say("cli.report_written", path=str(file), records=len(found)))

    speak(socket, token, lang, talk)


def made(
    speaker: Speaker, records: Sequence[Record], since: datetime | None, until: datetime | None, now: datetime
) -> Report:
    """Return the report of records, the oldest first."""
    from hashlib import sha256

    from engine.report.model import Footer, Report, Signatory

    say, engine = speaker.say, speaker.state.engine
    printed = "".join(f"{each.model_dump_json()}\n" for each in records)
    begin = speaker.time(since) if since else say("audit_report.begin")
    return Report(
        title=say("audit_report.title"),
        subtitle=say("audit_report.time", since=begin, until=speaker.time(until or now)),
        site=engine.title or engine.site,
        made_at=now,
        language=speaker.language,
        sections=(_summary(speaker, records), _listed(speaker, records)),
        signatories=(Signatory(say("audit_report.auditor")), Signatory(say("audit_report.responsible"))),
        footer=Footer(sha256(printed.encode()).hexdigest()),
    )


def _summary(speaker: Speaker, records: Sequence[Record]) -> Section:
    from engine.report.model import Column, KeyValues, Paragraph, Section, Table, Tone

    say = speaker.say
    refused = sum(each.times for each in records if each.outcome == "refused")
    failed = sum(each.times for each in records if each.outcome == "failed")
    deeds = Counter[str]()
    for each in records:
        deeds[speaker.told(each.said)] += each.times
    facts = [
        (say("audit_report.records"), str(len(records))),
        (say("audit_report.people"), str(len({each.who for each in records if each.who}))),
        (say("audit_report.refused"), str(refused)),
        (say("audit_report.failed"), str(failed)),
    ]
    if records:
        facts.append((say("audit_report.numbers"), f"{records[0].nth} – {records[-1].nth}"))
    counted = Table(
        (Column(say("audit_report.deed"), 3.0), Column(say("audit_report.times"), 1.0, figures=True)),
        [(deed, str(times)) for deed, times in deeds.most_common()],
    )
    note = Paragraph(say("audit_report.verify"), Tone.NOTE)
    cut = [Paragraph(say("audit_report.cut", most=MOST), Tone.BAD)] if len(records) >= MOST else []
    return Section(say("audit_report.summary"), (*cut, KeyValues(facts), counted, note))


def _listed(speaker: Speaker, records: Sequence[Record]) -> Section:
    from engine.report.model import Column, Section, Table

    columns = [
        Column(speaker.say(f"audit_report.{name}"), share, figures=name == "nth")
        for name, share in _SHARES.items()
    ]
    return Section(
        speaker.say("audit_report.listed"), (Table(columns, [_row(speaker, each) for each in records]),)
    )


def _row(speaker: Speaker, record: Record) -> Sequence[str]:
    deed = speaker.told(record.said) + (f" ×{record.times}" if record.times > 1 else "")
    if record.outcome != "done":
        deed = f"{speaker.known(f'outcome.{record.outcome}', record.outcome)}: {deed}"
    reasons = [_asked(record), record.why, speaker.told(record.because) if record.because else ""]
    if not record.told:
        reasons.append(speaker.say("cli.record_gone"))
    person = record.name or record.who or record.principal
    why = "\n".join(filter(None, reasons))
    return (
        str(record.nth), speaker.time(record.at), person, deed, record.camera or "", record.basis, record.address, why
    )  # fmt: skip


def _asked(record: Record) -> str:
    """Return what was asked for; on paper, too, it must say whose rights were changed, and to what."""
    return " ".join(f"{name}={value}" for name, value in record.about.items() if name not in WIRE)


def _write(file: Path, report: Report) -> None:
    from engine.report.html import as_html
    from engine.report.pdf import as_pdf
    from engine.runtime.whole_file import put

    content = as_html(report) if file.suffix == ".html" else as_pdf(report)
    try:
        put(file, content)
    except OSError as error:
        complain(f"{file}: {error.strerror or error}")
        raise typer.Exit(1) from None
