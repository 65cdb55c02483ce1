"""How checks print problems: for people with a caret line, for scripts as JSON, for GitHub as annotations."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer

from engine.api.printable import clean
from engine.commands.output.terminal import block, data, flash, line, out, paint

if TYPE_CHECKING:
    from engine.config.configuration import Configuration
    from rules.document.source import Problem

Language = Literal["vi", "en"]  # as engine.text, which is not loaded before there is something to say


class Lang(StrEnum):
    """Languages of the command line."""

    VI = "vi"
    EN = "en"


LangOption = Annotated[
    Lang | None,
    typer.Option("--lang", envvar="MATTHAN_LANG", help="Language of the sentences; default: the locale's."),
]
SiteLangOption = Annotated[
    Lang | None,
    typer.Option("--lang", envvar="MATTHAN_LANG", help="Language of the sentences; default: the site's."),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="The configuration; default: what `matthan config path` prints."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
GitHubOption = Annotated[bool, typer.Option("--github", help="Print GitHub annotations.")]

_SECRET = frozenset({"problem.secret", "problem.url_login", "problem.option_login"})
_COLOURS = {"error": "31", "warning": "33"}


def language(chosen: Lang | None, environ: Mapping[str, str] = os.environ) -> Language:
    """Return the language asked for, else MATTHAN_LANG's, else the locale's, where it is Vietnamese, else English."""
    if chosen is not None:
        return chosen.value
    names = ("MATTHAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    return "vi" if next(filter(None, map(environ.get, names)), "").startswith("vi") else "en"


def say(lang: Lang | None, code: str, **values: object) -> str:
    """Return a sentence in the language of whoever runs the command: the site's is not known to strangers."""
    from engine.text import render

    return render(code, values, language(lang))


def say_in(language: Language, code: str, **values: object) -> str:
    """Return a sentence in a language that is known by now."""
    from engine.text import render

    return render(code, values, language)


def coloured(stream: object = None, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether a stream (None: standard output as it is now) wants colours: a terminal, and NO_COLOR not set."""
    isatty = getattr(sys.stdout if stream is None else stream, "isatty", None)
    return bool(isatty and isatty()) and not environ.get("NO_COLOR")


class Progress:
    """A line that says how far long work is; on a terminal only, and gone when it is done."""

    def __init__(self, about: str, stream: TextIO | None = None) -> None:
        self._about, self._stream = about, stream or sys.stderr
        self._shown = self._stream.isatty()

    def __enter__(self) -> Progress:
        return self

    def __call__(self, count: int) -> None:
        """Say that so many are done."""
        if self._shown:
            flash(f"{self._about} {count:,}", self._stream)

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the line away, for something else to be written there."""
        if self._shown:
            flash("", self._stream)


def for_people(
    problems: Sequence[Problem], texts: Mapping[str, str], lang: Language, *, colours: bool
) -> str:
    """Return problems, each with its line and a caret; lines that may hold a secret are not shown.

    The code in brackets is the name of a page: `matthan rules problem CODE`.
    """
    lines = {name: text.splitlines() for name, text in texts.items()}
    return "\n".join(_told(problem, lines, lang, colours=colours) for problem in problems)


def _told(problem: Problem, lines: Mapping[str, Sequence[str]], lang: Language, *, colours: bool) -> str:
    from engine.text import render

    word = f"{render(f'config.{problem.severity}', {}, lang)}[{problem.code.removeprefix('problem.')}]"
    word = paint(word, f"1;{_COLOURS[problem.severity]}", colours)
    key = f"{problem.key}: " if problem.key else ""
    head = f"{problem.source}:{problem.line}:{problem.column}: {word}: {key}{problem.sentence(lang)}"
    return line(head) + _caret(problem, lines.get(problem.source, ()))


def _caret(problem: Problem, lines: Sequence[str]) -> str:
    from drivers.errors import redact

    if problem.code in _SECRET or not 0 < problem.line <= len(lines):
        return ""
    written = lines[problem.line - 1].expandtabs(1)
    shown = redact(written)
    if shown != written or len(written) > 200:
        return ""
    return f"\n    {clean(shown)}\n    {' ' * _cells(shown[: problem.column - 1])}^"


def _cells(text: str) -> int:
    """Return how wide a terminal shows a text: wide letters take two cells, combining marks none."""
    return sum(
        0
        if unicodedata.category(sign) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def annotate(problems: Sequence[Problem], lang: Language) -> None:
    """Print problems as GitHub workflow commands; nothing where there is none."""
    for problem in problems:
        out(for_github(problem, lang))


def for_github(problem: Problem, lang: Language) -> str:
    """Return a problem as a GitHub workflow command."""

    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    file = escaped(problem.source).replace(":", "%3A").replace(",", "%2C")
    place = f"file={file},line={problem.line},col={problem.column},title={problem.code}"
    key = f"{problem.key}: " if problem.key else ""
    return f"::{problem.severity} {place}::{escaped(key + problem.sentence(lang))}"


def for_scripts(problems: Sequence[Problem], lang: Language, *, ok: bool | None = None) -> str:
    """Return one JSON object: ``ok`` (default: whether none is an error) and every problem with its sentence."""
    told = [
        {
            "source": problem.source,
            "line": problem.line,
            "column": problem.column,
            "key": problem.key,
            "severity": problem.severity,
            "code": problem.code,
            "values": dict(problem.values),
            "suggestion": problem.suggestion,
            "sentence": problem.sentence(lang),
        }
        for problem in problems
    ]
    good = exit_code(problems) == 0 if ok is None else ok
    return json.dumps({"ok": good, "problems": told}, ensure_ascii=False)


def exit_code(problems: Sequence[Problem]) -> int:
    """Return 0 when good (warnings allowed), 1 with errors, 2 where a file could not even be read."""
    if any(problem.code == "problem.unreadable" for problem in problems):
        return 2
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def finish(
    problems: Sequence[Problem],
    texts: Mapping[str, str],
    good: str,
    *,
    lang: Language,
    as_json: bool = False,
    github: bool = False,
) -> None:
    """Print what a check found and leave with its exit code; `good` is said where nothing is wrong."""
    if as_json:
        data(for_scripts(problems, lang))
    elif github:
        annotate(problems, lang)
    else:
        _for_people(problems, texts, good, lang)
    raise typer.Exit(exit_code(problems))


def configured(file: Path | None) -> Configuration:
    """Return a site's configuration; where it has problems they are printed, and the exit code is 2."""
    from engine.config.configuration import default_path, load
    from engine.errors import ConfigError

    try:
        return load(file or default_path())
    except ConfigError as error:
        for problem in error.problems:
            out(str(problem), err=True)
        raise typer.Exit(2) from None


def _for_people(problems: Sequence[Problem], texts: Mapping[str, str], good: str, lang: Language) -> None:
    from engine.text import render

    if problems:
        block(for_people(problems, texts, lang, colours=coloured()))
        errors = sum(problem.severity == "error" for problem in problems)
        counts = {"errors": errors, "warnings": len(problems) - errors}
        out(render("config.bad", counts, lang), err=True)
    else:
        out(good)
