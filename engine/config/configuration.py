"""Reading a site's configuration: ``matthan.yaml`` and its rule files, every problem of all at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from engine.config.cleartext import in_clear
from engine.config.credentials import Vault
from engine.config.missing import doubts, missing
from engine.config.settings import Settings
from engine.config.world import no_site, running_world, world, world_of
from engine.errors import ConfigError
from rules.compiler.compile import Checked, World, examine
from rules.compiler.ruleset import RuleSet
from rules.document.partial import Read, read_partly
from rules.document.source import MAX_CHARACTERS, Document, Flaw, Gravity, Problem, parse
from rules.document.source import Path as Steps
from rules.language.names import unknown_cameras

__all__ = [
    "SYSTEM",
    "Configuration",
    "Report",
    "check",
    "check_rules_alone",
    "default_path",
    "load",
    "read_text",
    "world",
]
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
        checked: The rules, as far as they could be read.
        world: What the site has, as far as it could be read; None: nothing is known.
        name: The configuration's own, as problems show it; empty: none was read.
        settings: Those of the configuration's own file, where it is right.
    """

    problems: tuple[Problem, ...]
    configuration: Configuration | None
    texts: Mapping[str, str]
    checked: Checked
    world: World | None = None
    name: str = ""
    settings: Settings | None = None


def load(path: Path) -> Configuration:
    """Read a configuration.

    Raises:
        ConfigError: With every problem of every file, unreadable ones included.
    """
    report = check(path)
    if report.configuration is None:
        raise ConfigError(report.problems)
    return report.configuration


def check(
    path: Path, *, here: bool = False, running: Settings | None = None, text: str | None = None
) -> Report:
    """Read a configuration and report everything about it; raises nothing.

    Args:
        path: The file.
        text: What is to be taken for its content; None: what it holds.
        here: Report also what it names and this machine does not have: drivers, secrets.
        running: The settings of the engine that is to judge by these rules: what takes effect at a restart only
            (actions, the time zone) is as it runs, whatever the file says by now.
    """
    problems: list[Problem] = []
    texts: dict[str, str] = {} if text is None else {str(path): text}
    files: tuple[tuple[str, str], ...] = ()
    read: Read[Settings] = Read(None)
    known = None
    if texts or read_text(str(path), path, texts, problems):
        document = parse(texts[str(path)], str(path))
        if document.data is not None or not document.problems:
            read = read_partly(Settings, document.data)
        known = world_of(read, document)
        flaws = [*read.flaws, *_twice(document)]
        flaws += unknown_cameras(read.value.groups, known) if read.value and known else ()
        flaws += (*doubts(read.value), *in_clear(read.value)) if read.value else ()
        flaws += missing(document.data, Vault(path.parent)) if here else ()
        problems += [*document.problems, *map(document.locate, flaws)]
        files = _rule_files(document, path, texts, problems)
    problems.sort(key=lambda problem: (problem.source != str(path), problem.line, problem.column))
    checked = examine(files, running_world(known, running) if running else known)
    problems += checked.problems
    refused = any(problem.severity is Gravity.ERROR for problem in problems)
    made = None if refused or not read.value else Configuration(read.value, path, files, checked.rules)
    right = None if read.flaws else read.value
    return Report(tuple(problems), made, texts, checked, known, str(path), right)


def check_rules_alone(paths: Sequence[Path], known: World | None) -> Report:
    """Check rule files by themselves: names of cameras and zones only where the site's world is given."""
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    names = [str(path) for path in paths if read_text(str(path), path, texts, problems)]
    checked = examine([(name, texts[name]) for name in names], known or no_site())
    return Report((*problems, *checked.problems), None, texts, checked, known)


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return which configuration commands use: ``MATTHAN_CONFIG``, the system's, or the user's own."""
    if named := environ.get("MATTHAN_CONFIG"):
        return Path(named)
    own = user_config_path("matthan") / SYSTEM.name
    return own if own.exists() and not SYSTEM.exists() else SYSTEM


def read_text(name: str, path: Path, texts: dict[str, str], problems: list[Problem]) -> bool:
    """Read a file (``-``: the standard input) into `texts`; return whether it could be read."""
    try:
        with path.open("rb") if name != "-" else nullcontext(sys.stdin.buffer) as file:
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
