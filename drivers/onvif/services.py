"""Where a device's services are: two operations united, led to the host that we reached."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lxml import etree

from drivers.errors import DriverError, Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.addresses import DeviceAddress
from drivers.onvif.events.subscription import EVENTS
from drivers.onvif.media import MEDIA1, MEDIA2
from drivers.onvif.soap.client import DEVICE, CutOff, SoapClient, request
from drivers.onvif.soap.http import CONNECT_SECONDS

PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
IMAGING = "http://www.onvif.org/ver20/imaging/wsdl"
#: What GetCapabilities calls the services.
_CAPABILITIES = {"Media": MEDIA1, "PTZ": PTZ, "Events": EVENTS, "Imaging": IMAGING}
_SERVICES_ASKED = request(DEVICE, "GetServices", IncludeCapability="false")
_CAPABILITIES_ASKED = request(DEVICE, "GetCapabilities", Category="All")


@dataclass(frozen=True, slots=True)
class Services:
    """Where a device's services are.

    Attributes:
        urls: Addresses by namespace.
        cut: Whether an answer was cut off: what is missing may be there all the same.
    """

    urls: Mapping[str, str]
    cut: bool = False

    @property
    def may_signal(self) -> bool:
        """Whether there is an event service, as far as is known."""
        return EVENTS in self.urls or self.cut


async def read_services(soap: SoapClient) -> Services:
    """Return service addresses: GetServices united with GetCapabilities, led to our host.

    Either may be missing or incomplete; both are read by name, because firmware breaks the schema's order.

    Raises:
        DriverError: A refusal, a dead device, or neither operation answered.
    """
    told: dict[str, str] = {}
    failure: DriverError | None = None
    # in this order: the newer operation knows better
    for asked, found in ((_CAPABILITIES_ASKED, _capabilities), (_SERVICES_ASKED, _services)):
        try:
            told |= found(await soap.ask(soap.session.reached.url, asked))
        except CutOff as error:  # what came before the cut is good; what came after it is not known
            told |= found(error.root)
            failure = error
        except (Unsupported, Malformed) as error:
            failure = failure if isinstance(failure, CutOff) else error
    lacking = not told or (isinstance(failure, Malformed) and not {MEDIA1, MEDIA2} & set(told))
    if failure is not None and lacking:
        raise failure
    session = soap.session
    session.reached = await _forwarding(session.reached, list(told.values()))
    urls: dict[str, str] = {}
    for namespace, url in told.items():
        with suppress(Malformed):  # an address that is none: as if the service were not there
            urls[namespace] = session.reached.rewrite(url)
    return Services(urls, isinstance(failure, CutOff))


def _services(answer: etree._Element) -> dict[str, str]:
    found = {xml.text(node, "Namespace"): xml.text(node, "XAddr") for node in xml.every(answer, "Service")}
    return {namespace: url for namespace, url in found.items() if namespace and url}


def _capabilities(answer: etree._Element) -> dict[str, str]:
    found = {space: xml.text(answer, "Capabilities", name, "XAddr") for name, space in _CAPABILITIES.items()}
    return {namespace: url for namespace, url in found.items() if url}


async def _forwarding(reached: DeviceAddress, urls: Sequence[str]) -> DeviceAddress:
    """Return the address with `forwarded` set where the announced ports do not lead to the device."""
    for url in urls:
        with suppress(Malformed):
            if reached.elsewhere(url) and not await _answers(reached, reached.rewrite(url)):
                return replace(reached, forwarded=True)
    return reached


async def _answers(reached: DeviceAddress, url: str) -> bool:
    port = DeviceAddress.at(url).port
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(reached.host, port)
    except OSError:  # also its subclass TimeoutError
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
