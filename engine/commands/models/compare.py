"""``matthan models compare``: which of two models is better on one's own labelled pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.commands.output.report import JsonOption, LangOption, language, say_in
from engine.commands.output.terminal import complain

if TYPE_CHECKING:
    from engine.commands.output.report import Language

#: Exit codes, by what came out; an error is 1.
EXITS = {"b": 0, "even": 0, "a": 3, "few": 4}

One = Annotated[
    str, typer.Argument(metavar="A", help="The model that runs: an installed one's name, or a .tflite file.")
]
Other = Annotated[str, typer.Argument(metavar="B", help="The one that may take its place, likewise.")]
Folder = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="Labelled pictures: images/ and labels/ (class cx cy w h [score]), and manifest.csv if there is one.",
    ),
]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="FILE", help="Write a page with it all and the pictures where they differ most."
    ),
]
Most = Annotated[int, typer.Option("--most", min=1, max=500, help="Pictures of the page, at most.")]
Score = Annotated[
    float, typer.Option("--score", min=0.02, max=1.0, help="Least score that is told; the engine's is .45.")
]
Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="NAME",
        help="Part of the folder by its manifest, or all; default: val, where there is one, else all.",
    ),
]
Names = Annotated[
    str | None,
    typer.Option("--names", help="The labels' classes in order: coco80, coco90 or a,b,c; default: ours."),
]


def compare(
    a: One,
    b: Other,
    folder: Folder,
    html: Html = None,
    most: Most = 40,
    score: Score = 0.45,
    split: Split = None,
    names: Names = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which of two models is better on your own labelled pictures, and show where they differ.

    \b
    matthan models compare matthan-nano new.tflite FOLDER                    on the part that nothing is taught with
    matthan models compare matthan-nano new.tflite FOLDER --html page.html   with pictures of where they differ
    matthan models compare matthan-nano new.tflite FOLDER --split all --json   all of it, for programs

    Shown are average precision (AP50) of each class, what is right of what is told at the score and what is found, the
    CPU time of a picture, and all of it by source where manifest.csv says where a picture is from. "Better" means: by
    more than chance. The pictures are drawn anew a thousand times, whole clips where the manifest names clips; the
    interval that holds 95 of 100 differences must not hold 0. Without a manifest every picture counts as news:
    near-equal ones make the difference look surer than it is. Boxes with a score below 1 (nobody looked with care)
    count for nothing, and a person on a two-wheeler is one two-wheeler. What a model was taught with must not judge
    it: so `val` alone.
    Exit codes: 0 B is better, or no difference is shown (nothing speaks against B), 3 A is better, 4 too few pictures
    to say anything, 1 nothing could be compared, 2 wrong usage.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.commands.models.comparing import Asked, compared
    from engine.models import ModelFault

    said = language(lang)
    try:
        verdict = compared(Asked(a, b, folder, html, most, score, split, names), said, as_json=as_json)
    except ModelFault as fault:
        _leave(said, fault.code, 1, **fault.values)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(EXITS[verdict])


def _leave(said: Language, code: str, status: int, **values: object) -> NoReturn:
    complain(say_in(said, code, **values))
    raise typer.Exit(status)
