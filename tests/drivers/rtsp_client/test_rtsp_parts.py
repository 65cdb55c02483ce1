"""The pure parts: messages, descriptions, packets and pictures."""

from __future__ import annotations

import random
import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract import Codec
from drivers.errors import DriverError
from drivers.rtsp import message, rtp, sdp
from drivers.rtsp.connection import Datagrams, Late, Wire
from drivers.rtsp.message import Message
from drivers.rtsp.nals import H264, H265, Nals
from drivers.rtsp.rate_limit import packets
from drivers.rtsp.sdp import START

NAL = st.builds(
    lambda kind, first, body: bytes((0x60 | kind, 0x80 if first else 0x10)) + body,
    st.sampled_from([1, 5, 6, 7, 8]),
    st.booleans(),
    st.binary(min_size=1, max_size=40),
)


def test_a_head_is_read_whatever_the_small_server_forgets() -> None:
    head = b"RTSP/1.0 200\nCSeq : 3\r\nTue, 12 Jun 2012\n: no name\nnonsense\nWWW-Authenticate: a\nwww-authenticate:b\n"
    said = message.read_head(head + b"Content-Length: 4\r\nContent-Length: 7\r\n")
    assert (said.status, said.reason) == (200, "")
    assert said.every("www-authenticate") == ["a", "b"]
    assert (said.header("cseq"), said.length) == ("3", 7)
    assert message.read_head(b"OPTIONS * RTSP/1.0\r\nCSeq: 1").reason == "OPTIONS"
    with pytest.raises(ValueError, match="not RTSP"):
        message.read_head(b"HTTP/1.1 200 OK\r\n")


@given(st.binary(max_size=300))
def test_a_head_of_any_bytes_is_read_or_refused(data: bytes) -> None:
    try:
        assert isinstance(message.read_head(b"RTSP/1.0 200 OK\r\n" + data), Message)
    except ValueError:
        pytest.fail("the first line is good")


def test_a_description_tells_videos_codecs_and_parameter_sets() -> None:
    text = (
        "v=0\na=control:rtsp://h/base\nm=audio 0 RTP/AVP 8\na=control:a\n"
        "m=video 0 RTP/AVP 98 96\na=rtpmap:98 MP4V-ES/90000\na=rtpmap:96 h265/90000\n"
        "a=fmtp:96 sprop-vps=QAE; sprop-sps = QgE= ;sprop-pps=????;sprop-max-don-diff=2\na=control:v\n"
        "m=video 0 RTP/AVP 26\nm=video 0 RTP/AVP 97\na=rtpmap:97 VP8/90000\nm=video\na=rtpmap:x y\nm=\n=\n"
    )
    told = sdp.read(text)
    assert told.control == "rtsp://h/base"
    first, second = told.videos
    assert first == sdp.Video(Codec.H265, 96, 90_000, "v", START + b"\x40\x01" + START + b"\x42\x01", True)
    assert (second.codec, second.payload, second.control) == (Codec.MJPEG, 26, "")
    assert "VP8" in told.others


@given(st.text(max_size=400))
def test_a_description_of_any_text_is_read(text: str) -> None:
    sdp.read(text)
    sdp.read("m=video 0 RTP/AVP 96\n" + "\n".join(f"a=rtpmap:{line}" for line in text.split()))


def pieces(nal: bytes, size: int) -> list[bytes]:
    """A NAL unit as FU-A fragments (RFC 6184)."""
    body = [nal[1:][at : at + size] for at in range(0, len(nal) - 1, size)]
    marks = [(0x80 if not n else 0) | (0x40 if n + 1 == len(body) else 0) for n in range(len(body))]
    return [
        bytes((nal[0] & 0xE0 | 28, mark | nal[0] & 0x1F)) + part
        for mark, part in zip(marks, body, strict=True)
    ]


