"""The rules' own sentences, and how a sentence is put together."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Literal

#: A moment's length as `rules.compiler.reasons.duration` writes it, with a fraction.
_FRACTION = re.compile(r"[0-9]+\.[0-9]+ s")
_SWAP = str.maketrans(",.", ".,")
#: Tables whose keys may be values: they are said in the reader's language, several with a comma between.
_NOUNS = ("kind.", "label.", "word.")


def _counted(value: object, spec: str) -> str:
    """Return a value with its noun: ``{errors:error|errors}`` is ``1 error`` or ``2 errors``."""
    one, _, many = spec.partition("|")
    return f"{value} {one if value == 1 else many}"


class _Words(str):
    """A text where a number may be counted."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return _counted(str(self), spec) if "|" in spec else super().__format__(spec)


class _Whole(int):
    """A whole number that knows its noun's forms."""

    def __format__(self, spec: str) -> str:
        return _counted(int(self), spec) if "|" in spec else super().__format__(spec)


class _Comma(float):
    """A number as Vietnamese writes it: 4,68 and 1.000,5."""

    def __str__(self) -> str:
        return float.__repr__(self).replace(".", ",")

    def __format__(self, spec: str) -> str:
        return super().__format__(spec).translate(_SWAP) if spec else str(self)


class _Blanks(dict[str, object]):
    """Leaves a placeholder visible when its value is missing, instead of failing at night."""

    def __missing__(self, key: str) -> str:
        return _Words("{" + key + "}")


@cache
def catalogue(language: Literal["vi", "en"]) -> Mapping[str, str]:
    """Return the rules' sentences of one language by code (``table.key``)."""
    from importlib.resources import files  # not for who has a catalogue of their own

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
    comma = sentences.get("number.decimal") == ","
    told = {name: _worded(sentences, value, comma=comma) for name, value in values.items()}
    return "".join(sentences[part].format_map(_values(told, at + nth)) for part, at, nth in parts)


def fraction(written: str, language: Literal["vi", "en"]) -> str:
    """Return a number, or a length of time, with the decimal sign of a language."""
    return written.replace(".", ",") if language == "vi" else written


def _worded(sentences: Mapping[str, str], value: object, *, comma: bool) -> object:
    """Return a value as a language writes it: what has a word (``kind.number``) in it, a fraction with its sign."""
    if isinstance(value, str):
        told = _said(sentences, value) if any(each in value for each in _NOUNS) else value
        return _Words(told.replace(".", ",") if comma and _FRACTION.fullmatch(told) else told)
    if isinstance(value, float):
        return _Comma(value) if comma else value
    return _Whole(value) if type(value) is int else value


def _said(sentences: Mapping[str, str], value: str) -> str:
    return ", ".join(sentences.get(each, each) for each in value.split(", "))


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
