"""Named values and templates: resolved on the data of a document, before the grammar is asked.

Named values may be made of others; `rules.language.named_values` puts those together first.
``$name`` stands for a value (a list is spliced into a list), ``${name}`` for its text, ``$$`` for a dollar.
What comes from elsewhere keeps the place where it was written: a mistake in a template is shown in the template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rules.document.source import Document, Flaw, Path, Place, Problem
from rules.document.validation import nearest
from rules.language.macros import KEYS, expanded
from rules.language.named_values import WHOLE, WITHIN, put_together, shown
from rules.language.parameters import told, typed, wrong

#: What only comes of a fault that is told elsewhere; no sentence.
FOLLOWS = "problem.follows"
#: Sections whose values are named.
NAMED = ("vars", "lists")
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
    """What every file of a site may name.

    Attributes:
        values: Named values and lists, without references.
        macros: Named expressions; `overrides`: what is laid over rules, by their names.
        faults: Why one cannot be put together, as a flaw without its place.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    templates: Mapping[str, Origin] = field(default_factory=dict)
    faults: Mapping[str, Flaw | None] = field(default_factory=dict)
    macros: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Sequence[Origin]] = field(default_factory=dict)


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
    macros: dict[str, str] = {}
    overrides: dict[str, list[Origin]] = {}
    for document in documents:
        own = _section(document, "macros").items()
        macros = {**{name: each for name, each in own if isinstance(each, str)}, **macros}
        for name, patch in _section(document, "overrides").items():
            if isinstance(patch, dict):
                places = tuple(_places_under(document, ("overrides", name)))
                overrides.setdefault(name, []).append(Origin(patch, {}, document, places))
        for section in NAMED:
            values |= {
                name: _bare(value)
                for name, value in _section(document, section).items()
                if name not in values
            }
        for name, written in _section(document, "templates").items():
            body = written.get("rule") if isinstance(written, dict) else None
            if isinstance(body, dict) and name not in templates:
                params = written.get("params")
                known = params if isinstance(params, dict) else {}
                places = tuple(_places_under(document, ("templates", name, "rule")))
                templates[name] = Origin(body, known, document, places)
    made = put_together(values)
    return Shared(made.values, templates, made.faults, macros, overrides)


def _bare(value: Any) -> Any:
    """Return a named value; of a list whose entries say more, what stands there."""
    if not isinstance(value, list):
        return value
    return [each["value"] if isinstance(each, dict) and "value" in each else each for each in value]


def _section(document: Document, name: str) -> Mapping[str, Any]:
    found = document.data.get(name) if isinstance(document.data, dict) else None
    return found if isinstance(found, dict) else {}


def resolve(document: Document, known: Shared) -> Resolved:
    """Return a document with every template and every reference resolved."""
    data = document.data
    if not isinstance(data, dict) or not (known.macros or known.overrides or _refers(document)):
        return Resolved(document.source, document.data, document.places, document.problems, document.text)
    work = _Work(document, known)
    whole = {key: work.section(key, written) for key, written in data.items()}
    flaws = tuple(work.flaws)
    return Resolved(
        document.source, whole, work.places, document.problems, document.text, flaws, work.elsewhere, data
    )


