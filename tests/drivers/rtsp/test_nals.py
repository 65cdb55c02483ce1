"""H.264 and H.265 from payloads: whole, in fragments, in aggregates, with losses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.rtsp.nals import H264Depacketizer, H265Depacketizer, NalDepacketizer
from drivers.rtsp.sdp import START

NAL = st.builds(
    lambda kind, first, body: bytes((0x60 | kind, 0x80 if first else 0x10)) + body,
    st.sampled_from([1, 5, 6, 7, 8]),
    st.booleans(),
    st.binary(min_size=1, max_size=40),
)


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
    joined = H264Depacketizer()
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
    joined = H265Depacketizer(numbered)
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
    joined = H264Depacketizer()
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
    joined = H264Depacketizer()
    for nal in (b"\x06\x05\x02ab\x06\x01\xc4\x80", b"\x41\x9a1"):
        joined.push(memoryview(nal))
    joined.cut()
    assert [key for _, key in joined.done] == [True]


@given(st.lists(st.binary(max_size=30), max_size=20), st.booleans())
def test_any_payloads_are_borne(payloads: list[bytes], newer: bool) -> None:
    joined: NalDepacketizer = H265Depacketizer() if newer else H264Depacketizer()
    for payload in payloads:
        if payload:
            joined.push(memoryview(payload))
    joined.cut()


def test_an_aggregate_of_the_smallest_units_is_few_pictures() -> None:
    joined = H264Depacketizer()
    joined.push(memoryview(b"\x78" + b"\0\2\x41\x9a" * 16_000))
    assert len(joined.done) <= 256


def test_partitions_and_their_headers_make_one_picture() -> None:
    joined = H264Depacketizer()
    for nal in (b"\x42\x9a1", b"\x43\x9a2", b"\x44\x9a3"):
        joined.push(memoryview(nal))
    joined.cut()
    assert len(joined.done) == 1
