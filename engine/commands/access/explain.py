"""``matthan access explain``: which grant lets somebody do something, or what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.access.people import line
from engine.commands.completion import cameras
from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, speak
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.api.resources.people import Explained

ACTIONS = (
    "state, live, still, history, ptz, relay, speech, acknowledge, act, retry, resend, rules, configure, export, "
    "delete, restore, access, audit"
)


def explain(
    person: Annotated[
        str, typer.Argument(metavar="USER", help="A person, or a user of the engine's machine.")
    ],
    action: Annotated[str, typer.Argument(metavar="ACTION", help=f"One of: {ACTIONS}.")],
    camera: Annotated[
        str | None,
        typer.Argument(
            metavar="[CAMERA]", help="At which camera; none: at the whole site.", autocompletion=cameras
        ),
    ] = None,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """Say which grant lets somebody do something now, or what is missing. Exit code 0: they may, 1: they may not.

    \b
    matthan access explain an ptz gate-3
    matthan access explain an rules
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.api.resources.people import EXPLAIN

    query = {"person": person, "permission": action, "camera": camera}

    async def talk(speaker: Speaker) -> bool:
        told = await speaker.client.ask(EXPLAIN, query=query)
        data(told.model_dump_json()) if as_json else out(_said(speaker, told))
        return told.allowed

    if not speak(socket, token, lang, talk):
        raise typer.Exit(1)


def _said(speaker: Speaker, told: Explained) -> str:
    if told.missing is not None:
        return speaker.told(told.missing)
    grant = "" if told.grant is None else line(speaker, told.grant)
    until = "" if told.until is None else " " + speaker.say("who.until", at=speaker.time(told.until))
    return (
        speaker.say(
            "who.allowed", who=told.person, permission=told.permission.value, place=told.place, grant=grant
        )
        + until
    )
