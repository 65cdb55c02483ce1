"""The grammar of ``when:``: how several things that may happen are put together."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from rules.document.scalars import Duration, OneOrMany, Written, problem
from rules.document.validation import nearest
from rules.kinds.lookup import LABEL_FACTS, PATTERNS, event_kind
from rules.kinds.pattern import Pattern
from rules.kinds.table import TABLE
from rules.language.clock_patterns import AtPattern, ClockPattern, EveryPattern

#: By what events can be kept apart; and any fact by its name.
KEYS = ("track", *LABEL_FACTS, "camera", "zone", "label", "site")
_BY_FACT = r"text\('[^']{1,64}'\)"


def _by(word: str) -> str:
    if word not in KEYS and re.fullmatch(_BY_FACT, word) is None:
        raise problem("choice", known=", ".join((*KEYS, "text('NAME')")), suggestion=nearest(word, KEYS))
    return word


if TYPE_CHECKING:
    By: TypeAlias = str
    Distinct: TypeAlias = str
    VetoBy: TypeAlias = str
else:
    By = Annotated[
        str,
        WithJsonSchema({"anyOf": [{"enum": [*KEYS]}, {"type": "string", "pattern": f"^{_BY_FACT}$"}]}),
        AfterValidator(lambda word: _by(word)),
    ]
    Distinct = Literal["track", *LABEL_FACTS, "label", "camera", "zone", "none"]
    VetoBy = Literal[*LABEL_FACTS, "label", "camera", "zone", "site"]
#: Steps of a combination at most.
MOST_STEPS = 10
#: Events that one window counts at most.
MOST_COUNTED = 1000

TRIGGERS = ("at", "every", "sequence", "all", "any", "count", "absent")

#: What people write -> the key that says it: trials and recordings call a camera's state its health.
_MEANT = {word: each.keyword for each in TABLE for word in each.meant_by}
_TAGS = {kind: f"<{kind}>" for kind in (*PATTERNS, *TRIGGERS, "not")}


def _keys(written: object) -> Any:
    """Return the keys that are written: of a mapping, or of what was read of one."""
    if isinstance(written, dict):
        return written
    return _keys_of(type(written)) if isinstance(written, Written) else ()


@cache
def _keys_of(model: type[Written]) -> frozenset[str]:
    return frozenset(about.alias or name for name, about in model.model_fields.items())


def _one_of(kinds: tuple[str, ...]) -> BeforeValidator:
    """Refuse what is about nothing, or about several things."""

    def check(written: object) -> object:
        keys = _keys(written)
        found = [kind for kind in kinds if kind in keys]
        if not isinstance(written, dict) and not found:
            return written  # not a mapping at all: the model says so
        if len(found) > 1:
            raise problem("kinds", found=", ".join(found))
        if not found:
            guesses = (_MEANT.get(str(key)) or nearest(key, kinds) for key in keys)
            raise problem("kind", known=", ".join(kinds), suggestion=next(filter(None, guesses), ""))
        return written

    return BeforeValidator(check)


def _tag(written: object) -> str:
    """Return the tag of the pattern that is written; tags differ from every key that may be written."""
    if isinstance(written, Written):
        return _tag_of(type(written))
    return _tag_among(written if isinstance(written, dict) else ())


@cache
def _tag_of(model: type[Written]) -> str:
    return _tag_among(_keys_of(model))


def _tag_among(keys: Container[str]) -> str:
    return next((tag for kind, tag in _TAGS.items() if kind in keys), "<object>")


if TYPE_CHECKING:
    AnyPattern: TypeAlias = Pattern
    Single: TypeAlias = Pattern
else:
    AnyPattern = reduce(or_, (Annotated[each.pattern, Tag(_TAGS[each.keyword])] for each in TABLE))
    Single = Annotated[AnyPattern, Discriminator(_tag), _one_of(PATTERNS)]


class NotStep(Written):
    """Something that must not be: in `all` not now, in a sequence not here (as last step: until `within` is over)."""

    not_: Single = Field(alias="not", description="A pattern that must not match here.")


Step = Annotated[
    AnyPattern | Annotated[NotStep, Tag("<not>")], Discriminator(_tag), _one_of((*PATTERNS, "not"))
]
Steps = Annotated[list[Single], Field(min_length=2, max_length=MOST_STEPS)]


class Sequence(Written):
    """Things that happen one after the other; a moment."""

    sequence: Annotated[list[Step], Field(min_length=2, max_length=MOST_STEPS)] = Field(
        description="Patterns in order; `{not: pattern}` between two must not happen there."
    )
    within: Duration = Field(description="From the first to the last, e.g. 30s.")
    by: OneOrMany[By] | None = Field(
        None, description="What must be the same in all; default: camera, else site."
    )
    on_gap: Literal["hold", "fire"] = Field(
        "hold", description="A last `not` while nobody watched: `hold` gives up, `fire` goes on."
    )

    @model_validator(mode="after")
    def _sensible(self) -> Sequence:
        negative = [isinstance(step, NotStep) for step in self.sequence]
        if negative[0]:
            raise problem("not_first", steps=("sequence", 0))
        for index in range(1, len(negative)):
            if negative[index] and negative[index - 1]:
                raise problem("not_twice", steps=("sequence", index))
        return self


class AnyOf(Written):
    """Any of several things, each for itself."""

    any: Steps = Field(description="Patterns of which one must match.")


AllStep = Annotated[
    AnyPattern | Annotated[AnyOf, Tag("<any>")] | Annotated[NotStep, Tag("<not>")],
    Discriminator(_tag),
    _one_of((*PATTERNS, "any", "not")),
]


class All(Written):
    """Things that hold together; lasts while they do."""

    all: Annotated[list[AllStep], Field(min_length=2, max_length=MOST_STEPS)] = Field(
        description="Patterns that must all hold, in any order; `{any: [patterns]}` is one that holds if any of "
        "them does, `{not: pattern}` one that must not hold."
    )
    within: Duration | None = Field(
        None, description="Each may have held this long ago; default: all at the same time."
    )
    by: OneOrMany[By] | None = Field(
        None, description="What must be the same in all; default: camera, else site."
    )

    @model_validator(mode="after")
    def _sensible(self) -> All:
        if all(isinstance(step, NotStep) for step in self.all):
            raise problem("only_not", steps=("all", 0))
        for path, pattern in _parts(self) if self.within is None else ():
            if is_moment(pattern):
                raise problem("all_moment", steps=path)
        return self

    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Return the roles of the patterns of each step, in order."""
        sizes = [len(step.any) if isinstance(step, AnyOf) else 1 for step in self.all]
        ends = [sum(sizes[: index + 1]) for index in range(len(sizes))]
        return tuple(tuple(range(end - size, end)) for end, size in zip(ends, sizes, strict=True))

    def barred(self) -> frozenset[int]:
        """Return the roles of what must not hold."""
        steps = zip(self.all, self.groups(), strict=True)
        return frozenset(role for step, roles in steps if isinstance(step, NotStep) for role in roles)


