"""SOAP reading within hard limits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from drivers.virtual.onvif import soap
from drivers.virtual.onvif.soap import SoapFault

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENVELOPE = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">{}</s:Envelope>'
WSA = 'xmlns:a="http://www.w3.org/2005/08/addressing"'
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)


def envelope(body: str, header: str = "") -> bytes:
    return ENVELOPE.format(f"<s:Header {WSA}>{header}</s:Header><s:Body>{body}</s:Body>").encode()


def test_a_call_knows_its_operation_and_its_addressing() -> None:
    call = soap.parse(
        envelope('<Go xmlns="urn:x"/>', "<a:MessageID> urn:1 </a:MessageID><a:Action>urn:x/Go</a:Action>")
    )
    assert (call.name, call.message_id, call.action) == ("{urn:x}Go", "urn:1", "urn:x/Go")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01",
        b"<",
        b"<html/>",
        b"<?xml version='1.0' encoding='no-such'?><a/>",
        ENVELOPE.format("<s:Body/>").encode(),
        ENVELOPE.format("").encode(),
        envelope("<x/>").replace(b"2003/05/soap-envelope", b"2001/12/soap-envelope"),
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'>" + envelope("<x/>"),
        f"{LAUGHS}]><x>&j;</x>".encode(),
        b"<!DOCTYPE x [<!ENTITY a 'ha'>]>".decode().encode("utf-16"),
        b"<a>" * 5000,
        envelope("<x>" + "y" * soap.LIMIT + "</x>"),
    ],
)
def test_what_is_no_sound_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(SoapFault) as refused:
        soap.parse(data)
    assert refused.value.subcodes == ("ter:WellFormed",)


@given(st.binary(max_size=300))
def test_garbage_never_raises_anything_else(data: bytes) -> None:
    with pytest.raises(SoapFault):
        soap.parse(data)


def test_an_answer_is_related_to_its_call_only_where_the_call_has_addressing() -> None:
    plain = soap.parse(envelope("<x/>"))
    addressed = soap.parse(
        envelope("<x/>", "<a:MessageID>urn:1</a:MessageID><a:Action>urn:x/PullRequest</a:Action>")
    )
    assert b"RelatesTo" not in soap.answer(plain, soap.el("tds:GetHostnameResponse"))
    root = etree.fromstring(soap.answer(addressed, soap.el("tds:GetHostnameResponse")))
    assert root.findtext(".//wsa:RelatesTo", None, soap.NS) == "urn:1"
    assert root.findtext(".//wsa:Action", None, soap.NS) == "urn:x/PullResponse"


def test_texts_are_escaped_and_their_prefixes_declared() -> None:
    root = etree.fromstring(soap.fault(SoapFault("<bad> & worse", "ter:InvalidArgVal", "ter:NoToken")))
    assert root.findtext(".//s:Text", None, soap.NS) == "<bad> & worse"
    subcodes = root.findall(".//s:Subcode/s:Value", soap.NS)
    assert [value.text for value in subcodes] == ["ter:InvalidArgVal", "ter:NoToken"]
    assert all(value.nsmap["ter"] == "http://www.onvif.org/ver10/error" for value in subcodes)


@given(st.integers(0, 86_399_999), st.integers(0, 300))
def test_durations_are_read(milliseconds: int, days: int) -> None:
    span = timedelta(days=days, milliseconds=milliseconds)
    minutes, seconds = divmod(milliseconds / 1000, 60)
    assert abs(soap.duration(f"P{days}DT{int(minutes)}M{seconds:.3f}S") - span) < timedelta(milliseconds=1)


def test_an_absurd_duration_is_bounded() -> None:
    assert soap.duration(f"P{'9' * 400}D") == timedelta(days=3650)


@pytest.mark.parametrize("written", ["", "P", "PT", "P1Y", "1H", "PT1X", "P1M", "-"])
def test_what_is_no_duration_is_a_fault(written: str) -> None:
    with pytest.raises(SoapFault):
        soap.duration(written)


def test_times_are_absolute_or_relative() -> None:
    assert soap.until("PT1M", NOW) == NOW + timedelta(minutes=1)
    assert soap.until("2026-03-01T19:00:00+07:00", NOW) == NOW
    with pytest.raises(SoapFault):
        soap.until("tomorrow", NOW)


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "1.5"])
def test_numbers_are_checked(value: str) -> None:
    with pytest.raises(SoapFault):
        soap.number(soap.el("tt:Zoom", x=value), "x", 0.0, 1.0)


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_survive_writing(at: datetime) -> None:
    assert abs(soap.moment(soap.utc(at)) - at) < timedelta(milliseconds=1)
