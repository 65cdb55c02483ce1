"""Commands that speak to a running engine: status, events, decisions, ptz, still, preview.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer

from engine.commands.report import Lang

if TYPE_CHECKING:
    from engine.api import wire
    from engine.api.client import Client
    from engine.errors import ApiError
    from engine.text import Language

app = typer.Typer()

#: Exit code when no engine answers; scripts tell it from a refusal.
NO_ENGINE = 3
#: Events fetched at once to fill a gap.
PAGE = 500

T = TypeVar("T")


class Move(StrEnum):
    """What a PTZ head can be told."""

    MOVE = "move"
    STOP = "stop"
    GOTO = "goto"
    PRESETS = "presets"


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
        help="Where the bearer token is (http and https only): file:PATH or env:NAME; default: env:MATTHAN_TOKEN.",
    ),
]
Language_ = Annotated[Lang | None, typer.Option("--lang", help="Language; default: the engine's.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")]
CameraId = Annotated[str, typer.Argument(metavar="CAMERA", help="The camera's id.")]
OfCamera = Annotated[str | None, typer.Option("--camera", help="Only of this camera.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest.")]


class Desk:
    """One command's way to speak: language, time zone, colours only on a terminal."""

    def __init__(self, client: Client, asked: Lang | None, state: wire.State) -> None:
        self.client, self.state = client, state
        self.language: Language = asked.value if asked else state.engine.language
        self.zone = ZoneInfo(state.engine.timezone)

    def time(self, at: datetime) -> str:
        """Return a moment in the site's time zone."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def say(self, code: str, **values: object) -> str:
        """Return a sentence."""
        from engine.text import render

        return render(code, values, self.language)

    def told(self, sentence: wire.Sentence) -> str:
        """Return a sentence that the engine has rendered in both languages."""
        return sentence.vi if self.language == "vi" else sentence.en


def out(line: str, colour: str | None = None) -> None:
    """Print a line at once; in colour only on a terminal that wants it (typer looks at both)."""
    typer.secho(line, fg=colour)
    sys.stdout.flush()


def _secret(reference: str | None) -> str | None:
    """Return the token; it is never on the command line, where every user of the machine could read it."""
    from engine.credentials import CredentialError, Vault

    if reference is None:
        return os.environ.get("MATTHAN_TOKEN")
    try:
        return Vault(Path.cwd()).secret(reference)
    except CredentialError as error:
        raise typer.BadParameter(str(error), param_hint="--token") from None


def speak(
    socket: str | None, token: str | None, lang: Lang | None, talk: Callable[[Desk], Awaitable[T]]
) -> T:
    """Run a conversation; an error becomes one sentence and an exit code."""
    from engine.api.client import Client
    from engine.errors import ApiError

    async def run() -> T:
        async with Client.connect(
            socket, token=_secret(token), language=lang.value if lang else "en"
        ) as client:
            return await talk(Desk(client, lang, await client.state()))

    try:
        return asyncio.run(run())
    except ApiError as error:
        typer.secho(f"matthan: {explain(error, lang)}", fg="red", err=True)
        raise typer.Exit(1 if error.status else NO_ENGINE) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def explain(error: ApiError, lang: Lang | None) -> str:
    """Return what a person is told; the client's own errors are rendered here."""
    from engine.text import render

    hint = f" ({error.hint})" if error.hint else ""
    if error.status:
        return error.message + hint
    return render(error.code, {"detail": error.message}, lang.value if lang else "en") + hint


