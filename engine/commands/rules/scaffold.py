"""``matthan rules new``: a rule to begin from, with its trial."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.output.report import LangOption, language
from engine.commands.output.terminal import out
from engine.commands.rules.check import TRIAL
from engine.commands.rules.sources import leave

#: Where the first line of a scaffold tells editors to look.
SCHEMAS = Path("../schema")


class Kind(StrEnum):
    """What the new rule is about."""

    OBJECT = "object"
    MOTION = "motion"
    SIGNAL = "signal"
    CAMERA = "camera"
    ABSENT = "absent"


def new(
    name: Annotated[str, typer.Argument(help="The rule's name: a-z, 0-9 and -; it is never changed.")],
    about: Annotated[Kind, typer.Option("--about", help="What it is about.")] = Kind.OBJECT,
    folder: Annotated[Path, typer.Option("--in", metavar="FOLDER", help="Where to.")] = Path("."),
    lang: LangOption = None,
) -> None:
    """Write NAME.yaml and NAME.trial.yaml: a rule that works, and a trial that passes, to be changed.

    Exit codes: 0 done, 1 a file is there already, 2 the name is none.
    """
    import re

    from engine.config.writer import create
    from engine.text import render

    chosen = language(lang)
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name) is None:
        from rules.document.suggestions import slug

        leave("rules.no_slug" if slug(name) else "problem.slug", chosen, word=slug(name))
    made = [folder / f"{name}.yaml", folder / f"{name}{TRIAL}"]
    for path, kind in zip(made, ("", ".trial"), strict=True):
        text = (files("engine.commands.rules") / "scaffolds" / f"{about}{kind}.yaml").read_text("utf-8")
        if not (folder / SCHEMAS).is_dir():
            text = text.partition("\n")[2]  # the line for editors would lead nowhere
        try:
            create(path, text.replace("RULE", name).encode())
        except FileExistsError:
            leave("rules.exists", chosen, 1, path=path)
        except OSError as error:
            leave("rules.unwritable", chosen, 1, path=path, detail=error.strerror or "?")
    told = {"rule": made[0], "trial": made[1]}
    out(render("rules.made", told, chosen))
