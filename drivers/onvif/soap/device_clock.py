"""What time a device thinks it is: needed before the first login, because logins are signed with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from lxml import etree

from drivers.onvif import xml

#: Devices tell whole seconds, cut off: on average half a second has passed since.
_CUT = timedelta(seconds=0.5)
#: Two times that are this near are the same.
_SAME = timedelta(minutes=2)
#: A clock that is off by less is accepted by every device that we know of.
_NEAR = timedelta(seconds=5)
_POSIX = re.compile(r"(?:<[^>]+>|[A-Za-z]+)?(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::(?P<minutes>\d{2}))?")


class ClockReading(StrEnum):
    """What a device's clock goes by."""

    TRUE = "true"  #: true time, whatever it tells
    TOLD = "told"  #: the time that it tells
    LOCAL = "local"  #: its local time, where it tells true time


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """A device's clock against ours.

    Attributes:
        offset: Device minus host, as it tells; None when it does not tell.
        readings: What to add to our time when signing, by what the device may go by: the likely one, and perhaps
            another to sign with where the first is refused.
    """

    offset: timedelta | None = None
    readings: Mapping[ClockReading, timedelta] = field(
        default_factory=lambda: {ClockReading.TRUE: timedelta()}
    )

    def order(self, known: str) -> tuple[ClockReading, ...]:
        """Return the readings, first the one that is known to work, if it is among them."""
        return tuple(sorted(self.readings, key=lambda each: each != known))


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
        return DeviceClock(offset, {ClockReading.TRUE: timedelta(), ClockReading.TOLD: offset})
    # Another may go by true time, where it tells another one: whatever it got wrong was the telling. By its local
    # time, where what it tells is true.
    told_only = {ClockReading.TOLD: offset}
    if abs(offset) > _NEAR:
        return DeviceClock(offset, told_only | {ClockReading.TRUE: timedelta()})
    return DeviceClock(offset, told_only | ({ClockReading.LOCAL: offset + zone} if zone else {}))


def guess(date: str, now: datetime) -> DeviceClock:
    """Return the clock of a device that tells no time: ours, and failing that its answer's HTTP ``Date``."""
    told = _http_date(date)
    offset = told + _CUT - now if told is not None else timedelta()
    other = {ClockReading.TOLD: offset} if abs(offset) > _NEAR else {}
    return DeviceClock(readings={ClockReading.TRUE: timedelta()} | other)


def offset_text(offset: timedelta) -> str:
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
