"""WS-Discovery: what is read of answers, and who answers on loopback."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Found, Scope
from drivers.errors import Unreachable
from drivers.onvif import discover


def match(
    epr: str = "urn:uuid:1",
    xaddrs: str = "http://10.0.0.5/onvif/device_service",
    types: str = "dn:NetworkVideoTransmitter",
    scopes: str = "onvif://www.onvif.org/name/C%E1%BB%95ng onvif://www.onvif.org/hardware/M1",
    discovery: str = "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    addressing: str = "http://schemas.xmlsoap.org/ws/2004/08/addressing",
) -> bytes:
    return (
        f'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:d="{discovery}" xmlns:w="{addressing}">'
        f"<e:Body><d:ProbeMatches><d:ProbeMatch><w:EndpointReference><w:Address>{epr}</w:Address>"
        f"</w:EndpointReference><d:Types>{types}</d:Types><d:Scopes>{scopes}</d:Scopes>"
        f"<d:XAddrs>{xaddrs}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"
    ).encode()


def one(data: bytes, sender: str = "10.0.0.5") -> Found:
    (found,) = discover.read_answer(data, sender)
    return found


def test_an_answer() -> None:
    assert one(match()) == Found(
        driver="onvif",
        url="http://10.0.0.5/onvif/device_service",
        identity="urn:uuid:1",
        address="10.0.0.5",
        name="Cổng",
        model="M1",
        urls=("http://10.0.0.5/onvif/device_service",),
    )


def test_any_namespace_will_do() -> None:
    odd = match(discovery="http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01", addressing="urn:other")
    assert one(odd) == one(match())


@pytest.mark.parametrize(
    ("xaddrs", "url"),
    [
        ("http://169.254.1.1/a http://10.0.0.5/b", "http://10.0.0.5/b"),  # the sender's goes before
        ("http://[fe80::1]/a http://10.0.0.5:8080/b", "http://10.0.0.5:8080/b"),
        ("http://127.0.0.1:2020/onvif", "http://10.0.0.5:2020/onvif"),  # nobody's own address is mine
        ("https://cam.local/x", "https://10.0.0.5:443/x"),
    ],
)
def test_the_way_leads_to_the_sender(xaddrs: str, url: str) -> None:
    found = one(match(xaddrs=xaddrs))
    assert found.url == url
    assert found.urls == tuple(xaddrs.split())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"<a>",
        match(xaddrs=""),
        match(xaddrs="file:///etc/passwd"),
        match(xaddrs="http://"),
        match(types="dn:Printer", scopes="ldap://x"),
        b'<!DOCTYPE x [<!ENTITY e "y">]>' + match(),
    ],
)
def test_what_is_no_camera_is_passed_over(data: bytes) -> None:
    assert list(discover.read_answer(data, "10.0.0.5")) == []


def test_names_cannot_drive_a_terminal() -> None:
    found = one(match(scopes="onvif://www.onvif.org/name/%1b%5b2J%07evil%0A" + "x" * 500))
    assert found.name.isprintable()
    assert len(found.name) <= 64


@given(st.binary(max_size=400))
def test_no_datagram_raises(data: bytes) -> None:
    list(discover.read_answer(data, "10.0.0.5"))


async def test_each_device_once_though_asked_four_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two types, two rounds: a device answers each; one identity at one address is one device."""
    asked: list[bytes] = []

    class Device(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            asked.append(data)
            for epr in ("urn:uuid:1", "urn:uuid:2", "urn:uuid:1"):
                self.transport.sendto(match(epr), addr)
            self.transport.sendto(b"\x00" * 20_000, addr)
            if len(asked) == 4:
                self.transport.sendto(match("urn:uuid:last"), addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Device, local_addr=("127.0.0.1", 0))
    monkeypatch.setattr(discover, "PORT", transport.get_extra_info("sockname")[1])
    try:
        found: list[Found] = []
        async with aclosing(discover.discover(Scope(hosts=("127.0.0.1",)), 60)) as answers:
            while "urn:uuid:last" not in {each.identity for each in found}:
                found.append(await anext(answers))
    finally:
        transport.close()
    assert [each.identity for each in found] == ["urn:uuid:1", "urn:uuid:2", "urn:uuid:last"]
    assert {each.address for each in found} == {"127.0.0.1"}
    assert len(asked) == 4
    assert sum(b"NetworkVideoTransmitter" in data for data in asked) == 2


@pytest.mark.parametrize("scope", [Scope(interfaces=("203.0.113.7",)), Scope(interfaces=("nonsense",))])
async def test_an_interface_that_is_not_ours(scope: Scope) -> None:
    with pytest.raises(Unreachable):
        async for _ in discover.discover(scope, 0.1):
            pass


async def test_one_bad_place_does_not_spoil_the_others() -> None:
    scope = Scope(interfaces=("203.0.113.7", "127.0.0.1"))
    async for found in discover.discover(scope, 0.1):
        assert found.address == "127.0.0.1"


async def test_nothing_is_sent_beyond_the_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, int]] = []
    real = discover._send

    def note(senders: Any) -> None:
        listed = list(senders)
        sent.extend(target for _, target in listed)
        assert {transport.get_extra_info("sockname")[0] for transport, _ in listed} == {"127.0.0.1"}
        real(listed)

    monkeypatch.setattr(discover, "_send", note)
    async for _ in discover.discover(Scope(interfaces=("127.0.0.1",)), 0.1):
        pass
    assert set(sent) == {(discover.GROUP, discover.PORT)}
