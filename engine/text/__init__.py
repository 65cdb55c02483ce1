"""Sentences in Vietnamese and English, gathered from every package's ``text/{vi,en}.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Literal

from rules.text import fill

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
PACKAGES = ("engine", "drivers", "rules")


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return every sentence of one language by code (``table.key``)."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        # Not `importlib.resources`: it imports what reads zip files, and costs as much as all of this.
        source = Path(import_module(package).__path__[0], "text", f"{language}.toml")
        for table, entries in tomllib.loads(source.read_text("utf-8")).items():
            found |= {f"{table}.{key}": text for key, text in entries.items()}
    return found


def render(code: str, values: Mapping[str, object], language: Language) -> str:
    """Return a sentence; see `rules.text.fill` for codes of several parts and for what is unknown."""
    return fill(catalogue(language), code, values)
