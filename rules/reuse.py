"""Named values and templates: resolved on the data of a document, before the grammar is asked.

``$name`` stands for a value (a list is spliced into a list), ``${name}`` for its text, ``$$`` for a dollar.
What comes from elsewhere keeps the place where it was written: a mistake in a template is shown in the template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rules.flaws import nearest
from rules.source import Document, Flaw, Path, Place, Problem

_WHOLE = re.compile(r"\$([A-Za-z][A-Za-z0-9_-]*)")
_WITHIN = re.compile(r"\$\$|\$\{([A-Za-z][A-Za-z0-9_-]*)\}")
#: Most values that templates may make of one file: a template is no bomb.
MOST_VALUES = 500_000


@dataclass(frozen=True, slots=True)
class Origin:
    """A template: its body, its parameters, where it is written, and the places within its body."""

    body: Mapping[str, Any]
    params: Mapping[str, Any]
    document: Document
    places: tuple[tuple[Path, Place], ...]


@dataclass(frozen=True)
class Shared:
    """What every file of a site may name."""

    values: Mapping[str, Any] = field(default_factory=dict)
    templates: Mapping[str, Origin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved(Document):
    """A document without references.

    Attributes:
        flaws: References that lead nowhere.
        elsewhere: Source of the values that are written in another file, by their path here.
        original: The data as it is written; None where nothing refers to anything.
    """

    flaws: tuple[Flaw, ...] = ()
    elsewhere: Mapping[Path, str] = field(default_factory=dict)
    original: Any = None

    def own(self, path: Path) -> Any:
        """Return what is written at a path in the file itself, before templates and names."""
        found = self.original
        for step in path:
            found = found[step]
        return found

    def locate(self, flaw: Flaw) -> Problem:
        """Return a flaw with its place, in the file where it is written."""
        problem = Document.locate(self, flaw)
        source = self.source
        if self.elsewhere:
            here = self.written(flaw.path)
            for depth in range(1, len(here) + 1):
                source = self.elsewhere.get(here[:depth], source)
        return replace(problem, source=source) if source != self.source else problem


def shared(documents: Sequence[Document]) -> Shared:
    """Return what documents define, as far as it has the right shape; the grammar tells the rest."""
    values: dict[str, Any] = {}
    templates: dict[str, Origin] = {}
    for document in documents:
        for section in ("vars", "lists"):
            values |= {
                name: value for name, value in _section(document, section).items() if name not in values
            }
        for name, written in _section(document, "templates").items():
            body = written.get("rule") if isinstance(written, dict) else None
            if isinstance(body, dict) and name not in templates:
                params = written.get("params")
                known = params if isinstance(params, dict) else {}
                places = tuple(_places_under(document, ("templates", name, "rule")))
                templates[name] = Origin(body, known, document, places)
    return Shared(values, templates)


def _section(document: Document, name: str) -> Mapping[str, Any]:
    found = document.data.get(name) if isinstance(document.data, dict) else None
    return found if isinstance(found, dict) else {}


def resolve(document: Document, known: Shared) -> Resolved:
    """Return a document with every template and every reference of its rules resolved."""
    data = document.data
    rules = data.get("rules") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(rules, list) or not _refers(document):
        return Resolved(document.source, document.data, document.places, document.problems, document.text)
    work = _Work(document, known)
    made = [work.rule(written, index) for index, written in enumerate(rules)]
    whole = {**data, "rules": made}
    flaws = tuple(work.flaws)
    return Resolved(
        document.source, whole, work.places, document.problems, document.text, flaws, work.elsewhere, data
    )


def _refers(document: Document) -> bool:
    """Return whether there is anything to resolve in the rules of a document."""
    data: Any = document.data
    text = document.text
    dollars = not text or "$" in text or "\\" in text  # an escape may stand for one
    return any(
        isinstance(rule, dict) and ("use" in rule or (dollars and _dollar(rule))) for rule in data["rules"]
    )


def _dollar(value: object) -> bool:
    if isinstance(value, str):
        return "$" in value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for inner in inside:  # noqa: SIM110 - a generator costs more than the look
        if _dollar(inner):
            return True
    return False


class _Work:
    """Resolves one document."""

    def __init__(self, document: Document, known: Shared) -> None:
        self._document, self._known = document, known
        self.places: dict[Path, Place] = dict(document.places)
        self.elsewhere: dict[Path, str] = {}
        self.flaws: list[Flaw] = []
        self._made = 0

    def rule(self, written: object, index: int) -> object:
        """Return one rule without references."""
        if not isinstance(written, dict):
            return written
        path: Path = ("rules", index)
        own = {key: value for key, value in written.items() if key not in ("use", "with")}
        named = self._known.values
        body = {key: self._value(value, (*path, key), named, {}) for key, value in own.items()}
        if "use" not in written:
            return body
        return self._used(written, path) | body

    def _used(self, written: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """Return what a template makes of its parameters; its places lie under the rule's path."""
        name = written["use"]
        origin = self._known.templates.get(name) if isinstance(name, str) else None
        if origin is None:
            guess = nearest(name, self._known.templates)
            self.flaws.append(Flaw((*path, "use"), "problem.unknown_template", {"name": str(name)}, guess))
            return {}
        given, places = self._parameters(written, path, origin)
        self._move(origin, path, written)
        named = {**self._known.values, **given}
        return {
            key: self._value(value, (*path, key), named, places)
            for key, value in origin.body.items()
            if key != "name"
        }

    def _parameters(
        self, written: Mapping[str, Any], path: Path, origin: Origin
    ) -> tuple[dict[str, Any], dict[str, Path]]:
        with_ = written.get("with")
        asked = with_ if isinstance(with_, dict) else {}
        given = {name: value for name, value in origin.params.items() if value is not None}
        places: dict[str, Path] = {}
        for name, value in asked.items():
            place = (*path, "with", name)
            if name not in origin.params:
                guess = nearest(name, origin.params)
                self.flaws.append(
                    Flaw(place, "problem.unknown_parameter", {"name": name}, guess, on_key=True)
                )
            given[name] = self._value(value, place, self._known.values, {})
            places[name] = place
        for name in origin.params:
            if name not in given:
                self.flaws.append(Flaw((*path, "use"), "problem.parameter_missing", {"name": name}))
                given[name] = None
        return given, places

    def _move(self, origin: Origin, path: Path, written: Mapping[str, Any]) -> None:
        """Place a template's values under the rule that uses it, except what the rule writes itself."""
        foreign = origin.document is not self._document
        for place, where in origin.places:
            if place and place[0] not in written:
                here = (*path, *place)
                self.places[here] = where
                if foreign:
                    self.elsewhere[here] = origin.document.source

    # -- references ----------------------------------------------------------------------------

    def _value(self, value: object, path: Path, named: Mapping[str, Any], at: Mapping[str, Path]) -> Any:
        self._made += 1
        if self._made > MOST_VALUES:
            if self._made == MOST_VALUES + 1:
                self.flaws.append(Flaw(path, "problem.nodes", {"most": MOST_VALUES}))
            return None
        if isinstance(value, str):
            return self._text(value, path, named, at) if "$" in value else value
        if isinstance(value, dict):
            return {key: self._value(inner, (*path, key), named, at) for key, inner in value.items()}
        if isinstance(value, list):
            return self._list(value, path, named, at)
        return value

    def _list(
        self, values: list[Any], path: Path, named: Mapping[str, Any], at: Mapping[str, Path]
    ) -> list[Any]:
        made: list[Any] = []
        for index, value in enumerate(values):
            inner = self._value(value, (*path, index), named, at)
            spliced = isinstance(inner, list) and isinstance(value, str)
            made += inner if spliced else [inner]
        return made

    def _text(self, text: str, path: Path, named: Mapping[str, Any], at: Mapping[str, Path]) -> Any:
        whole = _WHOLE.fullmatch(text)
        if whole is None:
            return _WITHIN.sub(lambda found: self._within(found, path, named), text)
        name = whole[1]
        if name not in named:
            self._unknown(name, path, named)
            return text
        if name in at and at[name] in self.places:
            self.places[path] = self.places[at[name]]
            self.elsewhere[path] = self._document.source
        return named[name]

    def _within(self, found: re.Match[str], path: Path, named: Mapping[str, Any]) -> str:
        name = found[1]
        if name is None:
            return "$"
        if name not in named:
            self._unknown(name, path, named)
            return "?"
        value = named[name]
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _unknown(self, name: str, path: Path, named: Mapping[str, Any]) -> None:
        self.flaws.append(Flaw(path, "problem.unknown_name", {"name": name}, nearest(name, named)))


def _places_under(document: Document, top: Path) -> Iterator[tuple[Path, Place]]:
    start = len(top)
    return ((path[start:], place) for path, place in document.places.items() if path[:start] == top)
