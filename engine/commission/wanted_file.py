"""Files of what a site wants, beside its configuration: every problem of one at once, with its place."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Generic, TypeVar

from engine.commission.acceptance import Acceptance
from engine.commission.standard import Standard
from engine.config.configuration import read_text
from engine.config.settings import Section
from engine.errors import ConfigError
from rules.document.source import Problem, parse
from rules.document.validation import validate

W = TypeVar("W", bound=Section)


@dataclass(frozen=True, slots=True)
class Wanted(Generic[W]):
    """What a site wants, and where it is from.

    Attributes:
        folder: From which its references start.
        source: The file; empty: there is none, the built-in defaults count.
    """

    value: W
    folder: Path
    source: str = ""


@dataclass(frozen=True, slots=True)
class WantedFile(Generic[W]):
    """One kind of such files.

    Attributes:
        name: What it is called, beside the configuration.
        model: What it says; all of it has a default.
    """

    name: str
    model: type[W]

    def find(self, named: Path | None, configuration: Path) -> Wanted[W]:
        """Return what the named file wants, else the one beside the configuration, else the defaults. Blocking.

        Raises:
            ConfigError: It cannot be read, or not be understood; with every problem.
        """
        beside = configuration.parent / self.name
        if named is None and not beside.exists():
            return Wanted(self.model(), configuration.parent)
        path = named or beside
        return Wanted(self.read(path), path.parent, str(path))

    def read(self, path: Path) -> W:
        """Read a file. Blocking.

        Raises:
            ConfigError: As `find`.
        """
        texts: dict[str, str] = {}
        problems: list[Problem] = []
        if not read_text(str(path), path, texts, problems):
            raise ConfigError(problems)
        return self.of(texts[str(path)], str(path))

    def of(self, text: str, source: str) -> W:
        """Return what a text says; what it does not name is as by default.

        Raises:
            ConfigError: As `find`.
        """
        document = parse(text, source)
        if document.data is None and not document.problems:
            return self.model()  # nothing, or remarks alone
        found, problems = validate(self.model, document)
        if found is None or problems:
            raise ConfigError(problems)
        return found

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of such a file, for editors."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **self.model.model_json_schema()}


ACCEPTANCE = WantedFile("acceptance.yaml", Acceptance)
STANDARD = WantedFile("commissioning.yaml", Standard)


def sample_standard() -> bytes:
    """Return a standard to begin with: what counts where there is none, with remarks."""
    return files("engine.commission").joinpath(STANDARD.name).read_bytes()
