"""RTP packets in any order become pictures with unwrapped time stamps."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Codec
from drivers.rtsp import rtp, sdp
from drivers.rtsp.sdp import START


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
    reorder = rtp.ReorderBuffer()
    out = [each for datagram in mixed for each in reorder.feed(datagram, 0.0)]
    out = [each for each in out if each]
    wanted = [order[0], *order[2:]]
    assert out == wanted[: len(out)]
    assert len(out) >= len(wanted) - 33


@given(st.lists(st.permutations([0, 1, 2]), min_size=1, max_size=20))
def test_decoding_times_never_run_back_nor_exceed_what_is_shown(groups: list[list[int]]) -> None:
    order, last = rtp.DecodeTimes(), -1
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


def test_datagrams_go_on_when_the_camera_counts_anew_and_when_nothing_follows() -> None:
    reorder = rtp.ReorderBuffer()
    out = [each for n in range(50) for each in reorder.feed(bytes(packet(b"a", 40_000 + n, 0)), 0.0)]
    anew = [each for n in range(50) for each in reorder.feed(bytes(packet(b"b", 20_000 + n, 0)), 1.0)]
    assert len(out) == 50
    assert len(anew) >= 15
    assert list(reorder.feed(bytes(packet(b"c", 20_052, 0)), 2.0)) == []
    assert list(reorder.late(2.1)) == []
    assert [each[12:] for each in reorder.late(2.5)] == [b"c"]


def test_a_report_of_nothing_but_heads_takes_no_time() -> None:
    heads = memoryview(b"\x80\xc8\0\0" * 100 + b"\x80\xcb\0\0")
    assert rtp.is_rtcp(heads)
    assert not rtp.says_bye(heads)
    assert rtp.says_bye(heads[-8:])
