"""``matthan search``, and by what stored events and decisions are narrowed down.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.completion import rules
from engine.commands.output.talk import AsJson, Language_, Limit, OfCamera, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import out

if TYPE_CHECKING:
    from engine.api.resources.past.search import Found

app = typer.Typer()

Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME", help="22:00, 2h (ago), 2026-11-01 or 2026-11-01T08:00, site's zone."
    ),
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Likewise: only before that.")]
OfRule = Annotated[str | None, typer.Option("--rule", help="Only of this rule.", autocompletion=rules)]
OfSeverity = Annotated[
    str | None, typer.Option("--severity", metavar="info|warning|critical", help="Only of this severity.")
]
OfZone = Annotated[
    str | None, typer.Option("--zone", help="Only with something in this zone; of a decision: its cause.")
]
OfLabel = Annotated[str | None, typer.Option("--label", help="Only of this label, e.g. person.")]
OfKind = Annotated[str | None, typer.Option("--kind", help="Only of this kind, e.g. object.")]
OfGroup = Annotated[str | None, typer.Option("--group", help="Only of cameras of this group.")]
WithText = Annotated[
    str | None, typer.Option("--text", help="Words in what is told, with or without diacritics.")
]
_PAGE = 500


def narrowed(
    speaker: Speaker, since: str | None, until: str | None, **values: str | None
) -> dict[str, object]:
    """Return by what entries are narrowed down, as it is asked for."""
    from engine.api.resources.past.grammar import moment
    from engine.errors import Refusal
    from engine.runtime.clock import SystemClock

    now = SystemClock().now().wall
    try:
        begin = moment(since, now, speaker.zone) if since else None
        end = moment(until, now, speaker.zone, after=begin) if until else None
    except Refusal as error:
        out(f"matthan: {speaker.say(error.code, **error.values)}", "red", err=True)
        raise typer.Exit(2) from None
    times = {"since": begin.isoformat() if begin else None, "until": end.isoformat() if end else None}
    return {name: value for name, value in {**times, **values}.items() if value is not None}


@app.command()
def search(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS]...", help="Words and fields, see above.")
    ] = None,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    camera: OfCamera = None,
    since: Since = None,
    until: Until = None,
    rule: OfRule = None,
    severity: OfSeverity = None,
    zone: OfZone = None,
    label: OfLabel = None,
    kind: OfKind = None,
    group: OfGroup = None,
    before: Annotated[
        int | None, typer.Option("--before", min=0, metavar="NUMBER", help="Go on from there, downwards.")
    ] = None,
    limit: Limit = 20,
    why: Why = "",
) -> None:
    """Look for events and decisions, newest first: words, fields and times, with or without diacritics.

    \b
    matthan search nguoi cong                     words of titles, reasons and notes; each begins so
    matthan search '"cổng chính"' since:22:00     as they stand; since the last ten in the evening
    matthan search -- camera:gate,yard -rule:meo  of these cameras, not of that rule
    matthan search --severity critical --since 7d --json
    """  # noqa: D301 - click's mark for lines that stay as they are
    typed = " ".join(words or ())

    async def talk(speaker: Speaker) -> None:
        values = narrowed(
            speaker,
            since,
            until,
            rule=rule,
            severity=severity,
            zone=zone,
            label=label,
            kind=kind,
            group=group,
        )
        query = {**values, "q": typed, "camera": camera}
        await _show(speaker, query, before, limit, as_json=as_json)

    speak(socket, token, lang, talk, why)


async def _show(
    speaker: Speaker, query: dict[str, object], before: int | None, limit: int, *, as_json: bool
) -> None:
    """Show what is found as it comes; at the end, whether that was all."""
    from engine.api.resources.past.search import SEARCH
    from engine.commands.output.listing import show_entry

    shown = 0
    while True:
        asked = {**query, "before": before, "limit": min(limit - shown, _PAGE)}
        found = await speaker.client.ask(SEARCH, query=asked)
        for entry in found.entries:
            show_entry(speaker, entry, as_json=as_json)
        shown, before = shown + len(found.entries), found.next
        if before is None or found.waits or shown >= limit:
            break
    _tell_rest(speaker, found, shown)


def _tell_rest(speaker: Speaker, found: Found, shown: int) -> None:
    """Say what was not shown: a list that was cut must not look whole."""
    if found.waits:
        out(speaker.say("cli.search_waits", percent=int(100 * found.indexed)), "yellow", err=True)
    elif found.next is not None:
        out(speaker.say("cli.more_found", next=found.next), err=True, dim=True)
    elif not shown:
        out(speaker.say("cli.search_nothing"), err=True)
