"""Reading a site's thresholds: every problem of them at once, with its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.commission.acceptance import Acceptance
from engine.config.configuration import read_text
from engine.errors import ConfigError
from rules.document.source import Problem, parse
from rules.document.validation import validate

#: What the file is called, beside the configuration.
NAME = "acceptance.yaml"


@dataclass(frozen=True, slots=True)
class Read:
    """Thresholds, and where they are from.

    Attributes:
        source: The file; empty: there is none, those that are shipped count.
    """

    acceptance: Acceptance
    source: str = ""


def find_acceptance(named: Path | None, configuration: Path) -> Read:
    """Return the thresholds that are named, else those beside the configuration, else those that are shipped.

    Raises:
        ConfigError: They cannot be read, or not be understood; with every problem.
    """
    beside = configuration.parent / NAME
    if named is None and not beside.exists():
        return Read(Acceptance())
    path = named or beside
    return Read(read_acceptance(path), str(path))


def read_acceptance(path: Path) -> Acceptance:
    """Read a file. Blocking.

    Raises:
        ConfigError: As `find_acceptance`.
    """
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    if not read_text(str(path), path, texts, problems):
        raise ConfigError(problems)
    return acceptance_of(texts[str(path)], str(path))


def acceptance_of(text: str, source: str) -> Acceptance:
    """Return what a text says; what it does not name is as shipped.

    Raises:
        ConfigError: As `find_acceptance`.
    """
    document = parse(text, source)
    if document.data is None and not document.problems:
        return Acceptance()  # nothing, or remarks alone
    found, problems = validate(Acceptance, document)
    if found is None or problems:
        raise ConfigError(problems)
    return found


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``acceptance.yaml``, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Acceptance.model_json_schema()}
