"""What time a device thinks it is, by whatever it tells of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.onvif import xml
from drivers.onvif.soap import device_clock

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def answer(utc: datetime | None, here: datetime | None = None, zone: str = "") -> Any:
    def told(name: str, at: datetime | None) -> str:
        if at is None:
            return ""
        date = f"<Date><Year>{at.year}</Year><Month>{at.month}</Month><Day>{at.day}</Day></Date>"
        time = f"<Time><Hour>{at.hour}</Hour><Minute>{at.minute}</Minute><Second>{at.second}</Second></Time>"
        return f"<{name}>{time}{date}</{name}>"

    body = (
        f"<TimeZone><TZ>{escape(zone)}</TZ></TimeZone>"
        + told("UTCDateTime", utc)
        + told("LocalDateTime", here)
    )
    return xml.parse(f"<Envelope>{body}</Envelope>".encode())


HALF = timedelta(seconds=0.5)


def test_clock_by_utc() -> None:
    told = device_clock.judge(answer(NOW - timedelta(minutes=5)), "", NOW)
    off = HALF - timedelta(minutes=5)
    assert told == device_clock.DeviceClock(
        off, {device_clock.ClockReading.TOLD: off, device_clock.ClockReading.TRUE: timedelta()}
    )
    assert told.order("") == ("told", "true")
    assert told.order("true") == ("true", "told")
    assert told.order("local") == ("told", "true")


@pytest.mark.parametrize("zone", ["ICT-7", "UTC-07:00", "<+07>-7", "-7"])
def test_clock_by_local_time_and_zone(zone: str) -> None:
    here = (NOW + timedelta(hours=7)).replace(tzinfo=UTC)
    assert device_clock.judge(answer(None, here, zone), "", NOW).offset == HALF


def test_clock_by_http_date() -> None:
    told = device_clock.judge(answer(None), "Sun, 01 Mar 2026 11:59:00 GMT", NOW)
    assert told.readings[device_clock.ClockReading.TOLD] == HALF - timedelta(minutes=1)


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Foo 2026"])
def test_no_clock(date: str) -> None:
    assert device_clock.judge(answer(None), date, NOW) == device_clock.DeviceClock()


def test_local_time_told_as_utc_is_not_signed_with() -> None:
    """OpenIPC and others: the device checks with true UTC, so signing with what it tells fails by hours."""
    wrong = NOW + timedelta(hours=7)
    told = device_clock.judge(answer(wrong, wrong, "ICT-7"), "", NOW)
    assert told.offset == timedelta(hours=7) + HALF
    assert told.order("")[0] == device_clock.ClockReading.TRUE


@given(st.text(max_size=20))
def test_zones_raise_nothing(zone: str) -> None:
    device_clock.posix_offset(zone)
