"""The rules' own sentences, and how a sentence is put together."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal


class _Blanks(dict[str, object]):
    """Leaves a placeholder visible when its value is missing, instead of failing at night."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@cache
def catalogue(language: Literal["vi", "en"]) -> Mapping[str, str]:
    """Return the rules' sentences of one language by code (``table.key``)."""
    tables = tomllib.loads((files("rules") / "text" / f"{language}.toml").read_text("utf-8"))
    return {f"{table}.{key}": text for table, entries in tables.items() for key, text in entries.items()}


def fill(sentences: Mapping[str, str], code: str, values: Mapping[str, object]) -> str:
    """Return a sentence from a catalogue.

    A code may be several joined by ``+``: a reason names only the conditions that its rule has, so it
    is put together from one part each. A part like ``reason.zone@2`` takes its values from names that end
    in ``@2``: of a sequence each step names a zone of its own. An unknown part shows itself with the
    values: nothing is hidden.
    """
    parts = [part.partition("@") for part in code.split("+")]
    if any(part not in sentences for part, _, _ in parts):
        return f"{code} {dict(values)}" if values else code
    told = {name: _worded(sentences, value) for name, value in values.items()}
    return "".join(sentences[part].format_map(_values(told, at + nth)) for part, at, nth in parts)


def _worded(sentences: Mapping[str, str], value: object) -> object:
    """Return a value in words where it is a kind of value (``kind.number``): each language has its own."""
    worded = isinstance(value, str) and value.startswith("kind.")
    return sentences.get(str(value), value) if worded else value


def _values(values: Mapping[str, object], suffix: str) -> _Blanks:
    """Return the values of one part: those whose names end in its suffix."""
    if not suffix:
        return _Blanks(values)
    return _Blanks(
        (name.removesuffix(suffix), value) for name, value in values.items() if name.endswith(suffix)
    )


def render(code: str, values: Mapping[str, object], language: Literal["vi", "en"]) -> str:
    """Return one of the rules' own sentences (`engine.text.render` knows everyone's)."""
    return fill(catalogue(language), code, values)
