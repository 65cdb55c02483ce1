"""``matthan vision missed``: what a camera shows and nobody told, noted in a folder to teach with.

Exit codes: 0 done, 1 the engine refused or the folder cannot be written, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.completion import cameras
from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import complain, data, out

if TYPE_CHECKING:
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
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Take the picture that a camera is analysed by now, and note what is in it and was not told.

    \b
    matthan vision missed /srv/teach gate --label person --box 0.42,0.30,0.47,0.55

    What was told in it is noted too, with the machine's own score. Faces are not blurred.
    """  # noqa: D301 - click's mark for lines that stay as they are

    async def talk(speaker: Speaker) -> None:
        from PIL import Image

        from engine.dataset.folder import DataFolder
        from engine.dataset.slip import Object

        boxes = [_box(each, speaker) for each in box]
        shown = await speaker.client.picture(camera, best=False)
        seen = [Object(each.label, min(each.score, 0.99), each.box, each.track) for each in shown.tracks]
        objects = [*(Object(label.value, 1.0, each) for each in boxes), *_known(seen)]
        at = (shown.at or datetime.now(UTC)).astimezone(UTC)
        name = f"{camera}-{at:%Y%m%dT%H%M%S}-missed"
        try:
            picture = Image.open(io.BytesIO(shown.jpeg)).convert("RGB")
            clip = f"{camera}-{at:%Y-%m-%d}"
            added = DataFolder(folder).add(name, picture, objects, clip=clip, verdict="missed", alert="")
        except (OSError, ValueError) as error:
            complain(speaker.say("collect.unwritable", folder=folder, reason=error))
            raise typer.Exit(1) from None
        if not added:
            complain(speaker.say("collect.same", camera=camera))
            raise typer.Exit(1)
        if as_json:
            data(json.dumps({"file": f"images/{name}.jpg", "boxes": len(objects)}))
            return
        out(
            speaker.say(
                "collect.missed", camera=camera, label=str(label), path=folder / "images" / f"{name}.jpg"
            )
        )

    speak(socket, token, lang, talk, why)


def _known(seen: list[Object]) -> list[Object]:
    from engine.dataset.slip import CLASSES

    return [each for each in seen if each.label in CLASSES]


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