@app.command()
def status(
    socket: Socket = None, token: Token = None, lang: Language_ = None, as_json: AsJson = False
) -> None:
    """Show the engine and its cameras. Exit code 3: no engine answers."""

    async def talk(desk: Desk) -> None:
        state = desk.state
        if as_json:
            out(state.model_dump_json())
            return
        engine = state.engine
        out(f"{engine.title or engine.site} · matthan {engine.version} · {desk.time(engine.now)}", "cyan")
        out(
            f"  CPU {engine.cpu:.0%}  RSS {engine.rss / 2**20:.0f} MiB  events {engine.events}  "
            f"decisions {engine.decisions}  outbox {engine.outbox}  dead {engine.dead}"
        )
        for problem in engine.problems:
            out(f"  ! {desk.told(problem)}", "yellow")
        for camera in state.cameras:
            why = f"  {desk.told(camera.reason)}" if camera.reason else ""
            size = f"{camera.width}x{camera.height} {camera.codec}" if camera.width else "-"
            out(
                f"  {camera.id:<20} {camera.state:<10} {size:<16} {camera.stream_fps:4.1f} fps  "
                f"{camera.name}{why}",
                "green" if camera.state == "online" else "yellow",
            )

    speak(socket, token, lang, talk)


@app.command()
def events(
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    camera: OfCamera = None,
    limit: Limit = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens.")] = False,
) -> None:
    """List events, oldest first; with --follow go on, without a hole over lost connections."""

    def show(desk: Desk, event: wire.Event) -> None:
        out(event.model_dump_json() if as_json else event_line(desk, event))

    async def talk(desk: Desk) -> None:
        last = 0
        for event in reversed(await desk.client.events(limit=limit, camera=camera)):
            show(desk, event)
            last = event.seq
        if follow:
            await follow_events(desk, last, camera, show)

    speak(socket, token, lang, talk)


async def follow_events(
    desk: Desk, last: int, camera: str | None, show: Callable[[Desk, wire.Event], None]
) -> None:
    """Show events after `last` as they happen; what a gap or an outage hid is read from the store."""
    from engine.api import wire
    from engine.api.client import Disconnected

    async with aclosing(desk.client.updates()) as updates:
        async for update in updates:
            if isinstance(update, Disconnected):
                note = desk.say("cli.reconnecting", reason=update.reason, seconds=round(update.retry_in, 1))
                typer.secho(note, fg="yellow", err=True)
            fresh: list[wire.Event] = []
            if isinstance(update, wire.State):
                fresh = await since(desk, last, camera)
            elif isinstance(update, wire.Event) and camera in (None, update.camera) and update.seq > last:
                fresh = [update]
            for event in fresh:
                show(desk, event)
                last = event.seq


async def since(desk: Desk, last: int, camera: str | None) -> list[wire.Event]:
    """Return every stored event after `last`, oldest first."""
    found: list[wire.Event] = []
    before: int | None = None
    while True:
        page = await desk.client.events(before=before, limit=PAGE, camera=camera)
        found += [event for event in page if event.seq > last]
        if len(page) < PAGE or page[-1].seq <= last + 1 or not last:
            return found[::-1]
        before = page[-1].seq


def event_line(desk: Desk, event: wire.Event) -> str:
    """Return an event in one line."""
    what = " ".join(part for part in (event.label, event.subject) if part)
    where = f" @{','.join(event.zones)}" if event.zones else ""
    score = f" {event.score:.2f}" if event.score is not None else ""
    return (
        f"{desk.time(event.at)}  {event.camera or '-':<16} "
        f"{event.kind + '.' + event.change:<16} {what}{where}{score}"
    )


@app.command()
def decisions(
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    camera: OfCamera = None,
    limit: Limit = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is decided.")] = False,
) -> None:
    """List decisions with the reason why, oldest first."""

    def show(desk: Desk, decision: wire.Decision) -> None:
        out(decision.model_dump_json() if as_json else decision_line(desk, decision), _colour(decision))

    def _colour(decision: wire.Decision) -> str | None:
        return None if as_json else {"critical": "red", "warning": "yellow"}.get(decision.severity)

    async def talk(desk: Desk) -> None:
        from engine.api import wire

        seen: set[str] = set()

        async def latest() -> list[wire.Decision]:
            found = await desk.client.decisions(limit=limit, camera=camera)
            return [each for each in reversed(found) if each.id not in seen]

        async def print_new(fresh: list[wire.Decision]) -> None:
            for decision in fresh:
                show(desk, decision)
                seen.add(decision.id)

        await print_new(await latest())
        if not follow:
            return
        async with aclosing(desk.client.updates()) as updates:
            async for update in updates:
                if isinstance(update, wire.State):
                    await print_new(await latest())
                elif isinstance(update, wire.Decision) and camera in (None, update.camera):
                    await print_new([update] if update.id not in seen else [])

    speak(socket, token, lang, talk)


