"""``matthan access tokens|token``: what programs show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.access.people import placed
from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.api.resources.tokens import TokenInfo


def tokens(
    revoke: Annotated[
        str | None, typer.Option("--revoke", metavar="ID", help="Let this one open nothing any more.")
    ] = None,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """List tokens: whose, what for, until when, last used when; or revoke one. Secrets are shown by nobody."""
    from engine.api.resources.tokens import REVOKE, TOKENS

    async def talk(speaker: Speaker) -> None:
        if revoke is not None:
            ended = await speaker.client.ask(REVOKE, revoke)
            data(ended.model_dump_json()) if as_json else out(
                speaker.say("who.token_revoked", id=ended.id, purpose=ended.purpose)
            )
            return
        found = await speaker.client.ask(TOKENS)
        for each in found:
            data(each.model_dump_json()) if as_json else out(_line(speaker, each), dim=each.over)
        if not found and not as_json:
            out(speaker.say("who.no_tokens"))

    speak(socket, token, lang, talk, why)


def token(
    person: Annotated[
        str, typer.Argument(metavar="PERSON", help="On whose behalf; it may no more than they.")
    ],
    purpose: Annotated[str, typer.Argument(metavar="PURPOSE", help="What for, in a few words.")],
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="How long it lasts.")] = 90,
    role: Annotated[
        str | None, typer.Option("--role", metavar="ROLE", help="No more than this role may.")
    ] = None,
    place: Annotated[
        str | None, typer.Option("--place", metavar="PLACE", help="Nowhere but there: group:NAME, camera:ID.")
    ] = None,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Make a token for a program. Its secret is printed once, alone on standard output.

    \b
    matthan access token an "wall display" --role viewer > wall.token && chmod 600 wall.token
    matthan status --socket https://HOST:PORT --token file:wall.token
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.api.resources.tokens import MAKE

    body = {"person": person, "purpose": purpose, "days": days, "role": role}
    body["place"] = None if place is None else placed(place)

    async def talk(speaker: Speaker) -> None:
        made = await speaker.client.ask(MAKE, body=body)
        if as_json:
            data(made.model_dump_json())
            return
        out(speaker.say("who.token", id=made.token.id, until=speaker.time(made.token.until)), err=True)
        out(made.secret)

    speak(socket, token, lang, talk, why)


def _line(speaker: Speaker, told: TokenInfo) -> str:
    used = (
        speaker.say("who.unused")
        if told.used is None
        else speaker.say("who.used", at=speaker.time(told.used))
    )
    narrow = "  ".join(filter(None, (told.role, told.place)))
    over = (
        speaker.say("who.token_over") if told.over else speaker.say("who.until", at=speaker.time(told.until))
    )
    return "  ".join(filter(None, (told.id, told.person, narrow, over, used, f"— {told.purpose}")))
