"""What is read of an answer to a probe, whatever a device writes into it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Found
from drivers.onvif.discovery.probe_match import read_matches, scopes_of


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
    (found,) = read_matches(data, sender)
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
    assert list(read_matches(data, "10.0.0.5")) == []


def test_names_cannot_drive_a_terminal() -> None:
    found = one(match(scopes="onvif://www.onvif.org/name/%1b%5b2J%07evil%0A" + "x" * 500))
    assert found.name.isprintable()
    assert len(found.name) <= 64


@given(st.binary(max_size=400))
def test_no_datagram_raises(data: bytes) -> None:
    list(read_matches(data, "10.0.0.5"))


BASE = "onvif://www.onvif.org"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Front Door 1", "Front Door 1"),
        ("Front%20Door%201", "Front Door 1"),
        ("Front%20Door 1", "Front Door 1"),
        ("Building A/Door 2", "Building A/Door 2"),
        ("Building%20A%2FDoor%202", "Building A/Door 2"),
        ("C++ lab", "C++ lab"),
        ("Front+Door", "Front+Door"),
        ("Gate: east", "Gate: east"),
        ("Gate:2 east", "Gate:2 east"),
        ("100%", "100%"),
        ("  padded\n  name ", "padded name"),
        (quote("Cổng chính số 1"), "Cổng chính số 1"),
        ("Cổng chính số 1", "Cổng chính số 1"),
        ("Caf%E9", "Café"),  # Latin-1 behind a per cent sign
    ],
)
@pytest.mark.parametrize("after", ["", f" {BASE}/type/ptz", " ldap:///o=site", " urn:x:y", " ONVIF://x/y"])
def test_a_name_goes_on_until_the_next_scope(written: str, name: str, after: str) -> None:
    scopes = f"{BASE}/hardware/IPC 12 V2 {BASE}/name/{written}{after}"
    found = one(match(scopes=scopes))
    assert (found.name, found.model) == (name, "IPC 12 V2")


@pytest.mark.parametrize("name", ["Café đêm", "Überwachung", "Cổng"])
def test_a_name_in_bytes_that_nobody_declares(name: str) -> None:
    raw = match(scopes=f"{BASE}/name/NAME {BASE}/location/Hà Nội")
    for written in {name.encode(), name.encode("latin-1", "ignore")}:
        found = one(raw.replace(b"NAME", written))
        assert found.name in (name, name.encode("latin-1", "ignore").decode("latin-1"))


def test_a_declared_encoding_is_believed() -> None:
    declared = '<?xml version="1.0" encoding="ISO-8859-1"?>' + match(scopes=f"{BASE}/name/Café").decode()
    assert one(declared.encode("latin-1")).name == "Café"
    assert one(declared.replace("ISO-8859-1", "UTF-16").encode("utf-16")).name == "Café"


def test_the_first_name_that_says_something_counts_however_its_scope_is_written() -> None:
    assert one(match(scopes=f"{BASE}/name/ {BASE}/name/Gate")).name == "Gate"
    assert one(match(scopes="ONVIF://WWW.ONVIF.ORG/Name/Gate", types="")).name == "Gate"


@given(st.lists(st.text("ab:/ .+%é", min_size=1, max_size=12), max_size=6))
def test_scopes_lose_no_word(words: list[str]) -> None:
    text = " ".join(words)
    assert len(" ".join(scopes_of(text.replace("%", ""))).split()) == len(text.replace("%", "").split())


@pytest.mark.parametrize(
    ("xaddrs", "sender", "url"),
    [
        ("http://[2001:db8::5]/a", "2001:db8::5", "http://[2001:db8::5]/a"),
        ("http://[2001:DB8:0::5]:8080/a", "2001:db8::5", "http://[2001:DB8:0::5]:8080/a"),
        ("http://10.0.0.5/a", "2001:db8::5", "http://[2001:db8::5]:80/a"),
        ("http:// HTTP://10.0.0.5:81/b", "10.0.0.5", "HTTP://10.0.0.5:81/b"),
        ("http://[bad http://192.0.2.1/b", "10.0.0.5", "http://10.0.0.5:80/b"),
    ],
)
def test_one_address_that_leads_somewhere_is_enough(xaddrs: str, sender: str, url: str) -> None:
    assert one(match(xaddrs=xaddrs), sender).url == url


FIXTURES = Path(__file__).parents[3] / "fixtures"


def told(fixture: str) -> Found:
    return one((FIXTURES / fixture / "ProbeMatches.xml").read_bytes(), "192.0.2.7")


def test_blanks_of_a_name_as_they_are() -> None:
    found = told("generic_blank-in-name_any")
    assert (found.name, found.model) == ("Front Door 1", "HW 1")


def test_a_name_in_latin_1_that_says_it_is_utf_8() -> None:
    assert told("generic_latin-1-name_any").name == "Café"


def test_an_address_that_leads_nowhere() -> None:
    found = told("generic_foreign-address_any")
    assert found.url == "http://192.0.2.7:80/onvif/device_service"
    assert found.urls == ("http://169.254.1.1/onvif/device_service",)
