"""``matthan camera zones``: what is drawn on a camera's picture, as the configuration has it.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.commands.output.talk import AsJson, CameraId, Language_, Socket, Speaker, Token, speak
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.api.resources.commissioning.drawing import Drawing


def zones(
    camera: CameraId,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """List the zones, lines and ignored parts of a camera, and how many metres its picture is wide.

    \b
    matthan camera zones gate
    matthan camera zones gate --json     with every point, for programs

    They are drawn in `matthan tui`: on the camera's page, `m`, then `z`.
    """  # noqa: D301 - click's mark for lines that stay as they are

    async def talk(speaker: Speaker) -> None:
        from engine.api.resources.commissioning.drawing import DRAWING

        found = await speaker.client.ask(DRAWING, camera)
        if as_json:
            data(found.model_dump_json())
            return
        for line in list(_lines(speaker, found)) or [speaker.say("aim.empty", camera=camera)]:
            out(line)

    speak(socket, token, lang, talk)


def _lines(speaker: Speaker, found: Drawing) -> Iterator[str]:
    for name, points in found.zones.items():
        yield speaker.say("aim.zone", name=name, count=len(points))
    for name, line in found.lines.items():
        side = speaker.say(f"aim.side_{line.inward}")
        yield speaker.say("aim.line", name=name, count=len(line.points), side=side)
    for name, points in found.ignored.items():
        yield speaker.say("aim.ignored", name=name, count=len(points))
    if found.metres_per_width is not None:
        yield speaker.say("aim.metres", metres=found.metres_per_width)
