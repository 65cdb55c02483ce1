"""Typed parameters of templates: what a blueprint's author asks of whoever uses it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, PydanticUserError, TypeAdapter, ValidationError, model_validator

from rules.document.scalars import Duration, EdgeOfDay, Slug, Written, problem
from rules.model import Fact

Type = Literal[
    "text", "number", "switch", "duration", "time", "camera", "cameras", "zone", "line", "label", "list"
]
TYPES: tuple[str, ...] = get_args(Type)
_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "text": TypeAdapter(str), "number": TypeAdapter(float), "switch": TypeAdapter(bool),
    "duration": TypeAdapter(Duration), "time": TypeAdapter(EdgeOfDay), "camera": TypeAdapter(Slug),
    "cameras": TypeAdapter(list[Slug]), "zone": TypeAdapter(str), "line": TypeAdapter(str),
    "label": TypeAdapter(str | list[str]), "list": TypeAdapter(list[Any]),
}  # fmt: skip


class Parameter(Written):
    """What a template asks for."""

    type: Type = Field(description="What must be given: text, number, duration, camera, zone, ...")
    default: Any = Field(None, description="What it is where nothing is given; without one it must be given.")
    about: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="What it is for, for whoever uses it."
    )
    min: float | None = Field(None, description="Of a number or a duration in seconds: no less.")
    max: float | None = Field(None, description="Of a number or a duration in seconds: no more.")
    one_of: Annotated[list[Fact], Field(min_length=1)] | None = Field(
        None, description="One of these values."
    )

    @model_validator(mode="after")
    def _fits(self) -> Parameter:
        if self.default is not None and wrong(self, self.default):
            raise problem("parameter_type", steps=("default",), type=told(self))
        return self


def typed(written: object) -> Parameter | None:
    """Return a typed parameter; None: it is a plain one, whose value is its default."""
    if not isinstance(written, dict) or "type" not in written:
        return None
    try:
        return Parameter.model_validate(written)
    except ValidationError:  # told where the template is written
        return None


def wrong(parameter: Parameter, value: object) -> bool:
    """Return whether a value is none that a parameter takes."""
    if isinstance(value, str) and value.startswith("$"):
        return False  # a named value: looked at where it is used
    if parameter.one_of is not None and value not in parameter.one_of:
        return True
    try:
        if parameter.type == "number" and isinstance(value, bool):
            return True
        read = _ADAPTERS[parameter.type].validate_python(value, strict=parameter.type in ("text", "switch"))
    except (ValidationError, PydanticUserError):
        return True
    if not isinstance(read, (int, float)) or isinstance(read, bool):
        return False
    return (parameter.min is not None and read < parameter.min) or (
        parameter.max is not None and read > parameter.max
    )


def told(parameter: Parameter) -> str:
    """Return in a few signs what a parameter takes."""
    if parameter.one_of is not None:
        return ", ".join(map(str, parameter.one_of))
    low = "" if parameter.min is None else f" ≥ {parameter.min:g}"
    high = "" if parameter.max is None else f" ≤ {parameter.max:g}"
    return f"{parameter.type}{low}{high}"
