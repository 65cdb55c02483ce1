"""What somebody types to look for something: ``người "cổng chính" camera:gate,yard -rule:xe since:22:00``. Pure.

Words must be in the entry's text, fields as they are named; ``-`` before either: not so. Several values: any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.errors import Because, Refusal
from engine.store.search.sought import FIELDS, Words

#: Beside `FIELDS`: a group of cameras, and times.
OTHERS: Final = ("group", "since", "until", "is")
_TOKEN = re.compile(r'(-?)(?:(\w+):)?(?:"([^"]*)"?|(\S+))')
_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Named:
    """Values of a field, any of which is meant; `never`: none of them is."""

    field: str
    values: tuple[str, ...]
    never: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """What somebody typed, before anybody knows which cameras there are."""

    fields: tuple[Named, ...] = ()
    words: tuple[Words, ...] = ()
    without: tuple[Words, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


def read(text: str, now: datetime, zone: ZoneInfo) -> Phrase:
    """Return what is looked for.

    Args:
        now: Up to when (UTC); `zone`: in which a time is meant.

    Raises:
        Refusal: A time is none.
    """
    fields: list[Named] = []
    words: list[Words] = []
    without: list[Words] = []
    times: dict[str, str] = {}
    for minus, field, quoted, plain in _tokens(text):
        never = bool(minus)
        if field in ("since", "until") and not never:
            times[field] = quoted or plain
        elif field in (*FIELDS, "group", "is"):
            values = (quoted,) if quoted else tuple(filter(None, plain.split(",")))
            fields += [Named(field, values, never)] if values else []
        elif (said := Words.of(quoted or plain, whole=bool(quoted))) is not None:
            (without if never else words).append(said)
    since = moment(times["since"], now, zone) if "since" in times else None
    until = moment(times["until"], now, zone, after=since) if "until" in times else None
    return Phrase(tuple(fields), tuple(words), tuple(without), since, until)


def _tokens(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield minus, field, what stood in quotes, what stood without; a name that is no field is a word."""
    for found in _TOKEN.finditer(text):
        minus, field, quoted, plain = found.groups(default="")
        if field and field not in (*FIELDS, *OTHERS):
            field, plain, quoted = "", f"{field}:{quoted or plain}", ""
        yield minus, field, quoted, plain


def moment(word: str, now: datetime, zone: ZoneInfo, *, after: datetime | None = None) -> datetime:
    """Return the moment that is meant (UTC): ``22:00`` (the last one, or the first one `after`), ``2h`` ago, a date.

    Raises:
        Refusal: It is none.
    """
    if ago := _AGO.fullmatch(word):
        try:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        except OverflowError:
            raise Refusal(Because.INVALID, "search.bad_time", word=word) from None
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", word):
            return _clock(word, now, zone, after)
        at = datetime.fromisoformat(word)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(Because.INVALID, "search.bad_time", word=word) from None


def _clock(word: str, now: datetime, zone: ZoneInfo, after: datetime | None) -> datetime:
    hour, _, minute = word.partition(":")
    local = (now if after is None else after).astimezone(zone)
    at = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    if after is None and at > local:
        at -= timedelta(days=1)
    elif after is not None and at <= local:
        at += timedelta(days=1)
    return at.astimezone(UTC)