@given(st.lists(NAL, min_size=1, max_size=6), st.integers(1, 9), st.integers(0, 2))
def test_h264_comes_out_as_it_went_in(nals: list[bytes], size: int, way: int) -> None:
    joined = H264()
    if way == 0:
        payloads = nals
    elif way == 1:
        payloads = [b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)]
    else:
        payloads = [part for nal in nals for part in pieces(nal, size)]
    for payload in payloads:
        joined.push(memoryview(payload))
    joined.cut()
    coded = [nal for nal in nals if nal[0] & 0x1F in (1, 5)]
    told = b"".join(data for data, _ in joined.done)
    last = max((at for at, nal in enumerate(nals) if nal in coded), default=-1)
    wanted = b"".join(START + nal for nal in nals[: last + 1])
    assert told.startswith(wanted)
    if not any(nal[0] & 0x1F == 6 for nal in nals):  # a random one may hold a recovery point
        assert any(key for _, key in joined.done) == any(nal[0] & 0x1F == 5 for nal in coded)
    firsts = sum(nal[1] >= 0x80 for nal in coded)
    assert len(joined.done) >= min(1, len(coded))
    assert len(joined.done) >= firsts


@pytest.mark.parametrize("numbered", [False, True])
def test_h265_in_every_dress(numbered: bool) -> None:
    number = b"\0\1" if numbered else b""
    sps, idr, tail = b"\x42\x01abc", b"\x26\x01\x80defghi", b"\x02\x01\x80xyz"
    joined = H265(numbered)
    aggregate = b"\x60\x01" + number + len(sps).to_bytes(2, "big") + sps
    aggregate += (b"\0" if numbered else b"") + (2).to_bytes(2, "big") + b"\x44\x01"
    fragments = [b"\x62\x01\x93" + number + b"\x80de", b"\x62\x01\x13fg", b"\x62\x01\x53hi"]
    single = tail[:2] + number + tail[2:]
    for payload in (aggregate, *fragments, single, b"\x62"):
        joined.push(memoryview(payload))
    joined.cut()
    assert joined.done[0] == (START + sps + START + idr, True)
    assert joined.done[1] == (START + tail, False)
    assert joined.dropped == 1


def test_a_lost_fragment_costs_its_unit_only() -> None:
    joined = H264()
    whole = bytes((0x65, 0x88)) + bytes(range(50))
    first, second, third = pieces(whole, 20)
    joined.push(memoryview(first))
    joined.lost()
    joined.push(memoryview(third))
    assert joined.dropped == 1
    joined.push(memoryview(b"\x41\x9a1"))
    joined.cut()
    assert joined.done == [(START + whole[:21], True), (START + b"\x41\x9a1", False)]
    assert second


def test_a_recovery_point_is_a_place_to_begin() -> None:
    joined = H264()
    for nal in (b"\x06\x05\x02ab\x06\x01\xc4\x80", b"\x41\x9a1"):
        joined.push(memoryview(nal))
    joined.cut()
    assert [key for _, key in joined.done] == [True]


@given(st.lists(st.binary(max_size=30), max_size=20), st.booleans())
def test_any_payloads_are_borne(payloads: list[bytes], newer: bool) -> None:
    joined: Nals = H265() if newer else H264()
    for payload in payloads:
        if payload:
            joined.push(memoryview(payload))
    joined.cut()


def packet(payload: bytes, sequence: int, stamp: int, *, marker: bool = False, kind: int = 96) -> memoryview:
    second = kind | (0x80 if marker else 0)
    head = (
        bytes((0x80, second))
        + (sequence & 0xFFFF).to_bytes(2, "big")
        + (stamp & 0xFFFFFFFF).to_bytes(4, "big")
    )
    return memoryview(head + b"\0\0\0\7" + payload)


VIDEO = sdp.Video(Codec.H264, 96, 90_000, "")
FIRST, REST = b"\x41\x9a1", b"\x41\x112"


