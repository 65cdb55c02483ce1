"""``matthan camera features`` and ``set``: what a camera can do and how it is set, from a running engine.

Exit codes: 0 done, 1 the engine or the camera refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.talk import AsJson, CameraId, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, line, out

if TYPE_CHECKING:
    from engine.api.resources.features import Feature


def features(
    camera: CameraId,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """Show what a camera can do and how it is set; the camera is asked, which may take seconds.

    \b
    matthan camera features gate
    matthan camera features gate --json      one feature per line, for programs

    A * stands before what `matthan camera set` can set.
    """  # noqa: D301 - click's mark for lines that stay as they are

    async def talk(speaker: Speaker) -> None:
        from engine.api.resources.features import FEATURES

        found = await speaker.client.ask(FEATURES, camera)
        if as_json:
            for each in found:
                data(each.model_dump_json())
        else:
            _table(speaker, found)

    speak(socket, token, lang, talk)


def set_feature(
    camera: CameraId,
    feature: Annotated[str, typer.Argument(metavar="FEATURE", help="As `matthan camera features` names it.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="on, off, a number, a text, or a time.")],
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Set a feature of a camera, and show what it is then.

    \b
    matthan camera set gate encoder.main.bitrate 1024
    matthan camera set gate time.ntp vn.pool.ntp.org
    matthan camera set gate output.relay0 on
    matthan camera set gate time.clock 2026-11-30T08:00:00+07:00

    Nothing is asked back. A value that begins with - stands behind `--`: matthan camera set gate FEATURE -- -5
    """  # noqa: D301 - click's mark for lines that stay as they are

    async def talk(speaker: Speaker) -> None:
        now = await _set(speaker, camera, feature, value)
        if as_json:
            data(now.model_dump_json())
        elif now.readable:
            out(f"{now.id}: {_value(speaker, now)}", "red" if now.fault else None)
        else:
            out(speaker.say("cli.accepted", feature=now.id))

    speak(socket, token, lang, talk, why)


async def _set(speaker: Speaker, camera: str, feature: str, value: str) -> Feature:
    """Set a feature; an output that is switched asks for the right to do that, and for no more."""
    from engine.api.resources.features import OUTPUT, SET_FEATURE, SWITCH

    if feature.startswith(OUTPUT) and value in ("on", "off"):
        name = feature.removeprefix(OUTPUT)
        return await speaker.client.ask(SWITCH, camera, name, body={"on": value == "on"})
    return await speaker.client.ask(SET_FEATURE, camera, feature, body={"value": value})


def _table(speaker: Speaker, found: list[Feature]) -> None:
    rows = [
        ("*" if each.writable else " ", line(each.id), line(_value(speaker, each)), line(_range(each)))
        for each in found
    ]
    id_width, value_width = (min(max((len(row[at]) for row in rows), default=0), 40) for at in (1, 2))
    category = ""
    for each, (mark, id, value, range) in zip(found, rows, strict=True):
        if each.category != category:
            category = each.category
            out(speaker.known(f"cli_category.{category}", category), "cyan")
        out(f" {mark} {id:<{id_width}}  {value:<{value_width}}  {range}".rstrip())


def _range(feature: Feature) -> str:
    return "" if feature.kind in ("ability", "moment") else feature.range


def _value(speaker: Speaker, feature: Feature) -> str:
    """Return a feature as it is now, for people."""
    value = feature.value
    if feature.fault is not None:
        return speaker.told(feature.fault)
    if value is None:
        return speaker.say("cli.able") if feature.kind == "ability" else "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    if feature.kind == "moment" and (at := _moment(str(value))):
        return speaker.time(at)
    return f"{value} {feature.unit}".rstrip()


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:  # a newer engine's
        return None
    return at if at.tzinfo else None
