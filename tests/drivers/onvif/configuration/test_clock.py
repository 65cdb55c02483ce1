"""The clock's parts are set alone or together; what is not asked for goes back as it was told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from drivers import onvif
from drivers.contract import Target, Value
from drivers.errors import Unsupported
from drivers.onvif.device import OnvifDevice
from tests.drivers.onvif.conftest import Scripted, envelope, moment


def clock(mode: str, zone: str) -> str:
    told = moment("UTCDateTime", datetime.now(UTC))
    return envelope(
        f"<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>{mode}</tt:DateTimeType>"
        f"<tt:DaylightSavings>true</tt:DaylightSavings><tt:TimeZone><tt:TZ>{zone}</tt:TZ></tt:TimeZone>{told}"
        "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


@pytest.fixture
async def device(scripted: Scripted) -> AsyncIterator[OnvifDevice]:
    scripted.answers |= {
        "GetSystemDateAndTime": clock("Manual", "CST-8"),
        "SetSystemDateAndTime": envelope("<tds:SetSystemDateAndTimeResponse/>"),
        "GetNTP": envelope("<tds:GetNTPResponse/>"),
        "SetNTP": envelope("<tds:SetNTPResponse/>"),
    }
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        yield device


def sent(scripted: Scripted) -> list[str]:
    return [each.body for each in scripted.asked if each.operation.startswith("Set")]


async def test_a_zone_goes_with_all_else_of_the_clock(scripted: Scripted, device: OnvifDevice) -> None:
    assert await device.read("time.zone") == "CST-8"
    await device.write("time.zone", "ICT-7")
    (told,) = sent(scripted)
    assert "TZ>ICT-7<" in told
    assert "DateTimeType>Manual<" in told
    assert "DaylightSavings>true<" in told
    assert f"Year>{datetime.now(UTC).year}<" in told
    scripted.answers["GetSystemDateAndTime"] = clock("NTP", "CST-8")
    await device.write("time.zone", "UTC-07:00")
    assert "DateTimeType>NTP<" in sent(scripted)[1]
    assert "UTCDateTime" not in sent(scripted)[1]


async def test_a_server_is_followed_once_it_is_named(scripted: Scripted, device: OnvifDevice) -> None:
    await device.write("time.ntp", "vn.pool.ntp.org")
    server, mode = sent(scripted)
    assert "DNSname>vn.pool.ntp.org<" in server
    assert "DateTimeType>NTP<" in mode
    assert "TZ>CST-8<" in mode
    await device.write("time.ntp", "")
    assert len(sent(scripted)) == 3


@pytest.mark.parametrize(
    ("values", "mode"),
    [
        ({"time.ntp": "192.0.2.1", "time.mode": "manual"}, "Manual"),
        ({"time.ntp": "192.0.2.1", "time.zone": "ICT-7"}, "NTP"),
        ({"time.clock": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "time.zone": "ICT-7"}, "Manual"),
        ({"time.clock": datetime(2026, 1, 2, tzinfo=UTC), "time.mode": "ntp"}, "NTP"),
    ],
)
async def test_together_is_one_call_of_the_clock(
    scripted: Scripted, device: OnvifDevice, values: dict[str, Value], mode: str
) -> None:
    await device.write_together(values)
    clocks = [each for each in sent(scripted) if "DateTimeType" in each]
    assert len(clocks) == 1
    assert f"DateTimeType>{mode}<" in clocks[0]


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "", "nonsense"])
async def test_what_posix_does_not_know_is_not_sent(
    scripted: Scripted, device: OnvifDevice, zone: str
) -> None:
    with pytest.raises(Unsupported) as caught:
        await device.write_together({"time.ntp": "192.0.2.1", "time.zone": zone})
    assert caught.value.values["range"] == "ICT-7, UTC-07:00"
    assert sent(scripted) == []


async def test_what_the_device_says_itself_can_go_back(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetSystemDateAndTime"] = clock("NTP", "Asia/Bangkok")
    await device.write("time.zone", "Asia/Bangkok")
    assert "TZ>Asia/Bangkok<" in sent(scripted)[0]
