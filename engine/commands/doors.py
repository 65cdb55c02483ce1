"""Commands about doors: where an engine can be reached, by which fingerprints it is known, and which engines are known.

Exit codes: 0 done, 1 the engine refused or is not the one that was meant, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import Lang, say
from engine.commands.output.talk import NO_ENGINE, AsJson, Language_, Socket, Speaker, Token, speak
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.api.resources.doors import Door
    from engine.web.fingerprint import Fingerprints

app = typer.Typer()
doors = typer.Typer(
    name="doors",
    invoke_without_command=True,
    rich_markup_mode=None,
    help="Where an engine can be reached, and by what it is known.",
)
app.add_typer(doors)

#: Answers that mean yes, in both languages.
YES = {"y", "yes", "c", "có", "co"}
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="https://HOST:PORT")]


@doors.callback()
def show(
    context: typer.Context,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """Show the engine's doors: where they are, whether encrypted, and the fingerprints of their certificates.

    \b
    matthan doors                              of the engine on this machine
    matthan doors trust https://gate-pc:8581   know an engine elsewhere by its key, after comparing
    matthan doors forget https://gate-pc:8581
    """  # noqa: D301 - click's mark for lines that stay as they are
    if context.invoked_subcommand is not None:
        return

    async def talk(speaker: Speaker) -> None:
        from engine.api.resources.doors import DOORS

        for each in await speaker.client.ask(DOORS):
            data(each.model_dump_json()) if as_json else _show(speaker, each)

    speak(socket, token, lang, talk)


def _show(speaker: Speaker, door: Door) -> None:
    inside = speaker.say("doors.inside", count=door.inside)
    if door.tls and door.until is not None:
        whose = speaker.say("doors.own" if door.tls == "own" else "doors.files")
        how = speaker.say("doors.encrypted", whose=whose, until=speaker.time(door.until)[:10])
    else:
        how = speaker.say("doors.plain" if "://" in door.address else "doors.local")
    out(f"{door.name:<10} {door.address:<32} {how} · {inside}")
    if door.tls:
        _fingerprints(door.fingerprint, door.key)


def _fingerprints(certificate: str, key: str, *, err: bool = False) -> None:
    out(f"           SHA-256 {certificate}", err=err)
    out(f"           key     {key}", dim=True, err=err)


@doors.command()
def trust(
    address: Address,
    fingerprint: Annotated[
        str,
        typer.Option(
            "--fingerprint", metavar="SHA256", help="Of its certificate or its key, as it tells them."
        ),
    ] = "",
    lang: Language_ = None,
) -> None:
    """Know an engine by its key from now on; with --fingerprint only if it is that one, else you are asked."""
    introduce(address, lang, fingerprint)


def introduce(address: str, lang: Lang | None, fingerprint: str = "") -> None:
    """Let this user's programs know an engine, once its fingerprint was compared.

    Raises:
        Exit: It is not that engine, or nobody answers, or nobody is here to compare.
    """
    from engine.api.link.trust import KnownEngines

    known, found = KnownEngines(), _met(address, lang)
    before = known.of(address)
    if before and found.match(before):
        out(say(lang, "doors.same", address=address), err=True)
        return
    if fingerprint:
        _compare(address, fingerprint, found, lang)
    else:
        ask(address, found, lang)
    known.remember(address, found.key)
    out(say(lang, "doors.trusted", address=address, key=found.key), err=True)


@doors.command()
def forget(address: Address, lang: Language_ = None) -> None:
    """Know an engine no more."""
    from engine.api.link.trust import KnownEngines

    gone = KnownEngines().forget(address)
    out(say(lang, "doors.forgotten" if gone else "doors.unknown", address=address))


def _met(address: str, lang: Lang | None) -> Fingerprints:
    from engine.api.link.trust import meet

    if not address.startswith("https://"):
        raise typer.BadParameter("https://HOST:PORT", param_hint="ADDRESS")
    try:
        return meet(address)
    except (OSError, ValueError) as error:
        out(f"matthan: {say(lang, 'doors.no_tls', address=address, detail=str(error))}", "red", err=True)
        raise typer.Exit(NO_ENGINE) from None


def _compare(address: str, told: str, found: Fingerprints, lang: Lang | None) -> None:
    try:
        same = found.match(told)
    except ValueError:
        raise typer.BadParameter(
            say(lang, "doors.no_fingerprint", told=told), param_hint="--fingerprint"
        ) from None
    if not same:
        out(f"matthan: {say(lang, 'doors.not_it', address=address, fingerprint=told)}", "red", err=True)
        raise typer.Exit(1)


def ask(address: str, found: Fingerprints, lang: Lang | None) -> None:
    """Show a fingerprint and let a person say whether it is the engine's; where nobody can, nothing is trusted.

    Raises:
        Exit: It is not, or nobody is here to say so.
    """
    out(say(lang, "doors.met", address=address), err=True)
    _fingerprints(found.certificate, found.key, err=True)
    out(say(lang, "doors.compare"), err=True)
    if not sys.stdin.isatty():
        out(f"matthan: {say(lang, 'doors.no_answer')}", "red", err=True)
        raise typer.Exit(1)
    out(say(lang, "doors.ask"), err=True)
    if sys.stdin.readline().strip().lower() not in YES:
        raise typer.Exit(1)