def decision_line(desk: Desk, decision: wire.Decision) -> str:
    """Return a decision and its reason."""
    title = decision.title.get(desk.language) or decision.rule
    return (
        f"{desk.time(decision.at)}  {decision.camera or '-':<16} {decision.phase:<8} {decision.severity:<8} "
        f"{title}: {desk.told(decision.reason)}"
    )


@app.command()
def ptz(
    camera: CameraId,
    what: Annotated[Move, typer.Argument(metavar="move|stop|goto|presets", help="What to do.")],
    preset: Annotated[str | None, typer.Argument(help="For goto: the preset's name or token.")] = None,
    pan: Annotated[float, typer.Option(min=-1, max=1, help="Velocity, -1 (left) to 1 (right).")] = 0.0,
    tilt: Annotated[float, typer.Option(min=-1, max=1, help="Velocity, -1 (down) to 1 (up).")] = 0.0,
    zoom: Annotated[float, typer.Option(min=-1, max=1, help="Velocity, -1 (out) to 1 (in).")] = 0.0,
    seconds: Annotated[float, typer.Option(min=0.1, max=10, help="How long to move.")] = 1.0,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
) -> None:
    """Move a PTZ camera, stop it, send it to a preset, or list its presets."""

    async def talk(desk: Desk) -> None:
        from engine.api import wire

        if what is Move.PRESETS or (what is Move.GOTO and not preset):
            await list_presets(desk)
            return
        command = wire.PtzCommand(
            op=what.value, pan=pan, tilt=tilt, zoom=zoom, seconds=seconds, preset=preset or ""
        )
        await desk.client.ptz(camera, command)
        out(desk.say("cli.moved"))

    async def list_presets(desk: Desk) -> None:
        known = await desk.client.presets(camera)
        if what is Move.PRESETS:
            for each in known:
                out(f"{each.token:<16} {each.name}")
            return
        names = ", ".join(each.name or each.token for each in known)
        code = "cli.preset_needed" if known else "cli.no_presets"
        typer.secho(f"matthan: {desk.say(code, names=names)}", fg="red", err=True)
        raise typer.Exit(2)

    speak(socket, token, lang, talk)


@app.command()
def still(
    camera: CameraId,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to; - is the standard output.")],
    width: Annotated[int, typer.Option(min=16, max=4096, help="At most so many pixels wide.")] = 1280,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
) -> None:
    """Save a camera's last picture as JPEG."""

    async def talk(desk: Desk) -> None:
        picture = await desk.client.still(camera, width)
        if str(output) == "-":
            sys.stdout.buffer.write(picture)
            return
        try:
            output.write_bytes(picture)
        except OSError as error:
            typer.secho(f"matthan: {output}: {error.strerror}", fg="red", err=True)
            raise typer.Exit(1) from None
        out(desk.say("cli.saved", path=output, bytes=len(picture)))

    speak(socket, token, lang, talk)


@app.command()
def preview(
    camera: CameraId,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """Print a short-lived link to a camera's live picture in a browser."""

    async def talk(desk: Desk) -> None:
        link = await desk.client.preview_link(camera)
        if as_json:
            out(link.model_dump_json())
            return
        out(link.url)
        typer.secho(desk.say("cli.preview", expires=desk.time(link.expires)), dim=True, err=True)

    speak(socket, token, lang, talk)
