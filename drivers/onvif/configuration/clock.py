"""A device's clock: what it is, who sets it, by which server, and in which zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration.part import Send, Service, leaf, tag
from drivers.onvif.soap.client import read_clock
from drivers.onvif.soap.device_clock import posix_offset

CLOCK = Feature("time.clock", FeatureKind.MOMENT, FeatureCategory.TIME, readable=True, writable=True)
MODE = Feature(
    "time.mode",
    FeatureKind.CHOICE,
    FeatureCategory.TIME,
    choices=("manual", "ntp"),
    readable=True,
    writable=True,
)
#: Empty: the network tells one (DHCP), or nobody does.
NTP = Feature("time.ntp", FeatureKind.TEXT, FeatureCategory.TIME, most=253, readable=True, writable=True)
#: As POSIX writes it, and counts westwards: ``ICT-7`` is seven hours east of Greenwich.
ZONE = Feature("time.zone", FeatureKind.TEXT, FeatureCategory.TIME, most=128, readable=True, writable=True)


class Clock:
    """Sets the clock; what is not asked for stays as it is."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def features(self) -> tuple[Feature, ...]:
        """Ask whether it knows time servers; a clock and a zone every device has."""
        try:
            await self._service.ask("GetNTP")
        except (Unsupported, Malformed):
            return CLOCK, MODE, ZONE
        return CLOCK, MODE, ZONE, NTP

    async def read(self, feature: Feature) -> Value:
        """Return the time, who sets it, the server, or the zone."""
        if feature == NTP:
            return _server(await self._service.ask("GetNTP"))
        if feature == MODE:
            return "ntp" if _mode(await self._told()) == "NTP" else "manual"
        if feature == ZONE:
            return _zone(await self._told())
        return datetime.now(UTC) + await self._offset()

    async def write(self, feature: Feature, value: Value) -> None:
        """Set the time (by hand from now on), who sets it, the zone, or the server (who sets it from now on)."""
        for send in await self.prepare({feature: value}):
            await send()

    async def prepare(self, values: Mapping[Feature, Value]) -> list[Send]:
        """Return the calls that set them: the server's, then one for all that is the clock's.

        Raises:
            Unsupported: ``driver.value``: no zone that POSIX knows.
        """
        zone, server = values.get(ZONE), values.get(NTP)
        if zone is not None:
            await self._check_zone(str(zone))
        calls: list[Send] = []
        if server is not None:
            calls.append(partial(self._service.tell, "SetNTP", *_ntp(str(server))))
        mode, moment = values.get(MODE), values.get(CLOCK)
        if moment is not None:
            mode = mode or "manual"
        elif server:
            mode = mode or "ntp"  # a server that nobody asks sets no clock
        if mode is not None or zone is not None:
            calls.append(partial(self._set, mode, moment, zone))
        return calls

    async def _check_zone(self, zone: str) -> None:
        """Refuse what POSIX does not know, but for what the device itself says."""
        if posix_offset(zone) is None and zone != _zone(await self._told()):
            raise Unsupported("driver.value", feature=ZONE.id, value=zone, range="ICT-7, UTC-07:00")

    async def _told(self) -> etree._Element:
        return await self._service.ask("GetSystemDateAndTime")

    async def _offset(self) -> timedelta:
        offset = (await read_clock(self._service.soap.session)).offset
        if offset is None:
            raise Unsupported(host=self._service.soap.host, detail="no time")
        return offset

    async def _set(self, mode: Value | None, moment: Value | None, zone: Value | None) -> None:
        """Set what is given in one call, and hand back the rest as told; by hand, a device wants the time too."""
        told = await self._told()
        by_hand = mode == "manual" if mode is not None else _mode(told) != "NTP"
        if by_hand and not isinstance(moment, datetime):
            moment = await self._now()
        wanted = str(zone) if zone is not None else _zone(told)
        await self._service.tell(
            "SetSystemDateAndTime",
            leaf("q:DateTimeType", "Manual" if by_hand else "NTP"),
            leaf("q:DaylightSavings", xml.text(told, "DaylightSavings") or "false"),
            tag("q:TimeZone", leaf("t:TZ", wanted)) if wanted else "",
            _moment(moment) if by_hand and isinstance(moment, datetime) else "",
        )

    async def _now(self) -> datetime | None:
        """Return the time that the device goes by: one that tells its local time as UTC would be set wrong by it."""
        if self._service.soap.by_true_time:
            return datetime.now(UTC)
        offset = (await read_clock(self._service.soap.session)).offset
        return datetime.now(UTC) + offset if offset is not None else None


def _zone(told: etree._Element) -> str:
    return xml.text(told, "TimeZone", "TZ")[:128]


def _mode(told: etree._Element) -> str:
    return xml.text(told, "DateTimeType").upper()


def _moment(moment: datetime) -> str:
    at = moment.astimezone(UTC) + timedelta(seconds=0.5)  # devices know whole seconds
    time = (
        leaf(f"t:{name}", value) for name, value in zip(_TIME, (at.hour, at.minute, at.second), strict=True)
    )
    date = (leaf(f"t:{name}", value) for name, value in zip(_DATE, (at.year, at.month, at.day), strict=True))
    return tag("q:UTCDateTime", tag("t:Time", *time), tag("t:Date", *date))


_TIME, _DATE = ("Hour", "Minute", "Second"), ("Year", "Month", "Day")


def _server(told: etree._Element) -> str:
    manual = xml.find(told, "NTPManual")
    names = ("DNSname", "IPv4Address", "IPv6Address")
    return next(filter(None, (xml.text(manual, name) for name in names)), "")


def _ntp(server: str) -> tuple[str, ...]:
    if not server:
        return (leaf("q:FromDHCP", "true"),)
    try:
        kind = f"IPv{ip_address(server).version}"
    except ValueError:
        kind = "DNS"
    name = "t:DNSname" if kind == "DNS" else f"t:{kind}Address"
    return leaf("q:FromDHCP", "false"), tag("q:NTPManual", leaf("t:Type", kind), leaf(name, server))
