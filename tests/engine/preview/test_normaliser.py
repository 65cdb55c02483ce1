"""What a camera sends becomes Annex B, with the right SPS and PPS before each keyframe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bitstream.h264 import DELIMITER, IDR, PPS, SPS, START, Unreadable, join, kind, split_annexb
from engine.preview.normaliser import Normaliser

Footages = Callable[[str], Any]
Nals = Any  # writes NAL units, see conftest.py
Sets = tuple[bytes, bytes]


@pytest.fixture(scope="session")
def sets(nals: Nals) -> Sets:
    return nals.sps(), nals.pps()


@pytest.fixture(scope="session")
def key(nals: Nals) -> bytes:
    made: bytes = nals.slice()
    return made


@pytest.fixture(scope="session")
def later(nals: Nals) -> bytes:
    made: bytes = nals.slice(idr=False)
    return made


@given(st.binary(max_size=200), st.binary(max_size=200), st.booleans())
def test_no_bytes_break_it(extradata: bytes, data: bytes, keyframe: bool) -> None:
    try:
        picture = Normaliser(extradata).feed(data, keyframe=keyframe)
    except Unreadable:
        return
    assert picture == b"" or picture.startswith(START)


def test_keyframes_carry_the_header_once_and_others_none(sets: Sets, key: bytes, later: bytes) -> None:
    normaliser = Normaliser(join(sets))
    assert normaliser.feed(join([key]), keyframe=True) == join((*sets, key))
    assert normaliser.feed(join((*sets, key)), keyframe=True) == join((*sets, key))
    assert normaliser.feed(join([later]), keyframe=False) == join([later])
    assert normaliser.header
    assert normaliser.header.sps.profile == "42c01f"


def test_an_idr_counts_as_keyframe_whatever_the_container_says(sets: Sets, key: bytes) -> None:
    assert Normaliser(join(sets)).feed(join([key]), keyframe=False) == join((*sets, key))


def test_sets_hold_by_id_until_replaced(nals: Nals) -> None:
    """Two streams' worth of sets; pictures refer to either, and repeat only the first."""
    ones, twos = (nals.sps(id=0), nals.pps(0, 0)), (nals.sps(id=1, profile=77, mbs=(40, 24)), nals.pps(1, 1))
    normaliser = Normaliser(join((*ones, *twos)))
    assert normaliser.feed(join((*ones, nals.slice(0))), keyframe=True) == join((*ones, nals.slice(0)))
    assert normaliser.feed(join([nals.slice(1)]), keyframe=True) == join((*twos, nals.slice(1)))
    newer = nals.sps(id=1, profile=77, mbs=(60, 24))
    assert normaliser.feed(join((newer, nals.slice(1))), keyframe=True) == join(
        (newer, twos[1], nals.slice(1))
    )
    assert normaliser.feed(join([nals.slice(0)]), keyframe=True) == join((*ones, nals.slice(0)))


def test_a_keyframe_brings_every_pps_that_later_pictures_may_need(nals: Nals) -> None:
    mine = (nals.sps(), nals.pps(0), nals.pps(3))
    normaliser = Normaliser(join((*mine, nals.sps(id=2), nals.pps(9, 2))))
    assert normaliser.feed(join([nals.slice(0)]), keyframe=True) == join((*mine, nals.slice(0)))


def test_a_set_that_comes_with_a_later_picture_goes_on_with_it(
    nals: Nals, sets: Sets, key: bytes, later: bytes
) -> None:
    normaliser = Normaliser(join(sets))
    normaliser.feed(join([key]), keyframe=True)
    fresh = nals.pps(0, more=4)
    assert normaliser.feed(join((fresh, later)), keyframe=False) == join((fresh, later))
    assert normaliser.feed(join((fresh, later)), keyframe=False) == join([later])
    assert normaliser.feed(join([key]), keyframe=True) == join((sets[0], fresh, key))


@pytest.mark.parametrize("told", [[], ["sps"], ["pps"], ["other", "pps"]])
def test_a_keyframe_whose_sets_are_missing_is_no_picture(nals: Nals, key: bytes, told: list[str]) -> None:
    made = {"sps": nals.sps(), "pps": nals.pps(), "other": nals.sps(id=1)}
    normaliser = Normaliser(join(made[each] for each in told))
    assert normaliser.feed(join([key]), keyframe=True) == b""
    assert normaliser.header is None


def test_a_keyframe_of_an_unknown_pps_is_no_picture(nals: Nals, sets: Sets) -> None:
    assert Normaliser(join(sets)).feed(join([nals.slice(5)]), keyframe=True) == b""


def test_packets_without_a_picture_are_nothing(sets: Sets) -> None:
    normaliser = Normaliser(b"")
    assert normaliser.feed(join(sets), keyframe=False) == b""
    assert normaliser.header
    assert normaliser.feed(START + bytes([DELIMITER, 0xF0]), keyframe=False) == b""


def test_layers_that_only_others_decode_are_left_out(sets: Sets, key: bytes) -> None:
    """A prefix NAL unit, a subset SPS and a slice of another view are not the base picture's."""
    prefix, subset, view = b"\x6e\x40\x80\x80", b"\x6f\x76\x00\x80", b"\x74\x40\x80\x80"
    normaliser = Normaliser(join(sets))
    assert normaliser.feed(join((subset, prefix, key, view)), keyframe=True) == join((*sets, key))


@pytest.mark.parametrize(
    ("flags", "obstacle"),
    [
        ((0, 0, 0, 0), ""),
        ((0, 0, 0, 1 << 14), "turned"),
        ((0, 1, 0, 0), "turned"),
        ((1, 1, 1, 9), ""),
        ((0,), ""),
    ],
)
def test_a_stream_that_says_it_lies_on_its_side(
    nals: Nals, sets: Sets, key: bytes, flags: tuple[int, ...], obstacle: str
) -> None:
    """Cancel, mirrored left to right, upside down, quarter turns in 2^-16: with the keyframe that it holds for."""
    written = nals.Writer().u(8, 5).u(8, 255).u(8, 3).u(8 * 258, 7).u(8, 47).u(8, 4)  # behind another message
    for width, flag in zip((1, 1, 1, 16), flags, strict=False):
        written.u(width, flag)
    told = written.nal(0x06)
    normaliser = Normaliser(join(sets))
    assert normaliser.feed(join((told, key)), keyframe=True)
    assert normaliser.header
    assert normaliser.header.obstacle == obstacle
    normaliser.feed(join([key]), keyframe=True)
    assert normaliser.header.obstacle == ""


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
