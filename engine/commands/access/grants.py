"""``matthan access grant|revoke``: what somebody is granted."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from engine.commands.access.people import PersonId, Place, line, placed
from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, out
from engine.commands.output.times import moment

#: Days of the week as they are written, Monday first.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def grant(
    person: PersonId,
    role: Annotated[
        str, typer.Argument(metavar="ROLE", help="viewer, officer, author, technician, admin or auditor.")
    ],
    place: Place = "site",
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="From when on; default: now.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="TIME", help="Up to when, in the site's time: 2026-12-31 or 2026-12-31T18:00."
        ),
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option("--hours", metavar="HH:MM-HH:MM", help="At which hours only, in the site's time."),
    ] = None,
    days: Annotated[
        str | None,
        typer.Option("--days", metavar="DAYS", help="On which days these hours begin: mon,tue,...,sun."),
    ] = None,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Give somebody a role at a place, perhaps for a time or at some hours.

    \b
    matthan access grant an officer                                 at the whole site, until revoked
    matthan access grant an viewer --place camera:gate-3 --until 2026-12-31
    matthan access grant binh officer --place group:gates --hours 22:00-06:00 --days mon,tue
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.api.resources.people import GRANT

    if days is not None and hours is None:
        raise typer.BadParameter("--days goes with --hours")
    body: dict[str, Any] = {"person": person, "role": role, "place": placed(place), "why": why}
    body["hours"] = None if hours is None else _hours(hours, days)

    async def talk(speaker: Speaker) -> None:
        for name, word in (("since", since), ("until", until)):
            at = moment(word, speaker.zone, speaker.language)
            body[name] = at and at.astimezone(speaker.zone).isoformat()  # as it stands in the records
        given = await speaker.client.ask(GRANT, body=body)
        data(given.model_dump_json()) if as_json else out(f"{given.person}: {line(speaker, given)}")

    speak(socket, token, lang, talk, why)


def revoke(
    grant: Annotated[str, typer.Argument(metavar="GRANT", help="Its id: matthan access list.")],
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    why: Why = "",
) -> None:
    """Take a grant back. What it allowed ends within two seconds: streams and live pictures too."""
    from engine.api.resources.people import REVOKE

    async def talk(speaker: Speaker) -> None:
        taken = await speaker.client.ask(REVOKE, grant)
        out(speaker.say("who.revoked", person=taken.person, grant=line(speaker, taken)))

    speak(socket, token, lang, talk, why)


def _hours(written: str, days: str | None) -> dict[str, Any]:
    begin, dash, end = written.partition("-")
    if not dash:
        raise typer.BadParameter("write HH:MM-HH:MM", param_hint="--hours")
    told = {"begin": begin.strip(), "end": end.strip()}
    return told if days is None else {**told, "days": _days(days)}


def _days(written: str) -> list[int]:
    try:
        return [DAYS.index(each.strip().lower()[:3]) for each in written.split(",")]
    except ValueError:
        raise typer.BadParameter(f"write some of {','.join(DAYS)}", param_hint="--days") from None
