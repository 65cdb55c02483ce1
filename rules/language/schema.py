"""The grammar of a rule file: strict, every key documented, JSON Schema generated from here.

What may stand under `when:` is in `rules.language.when`. It grows by addition; what is written today keeps its
meaning. Named values (``$name``) and templates are resolved before this is asked (`rules.language.templates`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from rules.document.scalars import (
    Duration,
    EdgeOfDay,
    Feast,
    LastMoment,
    OneOrMany,
    Slug,
    Written,
    problem,
)
from rules.kinds.lookup import LABEL_FACTS
from rules.kinds.pattern import Pattern
from rules.language.actions import Do
from rules.language.hours import Maintenance, NamedHours, Suspend, Times
from rules.language.macros import NAME as MACRO
from rules.language.parameters import Parameter
from rules.language.telling import Chosen, Inhibition, Receiver, Route
from rules.language.when import Absent, AnyOf, Part, Single, Unless, When, is_moment, parts
from rules.model import Fact
from rules.register import Entry

#: What a file may require.
REQUIRES = r"^matthan *>= *[0-9]+(\.[0-9]+){0,2}$"
#: What a named value may be called: a word that an expression can name too.
Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")]


if TYPE_CHECKING:
    Per: TypeAlias = str
else:
    Per = Literal["subject", "camera", "rule", "zone", "label", *LABEL_FACTS, "key"]
_LABELS = " or ".join(("label", *LABEL_FACTS))


class Cooldown(Written):
    """How often a rule may fire."""

    time: Duration = Field(description="Least time between two firings, e.g. 60s.")
    per: Per = Field(
        "camera",
        description="What is counted apart: each object or signal, each camera, the whole rule, each zone, "
        f"{_LABELS}, or what `by` keeps apart (key).",
    )


def _cooldown(written: object) -> object:
    return {"time": written} if isinstance(written, (str, int)) else written


Rest = Annotated[Cooldown, BeforeValidator(_cooldown, json_schema_input_type=Duration | Cooldown)]


class Title(Written):
    """A display text in both languages; may name `{camera}`, `{zone}` and others."""

    vi: Annotated[str, Field(min_length=1)] = Field(description="Tiếng Việt.")
    en: Annotated[str, Field(min_length=1)] = Field(description="English.")


def _title(written: object) -> object:
    return {"vi": written, "en": written} if isinstance(written, str) else written


Named = Annotated[Title, BeforeValidator(_title, json_schema_input_type=str | Title)]


class Escalation(Written):
    """What is done when nobody acknowledges."""

    after: Duration = Field(description="From the firing, e.g. 5m.")
    do: Annotated[list[Do], Field(min_length=1)] | None = Field(
        None, description="Actions, as under the rule's `do`."
    )
    tell: OneOrMany[Slug] | None = Field(None, description="Receivers that are told then.")
    every: Duration | None = Field(
        None, description="Again and again until somebody acknowledges, e.g. 30m; in the last step only."
    )

    @model_validator(mode="after")
    def _does(self) -> Escalation:
        if not self.do and not self.tell:
            raise problem("empty", steps=("do",))
        return self


class Resolution(Written):
    """What is said and done when it is over."""

    message: Named | None = Field(None, description="Longer text, one or {vi, en}; default: none.")
    do: list[Do] = Field(default_factory=list, description="Actions, as under the rule's `do`.")


class Exempted(Written):
    """Where a rule does not apply."""

    if_: Annotated[str, Field(min_length=1)] = Field(
        alias="if", description="An expression; a fact that is not known exempts nothing."
    )
    why: str | None = Field(None, description="Why.")


class RuleSpec(Written):
    """One rule: when something holds (for a while, at some hours), do something."""

    name: Slug = Field(description="Immutable name; history and memory keep to it.")
    title: Named | None = Field(None, description="Display name, one text or {vi, en}; default: the name.")
    message: Named | None = Field(None, description="Longer text, one or {vi, en}, with {names} of facts.")
    use: Slug | None = Field(None, description="Template that this rule is made from.")
    with_: dict[str, Any] | None = Field(None, alias="with", description="Parameters of the template.")
    when: When = Field(description="What must happen: a pattern, or several put together.")
    if_: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        alias="if",
        description="An expression that every pattern of `when` must fulfil too, except what must not happen (`not`).",
    )
    until: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="An expression: what began holds on until an event of the same subject fulfils it, e.g. with "
        "`if: number('cm') > 80`, `until: number('cm') < 60`.",
    )
    unless: OneOrMany[Unless] | None = Field(
        None,
        description="It does not fire where one of these happened lately; what still holds afterwards fires then.",
    )
    hold: Duration | None = Field(
        None, alias="for", description="It must hold for this long without a break, e.g. 30s, 5m."
    )
    between: Times | None = Field(None, description="Only at these hours, e.g. 22:00-05:00.")
    not_between: Times | None = Field(None, description="Not at these hours.")
    during: OneOrMany[Slug] | None = Field(None, description="Only within one of these named schedules.")
    not_during: OneOrMany[Slug] | None = Field(None, description="Not within these named schedules.")
    cooldown: Rest | None = Field(
        None,
        description="Least time between two firings (per camera unless told otherwise). A firing that falls "
        "within it comes at its end, if it still holds then.",
    )
    keep_firing_for: Duration | None = Field(
        None, description="Go on firing this long after it ended, e.g. 10s."
    )
    auto_clear: Duration | None = Field(
        None, description="Resolve this long after the last match, though no end was told, e.g. 10m."
    )
    limit: Annotated[int, Field(ge=1, le=10_000)] = Field(
        1000, description="Subjects remembered at once; beyond it the oldest is given up, and counted."
    )
    suspend_while_ptz_moves: bool = Field(
        False, description="true: nothing matches on a camera while its PTZ head moves."
    )
    severity: Literal["info", "warning", "critical"] = Field("warning", description="How urgent it is.")
    dedup: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description='By what receivers put decisions together, e.g. "{rule}/{plate}".'
    )
    exceptions: OneOrMany[Exempted] | None = Field(
        None, description="It does not apply where one of these holds."
    )
    author: Annotated[str, Field(min_length=1)] | None = Field(None, description="Who wrote it.")
    version: Annotated[str, Field(min_length=1)] | None = Field(None, description='Its version, e.g. "2".')
    references: OneOrMany[str] | None = Field(
        None, description="What it rests on: addresses, orders, tickets."
    )
    false_positives: OneOrMany[str] | None = Field(None, description="What it is known to mistake.")
    what_to_do: Named | None = Field(
        None, description="What the officer on duty is to do, one text or {vi, en}: shown with every alert."
    )
    tags: OneOrMany[Slug] | None = Field(
        None, description="Words by which rules are found, silenced, routed, switched on and off."
    )
    suspend: OneOrMany[Suspend] | None = Field(
        None, description="When it is judged and not told: counted, and told afterwards if it still holds."
    )
    enabled: bool = Field(True, description="false: checked, but not judged.")
    dry_run: bool = Field(False, description="true: decides and tells, but carries out no action.")
    do: list[Do] = Field(
        default_factory=list, description="Actions in order, each `name` or `name: {parameters}`."
    )
    tell: OneOrMany[Slug] | None = Field(
        None, description="Receivers that are told, each at its hours; besides those of the routes."
    )
    escalate: OneOrMany[Escalation] | None = Field(
        None, description="What is done when nobody acknowledges in time; several steps, one after the other."
    )
    resolved: Resolution | None = Field(None, description="What is said and done when it is over.")

    @model_validator(mode="after")
    def _in_order(self) -> RuleSpec:
        steps = self.escalate or []
        for index in range(1, len(steps)):
            if steps[index].after <= steps[index - 1].after:
                raise problem("escalate_order", steps=("escalate", index, "after"))
            if steps[index - 1].every is not None:
                raise problem("escalate_order", steps=("escalate", index - 1, "every"))
        return self

    @model_validator(mode="after")
    def _countable(self) -> RuleSpec:
        if self.until is not None and not isinstance(self.when, (Pattern, AnyOf)):
            raise problem("until_alone", steps=("until",))
        if self.until is not None:
            return self
        if is_moment(self.when) or (isinstance(self.when, Absent) and self.when.after is not None):
            for key, value in (("for", self.hold), ("keep_firing_for", self.keep_firing_for)):
                if value is not None:
                    raise problem("for_moment", steps=(key,))
        if self.hold is not None and isinstance(self.when, AnyOf) and any(map(is_moment, self.when.any)):
            raise problem("for_moment", steps=("for",))
        return self

    @cached_property
    def every_pattern(self) -> tuple[Part, ...]:
        """What `patterns` returns: asked for nine times while a rule is loaded."""
        vetoes = [
            (("unless", index, "happened"), each.happened) for index, each in enumerate(self.unless or ())
        ]
        return (*[(("when", *path), each) for path, each in parts(self.when)], *vetoes)


def patterns(spec: RuleSpec) -> tuple[Part, ...]:
    """Return every pattern of a rule with its path, in the order of their roles: of `when`, then of `unless`."""
    return spec.every_pattern


def _parameter(written: object) -> object:
    """Check a typed parameter; anything else is a plain one, and its default."""
    if isinstance(written, dict) and "type" in written:
        Parameter.model_validate(written)
    return written


class Template(Written):
    """A rule with parameters."""

    about: Named | None = Field(None, description="What the template is for.")
    params: dict[
        Word, Annotated[Any, BeforeValidator(_parameter, json_schema_input_type=Parameter | Any)]
    ] = Field(
        default_factory=dict,
        description="Parameters, each its default or {type, default, about, min, max, one_of}; one without a value "
        "must be given by `with`.",
    )
    rule: dict[str, Any] = Field(description="The rule, in which $name stands for a parameter.")


class ListEntry(Written):
    """An entry of a list, and what is known of it."""

    value: Fact = Field(description='What stands there, e.g. "29E12345".')
    reason: str = Field("", description="Why; the reason of a decision names it.")
    who: str = Field("", description="Who put it there.")
    until: LastMoment | None = Field(
        None, description="The last date, or the time of a date, at which it counts, e.g. 2026-12-31."
    )

    def entry(self, zone: ZoneInfo) -> Entry:
        """Return it as the evaluator knows it."""
        until = None if self.until is None else self.until.replace(tzinfo=zone).astimezone(UTC)
        return Entry(self.value, self.reason, self.who, until)


def _entry(written: object) -> object:
    return written if isinstance(written, (dict, ListEntry)) else {"value": written}


Listed = Annotated[ListEntry, BeforeValidator(_entry, json_schema_input_type=Fact | ListEntry)]


class Counter(Written):
    """Something that is counted, for expressions: `counted('NAME')`, `counted('NAME', '15m')`."""

    count: Single = Field(
        description="What is counted: a moment (`crosses`, `enters`, `change: began`, a plate)."
    )
    since: EdgeOfDay | None = Field(
        None, description="The time of day at which it begins anew, e.g. 06:00; default: never."
    )

    @model_validator(mode="after")
    def _momentary(self) -> Counter:
        if not is_moment(self.count):
            raise problem("counter_lasts", steps=("count",))
        return self


class Duty(Written):
    """Shifts of the people on duty; one file of a site says it."""

    shifts: OneOrMany[EdgeOfDay] = Field(
        description="When they change: whoever comes is told then which critical rules are silenced."
    )
    do: list[Do] = Field(
        default_factory=list, description="Actions that tell it, beside the log, as under a rule's `do`."
    )


class RuleFile(Written):
    """A file of rules."""

    rules: list[RuleSpec] = Field(
        default_factory=list, description="Rules; their order is the order of their decisions."
    )
    vars: dict[Word, Fact] = Field(default_factory=dict, description="Named values, used as $name.")
    lists: dict[Word, list[Listed]] = Field(
        default_factory=dict,
        description="Named lists, used as $name and list('name'); entries may say why and until when.",
    )
    counters: dict[Word, Counter] = Field(
        default_factory=dict, description="Named counters, asked by counted('NAME')."
    )
    groups: dict[Slug, list[Slug]] = Field(default_factory=dict, description="Named groups of cameras.")
    schedules: dict[Slug, NamedHours] = Field(
        default_factory=dict, description="Named hours, used by `during` and `not_during`."
    )
    holidays: list[Feast] = Field(
        default_factory=list, description="Dates that count as `holiday`, e.g. 2027-01-01, 04-30, tet."
    )
    macros: dict[Annotated[str, Field(pattern=f"^{MACRO}$")], Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict, description="Named expressions, for `if`, `until` and `exceptions`."
    )
    overrides: dict[Slug, dict[str, Any]] = Field(
        default_factory=dict,
        description="Keys of rules of other files, by the rule's name: laid over them; null takes a key away, "
        "`exceptions` are added.",
    )
    disable: list[Chosen] = Field(
        default_factory=list, description="Rules that are checked and not judged, by name, tag or severity."
    )
    requires: Annotated[str, Field(pattern=REQUIRES)] | None = Field(
        None, description="The least version of the program that understands this file, e.g. matthan >= 0.11."
    )
    maintenance: dict[Slug, Maintenance] = Field(
        default_factory=dict, description="Named times at which rules are judged and not told."
    )
    receivers: dict[Slug, Receiver] = Field(
        default_factory=dict, description="Who is told, and when; named by `tell` and `routes`."
    )
    routes: list[Route] = Field(
        default_factory=list, description="Which rules tell whom; every one that fits is taken."
    )
    inhibit: list[Inhibition] = Field(
        default_factory=list, description="Rules that keep others from being told while they fire."
    )
    duty: Duty | None = Field(None, description="Shifts, and what is done when they change.")
    templates: dict[Slug, Template] = Field(default_factory=dict, description="Rules with parameters.")


#: Keys whose values are never written as ``$name``.
_PLAIN = frozenset({"name", "use", "with", "rule", "params", "vars", "lists"})
_NAME = "[A-Za-z][A-Za-z0-9_-]*"
_REFERENCE = {"$ref": "#/$defs/Reference"}
_SPEC = {"$ref": "#/$defs/RuleSpec"}
_DO = {"$ref": "#/$defs/Do"}


def json_schema(actions: Mapping[str, type[BaseModel]] | None = None) -> dict[str, Any]:
    """Return the JSON Schema of a rule file, for editors: every value may be ``$name`` there.

    Args:
        actions: Parameters of each action; None: any action with any parameters.
    """
    made = RuleFile.model_json_schema()
    definitions = made["$defs"]
    if actions is not None:
        definitions |= {f"do.{name}": params.model_json_schema() for name, params in actions.items()}
        definitions["Do"] = _do(actions)
        for name in ("RuleSpec", "Escalation", "Resolution", "Receiver", "Duty"):
            definitions[name]["properties"]["do"]["items"] = _DO
    for name, definition in definitions.items():
        if name not in ("Template", "Title"):
            _allow_names(definition.get("properties", {}))
    for name in ("Range", "Speed"):
        definitions[name]["minProperties"] = 1
    spec, count = definitions["RuleSpec"], definitions["Count"]
    definitions["Template"]["properties"]["rule"] |= _SPEC
    del spec[
        "required"
    ]  # a template's rule may lack anything; one that stands for itself needs a name and a cause
    needs = [{"required": ["name"]}, {"anyOf": [{"required": ["when"]}, {"required": ["use"]}]}]
    made["properties"]["rules"] |= {"items": {"allOf": [_SPEC, *needs]}}
    count["anyOf"] = [{"required": ["above"]}, {"required": ["below"]}]
    definitions["Reference"] = {
        "type": "string",
        "pattern": rf"^\${_NAME}$|\$\{{{_NAME}\}}",
        "$comment": "A named value or a parameter of the template.",  # not shown with every key
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_untitled(made)}


def _untitled(node: Any) -> Any:
    """Return a schema without the titles that pydantic makes of keys: editors would show them above our words."""
    if isinstance(node, list):
        return [_untitled(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: _untitled(each) for key, each in node.items() if key != "title" or not isinstance(each, str)}


def _do(actions: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """Return the schema of one action: its name alone, or with parameters."""
    about = {name: {"description": params.__doc__ or name} for name, params in actions.items()}
    needy = {
        name for name, each in actions.items() if any(key.is_required() for key in each.model_fields.values())
    }
    alone = [{"const": name, **told} for name, told in about.items() if name not in needy]
    given: dict[str, Any] = {}
    for name, told in about.items():
        params: dict[str, Any] = {"$ref": f"#/$defs/do.{name}"}
        given[name] = {"anyOf": [params, *([] if name in needy else [{"type": "null"}])], **told}
    called = {"type": "object", "properties": given, "additionalProperties": False}
    return {"anyOf": [*alone, {**called, "minProperties": 1, "maxProperties": 1}, _REFERENCE]}


def _allow_names(properties: dict[str, Any]) -> None:
    for key, about in properties.items():
        if key in _PLAIN:
            continue
        shown = {word: about.pop(word) for word in ("description", "default", "title") if word in about}
        for branch in (about, *about.get("anyOf", ())):
            if "items" in branch and branch["items"] != _DO:
                branch["items"] = {"anyOf": [branch["items"], _REFERENCE]}
        properties[key] = {"anyOf": [about, _REFERENCE], **shown}
