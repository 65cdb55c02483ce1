"""Rules with one condition flipped or left out: a trial must notice each of them.

Works on what is written, not on what it was compiled to: a mutant is a rule file that an author could have
written by mistake. What the grammar then refuses is no mutant.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError
from rules.document.scalars import seconds
from rules.document.source import Document, Flaw, Gravity, Path, Problem, parse
from rules.kinds.table import TABLE
from rules.language.schema import RuleFile
from rules.trials.runner import TrialText, run_trials

#: Keys that say how a rule is told and not when it fires.
_TOLD = frozenset(
    {"name", "title", "message", "severity", "do", "escalate", "dedup", "enabled", "dry_run", "limit",
     "use", "params", "tags", "suspend", "maintenance", "duty",
     "tell", "resolved", "receivers", "routes", "inhibit",
     "author", "version", "references", "false_positives", "what_to_do", "about", "requires", "why"}
)  # fmt: skip
_OPPOSITE = {
    "between": "not_between", "not_between": "between", "during": "not_during", "not_during": "during",
    "above": "below", "below": "above", "enters": "leaves", "leaves": "enters",
}  # fmt: skip
_WORDS = {
    ("motion", "started"): "stopped", ("motion", "stopped"): "started",
    ("change", "began"): "ended", ("change", "ended"): "began", ("change", "unknown"): "ended",
    ("direction", "in"): "out", ("direction", "out"): "in",
    ("direction", "left"): "right", ("direction", "right"): "left",
    ("phase", "firing"): "resolved", ("phase", "resolved"): "firing",
    ("on_gap", "hold"): "fire", ("on_gap", "fire"): "hold",
}  # fmt: skip


def _defaults() -> Iterator[tuple[str, str, object, object]]:
    """Yield what a pattern means where it does not say it, and the opposite, by kind and key."""
    for kind in TABLE:
        for key, about in kind.pattern.model_fields.items():
            values = get_args(about.annotation) or ((True, False) if about.annotation is bool else ())
            if about.default in values and about.default is not None and len(values) == 2:
                other = values[1 - values.index(about.default)]
                yield kind.keyword, about.alias or key, about.default, other


_DEFAULTS = tuple(_defaults())
#: Keys under which `any` stands for every label.
_WITH_ANY = frozenset(each.keyword for each in TABLE if each.any_is_offered)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one condition.

    Attributes:
        file: Which of the files it changes; `rule`: which rule, empty for a template.
        text: What the file then says.
        flaw: Where, and in which words: ``mutation.dropped`` or ``mutation.changed``.
    """

    file: int
    rule: str
    text: str
    flaw: Flaw


@dataclass(frozen=True, slots=True)
class MutationResult:
    """What became of every mutant."""

    killed: int
    survivors: tuple[Problem, ...]

    @property
    def total(self) -> int:
        """How many there were."""
        return self.killed + len(self.survivors)


def mutate(
    files: Sequence[tuple[str, str]],
    trials: Iterable[TrialText],
    world: World,
    beside: Sequence[tuple[str, str]] = (),
    progress: Callable[[int], None] | None = None,
) -> MutationResult:
    """Try every mutant of some rule files against their trials, which pass without it.

    Args:
        beside: Files that must be there too, and are left as they are.
        progress: Told of the number of mutants tried.
    """
    documents = [parse(text, name) for name, text in files]
    texts, killed, survivors = tuple(trials), 0, []
    for mutant in _mutants(documents):
        changed = [(name, text) for name, text in files]
        changed[mutant.file] = (files[mutant.file][0], mutant.text)
        try:
            rules = compile_rules([*changed, *beside], world)
        except RuleError:
            continue
        if _noticed(texts, rules, mutant.rule):
            killed += 1
        else:
            survivors.append(documents[mutant.file].locate(mutant.flaw))
        if progress is not None:
            progress(killed + len(survivors))
    return MutationResult(killed, tuple(survivors))


def names_in(files: Iterable[tuple[str, str]]) -> set[str]:
    """Return the names of the rules that are written in some files."""
    bodies = (body for name, text in files for _, body in _bodies(parse(text, name).data))
    return {str(body["name"]) for body in bodies if "name" in body}


def _noticed(trials: Iterable[TrialText], rules: RuleSet, rule: str) -> bool:
    return any(not outcome.passed for text in trials for outcome in run_trials(text, rules, first=rule))


# -- what may be changed -----------------------------------------------------------------------


def _mutants(documents: Sequence[Document]) -> Iterator[Mutant]:
    for file, document in enumerate(documents):
        for path, node in _bodies(document.data):
            for where, key, changed, flaw in _changes(node, path):
                data = _with(document.data, where, key, changed)
                if not _same(document.data, data):
                    name = str(node.get("name", ""))
                    yield Mutant(file, name, json.dumps(data, ensure_ascii=False), flaw)


