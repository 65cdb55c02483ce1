"""The pure parts of the RTSP server: messages, digest login, RTP packets."""

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Login
from drivers.virtual.rtsp.login import LIFE, REALM, DigestGate, Verdict
from drivers.virtual.rtsp.message import Answer, BadRequest, Transport, parse, parse_transport
from drivers.virtual.rtsp.rtp import MTU, RtpSender

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
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
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
        ("RTP/AVP/TCP;unicast;interleaved=2-3", Transport(interleaved=(2, 3))),
        ("RTP/AVP/TCP;unicast", Transport(interleaved=(0, 1))),
        ("RTP/AVP;unicast;client_port=5000-5001", Transport(ports=(5000, 5001))),
        ("RTP/AVP/UDP;unicast;client_port=5000;mode=play", Transport(ports=(5000, 5001))),
        ('RTP/AVP;multicast, RTP/AVP/TCP;unicast;mode="PLAY"', Transport(interleaved=(0, 1))),
    ],
)
def test_offers_are_understood(header: str, found: Transport) -> None:
    assert parse_transport(header) == found


@pytest.mark.parametrize(
    "header", ["", "RTP/AVP;multicast", "RTP/SAVP;client_port=1-2", "RTP/AVP;mode=record"]
)
def test_offers_that_cannot_be_served_say_so(header: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_transport(header)
    assert caught.value.status == 461


def test_an_answer_carries_every_challenge_and_its_length() -> None:
    told = Answer(401, {"WWW-Authenticate": ["Digest a", "Digest b"]}, b"body").render("3").decode()
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


LOGIN = Login("admin", "p@ss:w/rd#1")
GATE = DigestGate(LOGIN, b"secret", ("SHA-256", "MD5"))


def _header(nonce: str, algorithm: str = "MD5", password: str = LOGIN.password, user: str = "admin") -> str:
    make = hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5

    def digest(text: str) -> str:
        return make(text.encode()).hexdigest()

    account, asked = digest(f"{user}:{REALM}:{password}"), digest("DESCRIBE:rtsp://h/main")
    response = digest(f"{account}:{nonce}:{asked}")
    return (
        f'Digest username="{user}", realm="{REALM}", nonce="{nonce}", uri="rtsp://h/main", '
        f'algorithm={algorithm}, response="{response}"'
    )


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_right_password_opens(algorithm: str) -> None:
    assert GATE.check(_header(GATE.nonce(100), algorithm), "DESCRIBE", 101) is Verdict.GOOD


def test_everything_else_does_not() -> None:
    nonce = GATE.nonce(100)
    right = _header(nonce)
    wrong = [
        _header(nonce, password="guess"),
        _header(nonce, user="root"),
        _header(DigestGate(LOGIN, b"other").nonce(100)),
        right.replace("Digest", "Basic"),
        right.replace("algorithm=MD5", "algorithm=SHA-512"),
        "",
        "Digest",
        'Digest nonce=, response=""',
    ]
    assert [GATE.check(header, "DESCRIBE", 101) for header in wrong] == [Verdict.BAD] * len(wrong)
    assert GATE.check(right, "SETUP", 101) is Verdict.BAD


def test_an_old_nonce_is_stale_and_a_wrong_password_never_is() -> None:
    nonce, late = GATE.nonce(100), 101 + LIFE
    assert GATE.check(_header(nonce), "DESCRIBE", late) is Verdict.STALE
    assert GATE.check(_header(nonce, password="guess"), "DESCRIBE", late) is Verdict.BAD
    assert all("stale=TRUE" in challenge for challenge in GATE.challenges(late, stale=True))


def test_an_account_that_offers_only_md5_takes_only_md5() -> None:
    gate = DigestGate(LOGIN, b"secret")
    assert gate.check(_header(gate.nonce(1), "SHA-256"), "DESCRIBE", 1) is Verdict.BAD


@given(st.text(max_size=120))
def test_the_gate_survives_anything(rest: str) -> None:
    assert GATE.check(f"Digest {rest}", "DESCRIBE", 1) is Verdict.BAD


def _joined(packets: list[bytes]) -> list[bytes]:
    """Put NAL units together again, as a receiver does (RFC 6184)."""
    units: list[bytes] = []
    for packet in packets:
        payload = packet[12:]
        if payload[0] & 31 != 28:
            units.append(payload)
        elif payload[1] & 0x80:
            units.append(bytes((payload[0] & 0xE0 | payload[1] & 31,)) + payload[2:])
        else:
            units[-1] += payload[2:]
    return units


_SIZES = st.sampled_from([1, 2, 100, MTU - 1, MTU, MTU + 1, 2 * MTU - 3, 2 * MTU, 9 * MTU])


@given(st.lists(_SIZES, min_size=1, max_size=5), st.integers(0, 65535), st.integers(0, 2**32 - 1))
def test_a_receiver_gets_back_what_was_packed(sizes: list[int], sequence: int, offset: int) -> None:
    units = [bytes((0x65,)) + bytes((7,)) * (size - 1) for size in sizes]
    sender = RtpSender(0xABCDEF01, sequence, offset)
    packets = sender.packets(b"".join(b"\x00\x00\x00\x01" + unit for unit in units), 90_000)
    assert _joined(packets) == units
    assert max(map(len, packets)) <= 12 + MTU
    heads = [struct.unpack("!BBHII", packet[:12]) for packet in packets]
    assert [head[2] for head in heads] == [(sequence + count) % 65536 for count in range(len(packets))]
    assert {head[3] for head in heads} == {(offset + 90_000) % 2**32}
    assert {head[4] for head in heads} == {0xABCDEF01}
    assert [bool(head[1] & 0x80) for head in heads] == [False] * (len(packets) - 1) + [True]


def test_equal_units_get_one_marker() -> None:
    packets = RtpSender(1, 1, 0).packets(b"\x00\x00\x01\x41" * 3, 0)
    assert [bool(packet[1] & 0x80) for packet in packets] == [False, False, True]


def test_a_sender_report_ties_the_wall_clock_to_the_stream() -> None:
    sender = RtpSender(0x01020304, 1, 1000)
    sender.packets(b"\x00\x00\x01" + b"\x41" * 50, 0)
    report = sender.report(1_700_000_000.5, 90_000)
    kind, length, source, seconds, fraction, stamp, packets, octets = struct.unpack("!xBHIIIIII", report[:28])
    assert (kind, length, source) == (200, 6, 0x01020304)
    assert (seconds - 2_208_988_800, fraction) == (1_700_000_000, 1 << 31)
    assert (stamp, packets, octets) == (91_000, 1, 50)
    assert report[28:30] == bytes((0x81, 202))
    assert len(report) == 28 + 4 * (1 + struct.unpack("!H", report[30:32])[0])
