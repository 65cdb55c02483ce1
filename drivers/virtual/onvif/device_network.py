"""The network part of ONVIF device management: one interface, names, protocols. No address is ever changed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.virtual.onvif.service import OnvifService, ServiceRequest, answers
from drivers.virtual.onvif.soap import NS, Element, el, invalid, text
from drivers.virtual.spec import CameraSpec

INTERFACE = "eth0"
#: Name servers that are kept.
MOST_SERVERS = 4
IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9-]{1,63})*")


@dataclass(slots=True)
class _Protocol:
    """A protocol that the camera says it speaks; the flag is kept and told, and closes nothing."""

    enabled: bool
    port: int


class DeviceNetwork(OnvifService):
    """Tells how the camera is reached.

    Args:
        rtsp_port: Where streams are.
    """

    path = "/onvif/device_service"
    prefix = "tds"

    def __init__(self, spec: CameraSpec, rtsp_port: int = 554) -> None:
        self._spec = spec
        #: A host name made of the identity: a display name need not be a valid one.
        self._host_name = f"matthan-{spec.identity.hex[:8]}"
        self._dns: list[str] = []
        self._dns_from_dhcp = True
        self._protocols = {
            "HTTP": _Protocol(True, 0), "HTTPS": _Protocol(False, 443), "RTSP": _Protocol(True, rtsp_port),
        }  # fmt: skip

    @answers("tds:GetHostname", before_login=True)
    def hostname(self, request: ServiceRequest) -> Element:
        """Tell the host name."""
        told = el("tds:HostnameInformation", el("tt:FromDHCP", "false"), el("tt:Name", self._host_name))
        return el("tds:GetHostnameResponse", told)

    @answers("tds:SetHostname")
    def set_hostname(self, request: ServiceRequest) -> Element:
        """Take another host name."""
        name = text(request.body, "tds:Name")
        if len(name) > 253 or not HOST_NAME.fullmatch(name):
            raise invalid("ter:InvalidHostname", f"{name!r} is no host name")
        self._host_name = name
        return el("tds:SetHostnameResponse")

    @answers("tds:GetNetworkInterfaces")
    def network_interfaces(self, request: ServiceRequest) -> Element:
        """Tell one interface, with the address that the client reached."""
        host = self._reached(request)
        prefix = "8" if host.startswith("127.") else "24"
        address = el("tt:Manual", el("tt:Address", host), el("tt:PrefixLength", prefix))
        hardware = el("tt:HwAddress", self._spec.hardware_address)
        told = el(
            "tds:NetworkInterfaces",
            el("tt:Enabled", "true"),
            el("tt:Info", el("tt:Name", INTERFACE), hardware, el("tt:MTU", "1500")),
            el("tt:IPv4", el("tt:Enabled", "true"), el("tt:Config", address, el("tt:DHCP", "false"))),
            token=INTERFACE,
        )
        return el("tds:GetNetworkInterfacesResponse", told)

    def _reached(self, request: ServiceRequest) -> str:
        reached = request.host.partition(":")[0]
        return reached if IPV4.fullmatch(reached) else self._spec.host

    @answers("tds:GetNetworkDefaultGateway")
    def gateway(self, request: ServiceRequest) -> Element:
        """Tell the router: the first address of the camera's network."""
        first = f"{self._reached(request).rpartition('.')[0]}.1"
        told = el("tds:NetworkGateway", el("tt:IPv4Address", first))
        return el("tds:GetNetworkDefaultGatewayResponse", told)

    @answers("tds:GetDNS")
    def dns(self, request: ServiceRequest) -> Element:
        """Tell the name servers."""
        servers = [
            el("tt:DNSManual", el("tt:Type", "IPv4"), el("tt:IPv4Address", each)) for each in self._dns
        ]
        told = el("tds:DNSInformation", el("tt:FromDHCP", str(self._dns_from_dhcp).lower()), *servers)
        return el("tds:GetDNSResponse", told)

    @answers("tds:SetDNS")
    def set_dns(self, request: ServiceRequest) -> Element:
        """Take other name servers."""
        from_dhcp = text(request.body, "tds:FromDHCP") in ("true", "1")
        given = [] if from_dhcp else request.body.findall("tds:DNSManual", NS)
        servers = [text(each, "tt:IPv4Address", "") for each in given]
        if len(servers) > MOST_SERVERS or not all(map(IPV4.fullmatch, servers)):
            raise invalid("ter:InvalidIPv4Address", "name servers are told by IPv4 address, four at most")
        self._dns, self._dns_from_dhcp = servers, from_dhcp
        return el("tds:SetDNSResponse")

    @answers("tds:GetNetworkProtocols")
    def protocols(self, request: ServiceRequest) -> Element:
        """Tell HTTP, HTTPS and RTSP; HTTP at the port that the client reached."""
        reached = request.host.partition(":")[2] or "80"
        told = [
            el(
                "tds:NetworkProtocols",
                el("tt:Name", name),
                el("tt:Enabled", str(each.enabled).lower()),
                el("tt:Port", str(each.port or reached)),
            )
            for name, each in self._protocols.items()
        ]
        return el("tds:GetNetworkProtocolsResponse", *told)

    @answers("tds:SetNetworkProtocols")
    def set_protocols(self, request: ServiceRequest) -> Element:
        """Keep which are wanted. The ports stay, and nothing is closed: a camera to practise on stays in reach."""
        given = request.body.findall("tds:NetworkProtocols", NS)
        wanted = {text(each, "tt:Name"): text(each, "tt:Enabled") in ("true", "1") for each in given}
        if not wanted or not wanted.keys() <= self._protocols.keys():
            raise invalid("ter:ServiceNotSupported", "HTTP, HTTPS and RTSP are what there is")
        for name, enabled in wanted.items():
            self._protocols[name].enabled = enabled
        return el("tds:SetNetworkProtocolsResponse")
