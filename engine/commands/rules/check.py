"""``matthan rules check`` and ``schema``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import GitHubOption, JsonOption, LangOption, finish, language
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.config.configuration import Report
    from rules.document.source import Problem

#: Trials lie beside the rules that they try.
TRIAL = ".trial.yaml"
#: Folder of scenes and recordings beside the rules, see `clean`; in it, the accepted false alarms.
CLEAN, KNOWN = "clean", "known.yaml"

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
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Rule files, trial files, folders of them, or - for the standard input; default: those of the "
            "configuration.",
        ),
    ] = None,
    config: ConfigOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    github: GitHubOption = False,
) -> None:
    """Report every problem in rule files at once, and what is suspicious in them.

    Without a configuration the grammar and the actions are checked, not the names of cameras and zones. Files that
    belong to the configuration are checked together with its others, and their own problems are told.
    Each code has a page: `matthan rules problem CODE`. Exit codes: 0 good (warnings allowed), 1 problems,
    2 a file cannot be read.
    """
    from engine.config import configuration as reading
    from engine.text import render

    chosen = language(lang)
    paths, found = _files(files or ())
    known = [path for path in paths if _is_clean(path) and path.name == KNOWN]
    trials = [path for path in paths if path.name.endswith(TRIAL) or (_is_clean(path) and path not in known)]
    named = [path for path in paths if path not in trials and path not in known]
    report = _linted(reading.check(config or reading.default_path())) if config or not files else None
    if named or report is None:
        report = _about(named, report)
    texts = dict(report.texts)
    found += report.problems
    found += _of_trials(trials, texts)
    found += _of_known(known, texts)
    order = {name: number for number, name in enumerate(texts)}
    found.sort(key=lambda each: (order.get(each.source, -1), each.line, each.column))
    if not files and config is None and not reading.default_path().exists():
        out(f"matthan: {render('rules.name_files', {}, chosen)}", err=True)
    good = render("config.rules_good", {"files": len(paths) or len(texts)}, chosen)
    finish(found, texts, good, lang=chosen, as_json=as_json, github=github)


def _files(given: Sequence[Path]) -> tuple[list[Path], list[Problem]]:
    """Return files, those of folders included, and what is wrong with folders: they have none."""
    from rules.document.source import Problem

    paths: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in given:
        inside = sorted(each for each in path.glob("**/*") if each.suffix in (".yaml", ".yml", ".csv"))
        if path.is_dir() and not inside:
            problems.append(Problem(str(path), 1, 1, "", "problem.no_rule_file"))
        paths |= dict.fromkeys(inside if path.is_dir() else [path])
    return list(paths), problems


def _linted(report: Report) -> Report:
    """Return a report with what is suspicious besides."""
    from rules.linter.lint import lint

    return replace(report, problems=(*report.problems, *lint(report.checked, report.texts)))


def _about(paths: Sequence[Path], site: Report | None) -> Report:
    """Return what is told of some rule files, and of the site's own file.

    Files of the site are looked at with its others, because they may name what stands there.
    """
    from engine.config import configuration as reading

    given = {path.resolve(): str(path) for path in paths}
    known = {name: Path(name).resolve() for name in site.texts} if site else {}
    names = {name: given[path] for name, path in known.items() if path in given}
    if site is not None and len(names) == len(given):
        names[site.name] = site.name
        told = (replace(each, source=names[each.source]) for each in site.problems if each.source in names)
        shown = {names[name]: text for name, text in site.texts.items() if name in names}
        return replace(site, problems=tuple(told), texts=shown)
    alone = _linted(reading.check_rules_alone(paths, site.world if site else None))
    own = [each for each in site.problems if each.source == site.name] if site else []
    texts = {**(site.texts if site else {}), **alone.texts}
    return replace(alone, problems=(*own, *alone.problems), texts=texts)


def _of_trials(paths: Sequence[Path], texts: dict[str, str]) -> list[Problem]:
    """Return what is wrong with trials, and what can never happen in them; their texts are put to the others."""
    from engine.config.configuration import read_text
    from engine.config.world import no_site
    from rules.trials.runner import read
    from rules.trials.trial_checks import unknown_labels

    problems: list[Problem] = []
    readable = [str(path) for path in paths if read_text(str(path), path, texts, problems)]
    for trials in (read(texts[name], name) for name in readable):
        problems += trials.problems
        if trials.file is not None:
            problems += map(trials.document.locate, unknown_labels(trials.file, no_site()))
    return problems


def _is_clean(path: Path) -> bool:
    """Return whether a file belongs to the clean nights: its words are those of trials, not of rules."""
    return path.absolute().parent.name == CLEAN


def _of_known(paths: Sequence[Path], texts: dict[str, str]) -> list[Problem]:
    """Return what is wrong with lists of accepted false alarms; their texts are put to the others."""
    from engine.config.configuration import read_text
    from rules.trials.clean_nights import Watchman

    problems: list[Problem] = []
    readable = [str(path) for path in paths if read_text(str(path), path, texts, problems)]
    return [*problems, *(each for name in readable for each in Watchman(texts[name], name).problems)]


def schema(
    of: Annotated[Of, typer.Argument(help="Of which kind of file.")] = Of.RULES,
) -> None:
    """Print the JSON Schema of a rule file (or of a trial file), for editors."""
    from engine.config.action_params import PARAMS
    from rules.language import schema as rule_files
    from rules.trials import trial

    told = rule_files.json_schema(PARAMS) if of is Of.RULES else trial.json_schema()
    data(json.dumps(told, ensure_ascii=False, indent=2))
