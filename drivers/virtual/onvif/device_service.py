"""ONVIF device management of the virtual camera."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from drivers.virtual.onvif.service import OnvifService, ServiceRequest, answers
from drivers.virtual.onvif.soap import NS, Element, SoapFault, el, invalid, text
from drivers.virtual.spec import CameraClock, CameraSpec

INTERFACE = "eth0"
#: Years that the clock can be set to; beyond them the calendar ends.
FIRST_YEAR, LAST_YEAR = 1970, 2100
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9-]{1,63})*")
_CONFIGURABLE = re.compile(r"onvif://www\.onvif\.org/(?:name|location)/")
MOST_SCOPES, MOST_USERS, SHORTEST_PASSWORD = 32, 16, 4
#: Vietnam's zone in POSIX form, as a camera sold there is set up.
TIME_ZONE, ZONE_OFFSET = "ICT-7", timedelta(hours=7)


class DeviceService(OnvifService):
    """Identity, clock, addresses.

    Args:
        services: Every service of the camera but this one.
        reboot: Begins a restart and returns at once.

    Attributes:
        openings: How often somebody who was logged in asked what it is: each opening of the device does, once.
    """

    path = "/onvif/device_service"
    prefix = "tds"

    def __init__(
        self,
        spec: CameraSpec,
        clock: CameraClock,
        services: Sequence[OnvifService],
        reboot: Callable[[], None],
    ) -> None:
        self._spec = spec
        self._clock = clock
        self._services = (self, *services)
        self._reboot = reboot
        #: A host name made of the identity: a display name need not be a valid one.
        self._host_name = f"matthan-{spec.identity.hex[:8]}"
        self._ntp, self._follows_ntp = "", False
        self._fixed = [scope for scope in spec.scopes if not _CONFIGURABLE.match(scope)]
        self._scopes = [scope for scope in spec.scopes if _CONFIGURABLE.match(scope)]
        self._users = {spec.username: "Administrator"}
        self.openings = 0

    @answers("tds:GetSystemDateAndTime", before_login=True)
    def system_date_and_time(self, request: ServiceRequest) -> Element:
        """Tell the camera's clock."""
        now = self._clock.wall()
        told = el(
            "tds:SystemDateAndTime",
            el("tt:DateTimeType", "NTP" if self._follows_ntp else "Manual"),
            el("tt:DaylightSavings", "false"),
            el("tt:TimeZone", el("tt:TZ", TIME_ZONE)),
            _date_time("tt:UTCDateTime", now),
            _date_time("tt:LocalDateTime", now + ZONE_OFFSET),
        )
        return el("tds:GetSystemDateAndTimeResponse", told)

    @answers("tds:SetSystemDateAndTime")
    def set_system_date_and_time(self, request: ServiceRequest) -> Element:
        """Set the clock to UTCDateTime, or back to the host's for NTP."""
        self._follows_ntp = text(request.body, "tds:DateTimeType") == "NTP"
        if self._follows_ntp:
            self._clock.offset = timedelta()
        elif request.body.find("tds:UTCDateTime", NS) is not None:
            self._clock.set(_read_date_time(request.body))
        return el("tds:SetSystemDateAndTimeResponse")

    @answers("tds:GetDeviceInformation")
    def device_information(self, request: ServiceRequest) -> Element:
        """Tell what it is."""
        self.openings += 1
        info = self._spec.info
        return el(
            "tds:GetDeviceInformationResponse",
            el("tds:Manufacturer", info.manufacturer),
            el("tds:Model", info.model),
            el("tds:FirmwareVersion", info.firmware),
            el("tds:SerialNumber", info.serial),
            el("tds:HardwareId", info.hardware),
        )

    @answers("tds:GetCapabilities", before_login=True)
    def all_capabilities(self, request: ServiceRequest) -> Element:
        """Tell the services, the older way."""
        wanted = {(node.text or "").strip() for node in request.body.findall("tds:Category", NS)} or {"All"}
        parts = [service.advertised(request.url(service.path)) for service in self._ordered()]
        told = [part for part in parts if part is not None and (wanted & {"All", _local(part)})]
        if not told:
            raise SoapFault(
                f"no service {', '.join(sorted(wanted))}", "ter:ActionNotSupported", "ter:NoSuchService"
            )
        return el("tds:GetCapabilitiesResponse", el("tds:Capabilities", *told))

    def _ordered(self) -> list[OnvifService]:
        order = (
            "tds",
            "tev",
            "timg",
            "trt",
            "tptz",
            "tmd",
        )  # the schema's: Device, Events, Imaging, Media, PTZ
        return sorted(self._services, key=lambda service: order.index(service.prefix))

    @answers("tds:GetServices", before_login=True)
    def services(self, request: ServiceRequest) -> Element:
        """Tell the services, the newer way."""
        full = text(request.body, "tds:IncludeCapability", "false") in ("true", "1")
        told = [self._service(service, request, full) for service in self._services]
        return el("tds:GetServicesResponse", *told)

    @staticmethod
    def _service(service: OnvifService, request: ServiceRequest, full: bool) -> Element:
        major, minor = service.version
        return el(
            "tds:Service",
            el("tds:Namespace", NS[service.prefix]),
            el("tds:XAddr", request.url(service.path)),
            *([el("tds:Capabilities", service.capabilities())] if full else []),
            el("tds:Version", el("tt:Major", str(major)), el("tt:Minor", str(minor))),
        )

    @answers("tds:GetServiceCapabilities", before_login=True)
    def service_capabilities(self, request: ServiceRequest) -> Element:
        """Tell what this service can do."""
        return el("tds:GetServiceCapabilitiesResponse", self.capabilities())

    def capabilities(self) -> Element:
        """Return what GetServiceCapabilities tells."""
        return el(
            "tds:Capabilities",
            el("tds:Network", IPFilter="false", DynDNS="false"),
            el("tds:Security", UsernameToken="true", HttpDigest="true", RELToken="false"),
            el("tds:System", DiscoveryBye="true", SystemBackup="false", FirmwareUpgrade="false"),
        )

    def advertised(self, url: str) -> Element:
        """Return the service's part of GetCapabilities."""
        return el("tt:Device", el("tt:XAddr", url))

    @answers("tds:GetScopes")
    def scopes(self, request: ServiceRequest) -> Element:
        """Tell the scopes, as discovery does until they are set."""
        told = [
            el("tds:Scopes", el("tt:ScopeDef", kind), el("tt:ScopeItem", scope))
            for kind, scopes in (("Fixed", self._fixed), ("Configurable", self._scopes))
            for scope in scopes
        ]
        return el("tds:GetScopesResponse", *told)

    @answers("tds:SetScopes")
    def set_scopes(self, request: ServiceRequest) -> Element:
        """Take other scopes in place of all that can be changed; discovery goes on with the first ones."""
        self._scopes = self._checked(_texts(request.body, "tds:Scopes"))
        return el("tds:SetScopesResponse")

    @answers("tds:AddScopes")
    def add_scopes(self, request: ServiceRequest) -> Element:
        """Take more scopes."""
        self._scopes = self._checked([*self._scopes, *_texts(request.body, "tds:ScopeItem")])
        return el("tds:AddScopesResponse")

    @answers("tds:RemoveScopes")
    def remove_scopes(self, request: ServiceRequest) -> Element:
        """Drop scopes that can be changed."""
        gone = _texts(request.body, "tds:ScopeItem")
        if not set(gone) <= set(self._scopes):
            raise invalid("ter:NoScope", "no such scope, or a fixed one")
        self._scopes = [scope for scope in self._scopes if scope not in gone]
        return el("tds:RemoveScopesResponse", *(el("tds:ScopeItem", scope) for scope in gone))

    def _checked(self, scopes: list[str]) -> list[str]:
        if len(scopes) > MOST_SCOPES:
            raise SoapFault(
                "too many scopes", "ter:Action", "ter:TooManyScopes", code="s:Receiver", status=500
            )
        if set(scopes) & set(self._fixed) or len(set(scopes)) < len(scopes):
            raise SoapFault("that scope is there already", "ter:OperationProhibited", "ter:ScopeOverwrite")
        return scopes

    @answers("tds:GetHostname", before_login=True)
    def hostname(self, request: ServiceRequest) -> Element:
        """Tell the host name."""
        told = el("tds:HostnameInformation", el("tt:FromDHCP", "false"), el("tt:Name", self._host_name))
        return el("tds:GetHostnameResponse", told)

    @answers("tds:SetHostname")
    def set_hostname(self, request: ServiceRequest) -> Element:
        """Take another host name."""
        name = text(request.body, "tds:Name")
        if len(name) > 253 or not _HOST_NAME.fullmatch(name):
            raise invalid("ter:InvalidHostname", f"{name!r} is no host name")
        self._host_name = name
        return el("tds:SetHostnameResponse")

    @answers("tds:GetNTP")
    def ntp(self, request: ServiceRequest) -> Element:
        """Tell the time server, if there is one."""
        told = [el("tt:FromDHCP", str(not self._ntp).lower())]
        if self._ntp:
            is_address = bool(_IPV4.fullmatch(self._ntp))
            kind, part = ("IPv4", "tt:IPv4Address") if is_address else ("DNS", "tt:DNSname")
            told.append(el("tt:NTPManual", el("tt:Type", kind), el(part, self._ntp)))
        return el("tds:GetNTPResponse", el("tds:NTPInformation", *told))

    @answers("tds:SetNTP")
    def set_ntp(self, request: ServiceRequest) -> Element:
        """Take another time server; whether it is followed says SetSystemDateAndTime."""
        manual = text(request.body, "tds:FromDHCP") not in ("true", "1")
        parts = (text(request.body, f"tds:NTPManual/tt:{name}", "") for name in ("DNSname", "IPv4Address"))
        server = next(filter(None, parts), "") if manual else ""
        if len(server) > 253 or (server and not _HOST_NAME.fullmatch(server)):
            raise invalid("ter:InvalidDnsName", f"{server!r} is no host")
        self._ntp = server
        return el("tds:SetNTPResponse")

    @answers("tds:GetNetworkInterfaces")
    def network_interfaces(self, request: ServiceRequest) -> Element:
        """Tell one interface, with the address that the client reached."""
        reached = request.host.partition(":")[0]
        host = reached if _IPV4.fullmatch(reached) else self._spec.host
        prefix = "8" if host.startswith("127.") else "24"
        address = el("tt:Manual", el("tt:Address", host), el("tt:PrefixLength", prefix))
        told = el(
            "tds:NetworkInterfaces",
            el("tt:Enabled", "true"),
            el(
                "tt:Info",
                el("tt:Name", INTERFACE),
                el("tt:HwAddress", self._spec.hardware_address),
                el("tt:MTU", "1500"),
            ),
            el(
                "tt:IPv4",
                el("tt:Enabled", "true"),
                el("tt:Config", address, el("tt:DHCP", "false")),
            ),
            token=INTERFACE,
        )
        return el("tds:GetNetworkInterfacesResponse", told)

    @answers("tds:GetUsers")
    def users(self, request: ServiceRequest) -> Element:
        """Tell names and levels; never a password."""
        told = (
            el("tds:User", el("tt:Username", name), el("tt:UserLevel", level))
            for name, level in self._users.items()
        )
        return el("tds:GetUsersResponse", *told)

    @answers("tds:CreateUsers")
    def create_users(self, request: ServiceRequest) -> Element:
        """Keep further accounts, all or none; they are told, and let nobody in: no password is kept."""
        asked = [_user(each) for each in request.body.findall("tds:User", NS)]
        for name, _, password in asked:
            if name in self._users:
                raise SoapFault("that user is there already", "ter:OperationProhibited", "ter:UsernameClash")
            _check_password(password)
        if len(self._users) + len(asked) > MOST_USERS:
            raise SoapFault("too many users", "ter:Action", "ter:TooManyUsers", code="s:Receiver", status=500)
        self._users |= {name: level for name, level, _ in asked}
        return el("tds:CreateUsersResponse")

    @answers("tds:SetUser")
    def set_user(self, request: ServiceRequest) -> Element:
        """Take other levels; the camera's own account stays as it is."""
        asked = [_user(each) for each in request.body.findall("tds:User", NS)]
        self._check_mutable([name for name, _, _ in asked])
        for _, _, password in asked:
            _check_password(password or "unchanged")
        self._users |= {name: level for name, level, _ in asked}
        return el("tds:SetUserResponse")

    @answers("tds:DeleteUsers")
    def delete_users(self, request: ServiceRequest) -> Element:
        """Forget accounts, all or none."""
        names = _texts(request.body, "tds:Username")
        self._check_mutable(names)
        self._users = {name: level for name, level in self._users.items() if name not in names}
        return el("tds:DeleteUsersResponse")

    def _check_mutable(self, names: list[str]) -> None:
        if self._spec.username in names:
            raise invalid("ter:FixedUser", "the camera's own account")
        if not set(names) <= set(self._users):
            raise invalid("ter:UsernameMissing", "no such user")

    @answers("tds:SystemReboot")
    def system_reboot(self, request: ServiceRequest) -> Element:
        """Drop every connection and come back."""
        self._reboot()
        return el("tds:SystemRebootResponse", el("tds:Message", "Rebooting"))


def _texts(body: Element, name: str) -> list[str]:
    return [(node.text or "").strip() for node in body.findall(name, NS)]


def _user(element: Element) -> tuple[str, str, str]:
    """Return name, level and password."""
    level = text(element, "tt:UserLevel")
    if level not in ("Administrator", "Operator", "User"):
        raise invalid("ter:InvalidUserLevel", f"no level {level!r}")
    return text(element, "tt:Username"), level, text(element, "tt:Password", "")


def _check_password(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise SoapFault("a longer password, please", "ter:OperationProhibited", "ter:PasswordTooWeak")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


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
