"""Commands that look at a running engine and move its cameras: events, decisions, ptz, still, preview.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from engine.commands import status
from engine.commands.completion import presets
from engine.commands.output.talk import (
    AsJson,
    CameraId,
    Language_,
    Limit,
    OfCamera,
    Socket,
    Speaker,
    Token,
    Why,
    speak,
)
from engine.commands.output.terminal import data, out, pour
from engine.commands.past import (
    OfGroup,
    OfKind,
    OfLabel,
    OfRule,
    OfSeverity,
    OfZone,
    Since,
    Until,
    WithText,
    narrowed,
)

app = typer.Typer()
app.add_typer(status.app)


class Move(StrEnum):
    """What a PTZ head can be told."""

    MOVE = "move"
    STOP = "stop"
    GOTO = "goto"
    PRESETS = "presets"


def _no_follow(asked: Mapping[str, object], *, follow: bool) -> None:
    """Refuse to follow what is narrowed down: only what is stored can be looked through."""
    if asked and follow:
        raise typer.BadParameter("--follow goes with --camera alone: the rest looks through what is stored")


@app.command()
def events(
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    camera: OfCamera = None,
    since: Since = None,
    until: Until = None,
    zone: OfZone = None,
    label: OfLabel = None,
    kind: OfKind = None,
    group: OfGroup = None,
    text: WithText = None,
    limit: Limit = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens.")] = False,
    why: Why = "",
) -> None:
    """List events, oldest first; with --follow go on, without a hole over lost connections."""

    async def talk(speaker: Speaker) -> None:
        from engine.commands.output import listing

        asked = narrowed(speaker, since, until, zone=zone, label=label, kind=kind, group=group, text=text)
        _no_follow(asked, follow=follow)
        await listing.events(speaker, camera, as_json=as_json, narrowed=asked).show(limit, follow=follow)

    speak(socket, token, lang, talk, why)


@app.command()
def decisions(
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    camera: OfCamera = None,
    since: Since = None,
    until: Until = None,
    rule: OfRule = None,
    severity: OfSeverity = None,
    zone: OfZone = None,
    label: OfLabel = None,
    kind: OfKind = None,
    group: OfGroup = None,
    text: WithText = None,
    limit: Limit = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is decided.")] = False,
    firing: Annotated[
        bool, typer.Option("--firing", help="Only what fires now, or ended unseen, worst first.")
    ] = False,
    why: Why = "",
) -> None:
    """List decisions with the reason why, oldest first; --firing: what fires now and who takes care of it.

    `matthan acknowledge ID` says that you take care of one; the id is the first word in brackets.
    """
    if firing and follow:
        raise typer.BadParameter("--firing shows the present moment: it cannot go with --follow")

    async def talk(speaker: Speaker) -> None:
        from engine.commands.output import listing

        if firing:
            listing.show_alerts(speaker, await speaker.client.alerts(camera=camera), limit, as_json=as_json)
        else:
            asked = narrowed(
                speaker, since, until, rule=rule, severity=severity, zone=zone, label=label, kind=kind,
                group=group, text=text,
            )  # fmt: skip
            _no_follow(asked, follow=follow)
            await listing.decisions(speaker, camera, as_json=as_json, narrowed=asked).show(
                limit, follow=follow
            )

    speak(socket, token, lang, talk, why)


@app.command()
def ptz(
    camera: CameraId,
    what: Annotated[Move, typer.Argument(metavar="move|stop|goto|presets", help="What to do.")],
    preset: Annotated[
        str | None, typer.Argument(help="For goto: the preset's name or token.", autocompletion=presets)
    ] = None,
    pan: Annotated[float, typer.Option(min=-1, max=1, help="Velocity, -1 (left) to 1 (right).")] = 0.0,
    tilt: Annotated[float, typer.Option(min=-1, max=1, help="Velocity, -1 (down) to 1 (up).")] = 0.0,
    zoom: Annotated[float, typer.Option(min=-1, max=1, help="Velocity, -1 (out) to 1 (in).")] = 0.0,
    seconds: Annotated[float, typer.Option(min=0.1, max=10, help="How long to move.")] = 1.0,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    why: Why = "",
) -> None:
    """Move a PTZ camera, stop it, send it to a preset, or list its presets."""

    async def talk(speaker: Speaker) -> None:
        from engine.api import wire

        if what is Move.PRESETS or (what is Move.GOTO and not preset):
            await list_presets(speaker)
            return
        command = wire.PtzCommand(
            op=what.value, pan=pan, tilt=tilt, zoom=zoom, seconds=seconds, preset=preset or ""
        )
        await speaker.client.ptz(camera, command)
        out(speaker.say("cli.moved"))

    async def list_presets(speaker: Speaker) -> None:
        known = await speaker.client.presets(camera)
        if what is Move.PRESETS:
            for each in known:
                out(f"{each.token:<16} {each.name}")
            return
        names = ", ".join(each.name or each.token for each in known)
        code = "cli.preset_needed" if known else "cli.no_presets"
        out(f"matthan: {speaker.say(code, names=names)}", "red", err=True)
        raise typer.Exit(2)

    speak(socket, token, lang, talk, why)


#: What a still's source is called.
_SOURCES = {"camera": "cli.of_camera", "stream": "cli.of_stream", "analysis": "cli.of_analysis"}


class Of(StrEnum):
    """Which picture."""

    BEST = "best"
    ANALYSIS = "analysis"


@app.command()
def still(
    camera: CameraId,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to; - is the standard output.")],
    width: Annotated[int, typer.Option(min=16, max=4096, help="At most so many pixels wide.")] = 4096,
    of: Annotated[Of, typer.Option(help="The best that can be had, or what is analysed.")] = Of.BEST,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    why: Why = "",
) -> None:
    """Save a picture of a camera as JPEG: its own still, else one of its main stream, else the analysed one."""

    async def talk(speaker: Speaker) -> None:
        picture = await speaker.client.picture(camera, width, best=of is Of.BEST)
        source = speaker.say(_SOURCES.get(picture.source, "cli.of_analysis"))
        if picture.lacks:
            out(speaker.say("cli.no_better", source=source, reason=picture.lacks), "yellow", err=True)
        if str(output) == "-":
            if not pour(picture.jpeg):
                out(f"matthan: {speaker.say('cli.no_picture_here')}", "red", err=True)
                raise typer.Exit(2)
            return
        try:
            output.write_bytes(picture.jpeg)
        except OSError as error:
            out(f"matthan: {output}: {error.strerror}", "red", err=True)
            raise typer.Exit(1) from None
        told = {"path": output, "bytes": len(picture.jpeg), "size": picture.size, "source": source}
        out(speaker.say("cli.saved", **told))

    speak(socket, token, lang, talk, why)


@app.command()
def preview(
    camera: CameraId,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Print a short-lived link to a camera's live picture in a browser."""

    async def talk(speaker: Speaker) -> None:
        link = await speaker.client.preview_link(camera)
        if as_json:
            data(link.model_dump_json())
            return
        out(link.url)
        out(speaker.say("cli.preview", expires=speaker.time(link.expires)), dim=True, err=True)

    speak(socket, token, lang, talk, why)
