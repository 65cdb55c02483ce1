"""RTSP messages as the server reads and writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.virtual.rtsp.message import BadRequest, Response, TransportOffer, parse, parse_transport

REQUEST = (
    b"SETUP rtsp://127.0.0.1:554/main/track1/?x=1 RTSP/1.0\r\nCSeq: 7\r\ntransport:  RTP/AVP/TCP \r\n\r\n"
)


def test_a_request_is_read() -> None:
    request = parse(REQUEST)
    assert (request.method, request.path, request.sequence) == ("SETUP", "/main/track1", "7")
    assert request.headers["transport"] == "RTP/AVP/TCP"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\n\r\n", 400),  # no CSeq
        (b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505),
        (b"OPTIONS  * RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nno colon\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999\r\n\r\n", 413),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -1\r\n\r\n", 400),
        ("OPTIONS * RTSP/1.0\r\nCSeq: ²\r\n\r\n".encode(), 400),
        (b"OPTIONS rtsp://[ RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400),
        (b"OPTIONS \xff RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_with_the_right_status(text: bytes, status: int) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(text)
    assert caught.value.status == status


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_the_parser_survives_anything(head: bytes) -> None:
    try:
        request = parse(head)
    except BadRequest:
        return
    assert request.sequence
    assert request.path == "*" or request.path is not None
    assert request.body_length >= 0


@given(st.data())
def test_the_parser_survives_damaged_requests(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(REQUEST) - 1))
    damage = data.draw(st.binary(max_size=6))
    try:
        request = parse(REQUEST[:at] + damage + REQUEST[at + len(damage) :])
        parse_transport(request.headers.get("transport", ""))
    except BadRequest as error:
        status = error.status
    else:
        status = 200
    assert status in {200, 400, 413, 461, 505}


@given(st.text(max_size=80))
def test_the_transport_parser_survives_anything(header: str) -> None:
    try:
        found = parse_transport(header)
    except BadRequest as error:
        status, one = error.status, True
    else:
        status, one = 200, (found.interleaved is None) != (found.ports is None)
    assert status in {200, 400, 461}
    assert one


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", TransportOffer(interleaved=(2, 3))),
        ("RTP/AVP/TCP;unicast", TransportOffer(interleaved=(0, 1))),
        ("RTP/AVP;unicast;client_port=5000-5001", TransportOffer(ports=(5000, 5001))),
        ("RTP/AVP/UDP;unicast;client_port=5000;mode=play", TransportOffer(ports=(5000, 5001))),
        ('RTP/AVP;multicast, RTP/AVP/TCP;unicast;mode="PLAY"', TransportOffer(interleaved=(0, 1))),
    ],
)
def test_offers_are_understood(header: str, found: TransportOffer) -> None:
    assert parse_transport(header) == found


@pytest.mark.parametrize(
    "header", ["", "RTP/AVP;multicast", "RTP/SAVP;client_port=1-2", "RTP/AVP;mode=record"]
)
def test_offers_that_cannot_be_served_say_so(header: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_transport(header)
    assert caught.value.status == 461


def test_an_answer_carries_every_challenge_and_its_length() -> None:
    told = Response(401, {"WWW-Authenticate": ["Digest a", "Digest b"]}, b"body").render("3").decode()
    head, _, body = told.partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == "RTSP/1.0 401 Unauthorized"
    assert {
        "CSeq: 3",
        "WWW-Authenticate: Digest a",
        "WWW-Authenticate: Digest b",
        "Content-Length: 4",
    } <= set(lines)
    assert body == "body"
