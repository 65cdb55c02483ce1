"""Four points on the ground, as they are written."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field, Strict, model_validator

from rules.document.scalars import Written, problem
from rules.ground import Ground, Scale, Width

_Unit = Annotated[float, Field(ge=0, le=1)]
_Corner = Annotated[tuple[_Unit, _Unit], Strict(False)]
_Metres = Annotated[float, Field(gt=0, le=10_000)]


class GroundSpec(Written):
    """A rectangle on the ground (a parking bay, a piece of a lane, a court) that two lengths tell all about."""

    points: Annotated[list[_Corner], Field(min_length=4, max_length=4)] = Field(
        description="Its four corners [x, y] in the picture, in 0..1 from the top left, in their order around it."
    )
    width: _Metres = Field(description="Metres from the first corner to the second.")
    length: _Metres = Field(description="Metres from the second corner to the third.")

    @model_validator(mode="after")
    def _seen_from_above(self) -> GroundSpec:
        if (flaw := self.ground.flaw) is not None:
            raise problem(f"ground_{flaw}", steps=("points",))
        return self

    @cached_property
    def ground(self) -> Ground:
        """What it makes metres with."""
        return Ground(self.points, self.width, self.length)


def scale_of(ground: GroundSpec | None, metres_per_width: float | None) -> Scale | None:
    """Return what makes metres of a camera's picture: its ground goes before its width; None: nothing does."""
    if ground is not None:
        return ground.ground
    return None if metres_per_width is None else Width(metres_per_width)
