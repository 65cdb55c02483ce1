"""``matthan commission new``: a sheet to begin with, and a standard where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.commands.output.report import LangOption, language
from engine.commands.output.terminal import complain, document


def new_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="cameras.csv, cameras.xlsx or cameras.yaml.")],
    standard: Annotated[
        bool,
        typer.Option(
            "--standard/--no-standard", help="Write commissioning.yaml beside it where there is none."
        ),
    ] = True,
    lang: LangOption = None,
) -> None:
    """Write a sheet to begin with, of the kind that its name ends with; remarks say what the columns mean.

    \b
    matthan commission new cameras.xlsx
    matthan commission new cameras.csv --no-standard
    Exit codes: 0 written, 1 there is such a file already, or it cannot be written.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.commission.sheet.sample import sample
    from engine.commission.wanted_file import STANDARD, sample_standard
    from engine.config.writer import create
    from engine.text import render

    chosen = language(lang)
    beside = file.parent / STANDARD.name
    wanted = [(file, sample(file, chosen))]
    if standard and not beside.exists():
        wanted.append((beside, sample_standard()))
    try:
        for path, content in wanted:
            create(path, content)
            document(f"{path}\n")
    except OSError as error:
        detail = error.strerror or type(error).__name__
        complain(
            render(
                "rules.unwritable",
                {"path": str(error.filename2 or error.filename or file), "detail": detail},
                chosen,
            )
        )
        raise typer.Exit(1) from None
