"""Texts of a rule that name facts: `title`, `message`, `dedup`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from string import Formatter
from typing import Literal

from rules.document.source import Flaw, Path
from rules.document.validation import nearest
from rules.kinds.lookup import LABEL_FACTS
from rules.language.fact_readers import ABOUT, TOLD
from rules.language.schema import RuleSpec, Title
from rules.model import Fact
from rules.schedule import Almanac
from rules.text import catalogue, fraction

_FORMAT = Formatter()
_BRACE = re.compile("[{}]")
_KNOWN = (*ABOUT, *TOLD)


def _written(spec: RuleSpec) -> Iterator[tuple[Path, str]]:
    over = spec.resolved.message if spec.resolved is not None else None
    found: tuple[tuple[Path, Title | None], ...] = (
        (("title",), spec.title), (("message",), spec.message), (("resolved", "message"), over)
    )  # fmt: skip
    for path, texts in found:
        if texts is not None:
            yield (*path, "vi"), texts.vi
            yield (*path, "en"), texts.en
    if spec.dedup is not None:
        yield ("dedup",), spec.dedup


def _named(text: str) -> list[tuple[str, bool]]:
    """Return the names in a text, and whether each stands alone (no attribute, index, format, conversion).

    Raises:
        ValueError: A brace stands alone.
    """
    return [
        (name, name.isidentifier() and not layout and conversion is None)
        for _, name, layout, conversion in _FORMAT.parse(text)
        if name is not None
    ]


def flaws_of(spec: RuleSpec) -> Iterator[Flaw]:
    """Yield names that no text may name."""
    told: set[tuple[str | int, str]] = set()
    for path, text in _written(spec):
        if "{" not in text and "}" not in text:
            continue
        try:
            named = _named(text)
        except ValueError:
            yield Flaw(path, "problem.text_braces")
            continue
        for name, plain in named:
            if (not plain or name not in _KNOWN) and (path[0], name) not in told:
                told.add((path[0], name))
                values: dict[str, Fact] = {"name": name, "known": ", ".join(_KNOWN)}
                yield Flaw(path, "problem.unknown_text_name", values, nearest(name, _KNOWN))


def names_of(spec: RuleSpec) -> tuple[str, ...]:
    """Return the facts that must be kept for a rule's texts and its cooldown; nothing for wrong texts."""
    found: dict[str, None] = {}
    for _, text in _written(spec):
        if "{" in text:
            found |= dict.fromkeys(name for name, _ in _named(text) if name in TOLD)
    if spec.cooldown is not None and spec.cooldown.per in ("zone", "label", *LABEL_FACTS):
        found[spec.cooldown.per] = None
    kept = ("zone", "label", *LABEL_FACTS)
    for unless in spec.unless or ():
        found |= dict.fromkeys(by for by in unless.by or () if by in kept)
    return tuple(found)


def fill(
    texts: Mapping[str, str],
    about: Callable[[], Mapping[str, Fact | datetime]],
    facts: Mapping[str, Fact],
    almanac: Almanac,
) -> Mapping[str, str]:
    """Return texts with their names filled in, each in its language; most name nothing, and nobody asks `about`."""
    if not any(map(_BRACE.search, texts.values())):
        return texts
    known = about()
    return {
        language: text.format_map(_Values(known, facts, almanac, language))
        for language, text in texts.items()
    }


class _Values(dict[str, str]):
    """The values of one text; what an event does not have is ``?``."""

    def __init__(
        self, about: Mapping[str, Fact | datetime], facts: Mapping[str, Fact], almanac: Almanac, language: str
    ) -> None:
        super().__init__()
        self._about, self._facts, self._almanac = about, facts, almanac
        self._language: Literal["vi", "en"] = "en" if language == "en" else "vi"

    def __missing__(self, name: str) -> str:
        value = self._about.get(name) if name in ABOUT else self._facts.get(name)
        if name == "label" and isinstance(value, str):
            return catalogue(self._language).get(f"label.{value}", value)
        if isinstance(value, datetime):
            return f"{value.astimezone(self._almanac.zone):%H:%M}"
        if isinstance(value, float):
            return fraction(f"{value:.3g}", self._language)
        if name == "held":
            return fraction(str(value), self._language)
        return "?" if value is None or value == "" else str(value)
