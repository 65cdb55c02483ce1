"""Sentences in Vietnamese and English, gathered from every package's ``text/{vi,en}.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
PACKAGES = ("engine", "drivers", "rules")


class _Blanks(dict[str, object]):
    """Leaves a placeholder visible when its value is missing, instead of failing at night."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return every sentence of one language by code (``table.key``)."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        source = files(package) / "text" / f"{language}.toml"
        for table, entries in tomllib.loads(source.read_text("utf-8")).items():
            found |= {f"{table}.{key}": text for key, text in entries.items()}
    return found


def render(code: str, values: Mapping[str, object], language: Language) -> str:
    """Return a sentence; an unknown code shows itself with its values, so that nothing is hidden."""
    template = catalogue(language).get(code)
    if template is None:
        return f"{code} {dict(values)}" if values else code
    return template.format_map(_Blanks(values))
