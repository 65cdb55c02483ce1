"""Reading a site's standard: every problem of it at once, with its place."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from engine.commission.standard import Standard
from engine.config.configuration import read_text
from engine.errors import ConfigError
from rules.document.source import Problem, parse
from rules.document.validation import validate

#: What the file is called, beside the configuration.
NAME = "commissioning.yaml"


@dataclass(frozen=True, slots=True)
class Read:
    """A standard, and where it is from.

    Attributes:
        folder: From which its references start.
        source: The file; empty: there is none, the built-in defaults count.
    """

    standard: Standard
    folder: Path
    source: str = ""


def find_standard(named: Path | None, configuration: Path) -> Read:
    """Return the standard that is named, else the one beside the configuration, else the defaults.

    Raises:
        ConfigError: It cannot be read, or not be understood; with every problem.
    """
    beside = configuration.parent / NAME
    if named is None and not beside.exists():
        return Read(Standard(), configuration.parent)
    path = named or beside
    return Read(read_standard(path), path.parent, str(path))


def read_standard(path: Path) -> Standard:
    """Read a file.

    Raises:
        ConfigError: As `find_standard`.
    """
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    if not read_text(str(path), path, texts, problems):
        raise ConfigError(problems)
    return standard_of(texts[str(path)], str(path))


def standard_of(text: str, source: str) -> Standard:
    """Return what a text says.

    Raises:
        ConfigError: As `find_standard`.
    """
    document = parse(text, source)
    if document.data is None and not document.problems:
        return Standard()  # nothing, or remarks alone
    standard, problems = validate(Standard, document)
    if standard is None or problems:
        raise ConfigError(problems)
    return standard


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``commissioning.yaml``, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Standard.model_json_schema()}


def sample_standard() -> bytes:
    """Return a standard to begin with: what counts where there is none, with remarks."""
    return files("engine.commission").joinpath(NAME).read_bytes()
