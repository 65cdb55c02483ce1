"""``matthan login|logout``: a session on an engine, which the other commands and the terminal UI then use.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.access.own import secret_of
from engine.commands.output.report import say
from engine.commands.output.talk import OwnLanguage, Socket, reach
from engine.commands.output.terminal import out

if TYPE_CHECKING:
    from engine.api.client import Client
    from engine.api.resources.sessions import LoggedIn

app = typer.Typer()


@app.command()
def login(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name by which you are registered.")],
    socket: Socket = None,
    lang: OwnLanguage = None,
) -> None:
    """Log in. The password is asked for and not shown; where standard input is no terminal, it is its first line.

    What comes of it is kept in a file of yours (mode 0600) and used by the other commands and `matthan tui` for this
    engine, until the session is over or `matthan logout`. The records then name you, not the user of the machine.
    """
    from engine.api.link.remembered import remember
    from engine.api.resources.sessions import LOGIN

    body = {"name": name, "password": secret_of(lang, say(lang, "who.ask_password", name=name))}

    async def talk(client: Client) -> LoggedIn:
        return await client.ask(LOGIN, body=body)

    made = reach(socket, None, lang, talk, anew=True)
    remember(socket, made.secret)
    out(
        say(
            lang,
            "who.logged_in",
            name=made.name or made.person,
            until=f"{made.until.astimezone():%Y-%m-%d %H:%M %Z}",
        )
    )


@app.command()
def logout(socket: Socket = None, lang: OwnLanguage = None) -> None:
    """End your session on an engine, and forget it here."""
    from engine.api.link.remembered import forget, remembered
    from engine.api.resources.sessions import LOGOUT

    if remembered(socket) is None:
        out(say(lang, "access.no_session_shown"))
        return

    async def talk(client: Client) -> None:
        try:
            await client.ask(LOGOUT)
        finally:  # where the engine knows it no more, or does not answer, it is forgotten here all the same
            forget(socket)

    reach(socket, None, lang, talk)
    out(say(lang, "who.logged_out"))
