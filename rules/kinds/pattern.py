"""The grammar that the patterns of all kinds share: what each may narrow, bounds, shares, names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from rules.document.scalars import OneOrMany, Slug, Written, problem, value_at

Label = Annotated[str, Field(min_length=1, max_length=100)]
Unit = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(ge=0)]


class Bounds(Written):
    """Bounds of a number; at least one of them."""

    above: float | None = Field(None, description="This much or more.")
    below: float | None = Field(None, description="Less than this.")

    @model_validator(mode="after")
    def _sensible(self) -> Bounds:
        if self.above is None and self.below is None:
            raise problem("range_empty")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise problem("range_order")
        return self


class Range(Bounds):
    """Bounds of a share or a score."""

    above: Unit | None = Field(None, description="This much or more (0..1).")
    below: Unit | None = Field(None, description="Less than this (0..1).")


class Pattern(Written):
    """What every pattern may narrow."""

    cameras: OneOrMany[Slug] | None = Field(None, description="Only on these cameras (ids); default: all.")
    groups: OneOrMany[Slug] | None = Field(None, description="Only on the cameras of these groups.")
    if_: Annotated[str, Field(min_length=1)] | None = Field(
        None, alias="if", description="An expression that must hold, e.g. score > 0.6 and hour < 6."
    )


def zones_of(pattern: Pattern) -> list[str] | None:
    """Return the zones in one of which an event must be; None: anywhere."""
    zones: list[str] | None = (
        value_at(pattern, "zone") or value_at(pattern, "inside") or value_at(pattern, "enters")
    )
    return zones


def apart(first: Pattern, later: Pattern, key: str) -> str:
    """Return the key where two patterns bound it so that nothing is within both; empty: something may be."""
    both = [each for each in (value_at(first, key), value_at(later, key)) if each is not None]
    lows = [each.above for each in both if each.above is not None]
    highs = [each.below for each in both if each.below is not None]
    return key if len(both) == 2 and lows and highs and max(lows) >= min(highs) else ""
