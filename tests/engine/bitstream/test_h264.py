"""Framing: NAL units in and out of both, parameter sets before a picture, avcC."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bitstream.h264 import (
    PPS,
    SPS,
    START,
    Framing,
    Unreadable,
    framing,
    join,
    kind,
    split_annexb,
    split_prefixed,
)

#: NAL units as encoders write them: a header byte, no start code inside, no zero at the end.
nals = st.binary(min_size=1, max_size=40).map(
    lambda body: bytes([0x41]) + body.replace(b"\x00\x00", b"\x00\x03").rstrip(b"\x00") + b"\x80"
)


def avcc(width: int, sps: list[bytes], pps: list[bytes]) -> bytes:
    def table(sets: list[bytes]) -> bytes:
        return b"".join(len(each).to_bytes(2, "big") + each for each in sets)

    head = bytes([1, 0x42, 0xC0, 0x1F, 0xFC | (width - 1)])
    return head + bytes([0xE0 | len(sps)]) + table(sps) + bytes([len(pps)]) + table(pps)


SPS_NAL, PPS_NAL, IDR_NAL = b"\x67\x42\xc0\x1f\xaa", b"\x68\xce\x01", b"\x65\x88\x01"


@given(st.lists(nals, max_size=6), st.sampled_from([b"\x00\x00\x01", START]))
def test_annexb_splits_into_what_was_joined(units: list[bytes], start: bytes) -> None:
    assert list(split_annexb(b"".join(start + unit for unit in units))) == units


@given(st.lists(nals, max_size=6), st.sampled_from([1, 2, 4]))
def test_prefixed_splits_into_what_was_joined(units: list[bytes], width: int) -> None:
    data = b"".join(len(unit).to_bytes(width, "big") + unit for unit in units)
    assert list(split_prefixed(data, width)) == units


@pytest.mark.parametrize("width", [1, 2, 4])
def test_avcc_is_read(width: int) -> None:
    read = framing(avcc(width, [SPS_NAL], [PPS_NAL, PPS_NAL]))
    assert (read.width, read.sets) == (width, (SPS_NAL, PPS_NAL, PPS_NAL))


def test_a_cut_avcc_is_refused() -> None:
    whole = avcc(4, [SPS_NAL], [PPS_NAL])
    for end in range(5, len(whole)):
        with pytest.raises(Unreadable):
            framing(whole[:end])


def test_a_length_beyond_the_packet_is_refused() -> None:
    with pytest.raises(Unreadable):
        list(split_prefixed(b"\x00\x00\x00\x09\x41", 4))


@given(st.lists(nals, max_size=4), st.sampled_from([0, 1, 2, 4]))
def test_sets_are_found_before_the_picture_only(pictures: list[bytes], width: int) -> None:
    """What is in the picture, or after it, is not looked at."""
    told = [b"\x06\x05\x01\x80", SPS_NAL, PPS_NAL, IDR_NAL, *pictures, b"\x68\xff\x80"]
    prefixed = b"".join(len(unit).to_bytes(width or 1, "big") + unit for unit in told)
    data = prefixed if width else join(told)
    assert Framing(width, ()).leading_sets(data) == (SPS_NAL, PPS_NAL)


@given(st.binary(max_size=100), st.sampled_from([0, 2]))
def test_leading_sets_survive_any_bytes(data: bytes, width: int) -> None:
    with suppress(Unreadable):
        assert all(kind(nal) in (SPS, PPS) for nal in Framing(width, ()).leading_sets(data))


@pytest.mark.parametrize("width", [0, 1, 2, 4])
def test_extradata_is_written_as_it_is_read(width: int) -> None:
    framed = Framing(width, (SPS_NAL, PPS_NAL, PPS_NAL + b"\x80"))
    assert framing(framed.extradata(framed.sets)) == framed