def received(*packets: memoryview) -> rtp.Receiver:
    receiver = rtp.Receiver(VIDEO)
    for each in packets:
        receiver.feed(each)
    return receiver


def test_a_picture_ends_by_marker_by_time_and_by_the_next_ones_beginning() -> None:
    by_marker = received(packet(FIRST, 1, 100), packet(REST, 2, 100, marker=True))
    assert [unit.data for unit in by_marker.units] == [START + FIRST + START + REST]
    by_time = received(packet(FIRST, 1, 100), packet(REST, 2, 100), packet(FIRST, 3, 200))
    assert [unit.data for unit in by_time.units] == [START + FIRST + START + REST]
    by_sight = received(packet(FIRST, 1, 100), packet(REST, 2, 100), packet(FIRST, 3, 100))
    assert [unit.data for unit in by_sight.units] == [START + FIRST + START + REST]


def test_markers_that_end_slices_are_not_believed_for_long() -> None:
    packets, sequence = [], 0
    for number in range(6):
        for nal in (FIRST, REST):
            packets.append(packet(nal, sequence, number * 3600, marker=True))
            sequence += 1
    units = received(*packets).units
    assert units[-1].data == START + FIRST + START + REST


def test_stamps_are_unwrapped_and_repeated_ones_are_none() -> None:
    high = (1 << 32) - 1800
    stamps = [high, high + 3600, high + 7200, high + 7200]
    units = received(*(packet(FIRST, n, at, marker=True) for n, at in enumerate(stamps))).units
    assert [unit.at for unit in units] == [0, 3600, 7200, None]


def test_another_payload_type_is_taken_when_the_camera_insists() -> None:
    receiver = received(*(packet(FIRST, n, n * 3600, marker=True, kind=97) for n in range(20)))
    assert len(receiver.units) == 20
    rtcp = (packet(FIRST, n, n, marker=True, kind=72) for n in range(20))
    assert received(*rtcp).packets == 0


def test_headers_extensions_and_padding_are_passed_over() -> None:
    plain = bytes(packet(FIRST, 1, 5, marker=True))
    extended = bytes((0xB1,)) + plain[1:12] + b"\0" * 4 + b"\xbe\xde\0\1abcd" + FIRST + b"\0\0\3"
    assert [unit.data for unit in received(memoryview(extended)).units] == [START + FIRST]


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_any_packets_are_borne(packets: list[bytes]) -> None:
    received(*(memoryview(b"\x80\x60" + each) for each in packets))
    rtp.says_bye(memoryview(b"".join(packets)))


@given(st.integers(0, 0xFFFF), st.integers(2, 80), st.integers(0, 1 << 30))
def test_datagrams_are_put_in_order_and_one_that_is_lost_holds_nothing_up(
    start: int, count: int, seed: int
) -> None:
    order = [bytes(packet(b"x", start + n, 0)) for n in range(count)]
    mixed = [order[0], *order[2:]]  # the second is lost
    rnd = random.Random(seed)
    for at in range(1, len(mixed) - 4, 4):
        piece = mixed[at : at + 4]
        rnd.shuffle(piece)
        mixed[at : at + 4] = piece
    shuffle = rtp.Shuffle()
    out = [each for datagram in mixed for each in shuffle.feed(datagram, 0.0)]
    out = [each for each in out if each]
    wanted = [order[0], *order[2:]]
    assert out == wanted[: len(out)]
    assert len(out) >= len(wanted) - 33


@given(st.lists(st.permutations([0, 1, 2]), min_size=1, max_size=20))
def test_decoding_times_never_run_back_nor_exceed_what_is_shown(groups: list[list[int]]) -> None:
    order, last = rtp.Order(), -1
    for number, group in enumerate(groups):
        for place in sorted(group, key=lambda each: each == 1):  # two steps ahead at most
            at, decode = order.place((number * 3 + place) * 3600)
            assert at is not None
            assert decode is not None
            assert decode <= at or not order._reorders
            last = max(last, decode)


