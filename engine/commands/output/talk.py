"""What commands that speak to a running engine share: how it is found, in which language, how errors end.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import typer

from engine.commands.completion import cameras
from engine.commands.output.report import Lang, language
from engine.commands.output.terminal import out

if TYPE_CHECKING:
    from engine.api import wire
    from engine.api.client import Client
    from engine.api.errors import ApiError
    from engine.text import Language

#: Exit code when no engine answers; scripts tell it from a refusal.
NO_ENGINE = 3
#: Why nothing was asked of what answers.
DISTRUSTED = frozenset({"link.untrusted", "link.another"})

T = TypeVar("T")


Socket = Annotated[
    str | None,
    typer.Option(
        "--socket",
        metavar="PATH|URL",
        envvar="MATTHAN_SOCKET",
        help="The engine's socket, or http(s)://HOST:PORT.",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="REF",
        help="Where a token is: file:PATH or env:NAME; default: env:MATTHAN_TOKEN, else your `matthan login`.",
    ),
]
Language_ = Annotated[Lang | None, typer.Option("--lang", help="Language; default: the engine's.")]
OwnLanguage = Annotated[
    Lang | None,
    typer.Option("--lang", help="Language; default: the locale's.", envvar="MATTHAN_LANG"),
]
Why = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="Why you do it, for the records; some sites ask for it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")]
CameraId = Annotated[str, typer.Argument(metavar="CAMERA", help="The camera's id.", autocompletion=cameras)]
OfCamera = Annotated[
    str | None, typer.Option("--camera", help="Only of this camera.", autocompletion=cameras)
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest.")]


class Voice:
    """How a command speaks of a site: in which language and time zone.

    Args:
        asked: The language that was asked for; None: the site's.
    """

    def __init__(self, asked: Lang | None, site: Language, timezone: str) -> None:
        self.language: Language = asked.value if asked else site
        self.zone = ZoneInfo(timezone)

    def time(self, at: datetime) -> str:
        """Return a moment in the site's time zone."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def say(self, code: str, **values: object) -> str:
        """Return a sentence."""
        from engine.text import render

        return render(code, values, self.language)

    def number(self, value: float) -> str:
        """Return a figure with one decimal, as the language writes it."""
        from rules.text import fraction

        return fraction(f"{value:.1f}", self.language)

    def known(self, code: str, fallback: str) -> str:
        """Return a word of a table that others may add to; the word itself where it has none."""
        from engine.text import catalogue

        return catalogue(self.language).get(code, fallback)


class Speaker(Voice):
    """One command's way to speak with an engine."""

    def __init__(self, client: Client, asked: Lang | None, state: wire.State) -> None:
        super().__init__(asked, state.engine.language, state.engine.timezone)
        self.client, self.state = client, state
        client.language = self.language

    def told(self, sentence: wire.Sentence) -> str:
        """Return a sentence that the engine has rendered in both languages."""
        return sentence.vi if self.language == "vi" else sentence.en


def secret(reference: str | None, socket: str | None = None) -> str | None:
    """Return what is shown; it is never on the command line, where every user of the machine could read it."""
    from engine.api.link.remembered import TooOpen, shown

    if reference is not None:
        return _referred(reference)
    try:
        return shown(socket)
    except TooOpen as error:
        out(f"matthan: {explain(error, None)}", "red", err=True)
        raise typer.Exit(1) from None


def _referred(reference: str) -> str:
    from engine.config.credentials import CredentialError, Vault

    try:
        return Vault(Path.cwd()).secret(reference)
    except CredentialError as error:
        raise typer.BadParameter(str(error), param_hint="--token") from None


def speak(
    socket: str | None,
    token: str | None,
    lang: Lang | None,
    talk: Callable[[Speaker], Awaitable[T]],
    why: str = "",
) -> T:
    """Run a conversation; an error becomes one sentence and an exit code."""

    async def met(client: Client) -> T:
        return await talk(Speaker(client, lang, await client.state()))

    return reach(socket, token, lang, met, why)


def reach(
    socket: str | None,
    token: str | None,
    lang: Lang | None,
    talk: Callable[[Client], Awaitable[T]],
    why: str = "",
    *,
    anew: bool = False,
) -> T:
    """Run a conversation of whoever may not even see how the engine does; errors as in `speak`.

    Args:
        anew: Show nothing, not even a session that this user has.
    """
    import asyncio  # which who only glances at an engine does without

    from engine.api.client import Client
    from engine.api.errors import ApiError

    async def run() -> T:
        shown = None if anew else secret(token, socket)
        async with Client.connect(socket, token=shown, language=language(lang), why=why) as client:
            return await talk(client)

    try:
        return asyncio.run(run())
    except ApiError as error:
        if _introduced(error, lang):
            return reach(socket, token, lang, talk, why, anew=anew)
        fail(error, lang)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def fail(error: ApiError, lang: Lang | None) -> NoReturn:
    """Say why an engine does not do what was asked, and end the command."""
    out(f"matthan: {explain(error, lang)}", "red", err=True)
    raise typer.Exit(1 if error.status else NO_ENGINE) from None


def _introduced(error: ApiError, lang: Lang | None) -> bool:
    """Return whether a person at the terminal now knows an engine that was met for the first time: then once more."""
    from engine.api.errors import Unreachable

    if not isinstance(error, Unreachable) or error.cause != "link.untrusted" or not sys.stdin.isatty():
        return False
    from engine.commands.doors import introduce

    introduce(error.address, lang)
    return True


def explain(error: ApiError, lang: Lang | None) -> str:
    """Return what a person is told; the client's own errors are rendered here."""
    from engine.api.errors import Unreachable
    from engine.text import render

    hint = f" ({error.hint})" if error.hint else ""
    if error.status:
        fields = () if error.problems else error.errors
        return f"{error.message}{hint} {'; '.join(fields)}".rstrip()
    said, detail = language(lang), error.message
    if isinstance(error, Unreachable) and error.cause in DISTRUSTED:  # something answers, and is not believed
        return render("api.distrusted", {"address": error.address, "why": why(error.cause, "", said)}, said)
    if isinstance(error, Unreachable):
        detail = f"{error.address}: {why(error.cause, error.reason, said)}"
    return render(error.code, {"detail": detail}, said) + hint


def why(cause: str, reason: str, language: Language) -> str:
    """Return why no engine answers: by its code where it has one."""
    from engine.text import render

    return render(cause, {}, language) if cause else reason
