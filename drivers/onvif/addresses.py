"""Addresses that a device tells, made into addresses that lead to it.

Devices behind NAT, with several networks or with stale settings announce hosts that lead nowhere, or
elsewhere. We keep to the host that we reached, and never leave https for http. Where a person says that what
they tell is right (a gateway that names its cameras), other hosts are taken as told.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from drivers.errors import Malformed, bare

DEVICE_PATH = "/onvif/device_service"
_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class DeviceAddress:
    """The address that we reached a device at.

    Attributes:
        forwarded: Only this one port leads to the device (a port forwarding): use it for every service.
        trust_hosts: Whether an address on another host is taken as the device tells it.
    """

    scheme: str
    host: str
    port: int
    path: str = DEVICE_PATH
    forwarded: bool = False
    trust_hosts: bool = False

    @classmethod
    def at(cls, url: str, trust_hosts: bool = False) -> DeviceAddress:
        """Return the address in a URL; the path defaults to ONVIF's.

        Raises:
            Malformed: Not an http or https URL.
        """
        parts = _split(url)
        if parts.scheme not in ("http", "https"):
            raise Malformed("driver.url", url=bare(url))
        path = parts.path if parts.path not in ("", "/") else DEVICE_PATH
        return cls(
            parts.scheme,
            parts.hostname or "",
            parts.port or _PORTS[parts.scheme],
            path,
            trust_hosts=trust_hosts,
        )

    @property
    def url(self) -> str:
        """Address of the device service."""
        return f"{self.scheme}://{self.netloc(self.port)}{self.path}"

    @property
    def name(self) -> str:
        """``host:port`` for messages."""
        return self.netloc(self.port)

    def netloc(self, port: int) -> str:
        """Return the host with a port, an IPv6 address in brackets."""
        return _netloc(self.host, port)

    def rewrite(self, url: str) -> str:
        """Return what a device told with our host in it: http(s), rtsp(s), without user-info.

        With `trust_hosts` the host stays as it is, unless it can only mean the device itself.

        Raises:
            Malformed: Another scheme, or no URL at all.
        """
        parts = _split(url)
        if parts.scheme not in _PORTS:
            raise Malformed("driver.url", url=bare(url))
        port = parts.port or _PORTS[parts.scheme]
        scheme = parts.scheme
        if self.trust_hosts and self._another(parts.hostname or ""):
            return urlunsplit(parts._replace(netloc=_netloc(parts.hostname or "", port)))
        if scheme in ("http", "https"):
            if self.scheme == "https" and scheme == "http":
                scheme, port = "https", self.port
            if self.forwarded:
                scheme, port = self.scheme, self.port
        return urlunsplit(parts._replace(scheme=scheme, netloc=self.netloc(port)))

    def names(self, url: str) -> str:
        """Return the ``host:port`` of a told address that `rewrite` leads elsewhere, empty where it does not."""
        parts = _split(url)
        host = parts.hostname or ""
        if self.trust_hosts or not self._another(host):
            return ""
        return _netloc(host, parts.port or _PORTS.get(parts.scheme, 0))

    def _another(self, host: str) -> bool:
        """Return whether a told host is another than ours; one that nobody can reach is none."""
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return host not in ("localhost", self.host)
        ours = self.host == "localhost" or self.host.startswith("127.") or self.host == "::1"
        nowhere = address.is_unspecified or address.is_link_local or (address.is_loopback and not ours)
        return host != self.host and not nowhere

    def elsewhere(self, url: str) -> bool:
        """Return whether a told address names another host than the one reached, and another port."""
        parts = _split(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        return parts.hostname != self.host and port != self.port


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split(url: str) -> SplitResult:
    """Split a URL, dropping user-info and a doubled port (``host:8106:8106``, gh:home-assistant/core#92603)."""
    parts = _parts(url)
    if parts is None or not parts.hostname:
        raise Malformed("driver.url", url=bare(url))
    return parts


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        place = parts.netloc.rpartition("@")[2]
        if "[" not in place and place.count(":") > 1:
            place = ":".join(place.split(":")[:2])
        parts = parts._replace(scheme=parts.scheme.lower(), netloc=place)
        _ = parts.port
    except ValueError:
        return None
    return parts
