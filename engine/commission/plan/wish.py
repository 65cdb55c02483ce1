"""A value that a feature should have, and what could not be wished for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drivers.contract import Feature, Value
from engine.commission.record import Change, Risk
from rules.model import Sentence

#: How far numbers may be apart and still be the same: devices round.
NEAR = 1e-3


@dataclass(frozen=True, slots=True)
class Wish:
    """One feature that is to be set.

    Attributes:
        before: None: it cannot be read.
    """

    feature: Feature
    value: Value
    before: Value | None = None
    risk: Risk = Risk.SAFE

    @property
    def change(self) -> Change:
        """The change that it makes, not sent yet."""
        return Change(
            feature=self.feature.id, before=fact(self.before), after=fact(self.value), risk=self.risk
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be set, and what is to be told: what the device does not have, or cannot do so."""

    wishes: tuple[Wish, ...] = ()
    told: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a device offers, and how it is set.

    Attributes:
        values: Present ones by id; what cannot be read is missing.
    """

    features: Sequence[Feature]
    values: Mapping[str, Value]

    def find(self, id: str) -> Feature | None:
        """Return a feature that can be written, None where there is none."""
        return next((each for each in self.features if each.id == id and each.writable), None)

    def wish(self, feature: Feature, value: Value, risk: Risk = Risk.SAFE) -> list[Wish]:
        """Return the wish for a value; none where it is right already."""
        before = self.values.get(feature.id)
        return [] if before is not None and same(before, value) else [Wish(feature, value, before, risk)]


def same(one: Value, other: Value) -> bool:
    """Return whether two values mean the same on a device."""
    if isinstance(one, (bool, str, datetime)) or isinstance(other, (bool, str, datetime)):
        text = isinstance(one, str) and isinstance(other, str)
        return str(one).strip() == str(other).strip() if text else one == other
    return abs(one - other) <= NEAR * max(1.0, abs(one))


def fact(value: Value | None) -> str | int | float | bool | None:
    """Return a value as a record has it."""
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
