"""Framing: whatever the camera's, the result is Annex B with SPS and PPS before each keyframe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.preview.h264 import (
    DELIMITER,
    IDR,
    PPS,
    SPS,
    START,
    Normaliser,
    Unreadable,
    framing,
    kind,
    split_annexb,
    split_prefixed,
)

Footages = Callable[[str], Any]

#: NAL units as encoders write them: a header byte, no start code inside, no zero at the end.
nals = st.binary(min_size=1, max_size=40).map(
    lambda body: bytes([0x41]) + body.replace(b"\x00\x00", b"\x00\x03").rstrip(b"\x00") + b"\x80"
)


def avcc(width: int, sps: list[bytes], pps: list[bytes]) -> bytes:
    def table(sets: list[bytes]) -> bytes:
        return b"".join(len(each).to_bytes(2, "big") + each for each in sets)

    head = bytes([1, 0x42, 0xC0, 0x1F, 0xFC | (width - 1)])
    return head + bytes([0xE0 | len(sps)]) + table(sps) + bytes([len(pps)]) + table(pps)


SPS_NAL, PPS_NAL, IDR_NAL, P_NAL = b"\x67\x42\xc0\x1f\xaa", b"\x68\xce\x01", b"\x65\x88\x01", b"\x41\x9a\x01"


@given(st.lists(nals, max_size=6), st.sampled_from([b"\x00\x00\x01", START]))
def test_annexb_splits_into_what_was_joined(units: list[bytes], start: bytes) -> None:
    assert list(split_annexb(b"".join(start + unit for unit in units))) == units


@given(st.lists(nals, max_size=6), st.sampled_from([1, 2, 4]))
def test_prefixed_splits_into_what_was_joined(units: list[bytes], width: int) -> None:
    data = b"".join(len(unit).to_bytes(width, "big") + unit for unit in units)
    assert list(split_prefixed(data, width)) == units


@given(st.binary(max_size=200), st.binary(max_size=200), st.booleans())
def test_no_bytes_break_it(extradata: bytes, data: bytes, keyframe: bool) -> None:
    try:
        picture = Normaliser(extradata).feed(data, keyframe=keyframe)
    except Unreadable:
        return
    assert picture == b"" or picture.startswith(START)


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


def test_keyframes_carry_the_header_once_and_others_none() -> None:
    normaliser = Normaliser(START + SPS_NAL + START + PPS_NAL)
    header = START + SPS_NAL + START + PPS_NAL
    assert normaliser.feed(START + IDR_NAL, keyframe=True) == header + START + IDR_NAL
    assert normaliser.feed(header + START + IDR_NAL, keyframe=True) == header + START + IDR_NAL
    assert normaliser.feed(START + P_NAL, keyframe=False) == START + P_NAL
    assert normaliser.profile == "42c01f"


def test_an_idr_counts_as_keyframe_whatever_the_container_says() -> None:
    normaliser = Normaliser(avcc(4, [SPS_NAL], [PPS_NAL]))
    data = len(IDR_NAL).to_bytes(4, "big") + IDR_NAL
    assert normaliser.feed(data, keyframe=False).startswith(START + SPS_NAL)


def test_a_new_sps_replaces_the_old() -> None:
    normaliser = Normaliser(START + SPS_NAL + START + PPS_NAL)
    new = b"\x67\x4d\x00\x28\xbb"
    picture = normaliser.feed(START + new + START + IDR_NAL, keyframe=True)
    assert list(split_annexb(picture)) == [new, PPS_NAL, IDR_NAL]
    assert normaliser.profile == "4d0028"


def test_packets_without_a_picture_are_nothing() -> None:
    normaliser = Normaliser(b"")
    assert normaliser.feed(START + SPS_NAL + START + PPS_NAL, keyframe=False) == b""
    assert normaliser.header
    assert normaliser.feed(START + bytes([DELIMITER, 0xF0]), keyframe=False) == b""


def test_both_framings_of_one_film_become_the_same(footage: Footages) -> None:
    results = []
    for name in ("annexb", "mp4"):
        film = footage(name)
        normaliser = Normaliser(film.codec.extradata)
        results.append([normaliser.feed(each.data, keyframe=each.keyframe) for each in film.packets])
        kinds = [kind(nal) for nal in split_annexb(results[-1][0])]
        assert (kinds.count(SPS), kinds.count(PPS)) == (1, 1)
        assert kinds.index(SPS) < kinds.index(PPS) < kinds.index(IDR)
    slices = [
        [[nal for nal in split_annexb(each) if kind(nal) in (1, IDR)] for each in result]
        for result in results
    ]
    assert slices[0] == slices[1]
