"""Commands about what was decided to be done and was given up: dead letters, listed and sent again.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.talk import AsJson, Language_, Limit, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.api.resources.deliveries import Letter

app = typer.Typer()
deliveries = typer.Typer(
    name="deliveries",
    invoke_without_command=True,
    rich_markup_mode=None,
    help="What the engine sent, or could not.",
)
app.add_typer(deliveries)


@deliveries.callback()
def show(
    context: typer.Context,
    dead: Annotated[bool, typer.Option("--dead", help="Those that were given up, each with why.")] = False,
    limit: Limit = 100,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """Show how many messages wait and how many were given up; with --dead the latter, newest first.

    \b
    matthan deliveries                 how many wait, how many were given up
    matthan deliveries --dead          what was given up, and why
    matthan deliveries retry 17        send that one again, after its target was mended
    matthan deliveries retry --all
    """  # noqa: D301 - click's mark for lines that stay as they are
    if context.invoked_subcommand is not None:
        return

    async def talk(speaker: Speaker) -> None:
        if dead:
            _list(speaker, await speaker.client.letters(limit=limit), as_json)
            return
        engine = speaker.state.engine
        if as_json:
            data(f'{{"waiting": {engine.outbox}, "dead": {engine.dead}}}')
        else:
            out(speaker.say("cli.deliveries", waiting=engine.outbox, dead=engine.dead))

    speak(socket, token, lang, talk)


@deliveries.command()
def retry(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="The letters' numbers.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Send dead letters again, after what they died of was mended. They keep their idempotency keys."""
    if bool(ids) == everything:
        raise typer.BadParameter("give the ID of a dead letter, or --all")

    async def talk(speaker: Speaker) -> None:
        sent = await speaker.client.resend(ids)
        if as_json:
            _list(speaker, sent, as_json)
        else:
            out(speaker.say("cli.resent", count=len(sent)))

    speak(socket, token, lang, talk, why)


def _list(speaker: Speaker, letters: list[Letter], as_json: bool) -> None:
    for each in letters:
        data(each.model_dump_json()) if as_json else out(line(speaker, each))
    if not letters and not as_json:
        out(speaker.say("cli.no_letters"))


def line(speaker: Speaker, letter: Letter) -> str:
    """Return a dead letter in one line."""
    where = f"{letter.action} {letter.target}".strip()
    return (
        f"{letter.id:>8}  {speaker.time(letter.at)}  {letter.camera or '-':<16} {letter.severity:<8} "
        f"{letter.rule} [{letter.decision[:8]}] {where}: {letter.detail} ({letter.attempts})"
    )