def test_reports_and_goodbyes() -> None:
    report = memoryview(rtp.report(b"\1\2\3\4"))
    assert len(report) % 4 == 0
    assert not rtp.says_bye(report)
    assert rtp.says_bye(memoryview(bytes(report) + b"\x81\xcb\0\1\0\0\0\0"))


def talk(said: bytes) -> list[Any]:
    """What a wire makes of bytes, until they are used up."""
    ours, theirs = socket.socketpair()
    wire = Wire("peer", threading.Event())
    wire._sock = ours
    out: list[Any] = []
    with theirs:

        def write() -> None:
            theirs.sendall(said)
            theirs.shutdown(socket.SHUT_WR)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            while True:
                came = wire.next(time.monotonic() + 30)
                out.append(came if isinstance(came, Message) else (came[0], bytes(came[1])))
        except DriverError as error:
            out.append(error)
        finally:
            wire.close()
            writer.join()
    return out


PARTS = [b"$", b"\0", b"\1\0", b"RTSP/1.0 200 OK\r\n", b"\r\n\r\n", b"Content-Length: 3\r\n", b"abc"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(PARTS), max_size=40))
def test_any_bytes_end_as_an_error_of_ours(parts: list[bytes]) -> None:
    *_, last = talk(b"".join(parts))
    assert isinstance(last, DriverError)
    assert not isinstance(last, Late)


def test_packets_and_messages_however_they_are_cut() -> None:
    large = b"z" * 65_535
    said = (
        b"$\0\0\3abc" + b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 2\r\n\r\nhi" + b"$\1\xff\xff" + large
    )
    first, second, third, last = talk(said + b"\r\n\r\n$\2\0\0"[:4] + b"")
    assert first == (0, b"abc")
    assert (second.status, second.body) == (200, b"hi")
    assert third == (1, large)
    assert isinstance(last, DriverError)


# -- careless and hostile senders -------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["\0", "\ufeff", "\ufffd", "\x1b[2J"])
def test_a_description_may_hold_odd_characters(odd: str) -> None:
    text = f"{odd}v=0\ns={odd}\nm=video 0 RTP/AVP 96{odd if odd == chr(0) else ''}\na=rtpmap:96 H264/90000\n"
    assert [video.payload for video in sdp.read(text).videos] == [96]


def test_a_payload_type_without_a_name_is_guessed_and_sets_may_bring_their_start() -> None:
    one = sdp.read("m=video 0 RTP/AVP 96\na=fmtp:96 sprop-parameter-sets=AAAAAWdC\na=control:x\n").videos[0]
    assert (one.codec, one.clock, one.sets) == (Codec.H264, 90_000, START + b"\x67\x42")
    other = sdp.read("m=video 0 RTP/AVP 96\na=fmtp:96 sprop-sps=QgE=\n").videos[0]
    assert other.codec is Codec.H265
    assert sdp.read("m=video 0 RTP/AVP 32\n").videos == ()
    assert sdp.read("m=video 0 RTP/AVP 96\na=rtpmap:97 H264/90000\n").videos == ()


def test_an_aggregate_of_the_smallest_units_is_few_pictures() -> None:
    joined = H264()
    joined.push(memoryview(b"\x78" + b"\0\2\x41\x9a" * 16_000))
    assert len(joined.done) <= 256


def test_partitions_and_their_headers_make_one_picture() -> None:
    joined = H264()
    for nal in (b"\x42\x9a1", b"\x43\x9a2", b"\x44\x9a3"):
        joined.push(memoryview(nal))
    joined.cut()
    assert len(joined.done) == 1


