"""Writes what the schema knows into `docs/reference/`: the format of trials; actions, labels and facts.

python tools/reference.py
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.config.action_params import PARAMS
from engine.models import registry, reported, vocabulary
from rules.kinds.camera import CameraPattern
from rules.kinds.engine import ENGINE_EVENTS
from rules.kinds.record import EventKind
from rules.kinds.table import TABLE
from rules.language.expressions.known_facts import ALWAYS
from rules.text import catalogue
from rules.trials import trial

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
#: What is told without anything being downloaded.
BOXED = {*reported(registry()["matthan-nano"].labels), "moving"}
_MADE = "<!-- made by tools/reference.py: change the schema, not this page -->"
Schema = Mapping[str, Any]


def pages() -> dict[Path, str]:
    """Return every generated page with its text."""
    return {FOLDER / "trials.md": trials(), FOLDER / "facts.md": facts()}


# -- trials ----------------------------------------------------------------------------------------


def trials() -> str:
    """Return the reference of trial files: every key of every part, from the schema."""
    whole = trial.json_schema()
    parts = [("A trial file", whole), *((name, whole["$defs"][name]) for name in _order(whole))]
    lines = [
        "# Trials", _MADE,
        "`NAME.trial.yaml` beside `NAME.yaml` says what happens and what the rules must say about it; "
        "`matthan rules test` tries it. Times are times of day where the site is; one that is earlier than the trial's "
        "start is on the next day, `+1d 02:00` says the day. Without `cameras:` rules may name any camera "
        "and zone; with it, only those. `docs/guide/author.md` teaches.",
    ]  # fmt: skip
    for name, schema in parts:
        lines += ["", f"## {name}", "", *_about(schema, whole)]
    return "\n".join(lines) + "\n"


def _order(whole: Schema) -> Iterator[str]:
    """Yield the parts in the order in which they are met."""
    met: dict[str, None] = {}
    todo = [whole]
    while todo:
        for name in _named(todo.pop(0)):
            if name not in met and "properties" in whole["$defs"][name]:
                met[name] = None
                todo.append(whole["$defs"][name])
    yield from met


def _named(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield str(node["$ref"]).rpartition("/")[2]
        for key, inner in node.items():
            if key != "$defs":
                yield from _named(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _named(inner)


def _about(schema: Schema, whole: Schema) -> Iterator[str]:
    yield str(schema.get("description", "")).replace("\n", " ")
    yield from ("", "| key | what | meaning |", "|---|---|---|")
    needed = schema.get("required", ())
    for key, about in schema["properties"].items():
        must = " (needed)" if key in needed else ""
        meaning = _cell(f"{about.get('description', '')} {_default(about)}")
        yield f"| `{key}`{must} | {_kind(about, whole)} | {meaning} |"


def _default(about: Schema) -> str:
    """Return what a key means where it is not written, if its description does not say that."""
    value = about.get("default")
    if value in (None, "", [], {}) or "efault" in about.get("description", ""):
        return ""
    told = (
        str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value
    )
    return f"Default: `{told}{'s' if 'examples' in about else ''}`."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _kind(about: Schema, whole: Schema) -> str:
    """Return what may stand under a key, in a few words."""
    if "$ref" in about:
        name = str(about["$ref"]).rpartition("/")[2]
        inner = whole["$defs"][name]
        return f"[{name}](#{name.lower()})" if "properties" in inner else _kind(inner, whole)
    if "enum" in about:
        return ", ".join(f"`{each}`" for each in about["enum"])
    if "const" in about:
        return f"`{about['const']}`"
    if "examples" in about:
        return " ".join(f"`{each}`" for each in about["examples"])
    for word in ("anyOf", "oneOf"):
        if word in about:
            kinds = dict.fromkeys(_kind(each, whole) for each in about[word] if each.get("type") != "null")
            return " or ".join(kinds)
    if about.get("type") == "array":
        fixed = f"list of {len(about['prefixItems'])} numbers" if "prefixItems" in about else "list"
        return f"list of {_kind(about['items'], whole)}" if "items" in about else fixed
    if about.get("type") == "object":
        named = [*about.get("patternProperties", {}).values(), about.get("additionalProperties")]
        inner = next((each for each in named if isinstance(each, dict)), None)
        return f"names with {_kind(inner, whole)}" if inner else "mapping"
    words = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true, false"}
    return words.get(str(about.get("type")), "value")


# -- actions, labels, facts ------------------------------------------------------------------------


def facts() -> str:
    """Return the reference of what rules may name without anybody having defined it."""
    lines = ["# Actions, labels and facts", _MADE, "", "## Actions", "", "Under `do` and `escalate.do`."]
    for name, params in PARAMS.items():
        schema = params.model_json_schema()
        lines += ["", f"### {name}", "", *_about({"properties": {}, **schema}, {"$defs": {}, **schema})]
    lines += [
        "",
        "## Labels",
        "",
        "What detectors report; `any` is every object, `moving` something unnamed that moves. The detector in the box "
        "tells those that are marked, a larger one (`matthan models pull`) all.",
        "",
    ]
    lines += ["| label | tiếng Việt | English | in the box |", "|---|---|---|---|"]
    lines += [_label(name) for name in sorted(vocabulary())]
    states = CameraPattern.model_json_schema()["properties"]["camera"]
    lines += [
        "",
        "## States of a camera",
        "",
        f"`camera:` one of {_kind(states, CameraPattern.model_json_schema())}. ",
    ]
    lines += [_cell(states["description"]), "", "## What the engine says of itself", ""]
    lines += ["| `engine:` | facts |", "|---|---|"]
    lines += [f"| `{name}` | {_names(found)} |" for name, found in ENGINE_EVENTS.items()]
    lines += [
        "",
        "## Facts",
        "",
        "Every event has " + _names(ALWAYS) + ". Besides:",
        "",
        "| kind | facts |",
        "|---|---|",
    ]
    kinds = sorted(TABLE, key=lambda each: bool(each.further))  # of the engine the most is told above
    lines += [f"| {each.kind} | {_names(each.facts)}{_more(each)} |" for each in kinds]
    lines += [
        "", "A comparison with a fact that an event does not have is false; `known(fact)` asks. What a kind "
        "never has is told by `rules check`. `zones` is asked by `in_zone('x')`, `dwell:x` by `dwell_in('x')`.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _more(kind: EventKind) -> str:
    return "; and whatever it names itself: `text('Name')`, `number('Name')`" if kind.open else ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name.replace('rule:', 'rule').replace(':', ':ZONE')}`" for name in sorted(names))


def _label(name: str) -> str:
    vi, en = (catalogue(language).get(f"label.{name}", name) for language in ("vi", "en"))
    boxed = "yes" if name in BOXED else ""
    return f"| `{name}` | {vi} | {en} | {boxed} |"


def main() -> None:
    """Write every page."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
