"""WS-Discovery: who is answered, with what, and who never is."""

import asyncio
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from drivers.virtual.onvif import soap
from drivers.virtual.onvif.discovery import ANYWHERE, GROUP, PORT, Announcer, DiscoveryServer
from drivers.virtual.spec import CameraSpec

SPEC = CameraSpec(name="Cổng chính", ptz=True)
HOST = "127.0.0.1:8080"
NVT = 'xmlns:n="http://www.onvif.org/ver10/network/wsdl"'
TDS = 'xmlns:n="http://www.onvif.org/ver10/device/wsdl"'
NAME = "onvif://www.onvif.org/name/"
EXACT = ' MatchBy="http://schemas.xmlsoap.org/ws/2005/04/discovery/strcmp0"'
UUID_RULE = ' MatchBy="http://schemas.xmlsoap.org/ws/2005/04/discovery/uuid"'


def announcer(spec: CameraSpec = SPEC) -> Announcer:
    return Announcer(spec.identity, spec.scopes, "/onvif/device_service", 7)


def message(body: str) -> bytes:
    return f"""<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">
<e:Header><w:MessageID>uuid:1</w:MessageID></e:Header><e:Body>{body}</e:Body></e:Envelope>""".encode()


def probe(types: str = "", scopes: str = "", attributes: str = "") -> bytes:
    asked = f"<d:Types {NVT if 'Network' in types else TDS}>{types}</d:Types>" if types else ""
    within = f"<d:Scopes{attributes}>{scopes}</d:Scopes>" if scopes else ""
    return message(f"<d:Probe>{asked}{within}</d:Probe>")


def resolve(address: str) -> bytes:
    reference = f"<w:EndpointReference><w:Address>{address}</w:Address></w:EndpointReference>"
    return message(f"<d:Resolve>{reference}</d:Resolve>")


@pytest.mark.parametrize(
    "data",
    [
        probe(),
        probe("n:NetworkVideoTransmitter"),
        probe("n:Device"),
        probe(scopes="onvif://www.onvif.org/Profile/Streaming"),
        probe(scopes="onvif://www.onvif.org/type/ onvif://www.onvif.org/hardware"),
        probe(scopes=f"{NAME}C%E1%BB%95ng%20ch%C3%ADnh", attributes=EXACT),
        message("<d:Probe><d:Types/><d:Scopes/></d:Probe>"),
    ],
)
def test_a_probe_that_means_this_camera_is_answered(data: bytes) -> None:
    reply = announcer().answer(data, HOST)
    assert reply is not None
    root = etree.fromstring(reply)
    match = root.find("s:Body/d:ProbeMatches/d:ProbeMatch", soap.NS)
    assert match is not None
    assert root.findtext("s:Header/a:RelatesTo", "", soap.NS) == "uuid:1"
    assert match.findtext("a:EndpointReference/a:Address", "", soap.NS) == SPEC.identity.urn
    assert match.findtext("d:XAddrs", "", soap.NS) == f"http://{HOST}/onvif/device_service"
    types = match.find("d:Types", soap.NS)
    assert types is not None
    prefixes = [name.partition(":")[0] for name in (types.text or "").split()]
    assert [types.nsmap[prefix] for prefix in prefixes] == [soap.NS["dn"], soap.NS["tds"]]


@pytest.mark.parametrize(
    "data",
    [
        probe("n:Printer"),
        probe("NetworkVideoTransmitter"),
        probe("n:NetworkVideoTransmitter x:Unknown"),
        probe(scopes=f"{NAME}other"),
        probe(scopes="onvif://www.onvif.org/Prof"),
        probe(scopes="onvif://www.onvif.org/type", attributes=EXACT),
        probe(scopes="onvif://www.onvif.org/type", attributes=UUID_RULE),
        resolve("urn:uuid:00000000-0000-0000-0000-000000000000"),
        resolve(""),
        message("<d:Hello/>"),
        message(""),
        b"",
        b"\xff" * 1000,
        b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/'>" + probe(),
        probe().replace(b"2005/04/discovery", b"1999/01/discovery"),
    ],
)
def test_whatever_else_comes_is_not(data: bytes) -> None:
    assert announcer().answer(data, HOST) is None


@given(st.binary(max_size=200))
def test_garbage_makes_it_neither_speak_nor_fall(data: bytes) -> None:
    assert announcer().answer(data, HOST) is None


