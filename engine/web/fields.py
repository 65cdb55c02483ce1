"""What is wrong with the fields of a request, in sentences for people.

pydantic's own are English, and name regular expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from engine.identity.people.person import PATTERN as PERSON
from engine.text import Language, render
from engine.web.payload import KEY, LINE, NAME
from rules.document.validation import CODES

#: pydantic's types of errors that only requests have -> sentences.
_OWN: Final = {
    "json_invalid": "field.json",
    "string_too_long": "field.long",
    "int_parsing": "problem.whole",
    "int_parsing_size": "problem.whole",
    "float_parsing": "problem.number",
    "bool_parsing": "problem.boolean",
    "string_unicode": "field.line",
    "string_too_short": "field.empty",
}
_PATTERNS: Final = {NAME: "field.name", PERSON: "field.person", LINE: "field.line", KEY: "field.key"}
#: Steps that pydantic invents for the branches of a fact, which is a text, a number or a switch.
_BRANCHES: Final = {"bool": bool, "constrained-int": int, "constrained-float": float, "constrained-str": str}


def sentences(error: ValidationError, language: Language) -> tuple[str, ...]:
    """Return what is wrong, one line a field: ``name: letters and digits only``."""
    return tuple(
        f"{'.'.join(map(str, _path(each))) or 'body'}: {_sentence(each, language)}"
        for each in _meant(error.errors(include_url=False))
    )


def _meant(told: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Yield what is told, of the branches of a fact only the one that was meant."""
    for each in told:
        kind = _BRANCHES.get(str(each["loc"][-1])) if each["loc"] else None
        written = each["input"]
        if kind is None or kind is (type(written) if type(written) in _BRANCHES.values() else str):
            yield each


def _path(each: ErrorDetails) -> Sequence[str | int]:
    path = each["loc"]
    return path[:-1] if path and path[-1] in (*_BRANCHES, "[key]") else path


def _sentence(each: ErrorDetails, language: Language) -> str:
    kind, context = each["type"], each.get("ctx", {})
    code = _OWN.get(kind) or (f"problem.{CODES[kind]}" if kind in CODES else "")
    if kind.startswith("datetime"):
        code = "field.time"
    elif kind.startswith("time_"):
        code = "field.hour"
    elif kind == "string_pattern_mismatch":
        code = _PATTERNS.get(context["pattern"], "")
    elif kind == "string_type" and each["loc"][-1:] == ("constrained-str",):
        code = "problem.plain"
    values = {**context, "key": str(each["loc"][-1]) if each["loc"] else "", "known": _known(context)}
    return render(code, values, language) if code else each["msg"]


def _known(context: Mapping[str, object]) -> str:
    """Return the words of a choice; pydantic tells them as ``'a', 'b' or 'c'``."""
    return str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
