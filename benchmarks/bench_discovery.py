"""Discovery: how many of many devices that answer at once are found.

    python benchmarks/bench_discovery.py --json

`found` is per try the share of the devices that were told; 100 % is the bar. The receive buffer is held at what
an unprivileged program gets from Linux by default (`net.core.rmem_max` 212992), whatever this machine allows, and
as root the search runs as nobody. The devices live in a process of their own and answer a multicast probe on
loopback: all of one address and port in one burst (the worst: nothing tells them apart), each from a socket of its
own, or spread over the half second that WS-Discovery allows. `held` is what stays of 4,000 answers that come
while nobody reads: how long a busy machine may keep the reader from running. `plain` is one socket with a queue
behind it, as asyncio gives it, and two rounds of probes: what discovery was before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from drivers.contract import Scope
from drivers.errors import DriverError
from drivers.onvif.discovery import probe_targets, receiver, search
from drivers.onvif.discovery.probe_match import read_matches

DEVICES, TRIES, BURST = 500, 2, 4000
#: What Linux gives who asks for much and has no privilege.
ALLOWED = 212_992
NOBODY = 65534
ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"
 xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><SOAP-ENV:Header>
<wsa:MessageID>uuid:{message}</wsa:MessageID>
<wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>
<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action></SOAP-ENV:Header>
<SOAP-ENV:Body><d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference><wsa:Address>urn:uuid:{number:08d}
</wsa:Address></wsa:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>
<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/type/ptz
 onvif://www.onvif.org/hardware/M1 onvif://www.onvif.org/name/Camera%20{number}</d:Scopes>
<d:XAddrs>http://127.0.0.1:{number}/onvif/device_service</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>
</d:ProbeMatch></d:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>"""


def hear(port: int) -> socket.socket:
    """Return a socket that hears probes on loopback."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((probe_targets.GROUP, port))
    member = socket.inet_aton(probe_targets.GROUP) + socket.inet_aton("127.0.0.1")
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    return sock


def devices(apart: bool, spread: float) -> None:
    """Be many devices for ever: each answers each probe once. Prints the port that they hear at."""
    ear, chance = hear(0), random.Random(1)
    mouths = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(DEVICES if apart else 1)]
    for mouth in mouths:
        mouth.bind(("127.0.0.1", 0))
    print(ear.getsockname()[1], flush=True)
    while True:
        _, prober = ear.recvfrom(65536)
        order = sorted((chance.uniform(0, spread), number) for number in range(DEVICES))
        began = time.monotonic()
        for after, number in order:
            if (pause := began + after - time.monotonic()) > 0.001:
                time.sleep(pause)
            answer = ANSWER.format(number=number, message=chance.getrandbits(64))
            mouths[number % len(mouths)].sendto(answer.encode(), prober)


@contextmanager
def network(apart: bool, spread: float) -> Iterator[int]:
    """Run the devices in a process of their own; give the port that they hear at."""
    command = [sys.executable, __file__, "--devices", str(int(apart)), str(spread)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def ours() -> tuple[int, str]:
    """Search once; return how many were found, and what the driver says was lost."""
    found, said = 0, ""
    try:
        async for _ in search.discover(Scope(interfaces=("127.0.0.1",)), 3.0):
            found += 1
    except DriverError as error:
        said = str(error)
    return found, said


async def plain(port: int) -> int:
    """Search once as a simple program does: two probes of each kind, one socket, a queue, parsing as it comes."""
    queue: asyncio.Queue[bytes] = asyncio.Queue(1024)

    class Answers(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if not queue.full():
                queue.put_nowait(data)

    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ALLOWED // 2)  # the default, doubled by the kernel
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    sock.bind(("127.0.0.1", 0))
    transport, _ = await loop.create_datagram_endpoint(Answers, sock=sock)
    known: set[str] = set()
    for wait in (0.25, 2.75):
        for name, namespace in probe_targets._TYPES:
            probe = probe_targets._PROBE.format(namespace=namespace, type=name, message=1)
            transport.sendto(probe.encode(), (probe_targets.GROUP, port))
        end = loop.time() + wait
        while (left := end - loop.time()) > 0:
            try:
                async with asyncio.timeout(left):
                    data = await queue.get()
            except TimeoutError:
                break
            known |= {each.url for each in read_matches(data, "127.0.0.1")}
    transport.close()
    return len(known)


def held() -> dict[str, int]:
    """Return how many of many answers are there after nobody has read while they came."""
    heard = threading.Event()
    answer = ANSWER.format(number=7, message=7).encode()
    with (
        receiver.DatagramReceiver(heard.set) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth,
    ):
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ALLOWED // 2)
        plain.bind(("127.0.0.1", 0))
        plain.setblocking(False)
        group = ours.open(socket.AF_INET, "127.0.0.1")
        for sock in (plain, group[0]):
            for _ in range(BURST):
                mouth.sendto(answer, sock.getsockname())
        ours.start()
        came = 0
        while came + ours.lost() < BURST and heard.wait(5):
            heard.clear()
            came += len(ours.take())
        return {"ours": came, "plain": sum(1 for _ in iter(lambda: received(plain), b""))}


def received(sock: socket.socket) -> bytes:
    try:
        return sock.recv(65536)
    except BlockingIOError:
        return b""


def percent(found: int) -> str:
    return f"{100 * found / DEVICES:.1f} %"


def measure(port: int) -> dict[str, object]:
    probe_targets.PORT = port
    tries = [asyncio.run(ours()) for _ in range(TRIES)]
    before = asyncio.run(plain(port))
    return {
        "found": ", ".join(percent(found) for found, _ in tries),
        "lost, as told": "; ".join(said for _, said in tries if said) or "nothing",
        "plain": percent(before),
    }


def become_nobody() -> None:
    """Give root's privileges up; what is imported late is imported before, for nobody may not read it."""
    asyncio.run(ours())
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setresuid(NOBODY, NOBODY, 0)  # root's children are ended as root


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--devices", nargs=2, metavar=("APART", "SECONDS"), help="be the devices")
    given = parser.parse_args()
    if given.devices:
        devices(given.devices[0] == "1", float(given.devices[1]))
    receiver.BUFFER = ALLOWED
    ways = {
        "one burst, one socket": (False, 0.0),
        "one burst, a socket each": (True, 0.0),
        "over 0.5 s, one socket": (False, 0.5),
        "over 0.5 s, a socket each": (True, 0.5),
    }
    with ExitStack() as stack:
        ports = {name: stack.enter_context(network(*way)) for name, way in ways.items()}
        become_nobody()
        result: dict[str, object] = {"bench": "discovery", "devices": DEVICES, "user": os.getuid()}
        result |= {name: measure(port) for name, port in ports.items()}
        print(json.dumps(result | {f"held of {BURST}": held()}))
        os.seteuid(os.getresuid()[2])


if __name__ == "__main__":
    main()