def test_jpeg_tables_of_any_size_are_cut_or_refused() -> None:
    from drivers.rtsp.jpeg import Jpeg

    for size, good in ((0, False), (63, False), (64, True), (100, False), (128, True), (60_000, False)):
        joined = Jpeg()
        head = b"\0\0\0\0\1\xff\x08\x08" + b"\0\0" + size.to_bytes(2, "big")
        joined.push(memoryview(head + b"\1" * min(size, 1000) + b"scan"))
        joined.cut()
        assert bool(joined.done) is good
    for quality in range(128, 255):
        joined.push(memoryview(bytes((0, 0, 0, 0, 1, quality, 8, 8, 0, 0, 0xEA, 0x60)) + b"\1" * 60_000))
    assert sum(map(len, joined._tables.values())) <= 127 * 128


def test_datagrams_go_on_when_the_camera_counts_anew_and_when_nothing_follows() -> None:
    shuffle = rtp.Shuffle()
    out = [each for n in range(50) for each in shuffle.feed(bytes(packet(b"a", 40_000 + n, 0)), 0.0)]
    anew = [each for n in range(50) for each in shuffle.feed(bytes(packet(b"b", 20_000 + n, 0)), 1.0)]
    assert len(out) == 50
    assert len(anew) >= 15
    assert list(shuffle.feed(bytes(packet(b"c", 20_052, 0)), 2.0)) == []
    assert list(shuffle.late(2.1)) == []
    assert [each[12:] for each in shuffle.late(2.5)] == [b"c"]


def test_a_report_of_nothing_but_heads_takes_no_time() -> None:
    heads = memoryview(b"\x80\xc8\0\0" * 100 + b"\x80\xcb\0\0")
    assert rtp.is_rtcp(heads)
    assert not rtp.says_bye(heads)
    assert rtp.says_bye(heads[-8:])


def test_a_request_holds_no_line_ends_of_the_servers() -> None:
    said = message.request("PLAY", "rtsp://h/\rX: y\n", 1, [("Session", "1\r\nZ: 1"), ("Empty", "")])
    assert said == b"PLAY rtsp://h/X: y RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: matthan\r\nSession: 1Z: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("told", "wanted"),
    [("12", 12), ("12 x", 12), ("", None), ("x", None), ("٣", None), ("9" * 5000, 999_999_999)],
)
def test_numbers_of_a_head(told: str, wanted: int | None) -> None:
    said = message.read_head(f"RTSP/1.0 200 OK\r\nCSeq: {told}\r\nContent-Length: {told}".encode())
    assert said.sequence == said.length == wanted


def test_an_earlier_sessions_datagrams_do_not_take_the_place_of_this_ones() -> None:
    """They come from another port than was told; only a server that sends nothing else meant that one."""
    hosts, bucket = frozenset({"127.0.0.1"}), packets("peer")
    ours = Datagrams(socket.AF_INET, "127.0.0.1")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as old,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as new,
    ):
        old.bind(("127.0.0.1", 0))
        new.bind(("127.0.0.1", 0))
        ours.aim("127.0.0.1", (new.getsockname()[1], 0))
        there = ("127.0.0.1", ours.ports[0])

        def taken() -> list[bytes]:
            ours.wait(time.monotonic() + 30)
            return [bytes(each) for each in ours.take(ours.rtp, hosts, bucket)]

        old.sendto(b"old", there)
        assert taken() == []
        new.sendto(b"new", there)
        assert taken() == [b"new"]
        old.sendto(b"old", there)  # the kernel keeps it away by now
        new.sendto(b"newer", there)
        assert taken() == [b"newer"]
    ours.close()


def test_a_server_that_tells_a_wrong_port_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Datagrams, "STRAYS", 3)
    ours = Datagrams(socket.AF_INET, "127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        ours.aim("127.0.0.1", (9, 0))
        for number in range(5):
            server.sendto(bytes([number]), ("127.0.0.1", ours.ports[0]))
        ours.wait(time.monotonic() + 30)
        took = [bytes(each) for each in ours.take(ours.rtp, frozenset({"127.0.0.1"}), packets("peer"))]
    ours.close()
    assert took == [b"\x03", b"\x04"]
