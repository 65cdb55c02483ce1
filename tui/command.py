"""``matthan tui``: import-light; Textual is loaded only when the UI starts."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final, cast
from urllib.parse import urlsplit

import typer

app = typer.Typer()
#: Where an engine listens whose address names no port; as in the examples of every guide.
PORT: Final = 8581


class LanguageChoice(StrEnum):
    """Languages of the UI."""

    VI = "vi"
    EN = "en"


class GraphicsChoice(StrEnum):
    """Ways to show pictures."""

    AUTO = "auto"
    BLOCKS = "blocks"
    KITTY = "kitty"
    SIXEL = "sixel"
    NONE = "none"


def checkup() -> Iterator[tuple[str, str, str, str]]:
    """Yield what `matthan doctor` says of this command: how pictures would be shown here."""
    from tui.graphics import chosen_automatically

    yield "terminal pictures", "ok", chosen_automatically(), ""


@app.command()
def tui(
    ctx: typer.Context,
    socket: Annotated[
        str | None,
        typer.Option(
            envvar="MATTHAN_SOCKET",
            help="The engine's socket, or http(s)://HOST:PORT. Default: the engine on this machine.",
        ),
    ] = None,
    connect: Annotated[
        str | None,
        typer.Option(
            metavar="HOST[:PORT]",
            help="An engine on another machine, over TLS; port 8581 where none is given.",
        ),
    ] = None,
    lang: Annotated[
        LanguageChoice | None, typer.Option(help="Language. Default: the site's own; L switches.")
    ] = None,
    graphics: Annotated[
        GraphicsChoice, typer.Option(help="How to show pictures; auto: half-blocks in tmux.")
    ] = GraphicsChoice.AUTO,
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who acknowledges from here. Default: your user name.")
    ] = "",
    slow: Annotated[
        bool,
        typer.Option(
            "--slow", help="For 9,600 baud: 16 colours, a frame a second, no pictures unless asked."
        ),
    ] = False,
    ends: Annotated[bool, typer.Option("--ends", hidden=True, help="The engine ends with this UI.")] = False,
) -> None:
    """Open the terminal UI: cameras, pictures, PTZ, events and decisions.

    \b
    matthan tui                           the engine of this machine
    matthan tui --connect gate-pc         an engine elsewhere; its key is compared once, as SSH does
    matthan tui --graphics none --by An   without pictures
    matthan tui --slow                    for a line of 9,600 baud

    It needs a terminal. Without one: `matthan status`, `matthan decisions --follow`.
    """  # noqa: D301 - click's mark for lines that stay as they are
    source = ctx.get_parameter_source("socket")
    if connect and source is not None and source.name == "COMMANDLINE":
        raise typer.BadParameter("give --connect or --socket, not both")
    address = elsewhere(connect) if connect else socket
    if not on_terminal():
        ctx.fail(_no_terminal(lang))
    from tui.graphics import choose
    from tui.line.choice import make_frugal

    if slow:
        make_frugal()
        graphics = GraphicsChoice.NONE if graphics is GraphicsChoice.AUTO else graphics
    chosen = choose(graphics)  # may ask the terminal, so before anything else owns it
    asyncio.run(_run(address, lang, chosen, by, ends=ends, slow=slow))


def elsewhere(written: str) -> str:
    """Return the address of an engine on another machine, of ``HOST``, ``HOST:PORT`` or ``[IPV6]:PORT``.

    Raises:
        BadParameter: It is neither.
    """
    try:
        parts = urlsplit(f"//{written}")
        port = parts.port or PORT
    except ValueError:
        raise typer.BadParameter(f"“{written}” is no HOST[:PORT]", param_hint="--connect") from None
    if not parts.hostname or parts.path or parts.username or "/" in written:
        raise typer.BadParameter(f"“{written}” is no HOST[:PORT]", param_hint="--connect")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"https://{host}:{port}"


def on_terminal() -> bool:
    """Return whether there are keys to read and a screen to write to; Textual writes to the error output."""
    streams = (sys.__stdin__, sys.__stderr__)
    return all(stream is not None and stream.isatty() for stream in streams)


def _no_terminal(lang: LanguageChoice | None) -> str:
    from tui.texts import Texts

    names = ("MATTHAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    vietnamese = next(filter(None, map(os.environ.get, names)), "").startswith("vi")
    told = Texts(lang.value if lang else "vi" if vietnamese else "en")
    return told("app.no_terminal")


async def _run(
    socket: str | None,
    lang: LanguageChoice | None,
    graphics: object,
    by: str,
    *,
    ends: bool,
    slow: bool = False,
) -> None:
    from engine.api.client import Client
    from engine.api.link.remembered import TooOpen, shown
    from tui.app import MatthanApp
    from tui.graphics import Graphics
    from tui.line.choice import fits
    from tui.line.line import Line

    try:
        secret = shown(socket)
    except TooOpen as error:
        raise typer.BadParameter(f"others may read {error}: chmod 600") from None
    async with Client.connect(socket, token=secret) as client:
        await MatthanApp(
            client,
            language=lang.value if lang else None,
            graphics=cast(Graphics, graphics),
            by=by,
            ends=ends,
            line=Line(slow=slow) if fits() else None,
        ).run_async()
