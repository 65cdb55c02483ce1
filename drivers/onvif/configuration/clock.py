"""A device's clock: what it is, who sets it, and by which server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration.part import Service, leaf, tag
from drivers.onvif.soap.client import read_clock

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


class Clock:
    """Sets the clock; its time zone stays as it is."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def features(self) -> tuple[Feature, ...]:
        """Ask whether it knows time servers; a clock every device has."""
        try:
            await self._service.ask("GetNTP")
        except (Unsupported, Malformed):
            return CLOCK, MODE
        return CLOCK, MODE, NTP

    async def read(self, feature: Feature) -> Value:
        """Return the time, who sets it, or the server."""
        if feature == NTP:
            return _server(await self._service.ask("GetNTP"))
        if feature == MODE:
            return "ntp" if _mode(await self._told()) == "NTP" else "manual"
        return datetime.now(UTC) + await self._offset()

    async def write(self, feature: Feature, value: Value) -> None:
        """Set the time (by hand from now on), who sets it, or the server."""
        if feature == NTP:
            await self._service.tell("SetNTP", *_ntp(str(value)))
        elif value == "ntp":
            await self._set("NTP", None)
        else:
            moment = value if isinstance(value, datetime) else datetime.now(UTC) + await self._offset()
            await self._set("Manual", moment)

    async def _told(self) -> etree._Element:
        return await self._service.ask("GetSystemDateAndTime")

    async def _offset(self) -> timedelta:
        offset = (await read_clock(self._service.soap.session)).offset
        if offset is None:
            raise Unsupported(host=self._service.soap.host, detail="no time")
        return offset

    async def _set(self, mode: str, moment: datetime | None) -> None:
        told = await self._told()
        zone = xml.text(told, "TimeZone", "TZ")
        await self._service.tell(
            "SetSystemDateAndTime",
            leaf("q:DateTimeType", mode),
            leaf("q:DaylightSavings", xml.text(told, "DaylightSavings") or "false"),
            tag("q:TimeZone", leaf("t:TZ", zone)) if zone else "",
            _moment(moment) if moment else "",
        )


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
