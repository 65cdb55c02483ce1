"""``matthan status``: the engine and its cameras, as they are.

What scripts and people ask every few seconds is asked lightly: of an engine on this machine with the standard library
alone, and its answer is read without models.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from engine.commands.output.plain import plain
from engine.commands.output.report import Lang, language
from engine.commands.output.talk import AsJson, Language_, Socket, Token, Voice, fail, reach, secret
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.api.client import Client

app = typer.Typer()

#: A part of the state as it came (`engine.api.resources.state.State`); an older engine may leave out what is new.
Told = Mapping[str, Any]


@app.command(cls=plain(socket=str, token=str, lang=Lang))
def status(
    socket: Socket = None, token: Token = None, lang: Language_ = None, as_json: AsJson = False
) -> None:
    """Show the engine and its cameras. Exit code 3: no engine answers."""
    text = _asked(socket, token, lang)
    if as_json:
        data(text)
        return
    state = json.loads(text)
    engine: Told = state["engine"]
    voice = Voice(lang, engine.get("language", "vi"), engine.get("timezone", "Asia/Ho_Chi_Minh"))
    _show_engine(voice, engine, state.get("alerts", ()))
    for camera in state["cameras"]:
        _show_camera(voice, camera)


def _asked(socket: str | None, token: str | None, lang: Lang | None) -> str:
    """Return the state as JSON; ends the command where no engine tells it."""
    from engine.api.errors import ApiError
    from engine.api.link.address import default_socket
    from engine.api.link.glance import glance

    async def ask(client: Client) -> str:
        return (await client.state()).model_dump_json()

    if socket is not None and "://" in socket:
        return reach(socket, token, lang, ask)
    try:
        return glance(Path(socket or default_socket()), secret(token, socket), language(lang))
    except ApiError as error:
        fail(error, lang)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _show_engine(voice: Voice, engine: Told, alerts: list[Told]) -> None:
    """Print the engine: its figures, what fires, and what is the matter."""
    title = engine.get("title") or engine["site"]
    out(f"{title} · matthan {engine['version']} · {_time(voice, engine['now'])}", "cyan")
    figures = {name: engine.get(name, 0) for name in ("events", "decisions", "outbox", "dead")}
    cost = {"cpu": round(engine.get("cpu", 0) * 100), "memory": engine.get("rss", 0) >> 20}
    out(voice.say("cli.figures", **figures, **cost, since=_time(voice, engine["started"])))
    if alerts:
        waiting = [each for each in alerts if not each["decision"].get("acknowledged")]
        ended = sum(each.get("ended") is not None for each in alerts)
        words = voice.say("cli.alerts", firing=len(alerts) - ended, open=len(waiting))
        words += voice.say("cli.alerts_ended", ended=ended) if ended else ""
        out(words, "red" if waiting else None)
    for problem in engine.get("problems", ()):
        out(f"  ! {problem[voice.language]}", "yellow")


def _show_camera(voice: Voice, camera: Told) -> None:
    """Print a camera: its state, why it is not online, and below what else is the matter."""
    told: list[Told] = camera.get("troubles", [])
    reason = camera.get("reason")
    others = [each for each in told if each["said"] != reason]
    why = f"  {reason[voice.language]}" if reason and len(others) == len(told) else ""
    size = f"{camera['width']}x{camera['height']} {camera.get('codec')}" if camera.get("width") else "-"
    state = voice.say(f"cli_state.{camera['state']}")
    rate = voice.say("cli.rate", fps=f"{voice.number(camera.get('stream_fps', 0.0)):>4}")
    out(
        f"  {camera['id']:<20} {state:<12} {size:<16} {rate}  {camera['name']}{why}",
        "green" if camera["state"] == "online" and not told else "yellow",
    )
    _show_more(voice, camera, told)


def _show_more(voice: Voice, camera: Told, troubles: list[Told]) -> None:
    """Print below a camera: who watches it, what is advised, and what is the matter with it."""
    if watched := camera.get("watched"):
        names = ", ".join(f"{each['name']} ({_time(voice, each['since'])})" for each in watched)
        out(f"      ◉ {voice.say('doors.watched', names=names)}", "cyan")
    if advice := camera.get("advice"):
        out(f"      → {advice[voice.language]}", "yellow")
    if unknown := sum(each.get("state") == "unknown" for each in camera.get("tracks", ())):
        out(f"      ? {voice.say('cli.unknown', count=unknown)}", "yellow")
    for trouble in troubles:
        label, since = voice.say(f"condition.{trouble['label']}"), _time(voice, trouble["since"])
        out(f"      {label} · {since} · {trouble['said'][voice.language]}", "yellow")


def _time(voice: Voice, written: str) -> str:
    return voice.time(datetime.fromisoformat(written))
