"""Kinds of value that a YAML author writes: names, durations, times of day, one-or-many.

Each is checked with an error code of its own (a sentence, not a regular expression, is what an author
wants to read) and shows itself in JSON Schema, so that an editor checks the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from rules.dates import PATTERN, DayRule
from rules.document import suggestions
from rules.schedule import SunTime

T = TypeVar("T")


class Written(BaseModel):
    """Base of everything that is written in YAML: unknown keys are errors, nothing is coerced from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def value_at(written: object, key: str) -> Any:
    """Return what a model says under a key that its kind may not have; None: it has not.

    `getattr` would raise within pydantic first: ten times as dear, for each of thousands of rules.
    """
    return vars(written).get(key)


@dataclass(frozen=True, slots=True)
class Matches:
    """Text of a given pattern; `code` is the sentence for text that is not, `hint` what was probably meant."""

    pattern: str
    code: str
    hint: Callable[[str], str] = field(default=lambda text: "")

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}

    def _check(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) is None:
            raise problem(self.code, suggestion=self.hint(text))
        return text


@dataclass(frozen=True, slots=True)
class Parsed:
    """Text that is read into another value; an editor sees text of `pattern`."""

    read: Callable[[object], object]
    pattern: str
    examples: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": self.pattern, "examples": list(self.examples)}


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that may be written as its one item; an editor sees both."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}

    @staticmethod
    def _read(value: object) -> object:
        return value if isinstance(value, list) else [value]


def problem(code: str, /, **values: object) -> PydanticCustomError:
    """Return the error of a check of ours: ``problem.<code>`` is its sentence.

    `suggestion` and `severity` are taken out of the values; `steps` lead from the checked value to the
    place that is wrong, `within` characters into a text to the one that is.
    """
    kind: Any = code  # pydantic wants a literal, and passes any text on
    return PydanticCustomError(kind, "{code}", {"code": code, **values})


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+"
_SUN = rf"(sunrise|sunset)(?:([+-])({_DURATION}))?"
_TERM = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
#: Longest duration: ten years. Beyond it somebody meant something else.
LONGEST = 3650 * 86400.0


def seconds(written: object) -> float:
    """Read ``2s``, ``5m``, ``1h30m`` into seconds; a number that was read before passes."""
    if isinstance(written, float):
        return written
    text = str(written) if isinstance(written, (str, int)) and not isinstance(written, bool) else ""
    if re.fullmatch(_DURATION, text) is None:
        raise problem("duration", suggestion=suggestions.duration(written))
    total = sum(float(number) * _UNITS[unit] for number, unit in _TERM.findall(text))
    if not 0 < total <= LONGEST:
        raise problem("duration_range")
    return total


def minute_of_day(written: object) -> int:
    """Read ``22:30`` into minutes since midnight; ``24:00`` is the end of the day."""
    if isinstance(written, int) and not isinstance(written, bool):
        return written
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", written) if isinstance(written, str) else None
    hour, minute = (int(found[1]), int(found[2])) if found else (99, 0)
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise problem("clock")
    return hour * 60 + minute


def edge_of_day(written: object) -> object:
    """Read ``22:30``, ``sunset`` or ``sunrise+30m``."""
    found = re.fullmatch(_SUN, written) if isinstance(written, str) else None
    if found is None:
        return written if isinstance(written, SunTime) else minute_of_day(written)
    offset = round(seconds(found[3]) / 60) if found[3] else 0
    event: Any = found[1]  # the pattern admits these two alone
    return SunTime(event, -offset if found[2] == "-" else offset)


def local_moment(written: object) -> object:
    """Read ``2026-12-05T06:00``, also with a blank between, or a date: its midnight; without a zone."""
    if isinstance(written, datetime):
        return written
    try:
        read = datetime.fromisoformat(written if isinstance(written, str) else "")
    except ValueError:
        raise problem("local_moment") from None
    if read.tzinfo is not None:
        raise problem("local_moment")
    return read


def last_moment(written: object) -> object:
    """Read a time of a date, or a date: the end of that day."""
    read = local_moment(written)
    whole = isinstance(written, str) and len(written) == len("2026-12-31")
    return read + timedelta(days=1) if whole and isinstance(read, datetime) else read


#: An immutable name.
Slug = Annotated[str, Matches(r"[a-z0-9][a-z0-9-]{0,62}", "slug", suggestions.slug)]
#: Seconds, written ``2s``, ``5m``, ``1h30m``.
Duration = Annotated[float, Parsed(seconds, f"^{_DURATION}$", ("2s", "5m", "1h30m"))]
#: Minutes since midnight, written ``22:30``.
TimeOfDay = Annotated[int, Parsed(minute_of_day, "^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$", ("22:30",))]
#: A time of day that may move with the sun.
EdgeOfDay = Annotated[
    Any,  # an int or a `SunTime`: read by `edge_of_day`, which lets nothing else through
    Parsed(
        edge_of_day,
        rf"^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$|^(sunrise|sunset)(?:[+-]{_DURATION})?$",
        ("22:30", "sunset-30m"),
    ),
]
#: A time of a date by the site's clock, written ``2026-12-05T06:00``.
_MOMENT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$"
LocalMoment = Annotated[datetime, Parsed(local_moment, _MOMENT, ("2026-12-05T06:00",))]
#: The first moment after one that is written as the last date, or as a time of a date.
LastMoment = Annotated[datetime, Parsed(last_moment, _MOMENT, ("2026-12-31",))]


def feast(written: object) -> object:
    """Read a word for days that is no weekday: a date, one that comes each year, one of the lunar calendar."""
    try:
        return DayRule.of(written if isinstance(written, str) else "").word
    except ValueError:
        raise problem("feast") from None


#: A date, or a word for dates that come again (`rules.dates`): 2027-01-01, 04-30, tet, lunar-3-10.
Feast = Annotated[str, Parsed(feast, f"^(?:{PATTERN})$", ("2027-01-01", "04-30", "tet"))]
#: A value that may be written alone or as a list; read as a list, never empty.
OneOrMany = Annotated[list[T], Field(min_length=1), Listed()]
