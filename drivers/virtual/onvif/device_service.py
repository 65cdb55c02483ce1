"""ONVIF device management of the virtual camera."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from drivers.virtual.onvif.service import OnvifService, Operation, ServiceRequest, answers
from drivers.virtual.onvif.soap import NS, Element, SoapFault, el, invalid, qualified, text
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import CameraSpec

_CONFIGURABLE = re.compile(r"onvif://www\.onvif\.org/(?:name|location)/")
MOST_SCOPES = 32
#: Operations that a camera with a quirk does not have.
_LACKS = {Quirk.NO_NTP: ("tds:GetNTP", "tds:SetNTP")}


class DeviceService(OnvifService):
    """Identity, services, scopes; beside them what its parts answer: clock, network, accounts.

    Args:
        services: Every service of the camera but this one.
        parts: Further operations of this service.
        reboot: Begins a restart and returns at once.
        scoped: Told of all scopes when they have changed.

    Attributes:
        openings: How often somebody who was logged in asked what it is: each opening of the device does, once.
    """

    path = "/onvif/device_service"
    prefix = "tds"

    def __init__(
        self,
        spec: CameraSpec,
        services: Sequence[OnvifService],
        parts: Sequence[OnvifService],
        reboot: Callable[[], None],
        scoped: Callable[[tuple[str, ...]], None] | None = None,
    ) -> None:
        self._spec = spec
        self._services = (self, *services)
        self._parts = parts
        self._reboot, self._scoped = reboot, scoped
        self._fixed = [scope for scope in spec.scopes if not _CONFIGURABLE.match(scope)]
        self._scopes = [scope for scope in spec.scopes if _CONFIGURABLE.match(scope)]
        self.openings = 0

    def operations(self) -> Mapping[str, Operation]:
        """Return the operations by qualified name, its parts' among them."""
        found = dict(super().operations())
        for service in self._services[
            1:
        ]:  # the relay's, which clients ask for here as well as at the I/O service
            own = service.operations().items()
            found |= {name: each for name, each in own if name.startswith(qualified("tds:"))}
        for part in self._parts:
            found |= part.operations()
        lacking = [qualified(name) for quirk in self._spec.quirks for name in _LACKS.get(quirk, ())]
        return {name: operation for name, operation in found.items() if name not in lacking}

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
            "tr2",
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
        tokens = str(Quirk.DIGEST_ONLY not in self._spec.quirks).lower()
        return el(
            "tds:Capabilities",
            el("tds:Network", IPFilter="false", DynDNS="false"),
            el("tds:Security", UsernameToken=tokens, HttpDigest="true", RELToken="false"),
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
        """Take other scopes in place of all that can be changed."""
        self._take(self._checked(_texts(request.body, "tds:Scopes")))
        return el("tds:SetScopesResponse")

    @answers("tds:AddScopes")
    def add_scopes(self, request: ServiceRequest) -> Element:
        """Take more scopes."""
        self._take(self._checked([*self._scopes, *_texts(request.body, "tds:ScopeItem")]))
        return el("tds:AddScopesResponse")

    @answers("tds:RemoveScopes")
    def remove_scopes(self, request: ServiceRequest) -> Element:
        """Drop scopes that can be changed."""
        gone = _texts(request.body, "tds:ScopeItem")
        if not set(gone) <= set(self._scopes):
            raise invalid("ter:NoScope", "no such scope, or a fixed one")
        self._take([scope for scope in self._scopes if scope not in gone])
        return el("tds:RemoveScopesResponse", *(el("tds:ScopeItem", scope) for scope in gone))

    def _take(self, scopes: list[str]) -> None:
        self._scopes = scopes
        if self._scoped is not None:
            self._scoped((*self._fixed, *scopes))

    def _checked(self, scopes: list[str]) -> list[str]:
        if len(scopes) > MOST_SCOPES:
            raise SoapFault(
                "too many scopes", "ter:Action", "ter:TooManyScopes", code="s:Receiver", status=500
            )
        if set(scopes) & set(self._fixed) or len(set(scopes)) < len(scopes):
            raise SoapFault("that scope is there already", "ter:OperationProhibited", "ter:ScopeOverwrite")
        return scopes

    @answers("tds:SystemReboot")
    def system_reboot(self, request: ServiceRequest) -> Element:
        """Drop every connection and come back."""
        self._reboot()
        return el("tds:SystemRebootResponse", el("tds:Message", "Rebooting"))


def _texts(body: Element, name: str) -> list[str]:
    return [(node.text or "").strip() for node in body.findall(name, NS)]


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
