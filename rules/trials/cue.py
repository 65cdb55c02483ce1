"""The grammar of one thing that happens in a trial: the shorthands of all kinds, and any event spelt out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from pydantic import Field, create_model, model_validator

from rules.document.scalars import Slug, Written, problem
from rules.kinds.lookup import OF_KIND
from rules.kinds.pattern import Unit
from rules.kinds.shorthand import Clock, Happening, Shorthand, TrialEvent, TrialTime
from rules.kinds.table import TABLE
from rules.model import Change, Kind

if TYPE_CHECKING:
    KindName: TypeAlias = str
else:
    KindName = Literal[tuple(str(each) for each in Kind if each in OF_KIND and OF_KIND[each].shorthand)]


class Plain(Happening):
    """An event as the engine knows it, for what has no shorthand."""

    kind: KindName = Field(
        description="What it is about. (Decisions and times of day are made by the rules.)"
    )
    change: Literal["began", "goes_on", "ended", "noted"] = Field("noted", description="What happened to it.")
    at: TrialTime = Field(description="When.")
    subject: str = Field("", description="What it continues, e.g. track:17.")
    label: str | None = Field(None, description="Object class or signal name.")
    zones: list[Slug] = Field(default_factory=list, description="Zones that hold it.")
    score: Unit | None = Field(None, description="How sure.")
    box: tuple[float, float, float, float] | None = Field(
        None, description="x0, y0, x1, y1 in 0..1.", strict=False
    )


def _plain_events(plain: Plain, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    yield TrialEvent(
        clock(plain.at),
        Kind(plain.kind),
        Change(plain.change),
        camera,
        plain.subject,
        plain.label,
        tuple(plain.zones),
        plain.score,
        plain.box,
        plain.facts,
    )


#: What may stand under ``events:``, in the order in which authors are told of it.
SHORTHANDS: tuple[Shorthand, ...] = (
    *sorted((each.shorthand for each in TABLE if each.shorthand), key=lambda each: each.place),
    Shorthand("event", "Any event, spelt out.", 99, Plain, _plain_events),
)
_BY_KEY = {each.key: each for each in SHORTHANDS}
#: Keys of what comes from no camera unless it says so.
OF_SITE = frozenset(each.shorthand.key for each in TABLE if each.shorthand and each.of_site)


class _Cue(Written):
    """One thing that happens."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise problem("cue", known=", ".join(type(self).model_fields))
        return self

    @property
    def key(self) -> str:
        """Under which key it is told."""
        (key,) = self.model_fields_set
        return key

    @property
    def shorthand(self) -> Shorthand:
        """What is known of that key."""
        return _BY_KEY[self.key]

    @property
    def body(self) -> Happening:
        """What is told under it."""
        body: Happening = getattr(self, self.key)
        return body


_FIELDS: dict[str, Any] = {
    each.key: (each.body | None, Field(None, description=each.about)) for each in SHORTHANDS
}
if TYPE_CHECKING:
    Cue: TypeAlias = _Cue
else:
    Cue = create_model("Cue", __base__=_Cue, __doc__=_Cue.__doc__, __module__=__name__, **_FIELDS)
