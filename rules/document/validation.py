"""What a pydantic model says is wrong with data, as flaws with codes and suggestions."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rules.document import suggestions
from rules.document.source import Document, Flaw, Gravity, Path, Problem
from rules.model import Fact

Model = TypeVar("Model", bound=BaseModel)
JsonSchema = Mapping[str, Any]

#: pydantic's error types that authors meet -> our sentences; all others become ``problem.invalid``.
CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_key",
    "string_type": "text",
    "float_type": "number",
    "int_type": "whole",
    "int_from_float": "whole",
    "bool_type": "boolean",
    "list_type": "list",
    "tuple_type": "list",
    "dict_type": "mapping",
    "model_type": "mapping",
    "model_attributes_type": "mapping",
    "greater_than": "more_than",
    "greater_than_equal": "at_least",
    "less_than": "less_than",
    "less_than_equal": "at_most",
    "finite_number": "number",
    "literal_error": "choice",
    "enum": "choice",
    "too_short": "too_short",
    "too_long": "too_long",
    "string_too_short": "empty",
}
#: Steps that pydantic invents for the branches of a union of scalars.
_SCALARS = (("str",), ("int",), ("float",), ("bool",))
_LIMITS = ("gt", "ge", "lt", "le", "min_length", "max_length")


def nearest(word: object, known: Iterable[str]) -> str:
    """Return the known word that was probably meant, or an empty text."""
    return next(iter(near(word, known, 1)), "")


def near(word: object, known: Iterable[str], most: int) -> list[str]:
    """Return the known words that were probably meant, the nearest first."""
    words = {known_word.lower(): known_word for known_word in known}
    found = get_close_matches(str(word).lower(), words, n=most, cutoff=0.6)
    return [words[each] for each in found]


def flaws(model: type[BaseModel], data: object) -> list[Flaw]:
    """Return everything wrong with `data`; empty when the model takes it."""
    return read(model, data)[1]


def validate(model: type[Model], document: Document) -> tuple[Model | None, list[Problem]]:
    """Return a document as a model, or None, and its problems (those of reading it first)."""
    if document.data is None and document.problems:
        return None, list(document.problems)
    value, found = read(model, document.data)
    return value, [*document.problems, *(document.locate(flaw) for flaw in found)]


def read(model: type[Model], data: object) -> tuple[Model | None, list[Flaw]]:
    """Return data as a model, or None and everything wrong with it."""
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    schema = _schema(model)  # only where something is wrong: it is what suggestions come from
    return None, list(_distinct(_flaw(detail, schema) for detail in details))


@lru_cache(maxsize=64)
def _schema(model: type[BaseModel]) -> JsonSchema:
    return model.model_json_schema()


def _distinct(found: Iterable[Flaw]) -> Iterator[Flaw]:
    """Yield flaws that tell something new: the branches of a union may speak of the same value twice."""
    seen: set[tuple[Path, str]] = set()
    told = list(_plain(list(found)))
    meant = {(*flaw.path[:-1], flaw.suggestion) for flaw in told if flaw.code == "problem.unknown_key"}
    merged = {flaw.path[:-1] for flaw in told if flaw.code == "problem.merge_key"}
    for flaw in told:
        if flaw.code == "problem.missing" and (flaw.path in meant or flaw.path[:-1] in merged):
            continue  # it is there, under a misspelt name
        if (flaw.path, flaw.code) not in seen:
            seen.add((flaw.path, flaw.code))
            yield flaw


def _plain(told: list[Flaw]) -> Iterator[Flaw]:
    """Yield flaws, those of the branches of "text, number or switch" as one."""
    scalars = [flaw.path[:-1] for flaw in told if flaw.path[-1:] in _SCALARS]
    for flaw in told:
        several = flaw.path[-1:] in _SCALARS and scalars.count(flaw.path[:-1]) > 1
        yield Flaw(flaw.path[:-1], "problem.plain") if several else flaw


def _flaw(detail: ErrorDetails, schema: JsonSchema) -> Flaw:
    kind, path, context = detail["type"], detail["loc"], detail.get("ctx", {})
    code = CODES.get(kind)
    values: dict[str, Fact] = {key: context[key] for key in _LIMITS if key in context}
    if kind == "extra_forbidden":
        return _unknown_key(path, schema)
    if kind == "missing":
        return Flaw(path, "problem.missing", {"key": str(path[-1])})
    if code == "choice":
        known = _choices(schema, path)
        return Flaw(path, "problem.choice", {"known": ", ".join(known)}, nearest(detail["input"], known))
    if code is not None:
        return Flaw(path, f"problem.{code}", values, _hint(code, detail, schema))
    return _own(kind, path, context, detail["msg"])


def _unknown_key(path: Path, schema: JsonSchema) -> Flaw:
    key, known = str(path[-1]), _keys(schema, path[:-1])
    if key == "<<":
        return Flaw(path, "problem.merge_key", on_key=True)
    if strange := next(
        (sign for sign in key if sign != " " and unicodedata.category(sign) in ("Zs", "Cf")), ""
    ):
        return Flaw(path, "problem.invisible", {"character": f"U+{ord(strange):04X}"}, on_key=True)
    if key in known:  # it stands elsewhere, and is not misspelt
        return Flaw(path, "problem.unknown_key", {"key": key}, on_key=True)
    below = (each for each in known if key in _keys(schema, (*path[:-1], each)))
    guess = nearest(key.partition("：")[0], known) or next((f"{each}: {{{key}: ...}}" for each in below), "")
    return Flaw(path, "problem.unknown_key", {"key": key}, guess, on_key=True)


def _hint(code: str, detail: ErrorDetails, schema: JsonSchema) -> str:
    """Return what was probably meant by a value of the wrong kind."""
    written = detail["input"]
    match code:
        case "number":
            return suggestions.number(written)
        case "whole":
            return meant if "." not in (meant := suggestions.number(written)) else ""
        case "at_most":
            return suggestions.number(written, detail.get("ctx", {}).get("le"))
        case "boolean":
            return suggestions.switch(written)
        case "list":
            return suggestions.several(written)
        case "mapping":
            return suggestions.mapping(written, _keys(schema, detail["loc"]))
    return ""


def _own(kind: str, path: Path, context: Mapping[str, Any], message: str) -> Flaw:
    """Return the flaw of one of our own checks (`rules.document.scalars.problem`); anything else speaks for itself."""
    if context.get("code") != kind:
        return Flaw(path, "problem.invalid", {"detail": message})
    values: dict[str, Fact] = {key: value for key, value in context.items() if key not in ("code", "steps")}
    suggestion = str(values.pop("suggestion", ""))
    severity = Gravity(str(values.pop("severity", Gravity.ERROR)))
    within = int(values.pop("within", 0))
    steps = tuple(context.get("steps", ()))
    return Flaw((*path, *steps), f"problem.{kind}", values, suggestion, severity, within=within)


def _keys(schema: JsonSchema, path: Path) -> list[str]:
    return [key for node in _descend(schema, path) for key in node.get("properties", {})]


def _choices(schema: JsonSchema, path: Path) -> list[str]:
    nodes = _descend(schema, path)
    words = [word for node in nodes for word in (*node.get("enum", ()), *_const(node))]
    return [str(word) for word in dict.fromkeys(words)]


def _const(node: JsonSchema) -> tuple[object, ...]:
    return (node["const"],) if "const" in node else ()


def _descend(schema: JsonSchema, path: Path) -> list[JsonSchema]:
    """Return the schemas that may hold at a path; steps that nobody wrote (union tags) are skipped."""
    here = list(_branches(schema, schema))
    for step in path:
        below = [
            branch for node in here for child in _below(node, step) for branch in _branches(child, schema)
        ]
        here = below or here
    return here


def _branches(node: JsonSchema, root: JsonSchema) -> Iterator[JsonSchema]:
    while "$ref" in node:
        node = root["$defs"][node["$ref"].rpartition("/")[2]]
    yield node
    for word in ("anyOf", "oneOf", "allOf"):
        for branch in node.get(word, ()):
            yield from _branches(branch, root)


def _below(node: JsonSchema, step: str | int) -> Iterator[JsonSchema]:
    if isinstance(step, int):
        tuple_items = node.get("prefixItems", ())
        child = tuple_items[step] if step < len(tuple_items) else node.get("items")
    else:
        child = node.get("properties", {}).get(step, node.get("additionalProperties"))
    if isinstance(child, Mapping):
        yield child