def _refers(document: Document) -> bool:
    """Return whether there is anything to resolve in a document."""
    data: Any = document.data
    text = document.text
    rules = data.get("rules")
    if any(isinstance(rule, dict) and "use" in rule for rule in (rules if isinstance(rules, list) else ())):
        return True
    dollars = not text or "$" in text or "\\" in text  # an escape may stand for one
    return dollars and any(_dollar(written) for key, written in data.items() if key != "templates")


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

    def section(self, key: str, written: object) -> object:
        """Return what stands under a key at the top, without references; templates are resolved where they are used."""
        if key == "rules" and isinstance(written, list):
            return [self.rule(each, index) for index, each in enumerate(written)]
        if key in NAMED and isinstance(written, dict):
            return {name: self._named(name, value, (key, name)) for name, value in written.items()}
        return written if key == "templates" else self._value(written, (key,), self._known.values, {})

    def _named(self, name: str, value: object, path: Path) -> object:
        """Return a named value that may be made of others."""
        if (fault := self._known.faults.get(name)) is not None:
            self.flaws.append(replace(fault, path=path))
            self._follows(path)
            return value
        return self._value(value, path, self._known.values, {})

    def rule(self, written: object, index: int) -> object:
        """Return one rule without references."""
        if not isinstance(written, dict):
            return written
        path: Path = ("rules", index)
        own = {key: value for key, value in written.items() if key not in ("use", "with")}
        named = self._known.values
        body = {key: self._value(value, (*path, key), named, {}) for key, value in own.items()}
        if "use" in written:
            body = self._used(written, path) | body
        return self._overridden(body, path)

    def _overridden(self, body: dict[str, Any], path: Path) -> dict[str, Any]:
        """Return a rule with what other files lay over it; what is wrong there is shown there."""
        name = body.get("name")
        for origin in self._known.overrides.get(name, ()) if isinstance(name, str) else ():
            patch = self._value(dict(origin.body), path, self._known.values, {})
            kept = body.get("exceptions")
            added = _listed(patch.pop("exceptions", None))
            body = _merged(body, patch)
            if added:
                body["exceptions"] = [*_listed(kept), *added]
            for place, where in origin.places:
                if place:
                    self.places[*path, *place] = where
                    if origin.document is not self._document:
                        self.elsewhere[*path, *place] = origin.document.source
        return body

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
        types = {name: typed(value) for name, value in origin.params.items()}
        defaults = dict(origin.params)
        defaults |= {name: known.default for name, known in types.items() if known is not None}
        given = {
            name: self._value(value, (*path, "use"), self._known.values, {})
            for name, value in defaults.items()
            if value is not None and name not in asked
        }
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
            parameter = types.get(name)
            if parameter is not None and wrong(parameter, given[name]):
                self.flaws.append(Flaw(place, "problem.parameter_type", {"type": told(parameter)}))
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
            told = self._text(value, path, named, at) if "$" in value else value
            return self._macro(told, path) if path[-1] in KEYS and isinstance(told, str) else told
        if isinstance(value, dict):
            return {key: self._value(inner, (*path, key), named, at) for key, inner in value.items()}
        if isinstance(value, list):
            return self._list(value, path, named, at)
        return value

    def _macro(self, text: str, path: Path) -> str:
        """Return an expression with what its macros stand for."""
        if not self._known.macros:
            return text
        try:
            return expanded(text, self._known.macros)
        except RecursionError:
            ring = ", ".join(sorted(name for name in self._known.macros if name in text))
            self.flaws.append(Flaw(path, "problem.name_ring", {"ring": ring}))
            return "true"

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
        whole = WHOLE.fullmatch(text)
        if whole is None:
            return WITHIN.sub(lambda found: self._within(found, path, named), text)
        name = whole[1]
        if self._faulty(name, named):
            self._follows(path)
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
        if self._faulty(name, named):
            self._follows(path)
        if name not in named:
            self._unknown(name, path, named)
            return "?"
        return shown(named[name])

    def _follows(self, path: Path) -> None:
        """Note that what is wrong at a path only comes of a named value that is wrong: that is told there."""
        self.flaws.append(Flaw(path, FOLLOWS))

    def _faulty(self, name: str, named: Mapping[str, Any]) -> bool:
        """Return whether a name stands for a named value that could not be put together (no parameter of its name)."""
        values = self._known.values
        return name in self._known.faults and name in named and named[name] is values[name]

    def _unknown(self, name: str, path: Path, named: Mapping[str, Any]) -> None:
        self.flaws.append(Flaw(path, "problem.unknown_name", {"name": name}, nearest(name, named)))


def _listed(value: object) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with another one laid over it: mappings within likewise, and null takes a key away."""
    made = dict(below)
    for key, value in above.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict) and isinstance(made.get(key), dict):
            made[key] = _merged(made[key], value)
        else:
            made[key] = value
    return made


def _places_under(document: Document, top: Path) -> Iterator[tuple[Path, Place]]:
    start = len(top)
    return ((path[start:], place) for path, place in document.places.items() if path[:start] == top)
