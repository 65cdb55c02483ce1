"""What was seen at one address, and who it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.contract import Found
from rules.model import Sentence

#: Drivers from the one that tells most of a device to the one that tells least.
BEST_FIRST = ("onvif", "rtsp", "http")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a device says it is, once it has let somebody in.

    Attributes:
        macs: Hardware addresses, lower case with colons (``02:1f:…``), as the device tells them or, on the same
            network, as this machine's neighbour table does.
    """

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    hardware: str = ""
    macs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """One device at one address: everything that answered there, as one.

    Attributes:
        address: Network address that the answers came from.
        answers: What answered, the one that tells most first.
        identity: Who it is; None: it let nobody in, or nobody asked.
        sources: Its video-source tokens, in its order; empty: not known.
        trouble: Why it is not known who it is.
        neighbour: Hardware address that this machine's neighbour table has for `address`, where they share a network:
            the device's own, or that of a repeater before it.
    """

    address: str
    answers: tuple[Found, ...]
    identity: Identity | None = None
    sources: tuple[str, ...] = ()
    trouble: Sentence | None = None
    neighbour: str = ""

    @property
    def url(self) -> str:
        """Where it is opened: the address that tells most."""
        return self.answers[0].url

    @property
    def driver(self) -> str:
        """By which driver it is opened; ``http``: by none."""
        return self.answers[0].driver

    @property
    def opens(self) -> bool:
        """Whether its address is all that its driver needs: RTSP wants a path besides, which nothing tells."""
        return self.driver not in ("rtsp", "http")

    @property
    def name(self) -> str:
        """What it calls itself; may be empty."""
        return next((each.name for each in self.answers if each.name), "")

    @property
    def macs(self) -> tuple[str, ...]:
        """Its hardware addresses as it tells them, else as the neighbour table does."""
        told = self.identity.macs if self.identity else ()
        return told or ((self.neighbour,) if self.neighbour else ())


@dataclass(frozen=True, slots=True)
class Expected:
    """A camera that should be there. What is empty is not known beforehand.

    Attributes:
        id: Short name, as in the configuration.
        url: Where it should be: an address with its scheme; or `host` alone is known.
        mac: Hardware address as `Identity.macs`.
        serial: Serial number.
        source: Video-source token, for a camera of a recorder.
    """

    id: str
    name: str = ""
    url: str = ""
    host: str = ""
    mac: str = ""
    serial: str = ""
    source: str = ""
