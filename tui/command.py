"""``matthan tui``: import-light; Textual is loaded only when the UI starts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, cast

import typer

app = typer.Typer()


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
    socket: Annotated[
        str | None,
        typer.Option(
            envvar="MATTHAN_SOCKET",
            help="The engine's socket, or http(s)://HOST:PORT. Default: the engine on this machine.",
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
    ends: Annotated[bool, typer.Option("--ends", hidden=True, help="The engine ends with this UI.")] = False,
) -> None:
    """Open the terminal UI: cameras, pictures, PTZ, events and decisions."""
    from tui.graphics import choose

    chosen = choose(graphics)  # may ask the terminal, so before anything else owns it
    asyncio.run(_run(socket, lang, chosen, by, ends=ends))


async def _run(
    socket: str | None, lang: LanguageChoice | None, graphics: object, by: str, *, ends: bool
) -> None:
    from engine.api.client import Client
    from engine.api.link.remembered import TooOpen, shown
    from tui.app import MatthanApp
    from tui.graphics import Graphics

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
        ).run_async()
