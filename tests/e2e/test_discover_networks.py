"""`matthan discover` on networks of its own: three cameras and a switch, in network namespaces.

Only where root may make namespaces; elsewhere it is skipped and says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
#: A camera: host, number, whether it answers probes.
CAMERA = """
import asyncio, sys
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec
async def main():
    host, number, heard = sys.argv[1:]
    spec = CameraSpec(name=f"Cổng {number}", serial=f"s-{number}", password="canary-pw", host=host,
                      onvif_port=80, rtsp_port=554, discoverable=heard == "1")
    async with VirtualCamera(spec):
        print("up", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
#: What answers probes by IPv6 alone, on one link.
SIXTH = """
import socket, sys
link = socket.if_nametoindex(sys.argv[1])
sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.bind(("::", 3702))
sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                socket.inet_pton(socket.AF_INET6, "ff02::c") + link.to_bytes(4, sys.byteorder))
print("up", flush=True)
while True:
    data, sender = sock.recvfrom(65536)
    sock.sendto(b'''<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="urn:w" xmlns:d="urn:d">
<e:Body><d:ProbeMatches><d:ProbeMatch><w:EndpointReference><w:Address>urn:uuid:six</w:Address></w:EndpointReference>
<d:Types>n:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/Six</d:Scopes>
<d:XAddrs>http://[fe80::66]/onvif/device_service</d:XAddrs></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>''',
                sender)
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


@dataclass
class Lab:
    """A switch (a bridge in a namespace), a technician's namespace and one for each camera."""

    stack: ExitStack
    prefix: str = field(default_factory=lambda: f"mt{os.getpid()}")

    def namespace(self, name: str) -> str:
        full = f"{self.prefix}-{name}"
        ip("netns", "add", full)
        self.stack.callback(ip, "netns", "del", full)
        ip("-n", full, "link", "set", "lo", "up")
        return full

    def plug(self, namespace: str, switch: str, address: str, mac: str, link: str) -> None:
        """Lay a cable from a namespace to the switch."""
        port = f"p{mac[-2:]}"
        ends = ("netns", switch, "type", "veth", "peer", "name", "eth0", "address", mac, "netns", namespace)
        ip("link", "add", port, *ends)
        ip("-n", switch, "link", "set", port, "master", "br0", "up")
        ip("-n", namespace, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", namespace, "link", "set", "eth0", "addrgenmode", "none", "up")
        ip("-n", namespace, "addr", "add", f"{link}/64", "dev", "eth0", "nodad")

    def run(self, namespace: str, code: str, *words: str) -> None:
        """Run a program in a namespace until the lab is taken down."""
        command = ["ip", "netns", "exec", namespace, sys.executable, "-c", code, *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment())
        self.stack.callback(_end, process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MATTHAN_CONFIG": "/nowhere/matthan.yaml",
        "MATTHAN_LANG": "en",
    }


@contextmanager
def switched() -> Iterator[Lab]:
    with ExitStack() as stack:
        lab = Lab(stack)
        switch = lab.namespace("switch")
        ip("-n", switch, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        ip("-n", switch, "link", "set", "br0", "up")
        lab.plug(lab.namespace("technician"), switch, "192.0.2.1", "02:00:00:00:00:01", "fe80::1")
        for number, heard in ((1, "1"), (2, "1"), (3, "0")):
            camera = lab.namespace(f"camera{number}")
            lab.plug(camera, switch, f"192.0.2.1{number}", f"02:00:00:00:00:1{number}", f"fe80::1{number}")
            lab.run(camera, CAMERA, f"192.0.2.1{number}", str(number), heard)
        six = lab.namespace("six")
        lab.plug(six, switch, "198.51.100.66", "02:00:00:00:00:66", "fe80::66")
        lab.run(six, SIXTH, "eth0")
        yield lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    try:
        with ExitStack() as stack:
            lab = Lab(stack, f"mt{os.getpid()}try")
            ip("-n", lab.namespace("a"), "link", "add", "br0", "type", "bridge")
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no network namespaces here: {error}")
    with switched() as lab:
        yield lab


def discover(lab: Lab, *words: str) -> tuple[list[dict[str, Any]], str]:
    command = ["ip", "netns", "exec", f"{lab.prefix}-technician", sys.executable, "-m", "engine", "discover"]
    done = subprocess.run(
        [*command, *words, "--json"], capture_output=True, text=True, cwd=ROOT, env=environment(), timeout=120
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout), done.stderr


def test_networks_are_asked_by_both_families(lab: Lab) -> None:
    found, said = discover(lab, "--interface", "eth0")
    assert said == ""
    assert [(each["address"], each["name"]) for each in found] == [
        ("192.0.2.11", "Cổng 1"),
        ("192.0.2.12", "Cổng 2"),
        ("fe80::66%eth0", "Six"),
    ]
    assert found[2]["url"] == "http://[fe80::66%eth0]:80/onvif/device_service"


def test_a_sweep_finds_who_answers_no_probe_and_whose_card_it_is(lab: Lab) -> None:
    found, said = discover(lab, "--subnet", "192.0.2.0/24")
    assert said == ""
    assert [(each["address"], each["mac"]) for each in found] == [
        (f"192.0.2.1{number}", f"02:00:00:00:00:1{number}") for number in (1, 2, 3)
    ]
    assert [sorted({answer["driver"] for answer in each["answers"]}) for each in found] == [
        ["onvif", "rtsp"]
    ] * 3


def test_hosts_of_one_link_are_swept_by_ipv6(lab: Lab) -> None:
    found, _ = discover(lab, "--subnet", "fe80::60/124%eth0")
    assert [(each["address"], each["mac"]) for each in found] == [("fe80::66%eth0", "02:00:00:00:00:66")]


def test_a_network_without_a_way_to_it_is_told(lab: Lab) -> None:
    found, said = discover(lab, "--subnet", "203.0.113.0/29")
    assert found == []
    assert "203.0.113.1 (Network is unreachable)" in said


def test_one_that_answers_for_all_addresses_is_told(lab: Lab) -> None:
    proxy = lab.namespace("proxy")
    lab.plug(proxy, f"{lab.prefix}-switch", "192.0.2.200", "02:00:00:00:00:99", "fe80::99")
    for number in range(201, 206):
        ip("-n", proxy, "addr", "add", f"192.0.2.{number}/24", "dev", "eth0")
    lab.run(proxy, CAMERA, "0.0.0.0", "9", "0")  # noqa: S104 (a network of its own)
    found, said = discover(lab, "--subnet", "192.0.2.200-205", "--subnet", "192.0.2.11")
    assert [each["address"] for each in found] == [
        "192.0.2.11",
        *(f"192.0.2.{number}" for number in range(200, 206)),
    ]
    assert "6 addresses are answered for by one and the same hardware address, 02:00:00:00:00:99" in said
