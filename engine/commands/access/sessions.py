"""``matthan access sessions|end``: who is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.api.resources.sessions import SessionInfo


def sessions(
    socket: Socket = None, token: Token = None, lang: Language_ = None, as_json: AsJson = False
) -> None:
    """List who is logged in: from where, since when, used last when, until when at the latest."""
    from engine.api.resources.sessions import SESSIONS

    async def talk(speaker: Speaker) -> None:
        found = await speaker.client.ask(SESSIONS)
        for each in found:
            data(each.model_dump_json()) if as_json else out(_line(speaker, each))
        if not found and not as_json:
            out(speaker.say("who.no_sessions"))

    speak(socket, token, lang, talk)


def _line(speaker: Speaker, told: SessionInfo) -> str:
    here = "  *" if told.current else ""
    used, until = speaker.time(told.used), speaker.time(told.until)
    return (
        speaker.say(
            "who.session", id=told.id, person=told.person, address=told.address, used=used, until=until
        )
        + here
    )


def end(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="Its id: matthan access sessions.")],
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    why: Why = "",
) -> None:
    """End somebody's session: what it has open ends within two seconds."""
    from engine.api.resources.sessions import END

    async def talk(speaker: Speaker) -> None:
        await speaker.client.ask(END, session)
        out(speaker.say("who.ended", id=session))

    speak(socket, token, lang, talk, why)