class Count(Written):
    """So many within a time, or so few; lasts until it is otherwise."""

    count: Single = Field(description="What is counted.")
    above: Annotated[int, Field(ge=2, le=MOST_COUNTED)] | None = Field(None, description="This many or more.")
    below: Annotated[int, Field(ge=2, le=MOST_COUNTED)] | None = Field(
        None, description="Fewer than this, also none; known when `within` has passed once."
    )
    within: Duration = Field(description="The time in which they are counted, e.g. 10m.")
    distinct: Distinct | None = Field(
        None, description="Count only different ones; default: track for objects that last, else none."
    )
    by: OneOrMany[By] | None = Field(None, description="What is counted apart; default: camera, else site.")
    window: Literal["sliding", "tumbling"] = Field(
        "sliding", description="sliding: back from now; tumbling: from a first event for `within`, then anew."
    )
    on_gap: Literal["hold", "fire"] = Field(
        "hold", description="`below` while nobody watched: `hold` counts anew afterwards, `fire` goes on."
    )

    @model_validator(mode="after")
    def _sensible(self) -> Count:
        if self.above is None and self.below is None:
            raise problem("range_empty")
        if self.above is not None and self.below is not None:
            raise problem("count_both", steps=("below",))
        if self.below is not None and self.window == "tumbling":
            raise problem("count_window", steps=("window",))
        return self


