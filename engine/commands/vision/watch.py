"""``matthan vision watch``: a clip or a stream in the terminal, with what is seen in it and what that costs.

Exit codes: 0 done, 1 nothing could be watched, 2 wrong usage.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.keyboard import RIGHT, keys
from engine.commands.output.report import JsonOption, LangOption, coloured, language
from engine.commands.output.terminal import stage
from engine.commands.vision.opening import leave, named, pool_of, watch
from engine.commands.vision.tune import Config

if TYPE_CHECKING:
    from engine.commands.vision.player import Player
    from engine.commands.vision.source import Watching


def show(
    what: Annotated[
        str,
        typer.Argument(metavar="CLIP|RTSP|CAMERA", help="A video file, rtsp://HOST/PATH, or a camera's id."),
    ],
    begin: Annotated[float, typer.Option("--from", min=0, metavar="SECONDS", help="From there on.")] = 0.0,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="Times as fast; of a clip.")] = 1.0,
    fps: Annotated[
        float | None,
        typer.Option(min=0.2, max=30, help="Pictures analysed a second; default: the camera's, or 5."),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|none", help="Which detector looks; default: the best there is (`models list`)."
        ),
    ] = None,
    config: Config = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a clip, a stream or a camera in the terminal: picture, boxes, tracks, and milliseconds by stage.

    \b
    matthan vision watch night.mp4                 a clip, at its own pace
    matthan vision watch night.mp4 --speed 4       faster
    matthan vision watch gate                      the camera `gate`
    matthan vision watch night.mp4 --json          one line for each picture that is analysed

    Keys: space stops and goes on, → one picture on, q ends. It looks as the engine does: while nothing moves keyframes
    alone are decoded, so that the picture stands still. Where the output is no terminal, or knows no colours, a line is
    written for everything that is told, and for its end. Exit codes: 0 done, 1 nothing could be watched, 2 wrong usage.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.commands.vision.player import Lines, Player, Records, Screen
    from engine.commands.vision.source import Watching
    from engine.runtime import log

    said = language(lang)
    log.configure("critical", json=False)
    source = named(what, config, said)
    pool = pool_of(detector, said)
    live = coloured() and sys.stdout.isatty() and not as_json
    teller = Records() if as_json else Screen(said) if live else Lines(said)
    pace = speed if source.clip and live else None
    make = partial(
        Player,
        fps=fps or source.settings.fps,
        pool=pool,
        teller=teller,
        speed=pace,
        begin=begin,
        paced=source.clip,
    )
    watching: Watching[Player] = Watching(source, make, lambda _: None)
    watch(watching, said, partial(_live, watching) if live else None, early="")
    player = watching.recorder
    if player is None or not (
        player.seconds or player.complete
    ):  # who ended it at once has seen what there was
        leave(said, "vision.too_short", 1, seconds=0, least=1)


async def _live(watching: Watching[Player]) -> None:
    """Watch on the whole terminal, and listen to its keys."""

    def heard(key: str) -> None:
        if (player := watching.recorder) is None:
            return
        if key == " ":
            player.pause()
        elif key == RIGHT:
            player.step()
        elif key.startswith("q"):
            player.stop()

    with stage(sys.stdout), keys(heard):
        await watching.run()
