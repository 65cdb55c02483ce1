"""A licence plate that was read: by a camera that tells it, or in a trial."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from rules import plates
from rules.document.scalars import OneOrMany, Slug
from rules.kinds.fact_types import HEAD, TEXT, unnamed
from rules.kinds.pattern import Label, Pattern, Range, Unit
from rules.kinds.record import EventKind, named
from rules.kinds.shorthand import Clock, Happening, Shorthand, TrialEvent, TrialTime, plural
from rules.model import Change, Kind


class PlatePattern(Pattern):
    """A licence plate that was read."""

    plate: OneOrMany[Label] = Field(
        description='Plate(s) in quotes, without spaces, dots and dashes, e.g. "29E12345"; `any`: every one.'
    )
    score: Range | None = Field(
        None, description="How sure the reader is, 0..1; a device that does not say it never matches."
    )


class Plate(Happening):
    """A licence plate that is read."""

    text: Label = Field(description='The plate, in quotes, e.g. "29E12345".')
    at: TrialTime = Field(description="When.")
    zone: OneOrMany[Slug] | None = Field(None, description="Zone(s) in which it is read.")
    score: Unit | None = Field(0.9, description="How sure the reader is.")


def _events(plate: Plate, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    text, now, zones = plates.plain(plate.text), clock(plate.at), plural(plate.zone)
    facts = {"plate": text, **plate.facts}
    subject = f"plate:{text}"
    yield TrialEvent(now, Kind.PLATE, Change.NOTED, camera, subject, text, zones, plate.score, facts=facts)


PLATE = EventKind(
    kind=Kind.PLATE,
    pattern=PlatePattern,
    any_is_offered=True,
    lasts=False,
    changes=lambda _: frozenset({Change.NOTED, Change.BEGAN}),
    subject=named("reason.plate"),
    facts={**HEAD, **unnamed("camera", "label", "score"), "plate": TEXT},
    label_fact="plate",
    label_form=plates.plate_like,
    always=frozenset({"camera", "label"}),
    asks={"score": ("score",)},
    keys=frozenset({"plate", "label", "camera"}),
    own_camera=True,
    shorthand=Shorthand("plate", "A licence plate that is read.", 6, Plate, _events),
)
