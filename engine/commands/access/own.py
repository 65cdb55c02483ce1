"""``matthan access whoami|setup|password``: who one is, and one's own password."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import Lang, say
from engine.commands.output.talk import AsJson, OwnLanguage, Socket, Token, reach
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.api.client import Client


def whoami(
    socket: Socket = None, token: Token = None, lang: OwnLanguage = None, as_json: AsJson = False
) -> None:
    """Say who you are to the engine, by what it knows that, and what you may."""
    from engine.api.resources.sessions import ME

    async def talk(client: Client) -> None:
        me = await client.ask(ME)
        if as_json:
            data(me.model_dump_json())
            return
        out(
            say(
                lang,
                "who.me",
                name=me.name or "?",
                user=me.user or "-",
                by=say(lang, f"known_by.{me.principal.replace(' ', '_')}"),
                means=me.means or "-",
            )
        )
        if me.until is not None:
            out(say(lang, "who.until", at=f"{me.until.astimezone():%Y-%m-%d %H:%M %Z}"))
        for each in me.may:
            extent = say(lang, "who.everywhere" if each.everywhere else "who.somewhere")
            out(f"  {each.permission.value:<12} {extent}  ({each.basis})")
        if not me.may:
            out(say(lang, "who.nothing"))

    reach(socket, token, lang, talk)


def setup(
    code: Annotated[
        str | None,
        typer.Argument(metavar="[CODE]", help="The code that was printed; asked for where it is left out."),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Of a site's first admin: the name to log in by.")
    ] = "",
    title: Annotated[
        str, typer.Option("--title", metavar="TEXT", help="Likewise: their name for people.")
    ] = "",
    socket: Socket = None,
    token: Token = None,
    lang: OwnLanguage = None,
) -> None:
    """Choose a password with a code that works once: as a site's first admin, or after being added or reset.

    The password is asked for and not shown; where standard input is no terminal, it is its first line.
    """
    from engine.api.resources.sessions import SETUP

    shown = code or typed(say(lang, "who.ask_code"))
    password = twice(lang)
    body = {"code": shown, "password": password, "name": name, "title": title}

    async def talk(client: Client) -> str:
        return (await client.ask(SETUP, body=body)).person

    out(say(lang, "who.set_up", person=reach(socket, token, lang, talk, anew=True)))


def password(socket: Socket = None, token: Token = None, lang: OwnLanguage = None) -> None:
    """Change your own password; you are logged out everywhere by that."""
    from engine.api.resources.sessions import PASSWORD

    old = secret_of(lang, say(lang, "who.ask_old"))
    body = {"old": old, "new": twice(lang)}

    async def talk(client: Client) -> None:
        await client.ask(PASSWORD, body=body)

    reach(socket, token, lang, talk)
    out(say(lang, "who.changed"))


def twice(lang: Lang | None) -> str:
    """Return a new password, typed twice on a terminal."""
    first = secret_of(lang, say(lang, "who.ask_new"))
    if sys.stdin.isatty() and typed(say(lang, "who.ask_again")) != first:
        raise typer.BadParameter(say(lang, "who.not_same"))
    return first


def secret_of(lang: Lang | None, prompt: str) -> str:
    """Return a password; an empty one is nobody's, and is not sent."""
    if not (told := typed(prompt)):
        raise typer.BadParameter(say(lang, "who.none_typed"))
    return told


def typed(prompt: str) -> str:
    """Return what a person types unseen; where there is no terminal, the next line of standard input."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{prompt}: ")
    return sys.stdin.readline().rstrip("\n")