def _same(before: object, after: object) -> bool:
    """Return whether two files say the same: what is left out may be the default."""
    try:
        read, other = RuleFile.model_validate(before), RuleFile.model_validate(after)
    except ValueError:  # refused, or with names that are resolved later: the compiler tells
        return False
    return read == other


def _bodies(data: object) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """Yield every rule and every template's rule, with its path."""
    if not isinstance(data, Mapping):
        return
    rules = data.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, Mapping) and rule.get("enabled", True):
            yield ("rules", index), rule
    templates = data.get("templates")
    for name, template in templates.items() if isinstance(templates, Mapping) else ():
        rule = template.get("rule") if isinstance(template, Mapping) else None
        if isinstance(rule, Mapping):
            yield ("templates", name, "rule"), rule


#: Path of a mapping or list, the key or index that changes, its new content (a mapping to put in, None: nothing).
_Change = tuple[Path, str | int, Mapping[str, object] | list[object] | None, Flaw]


def _changes(node: object, path: Path) -> Iterator[_Change]:
    """Yield every change below a node."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _changes(item, (*path, index))
            if isinstance(item, Mapping) and "not" in item:
                yield path, index, None, _dropped((*path, index), "not", item["not"])
        return
    if not isinstance(node, Mapping):
        return
    for kind, key, default, other in _DEFAULTS:
        if kind in node and key not in node:
            said, new = {kind: node[kind]}, {key: other}
            yield path, kind, {**said, **new}, _changed((*path, kind), f"{key}: {default}", f"{key}: {other}")
    for key, value in node.items():
        if key in _TOLD or (path[0] == "rules" and key == "with"):
            continue
        yield from _flips(path, key, value)
        if key in _WHOLE or not isinstance(value, (list, Mapping)):
            yield path, key, None, _dropped((*path, key), key, value)
        yield from _changes(value, (*path, key))


#: Keys that are left out whole, though what they hold may be a list or a mapping.
_WHOLE = frozenset(
    {"zone", "inside", "cameras", "groups", "score", "share", "speed", "kmh", "heading", "between",
     "not_between", "during", "not_during", "cooldown", "days", "distinct", "payload", "after"}
)  # fmt: skip


def _flips(path: Path, key: str, value: object) -> Iterator[_Change]:
    """Yield the opposites of one key and its value."""
    here = (*path, key)
    if key in _OPPOSITE:
        yield path, key, {_OPPOSITE[key]: value}, _changed(here, key, _OPPOSITE[key])
    if key == "if" and isinstance(value, str):
        yield path, key, {key: f"not ({value})"}, _changed(here, value, f"not ({value})")
    if isinstance(value, bool):
        yield path, key, {key: not value}, _changed(here, value, not value)
    if isinstance(value, str) and (key, value) in _WORDS:
        yield path, key, {key: _WORDS[key, value]}, _changed(here, value, _WORDS[key, value])
    if key in _WITH_ANY and value != "any":
        yield path, key, {key: "any"}, _changed(here, value, "any")
    if key in ("for", "within", "every", "dwell", "stops", "left", "auto_clear") and isinstance(value, str):
        longer = _longer(value)
        if longer:
            yield path, key, {key: longer}, _changed(here, value, longer)


def _longer(value: str) -> str:
    """Return twice a duration; nothing for a name."""
    try:
        return f"{2 * seconds(value):.6f}s"
    except ValueError:  # pydantic's own kind of it
        return ""


def _dropped(path: Path, key: str, value: object) -> Flaw:
    values = {"key": key, "value": _short(value)}
    return Flaw(path, "mutation.dropped", values, severity=Gravity.WARNING, on_key=True)


def _changed(path: Path, old: object, new: object) -> Flaw:
    values = {"old": _short(old), "new": _short(new)}
    return Flaw(path, "mutation.changed", values, severity=Gravity.WARNING, on_key=True)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"


def _with(
    data: object, path: Path, key: str | int, changed: Mapping[str, object] | list[object] | None
) -> object:
    """Return a copy of plain data in which one entry of the mapping or list at a path is another, or gone."""
    if path:
        step, *rest = path
        if isinstance(data, list):
            return [
                _with(item, tuple(rest), key, changed) if index == step else item
                for index, item in enumerate(data)
            ]
        assert isinstance(data, Mapping)  # noqa: S101 - the path was walked before
        return {
            name: _with(value, tuple(rest), key, changed) if name == step else value
            for name, value in data.items()
        }
    if isinstance(data, list):
        return [item for index, item in enumerate(data) if index != key]
    assert isinstance(data, Mapping)  # noqa: S101 - likewise
    new: dict[str, object] = {}
    for name, value in data.items():
        if name != key:
            new[name] = value
        elif isinstance(changed, Mapping):
            new |= changed
    return new
