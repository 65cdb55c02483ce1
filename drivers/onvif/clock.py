"""What time a device thinks it is: needed before the first login, because logins are signed with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from lxml import etree

from drivers.onvif import xml

#: Devices tell whole seconds, cut off: on average half a second has passed since.
_CUT = timedelta(seconds=0.5)
#: Two times that are this near are the same.
_SAME = timedelta(minutes=2)
#: A clock that is off by less is accepted by every device that we know of.
_NEAR = timedelta(seconds=5)
_POSIX = re.compile(r"(?:<[^>]+>|[A-Za-z]+)?(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::(?P<minutes>\d{2}))?")


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """A device's clock against ours.

    Attributes:
        offset: Device minus host, as it tells; None when it does not tell.
        signing: What to add to our time when signing.
        other: Another reading of what it told, to sign with where the first is refused; None where there is none.
    """

    offset: timedelta | None = None
    signing: timedelta = timedelta()
    other: timedelta | None = None


def judge(answer: etree._Element, date: str, now: datetime) -> DeviceClock:
    """Return the clock told by GetSystemDateAndTime or, failing that, by the HTTP ``Date`` header.

    Args:
        answer: The answer's envelope.
        date: The header, may be empty.
        now: Our aware UTC at the middle of the call.
    """
    zone = posix_offset(xml.text(answer, "TimeZone", "TZ")) or timedelta()
    told, here = _moment(answer, "UTCDateTime"), _moment(answer, "LocalDateTime")
    if told is None and here is not None:
        told = here - zone
    if told is None:
        told = _http_date(date)
    if told is None:
        return DeviceClock()
    offset = told + _CUT - now
    if zone and abs(offset - zone) < _SAME and (here is None or abs(here - told) < _SAME):
        # Some firmware tells its local time as UTC but signs and checks with true UTC (OpenIPC).
        return DeviceClock(offset, timedelta(), offset)
    return DeviceClock(offset, offset, _other(offset, zone))


def _other(offset: timedelta, zone: timedelta) -> timedelta | None:
    """Return what a device may go by that does not go by what it tells.

    By true time, where it tells another one: whatever it got wrong was the telling. By its local time, where
    what it tells is true.
    """
    if abs(offset) > _NEAR:
        return timedelta()
    return offset + zone if zone else None


def shown(offset: timedelta) -> str:
    """Return an offset as people read it in any language: ``+07:00:00``, hours first, however many."""
    seconds = round(abs(offset).total_seconds())
    sign = "-" if offset < timedelta() else "+"
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def posix_offset(zone: str) -> timedelta | None:
    """Return what a POSIX time zone (``ICT-7``, ``UTC-07:00``) adds to UTC; POSIX counts westwards."""
    match = _POSIX.match(zone.strip())
    if match is None:
        return None
    size = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    return size if match["sign"] == "-" else -size


def _moment(answer: etree._Element, name: str) -> datetime | None:
    node = xml.find(answer, name)
    if node is None:
        return None
    parts = [xml.text(node, part) for part in ("Year", "Month", "Day", "Hour", "Minute", "Second")]
    try:
        year, month, day, hour, minute, second = (int(part) for part in parts)
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def _http_date(date: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    return told.astimezone(UTC) if told.tzinfo else None
