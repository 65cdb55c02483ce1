"""Reading a site's configuration: ``matthan.yaml`` and its rule files, every problem of all at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from platformdirs import user_config_path
from pydantic import BaseModel

from engine.actions import params
from engine.errors import ConfigError
from engine.models import vocabulary
from engine.settings import Settings
from rules.compile import ParamsCheck, World, check_rules, params_check
from rules.flaws import validate
from rules.ruleset import RuleSet
from rules.source import MAX_CHARACTERS, Document, Flaw, Gravity, Problem, parse
from rules.source import Path as Steps

SYSTEM = Path("/etc/matthan/matthan.yaml")
#: Authors' tests of rules lie beside them and are no rules.
TRIAL = ".trial.yaml"


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration without an error.

    Attributes:
        path: The file; relative references (`file:`, rules) start from its folder.
        rules_files: Name and text of each rule file, in order.
        rules: What they say, compiled; its warnings included.
    """

    settings: Settings
    path: Path
    rules_files: tuple[tuple[str, str], ...] = ()
    rules: RuleSet = field(default_factory=RuleSet)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: every problem, warnings too; a configuration where none of them is an error.

    Attributes:
        texts: Every file that could be read, by name: what caret lines are cut from.
    """

    problems: tuple[Problem, ...]
    configuration: Configuration | None
    texts: Mapping[str, str]


def load(path: Path) -> Configuration:
    """Read a configuration.

    Raises:
        ConfigError: With every problem of every file, unreadable ones included.
    """
    report = check(path)
    if report.configuration is None:
        raise ConfigError(report.problems)
    return report.configuration


def check(path: Path) -> Report:
    """Read a configuration and report everything about it; raises nothing."""
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    settings, document = None, None
    if read_text(str(path), path, texts, problems):
        document = parse(texts[str(path)], str(path))
        settings, found = validate(Settings, document)
        problems += [*found, *(document.locate(flaw) for flaw in _twice(document))]
    files = _rule_files(document, path, texts, problems) if document else ()
    problems.sort(key=lambda problem: (problem.source != str(path), problem.line, problem.column))
    rules, found = check_rules(files, world(settings) if settings else None)
    problems += found
    refused = settings is None or any(problem.severity is Gravity.ERROR for problem in problems)
    configuration = None if refused or settings is None else Configuration(settings, path, files, rules)
    return Report(tuple(problems), configuration, texts)


def check_rules_alone(paths: Sequence[Path], settings: Settings | None) -> Report:
    """Check rule files by themselves: names of cameras and zones only where the site's settings are given."""
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    names = [str(path) for path in paths if read_text(str(path), path, texts, problems)]
    about = world(settings) if settings else World(actions=_checks(params.PARAMS))
    _, found = check_rules([(name, texts[name]) for name in names], about)
    return Report((*problems, *found), None, texts)


def world(settings: Settings) -> World:
    """Return what a site's rules may name."""
    where = settings.location
    return World(
        zones={camera.id: frozenset(camera.zones) for camera in settings.cameras},
        labels=vocabulary(),
        actions=_checks(params.available(settings.actions)),
        timezone=ZoneInfo(settings.timezone),
        lines={camera.id: frozenset(camera.lines) for camera in settings.cameras},
        groups=settings.groups,
        holidays=frozenset(settings.holidays),
        location=(where.latitude, where.longitude) if where else None,
    )


def _checks(models: Mapping[str, type[BaseModel]]) -> Mapping[str, ParamsCheck]:
    return {name: params_check(model) for name, model in models.items()}


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return which configuration commands use: ``MATTHAN_CONFIG``, the system's, or the user's own."""
    if named := environ.get("MATTHAN_CONFIG"):
        return Path(named)
    own = user_config_path("matthan") / SYSTEM.name
    return own if own.exists() and not SYSTEM.exists() else SYSTEM


def read_text(name: str, path: Path, texts: dict[str, str], problems: list[Problem]) -> bool:
    """Read a file into `texts`; return whether it could be read."""
    try:
        with path.open("rb") as file:
            content = file.read(4 * MAX_CHARACTERS + 1)  # more than any text that is let through
        texts[name] = content.decode("utf-8")
    except OSError as error:
        detail = error.strerror or type(error).__name__
        problems.append(Problem(name, 1, 1, "", "problem.unreadable", {"detail": detail}))
    except UnicodeDecodeError as error:
        problems.append(Problem(name, 1, 1, "", "problem.not_utf8", {"position": error.start}))
    return name in texts


def _list(document: Document, key: str) -> Sequence[Any]:
    """Return a list at the top of a document, even where the rest of it is wrong."""
    found = document.data.get(key) if isinstance(document.data, dict) else None
    return found if isinstance(found, list) else []


def _twice(document: Document) -> Iterator[Flaw]:
    """Yield cameras that share an id."""
    first: dict[str, Steps] = {}
    for index, camera in enumerate(_list(document, "cameras")):
        steps: Steps = ("cameras", index, "id")
        name = camera.get("id") if isinstance(camera, dict) else None
        if isinstance(name, str) and first.setdefault(name, steps) is not steps:
            line = document.places[first[name]].value[0]
            yield Flaw(steps, "problem.duplicate_camera", {"id": name, "line": line})


def _rule_files(
    document: Document, path: Path, texts: dict[str, str], problems: list[Problem]
) -> tuple[tuple[str, str], ...]:
    """Return the rule files that the patterns match, each once, in the order of the patterns."""
    names: dict[str, None] = {}
    for index, pattern in enumerate(_list(document, "rules")):
        if not isinstance(pattern, str):
            continue
        found = sorted(name for name in glob(pattern, root_dir=path.parent) if not name.endswith(TRIAL))
        if not found:
            problems.append(document.locate(Flaw(("rules", index), "problem.no_rule_file")))
        names |= dict.fromkeys(str(path.parent / name) for name in found)
    readable = [name for name in names if read_text(name, Path(name), texts, problems)]
    return tuple((name, texts[name]) for name in readable)