def test_its_reference_is_resolved() -> None:
    reply = announcer().answer(resolve(SPEC.identity.urn.upper().replace("URN:UUID", "urn:uuid")), HOST)
    assert reply is not None
    match = etree.fromstring(reply).find("s:Body/d:ResolveMatches/d:ResolveMatch", soap.NS)
    assert match is not None
    assert match.findtext("d:XAddrs", "", soap.NS) == f"http://{HOST}/onvif/device_service"


def test_messages_are_numbered_and_named_apart() -> None:
    made = announcer()
    roots = [etree.fromstring(data) for data in (made.hello(HOST), made.bye(), made.hello(HOST))]
    numbers = [root.find("s:Header/d:AppSequence", soap.NS) for root in roots]
    assert [number.get("MessageNumber") for number in numbers if number is not None] == ["1", "2", "3"]
    assert len({root.findtext("s:Header/a:MessageID", "", soap.NS) for root in roots}) == 3


class Prober(asyncio.DatagramProtocol):
    """Hears what comes."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.put_nowait((data, addr[0]))

    async def until(self, enough: Callable[[set[str]], bool], ask: Callable[[], None]) -> None:
        """Ask again and again, for datagrams get lost, until the XAddrs of all answers are enough."""
        found: set[str] = set()
        async with asyncio.timeout(60):
            while not enough(found):
                ask()
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        while not enough(found):
                            found |= addresses((await self.heard.get())[0])


def addresses(answer: bytes) -> set[str]:
    return {node.text or "" for node in etree.fromstring(answer).iterfind(".//d:XAddrs", soap.NS)}


async def open_prober(sock: socket.socket) -> tuple[asyncio.DatagramTransport, Prober]:
    return await asyncio.get_running_loop().create_datagram_endpoint(Prober, sock=sock)


def probing_socket(interface: str = "127.0.0.1") -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
    sock.bind((interface, 0))
    return sock


def server(number: int) -> DiscoveryServer:
    spec = CameraSpec(name=f"{uuid.uuid4()}", seed=number)  # other cameras may live on this machine
    return DiscoveryServer(announcer(spec), "127.0.0.1", 40_000 + number)


async def test_three_cameras_share_the_port_and_all_answer() -> None:
    transport, prober = await open_prober(probing_socket())
    async with server(1), server(2), server(3):
        ours = {f"http://127.0.0.1:{port}/onvif/device_service" for port in (40_001, 40_002, 40_003)}
        ask = probe("n:NetworkVideoTransmitter")
        await prober.until(ours.issubset, lambda: transport.sendto(ask, (GROUP, PORT)))
    transport.close()


async def test_a_probe_sent_straight_to_the_host_is_answered() -> None:
    transport, prober = await open_prober(probing_socket())
    async with server(4) as running:
        assert running.unicast
        # the port is shared, and whichever camera of this machine bound it last is the one that hears
        await prober.until(bool, lambda: transport.sendto(probe("n:Device"), ("127.0.0.1", PORT)))
    transport.close()


async def test_it_says_hello_and_bye_on_its_interface() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((GROUP, PORT))
    membership = socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1")
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    transport, prober = await open_prober(sock)
    spec = CameraSpec(name=str(uuid.uuid4()))
    async with DiscoveryServer(announcer(spec), "127.0.0.1", 40_005):
        pass
    said: list[tuple[str, str]] = []
    async with asyncio.timeout(60):
        while len(said) < 2:
            data, sender = await prober.heard.get()
            if spec.identity.urn.encode() in data:
                action = etree.fromstring(data).findtext("s:Header/a:Action", "", soap.NS)
                said.append((action.rpartition("/")[2], sender))
    transport.close()
    assert said == [("Hello", "127.0.0.1"), ("Bye", "127.0.0.1")]


class Wire(asyncio.DatagramTransport):
    """Remembers what is sent instead of sending it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[object] = []

    def sendto(self, data: object, addr: object = None) -> None:
        self.sent.append(addr)


@pytest.mark.parametrize(
    ("host", "sender", "answered"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "192.0.2.7", False),
        ("192.0.2.1", "192.0.2.7", True),
        (ANYWHERE, "127.0.0.1", True),
    ],
)
def test_a_camera_on_loopback_speaks_to_this_machine_only(host: str, sender: str, answered: bool) -> None:
    running, wire = DiscoveryServer(announcer(), host, 8080), Wire()
    running._transports.append(wire)
    running.datagram_received(probe(), (sender, 5000))
    assert wire.sent == ([(sender, 5000)] if answered else [])
    running.silent = True
    running.datagram_received(probe(), (sender, 5000))
    assert len(wire.sent) == answered
