"""``matthan rules``: the rule author's tools. Light by promise, as ``matthan config``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.report import GitHubOption, JsonOption, LangOption, finish, language

app = typer.Typer(name="rules", no_args_is_help=True, help="Check rules.")


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Rule files; default: those of the configuration.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Configuration whose cameras and zones the rules may name.", envvar="MATTHAN_CONFIG"
        ),
    ] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    github: GitHubOption = False,
) -> None:
    """Report every problem in rule files at once.

    Without a configuration the grammar and the actions are checked, not the names of cameras and zones.
    Exit codes: 0 good, 1 problems, 2 a file cannot be read.
    """
    from engine import configuration as reading
    from engine.text import render

    chosen = language(lang)
    report = reading.check(config or reading.default_path()) if config or not files else None
    site = report.configuration if report else None
    if files and (report is None or site is not None):
        report = reading.check_rules_alone(files, site.settings if site else None)
    assert report is not None  # noqa: S101 - one of the two was made
    good = render("config.rules_good", {"files": len(report.texts)}, chosen)
    finish(report.problems, report.texts, good, lang=chosen, as_json=as_json, github=github)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a rule file, for editors."""
    from rules.schema import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
