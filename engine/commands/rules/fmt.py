"""``matthan rules fmt``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.output.report import LangOption, Language, language
from engine.commands.output.terminal import document, out
from engine.commands.rules.sources import leave, texts_of


def fmt(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Rule or trial files, folders of them; - reads from the input."),
    ],
    check: Annotated[bool, typer.Option("--check", help="Change nothing; say what would change.")] = False,
    lang: LangOption = None,
) -> None:
    """Lay files out in one way; comments stay. What would lose anything is left alone.

    Exit codes: 0 done, 1 a file would change (--check) or cannot be laid out, 2 a file cannot be read.
    """
    chosen = language(lang)
    if [str(path) for path in files] == ["-"]:
        text = sys.stdin.read()
        document(_laid_out("-", text, chosen))
        return
    changed = False
    for name, text in texts_of(_inside(files), chosen).items():
        done = _laid_out(name, text, chosen)
        if done != text:
            changed = True
            out(name)
            if not check:
                _replace(name, text, done, chosen)
    raise typer.Exit(int(changed and check))


def _inside(paths: list[Path]) -> list[Path]:
    """Return files, those of folders included."""
    return [each for path in paths for each in (sorted(path.glob("**/*.yaml")) if path.is_dir() else [path])]


def _laid_out(name: str, text: str, lang: str) -> str:
    from rules.document.fmt import Unformattable
    from rules.document.fmt import fmt as lay_out

    try:
        return lay_out(text)
    except Unformattable as error:
        leave("rules.unformattable", "vi" if lang == "vi" else "en", 1, path=name, detail=str(error))


def _replace(name: str, before: str, text: str, lang: Language) -> None:
    """Put the new layout in the file's place, unless somebody else changed it meanwhile."""
    from engine.config.writer import replace, revision_of
    from engine.errors import Refusal

    try:
        replace(Path(name), text.encode(), revision_of(before.encode()))
    except Refusal as error:
        leave(error.code, lang, 1, **error.values)
    except OSError as error:
        leave("rules.unwritable", lang, 1, path=name, detail=error.strerror or "?")