class Absent(Written):
    """Something that does not happen."""

    absent: Single = Field(description="What is missed.")
    for_: Duration = Field(alias="for", description="It did not happen for this long, e.g. 2h.")
    after: Single | None = Field(
        None, description="The time counts from when this happens (a moment); default: always."
    )
    within_hours: bool = Field(
        False,
        description="true: the time counts within the rule's hours (`between`, `during`), anew when they begin.",
    )
    by: OneOrMany[By] | None = Field(None, description="What is missed apart; default: camera, else site.")
    on_gap: Literal["hold", "fire"] = Field(
        "hold",
        description="While nobody watched: `hold` counts anew afterwards, `fire` takes not seen for not there.",
    )


class Unless(Written):
    """What keeps a rule from firing."""

    happened: Single = Field(description="What must not have happened, or must not hold.")
    within: Duration | None = Field(
        None,
        description="It may have happened, or have ended, this long ago, e.g. 1h; default: it holds now.",
    )
    by: OneOrMany[VetoBy] | None = Field(
        None, description="What must be the same in it and in what fires; default: camera, else site."
    )

    @model_validator(mode="after")
    def _lasts(self) -> Unless:
        if self.within is None and is_moment(self.happened):
            raise problem("all_moment", steps=("happened",))
        return self


When = Annotated[
    AnyPattern
    | Annotated[AtPattern, Tag("<at>")]
    | Annotated[EveryPattern, Tag("<every>")]
    | Annotated[Sequence, Tag("<sequence>")]
    | Annotated[All, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Count, Tag("<count>")]
    | Annotated[Absent, Tag("<absent>")],
    Discriminator(_tag),
    _one_of((*PATTERNS, *TRIGGERS)),
]


def is_moment(pattern: object) -> bool:
    """Return whether a pattern is a moment and does not last."""
    if not isinstance(pattern, Pattern):
        return isinstance(pattern, (ClockPattern, Sequence))
    kind = event_kind(pattern)
    return not kind.lasts or kind.momentary(pattern)


def from_nothing(when: object) -> bool:
    """Return whether it counts without anything that happens: what it misses must be known beforehand."""
    if isinstance(when, Count):
        return when.below is not None
    return isinstance(when, Absent) and when.after is None


#: A pattern, with the path that leads to it.
Part = tuple[tuple[str | int, ...], Pattern]


def parts(when: object) -> tuple[Part, ...]:
    """Return every pattern of a `when`, in the order of the steps."""
    if isinstance(when, Pattern):
        return (((), when),)
    return tuple(_parts(when))


def _within(step: object) -> Iterator[Part]:
    """Yield the patterns of one step of `all`."""
    if isinstance(step, AnyOf):
        yield from ((("any", index), each) for index, each in enumerate(step.any))
    elif isinstance(step, NotStep):
        yield ("not",), step.not_
    elif isinstance(step, Pattern):
        yield (), step


def _parts(when: object) -> Iterator[Part]:
    match when:
        case Sequence(sequence=steps):
            for index, step in enumerate(steps):
                if isinstance(step, NotStep):
                    yield ("sequence", index, "not"), step.not_
                else:
                    yield ("sequence", index), step
        case All(all=steps):
            for index, part in enumerate(steps):
                yield from ((("all", index, *path), each) for path, each in _within(part))
        case AnyOf(any=steps):
            yield from ((("any", index), step) for index, step in enumerate(steps))
        case Count(count=step):
            yield ("count",), step
        case Absent(absent=step, after=after):
            yield ("absent",), step
            if after is not None:
                yield ("after",), after
