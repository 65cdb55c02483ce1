"""`matthan silence`: what is judged and not told for a while.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.completion import cameras, rules
from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, out
from engine.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.api import wire

app = typer.Typer(no_args_is_help=True)
group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(group, name="silence")

_Many = list[str] | None


@group.callback()
def silence() -> None:
    """Let rules, cameras, zones or tags be judged and not told for a while.

    \b
    matthan silence start --camera cho-1 --until 14:00 --why "the stage is being built"
    matthan silence start --tag an-ninh --group cong --for 2h --why drill
    matthan silence list                      what is silent now, until when, why, and what would have fired
    matthan silence end 019adc                end one before its time

    What would have fired is counted and kept in the history (`matthan decisions`); what still holds at the end is told
    then. A silence is an alert of its own as long as it lasts, and every change of shift is told of critical rules that
    are silent. Other rules hear what is silent as ever.
    """  # noqa: D301 - click's mark for lines that stay as they are


@group.command()
def start(
    rule: Annotated[
        _Many,
        typer.Option("--rule", metavar="NAME", help="This rule (may be repeated).", autocompletion=rules),
    ] = None,
    camera: Annotated[
        _Many,
        typer.Option("--camera", metavar="ID", help="What is told of this camera.", autocompletion=cameras),
    ] = None,
    group: Annotated[
        _Many, typer.Option("--group", metavar="NAME", help="What is told of the cameras of this group.")
    ] = None,
    zone: Annotated[
        _Many, typer.Option("--zone", metavar="NAME", help="What rules tell of this zone, which they name.")
    ] = None,
    tag: Annotated[_Many, typer.Option("--tag", metavar="NAME", help="Rules with this tag.")] = None,
    until: Annotated[
        str,
        typer.Option(
            "--until",
            metavar="TIME",
            help="HH:MM (site time, the next one), or a date and time: 2026-12-05T14:00.",
        ),
    ] = "",
    lasts: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long, e.g. 30m, 2h.")] = "",
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="Why: whoever comes on duty reads it.")
    ] = "",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who; default: your user name.")] = "",
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """Silence something; of several options all must hold, of one that is repeated any."""
    named = {"rules": rule, "cameras": camera, "groups": group, "zones": zone, "tags": tag}
    if not any(named.values()):
        raise typer.BadParameter("name a --rule, --camera, --group, --zone or --tag")
    if bool(until) is bool(lasts):
        raise typer.BadParameter("give --until TIME or --for DURATION")
    if not why:
        raise typer.BadParameter("say --why: whoever comes on duty reads it")

    async def talk(speaker: Speaker) -> None:
        body: dict[str, object] = {name: list(values) for name, values in named.items() if values}
        body |= {"why": why, "by": by}
        body |= {"lasts": lasts} if lasts else {"until": _moment(until, speaker).isoformat()}
        made = await speaker.client.silence(body)
        data(made.model_dump_json()) if as_json else out(
            speaker.say("silence.begun", **_words(made, speaker))
        )

    speak(socket, token, lang, talk, why)


@group.command("list")
def list_(
    socket: Socket = None, token: Token = None, lang: Language_ = None, as_json: AsJson = False
) -> None:
    """Show what is silent now: by whom, until when, why, and what would have fired."""

    async def talk(speaker: Speaker) -> None:
        found = await speaker.client.silences()
        if as_json:
            data("[" + ",".join(each.model_dump_json() for each in found) + "]")
            return
        for each in found:
            out("\n".join(_lines(each, speaker)))
        if not found:
            out(speaker.say("silence.nothing_silent"))

    speak(socket, token, lang, talk)


@group.command()
def end(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="Its id, or its first or last characters, see `list`.")
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who; default: your user name.")] = "",
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """End a silence before its time: what still holds is told at once."""

    async def talk(speaker: Speaker) -> None:
        found = [
            each for each in await speaker.client.silences() if each.id.startswith(id) or each.id.endswith(id)
        ]
        if len(found) > 1:
            out(
                f"matthan: {speaker.say('cli.several', id=id, found=', '.join(each.id for each in found))}",
                "red",
                err=True,
            )
            raise typer.Exit(1)
        event = await speaker.client.unsilence(found[0].id if found else id, by=by)
        data(event.model_dump_json()) if as_json else out(
            speaker.say("silence.ended", id=short(str(event.facts.get("silence"))))
        )

    speak(socket, token, lang, talk, why)


def short(id: str) -> str:
    """Return what of an id people type: its end, for ids of one hour begin alike."""
    return id if ":" in id else id[-8:]


def _moment(written: str, speaker: Speaker) -> datetime:
    """Return a time as it is written: a time of day is the next one at the site."""
    now = SystemClock().now().wall.astimezone(speaker.zone)
    try:
        if len(written) <= len("23:59"):
            clock = datetime.strptime(written, "%H:%M").time()
            next_ = datetime.combine(now.date(), clock, now.tzinfo)
            return next_ if next_ > now else next_ + timedelta(days=1)
        read = datetime.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(
            f"{written!r} is no time like 14:00 or 2026-12-05T14:00", param_hint="--until"
        ) from None
    return read if read.tzinfo is not None else read.replace(tzinfo=now.tzinfo)


def _words(each: wire.Silence, speaker: Speaker) -> dict[str, str]:
    return {
        "id": short(each.id),
        "what": what(each, speaker),
        "until": speaker.time(each.until),
        "by": each.by or "–",
        "why": each.why or "–",
    }


def what(each: wire.Silence, speaker: Speaker) -> str:
    """Return what a silence is about."""
    named = (
        ("silence.rules", each.rules),
        ("silence.cameras", each.cameras),
        ("silence.zones", each.zones),
        ("silence.tags", each.tags),
    )
    return "; ".join(f"{speaker.say(code)} {', '.join(values)}" for code, values in named if values)


def _lines(each: wire.Silence, speaker: Speaker) -> Sequence[str]:
    total = sum(each.muted.values())
    most = sorted(each.muted.items(), key=lambda entry: -entry[1])
    muted = ", ".join(f"{name} ×{number}" for name, number in most[:8])
    lines = [speaker.say("silence.line", **_words(each, speaker))]
    lines.append(
        "  "
        + (
            speaker.say("silence.muted", total=total, rules=muted)
            if total
            else speaker.say("silence.none_yet")
        )
    )
    return [*lines, "  " + speaker.say("silence.by_file")] if each.declared else lines
