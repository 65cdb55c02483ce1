"""``matthan vision missed``: what a camera shows and nobody told, noted in a folder to teach with.

Exit codes: 0 done, 1 the engine refused or the folder cannot be written, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

import io
import json
from datetime import UTC
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.completion import cameras
from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import complain, data, out
from engine.commands.vision.collect import Blur, Wiped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.api.wire import Tracked
    from engine.dataset.slip import Box, Object


class Label(StrEnum):
    """What may be missed."""

    PERSON = "person"
    TWO_WHEELER = "two_wheeler"
    CAR = "car"
    HEAVY = "heavy"
    ANIMAL = "animal"


def missed(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="As `matthan vision collect` writes it.")],
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Which camera.", autocompletion=cameras)],
    label: Annotated[Label, typer.Option("--label", help="What is there.")],
    box: Annotated[
        list[str],
        typer.Option(
            "--box", metavar="X0,Y0,X1,Y1", help="Where, in 0..1 of the picture; as often as there are such."
        ),
    ],
    blur: Wiped = Blur.FACES,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Take the picture that a camera is analysed by now, and note what is in it and was not told.

    \b
    matthan vision missed /srv/teach gate --label person --box 0.42,0.30,0.47,0.55

    What was told in it is noted too, with the machine's own score. Blurred are those whom you noted and those who were
    told, nobody else.
    """  # noqa: D301 - click's mark for lines that stay as they are

    async def talk(speaker: Speaker) -> None:
        from PIL import Image

        from engine.dataset.blur import blurred, heads
        from engine.dataset.folder import DataFolder
        from engine.dataset.slip import Object
        from engine.runtime.clock import SystemClock

        noted = [Object(label.value, 1.0, _box(each, speaker)) for each in box]
        shown = await speaker.client.picture(camera, best=False)
        seen = _seen(shown.tracks)
        at = (shown.at or SystemClock().now().wall).astimezone(UTC)
        name = f"{camera}-{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03}-missed"
        objects = [*noted, *_others(seen, noted)]
        try:
            picture = Image.open(io.BytesIO(shown.jpeg)).convert("RGB")
            if blur is not Blur.NONE:
                picture = blurred(picture, heads([*noted, *seen], whole=blur is Blur.PEOPLE))
            clip = f"{camera}-{at:%Y-%m-%d}"
            DataFolder(folder).add(name, picture, objects, clip=clip, verdict="missed", alert="")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            complain(speaker.say("collect.unwritable", folder=folder, reason=reason))
            raise typer.Exit(1) from None
        if as_json:
            data(json.dumps({"file": f"images/{name}.jpg", "boxes": len(objects)}))
            return
        out(
            speaker.say(
                "collect.missed", camera=camera, label=str(label), path=folder / "images" / f"{name}.jpg"
            )
        )

    speak(socket, token, lang, talk, why)


def _seen(tracks: Iterable[Tracked]) -> list[Object]:
    """Return what was seen in this very picture, with the machine's own score."""
    from engine.dataset.slip import CLASSES, Object
    from engine.fleet.state import TrackState

    return [
        Object(each.label, min(each.score, 0.99), each.box, each.track)
        for each in tracks
        if each.label in CLASSES and each.state is TrackState.SEEN
    ]


def _others(seen: Sequence[Object], noted: Sequence[Object]) -> list[Object]:
    """Return what was seen and is nothing that a person noted, whatever the machine took that for."""
    from engine.vision.boxes import overlap

    return [each for each in seen if all(overlap(each.box, that.box) < 0.5 for that in noted)]


def _box(text: str, speaker: Speaker) -> Box:
    """Return a box as it was written.

    Raises:
        typer.BadParameter: It is none.
    """
    try:
        x0, y0, x1, y1 = (float(side) for side in text.split(","))
    except ValueError:
        raise typer.BadParameter(speaker.say("collect.box"), param_hint="--box") from None
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise typer.BadParameter(speaker.say("collect.box"), param_hint="--box")
    return x0, y0, x1, y1
