"""``matthan rules problem``: what a code in brackets means, why it is told, and what helps."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from typing import Annotated

import typer

from engine.commands.output.report import JsonOption, LangOption, Language, coloured, language
from engine.commands.output.terminal import data, out, paint
from engine.commands.rules.sources import leave

_BOLD = "1"


def _offered(incomplete: str) -> list[tuple[str, str]]:
    """Offer a shell the names of pages, with their sentences."""
    from rules.problems import page_name

    offers = [(page_name(code), sentence) for code, sentence in _sentences("en").items()]
    return [(name, sentence) for name, sentence in offers if name.startswith(incomplete)]


def problem(
    code: Annotated[
        str | None,
        typer.Argument(help="What a check prints in brackets; default: list all.", autocompletion=_offered),
    ] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the page of a problem: its sentence, cause, cure, and an example of which a check says just that.

    Cause and cure are told in English. Exit codes: 0 shown, 2 there is no such problem.
    """
    chosen = language(lang)
    if code is None:
        _list(chosen, as_json=as_json)
        return
    known = _known(code, chosen)
    if as_json:
        _print_json(known, chosen)
    else:
        _show(known, chosen)


def _sentences(lang: Language) -> dict[str, str]:
    """Return every problem's sentence by its code; names in braces are filled in when it is told."""
    from rules.problems import codes
    from rules.text import catalogue

    return {code: catalogue(lang)[code] for code in codes()}


def _known(given: str, lang: Language) -> str:
    """Return the code that is meant, given as checks print it or as their JSON has it; ends the command if none is."""
    from rules.document.validation import nearest
    from rules.problems import codes, page_name

    names = {page_name(code): code for code in codes()}
    found = names.get(page_name(given))
    if found is None:
        guess = nearest(given, names)
        leave("rules.no_problem_like" if guess else "rules.no_problem", lang, name=given, word=guess)
    return found


def _list(lang: Language, *, as_json: bool) -> None:
    from rules.problems import page_name

    sentences = _sentences(lang)
    if as_json:
        rows = [{"code": code, "sentence": sentence} for code, sentence in sentences.items()]
        data(json.dumps({"problems": rows}, ensure_ascii=False))
        return
    colours = coloured()
    for code, sentence in sentences.items():
        out(f"{paint(page_name(code), _BOLD, colours)}: {sentence}")


def _print_json(code: str, lang: Language) -> None:
    from rules.problems import read_page

    page = read_page(code)
    told = {"code": code, "sentence": _sentences(lang)[code], "cause": page.cause, "cure": page.cure}
    data(json.dumps({**told, "example": page.example or None}, ensure_ascii=False))


def _show(code: str, lang: Language) -> None:
    from engine.text import render
    from rules.problems import page_name, read_page

    page = read_page(code)
    _paragraph(page_name(code), _sentences(lang)[code])
    _paragraph(render("rules.cause", {}, lang), page.cause)
    _paragraph(render("rules.cure", {}, lang), page.cure)
    if page.example:
        _paragraph(render("rules.example", {}, lang), page.source)
        for line in page.example.splitlines():
            out(f"    {line}")


def _paragraph(head: str, text: str) -> None:
    """Print a heading and what it says, filled to the terminal's width; where a program reads it, in one line."""
    out(paint(head, _BOLD, coloured()))
    words = " ".join(text.split())
    width = shutil.get_terminal_size().columns - 2 if sys.stdout.isatty() else len(words)
    for line in textwrap.wrap(words, max(width, 20), break_long_words=False, break_on_hyphens=False):
        out(f"  {line}")
