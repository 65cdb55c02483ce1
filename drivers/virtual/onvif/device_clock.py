"""The clock part of ONVIF device management: date and time, zone, time servers."""

from __future__ import annotations

from datetime import UTC, datetime

from drivers.virtual.onvif.device_network import HOST_NAME, IPV4
from drivers.virtual.onvif.service import OnvifService, ServiceRequest, answers
from drivers.virtual.onvif.soap import NS, Element, el, invalid, text
from drivers.virtual.spec import CameraClock, zone_offset

#: Years that the clock can be set to; beyond them the calendar ends.
FIRST_YEAR, LAST_YEAR = 1970, 2100
#: Time servers that are kept.
MOST_SERVERS = 4


class DeviceClock(OnvifService):
    """Tells and sets the camera's clock.

    Args:
        local_as_utc: Tell the local time as if it were UTC.
    """

    path = "/onvif/device_service"
    prefix = "tds"

    def __init__(self, clock: CameraClock, *, local_as_utc: bool = False) -> None:
        self._clock, self._local_as_utc = clock, local_as_utc
        self._servers: list[str] = []
        self._from_dhcp = True

    @answers("tds:GetSystemDateAndTime", before_login=True)
    def system_date_and_time(self, request: ServiceRequest) -> Element:
        """Tell the camera's clock."""
        local = self._clock.local()
        told = el(
            "tds:SystemDateAndTime",
            el("tt:DateTimeType", "NTP" if self._clock.follows else "Manual"),
            el("tt:DaylightSavings", "false"),
            el("tt:TimeZone", el("tt:TZ", self._clock.zone)),
            _date_time("tt:UTCDateTime", local if self._local_as_utc else self._clock.wall()),
            _date_time("tt:LocalDateTime", local),
        )
        return el("tds:GetSystemDateAndTimeResponse", told)

    @answers("tds:SetSystemDateAndTime")
    def set_system_date_and_time(self, request: ServiceRequest) -> Element:
        """Set the clock to UTCDateTime, or let a time server set it: that takes some seconds."""
        body = request.body
        kind = text(body, "tds:DateTimeType")
        zone = text(body, "tds:TimeZone/tt:TZ", self._clock.zone)
        if zone_offset(zone) is None:
            raise invalid("ter:InvalidTimeZone", f"no POSIX time zone: {zone!r}")
        if kind == "NTP":
            self._clock.follow()
        elif kind != "Manual":
            raise invalid("ter:InvalidDateTime", f"no DateTimeType {kind!r}")
        elif body.find("tds:UTCDateTime", NS) is not None:
            self._clock.set(_read_date_time(body))
        else:
            self._clock.follow(False)
        self._clock.zone = zone
        return el("tds:SetSystemDateAndTimeResponse")

    @answers("tds:GetNTP")
    def ntp(self, request: ServiceRequest) -> Element:
        """Tell the time servers, if there are any."""
        servers = [_server("tt:NTPManual", each) for each in self._servers]
        told = el("tds:NTPInformation", el("tt:FromDHCP", str(self._from_dhcp).lower()), *servers)
        return el("tds:GetNTPResponse", told)

    @answers("tds:SetNTP")
    def set_ntp(self, request: ServiceRequest) -> Element:
        """Take other time servers; whether one is followed says SetSystemDateAndTime."""
        from_dhcp = text(request.body, "tds:FromDHCP") in ("true", "1")
        given = [] if from_dhcp else request.body.findall("tds:NTPManual", NS)
        servers = [_named(each) for each in given]
        for server in servers:
            if len(server) > 253 or not HOST_NAME.fullmatch(server):
                raise invalid("ter:InvalidDnsName", f"{server!r} is no host")
        if len(servers) > MOST_SERVERS:
            raise invalid("ter:InvalidArgs", f"more than {MOST_SERVERS} time servers")
        self._servers, self._from_dhcp = servers, from_dhcp
        return el("tds:SetNTPResponse")


def _named(element: Element) -> str:
    parts = (text(element, f"tt:{name}", "") for name in ("DNSname", "IPv4Address"))
    return next(filter(None, parts), "")


def _server(name: str, server: str) -> Element:
    kind, part = ("IPv4", "tt:IPv4Address") if IPV4.fullmatch(server) else ("DNS", "tt:DNSname")
    return el(name, el("tt:Type", kind), el(part, server))


def _date_time(name: str, at: datetime) -> Element:
    time = el("tt:Time", *_numbers(Hour=at.hour, Minute=at.minute, Second=at.second))
    date = el("tt:Date", *_numbers(Year=at.year, Month=at.month, Day=at.day))
    return el(name, time, date)


def _numbers(**values: int) -> list[Element]:
    return [el(f"tt:{key}", str(value)) for key, value in values.items()]


def _read_date_time(body: Element) -> datetime:
    try:
        year, month, day = (
            int(text(body, f"tds:UTCDateTime/tt:Date/tt:{k}")) for k in ("Year", "Month", "Day")
        )
        times = (text(body, f"tds:UTCDateTime/tt:Time/tt:{k}") for k in ("Hour", "Minute", "Second"))
        hour, minute, second = (int(float(part)) for part in times)
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ValueError(year)
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid("ter:InvalidDateTime", "not a date and time") from None
