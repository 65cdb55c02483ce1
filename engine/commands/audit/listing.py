"""``matthan audit list``: records of the audit log, one in a line."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.talk import AsJson, Language_, OfCamera, Socket, Speaker, Token, speak
from engine.commands.output.terminal import data, out
from engine.commands.output.times import moment

if TYPE_CHECKING:
    from engine.api.resources.audit import Record, RecordQuery

#: Records that are asked for at once.
PAGE = 1000


class Ending(StrEnum):
    """How a deed ended; as `engine.identity.record.Outcome`, which is not loaded before it is needed."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


Who = Annotated[
    str | None, typer.Option("--who", metavar="PERSON", help="Only of this person, by id or name.")
]
What = Annotated[
    str | None,
    typer.Option("--what", metavar="DEED", help="Only of this deed: login, live, ptz, configure, ..."),
]
Ended = Annotated[
    Ending | None,
    typer.Option("--outcome", metavar="OUTCOME", help="Only those that are done, refused or failed."),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="2026-11-01 or 2026-11-01T08:00, site's zone."),
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Likewise; default: now.")]


def show(
    who: Who = None,
    what: What = None,
    camera: OfCamera = None,
    outcome: Ended = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1_000_000, help="At most so many, the newest.")
    ] = 100,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """List who did what, from where, by which grant and why; oldest first. Reading it is a deed that is recorded, too.

    \b
    matthan audit list                               the last 100 records
    matthan audit list --who an --since 2026-11-01   what one person did
    matthan audit list --what live --camera gate     who watched a camera
    matthan audit list --outcome refused             what somebody tried and may not
    """  # noqa: D301 - click's mark for lines that stay as they are

    async def talk(speaker: Speaker) -> None:
        from engine.api.resources.audit import RecordQuery

        begin, end = (moment(word, speaker.zone, speaker.language) for word in (since, until))
        wanted = {
            "who": who,
            "what": what,
            "camera": camera,
            "outcome": outcome,
            "since": begin,
            "until": end,
        }
        found = await read(speaker, RecordQuery.model_validate(wanted), limit)
        for each in reversed(found):
            data(each.model_dump_json()) if as_json else out(line(speaker, each), _colour(each))
        if not found and not as_json:
            out(speaker.say("cli.no_records"))

    speak(socket, token, lang, talk)


async def read(speaker: Speaker, which: RecordQuery, limit: int) -> list[Record]:
    """Return so many records, newest first."""
    found: list[Record] = []
    while len(found) < limit:
        size = min(PAGE, limit - len(found))
        page = await speaker.client.records(which.model_copy(update={"limit": size}))
        found += page
        if len(page) < size:
            break
        which = which.model_copy(update={"before": page[-1].nth})
    return found


def line(speaker: Speaker, record: Record) -> str:
    """Return a record in one line: when, who, what, how it ended, by what, from where, why."""
    deed = speaker.told(record.said)
    ended = "" if record.outcome == "done" else speaker.known(f"outcome.{record.outcome}", record.outcome)
    person = record.name or record.who or record.principal or "?"
    told = [
        f"{ended}:" if ended and record.because else ended,
        speaker.told(record.because) if record.because else "",
        f"×{record.times}" if record.times > 1 else "",
        f"[{record.basis}]" if record.basis else "",
        record.address,
        f"“{record.why}”" if record.why else "",
        speaker.say("cli.record_gone") if not record.told else "",
        " ".join(f"{name}={value}" for name, value in record.about.items()),
    ]
    rest = " ".join(each for each in told if each)
    return f"{record.nth:>7}  {speaker.time(record.at)}  {person:<16} {record.camera or '-':<16} {deed} {rest}".rstrip()


def _colour(record: Record) -> str | None:
    return {"refused": "red", "failed": "yellow"}.get(record.outcome)
