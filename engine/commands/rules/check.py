"""``matthan rules check`` and ``schema``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.report import GitHubOption, JsonOption, LangOption, finish, language

if TYPE_CHECKING:
    from rules.source import Problem

#: Trials lie beside the rules that they try.
TRIAL = ".trial.yaml"

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        help="Configuration of the site: its rules, cameras and store.",
        envvar="MATTHAN_CONFIG",
        metavar="FILE",
    ),
]
RuleFiles = Annotated[
    list[Path] | None, typer.Argument(metavar="FILE", help="Rule files; default: those of the configuration.")
]


class Of(StrEnum):
    """Kinds of file that have a schema."""

    RULES = "rules"
    TRIALS = "trials"


def check(
    files: RuleFiles = None,
    config: ConfigOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    github: GitHubOption = False,
) -> None:
    """Report every problem in rule files at once, and what is suspicious in them.

    Without a configuration the grammar and the actions are checked, not the names of cameras and zones.
    Each code has a page in docs/reference/problems. Exit codes: 0 good (warnings allowed), 1 problems,
    2 a file cannot be read.
    """
    from engine import configuration as reading
    from engine.text import render
    from rules.lint import lint

    chosen = language(lang)
    trials = [path for path in files or () if path.name.endswith(TRIAL)]
    named = [path for path in files or () if path not in trials]
    report = reading.check(config or reading.default_path()) if config or not files else None
    site = report.configuration if report else None
    if files and (report is None or site is not None):
        report = reading.check_rules_alone(named, site.settings if site else None)
    assert report is not None  # noqa: S101 - one of the two was made
    texts = dict(report.texts)
    own = [str(path) for path in named] if files else [name for name, _ in site.rules_files] if site else []
    world = reading.world(site.settings) if site else None
    problems = [*report.problems, *lint([(name, texts[name]) for name in own if name in texts], world)]
    problems += _of_trials(trials, texts)
    problems.sort(key=lambda each: (each.source, each.line, each.column))
    good = render("config.rules_good", {"files": len(texts)}, chosen)
    finish(problems, texts, good, lang=chosen, as_json=as_json, github=github)


def _of_trials(paths: Sequence[Path], texts: dict[str, str]) -> list[Problem]:
    """Return what is wrong with the grammar of trials; their texts are put to the others."""
    from engine.configuration import read_text
    from rules.rehearsal import read

    problems: list[Problem] = []
    readable = [str(path) for path in paths if read_text(str(path), path, texts, problems)]
    return [*problems, *(each for name in readable for each in read(texts[name], name).problems)]


def schema(
    of: Annotated[Of, typer.Argument(help="Of which kind of file.")] = Of.RULES,
) -> None:
    """Print the JSON Schema of a rule file (or of a trial file), for editors."""
    from rules import schema as rule_files
    from rules import trial

    told = rule_files.json_schema() if of is Of.RULES else trial.json_schema()
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
