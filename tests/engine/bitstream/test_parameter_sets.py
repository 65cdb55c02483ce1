"""Parameter sets: what they say, whatever is in them, and that no bytes break the reading."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bitstream.h264 import START, Unreadable, split_annexb
from engine.bitstream.parameter_sets import LONGEST, Bits, Sets, pps_in, pps_of, sps_of

Nals = Any  # writes NAL units, see conftest.py


@given(st.lists(st.integers(0, 2**32 - 2), max_size=20))
def test_exp_golomb_numbers_come_back(nals: Nals, numbers: list[int]) -> None:
    bits = Bits(nals.Writer().ue(*numbers).nal(0x67))
    assert [bits.ue() for _ in numbers] == numbers


@pytest.mark.parametrize(("told", "number"), [(0, 0), (1, 1), (2, -1), (3, 2), (4, -2)])
def test_signed_numbers(nals: Nals, told: int, number: int) -> None:
    assert Bits(nals.Writer().ue(told).nal(0x67)).se() == number


@pytest.mark.parametrize("body", [b"", bytes(8), b"\x00" * 4 + b"\x01"])
def test_a_number_that_never_ends(body: bytes) -> None:
    with pytest.raises(Unreadable):
        Bits(b"\x67" + body).ue()


@given(
    st.integers(0, 31), st.sampled_from([66, 77, 88, 100, 110, 122, 244]), st.integers(1, 3),
    st.integers(8, 14), st.booleans(), st.integers(1, 250), st.integers(1, 125), st.booleans(),
    st.fractions(Fraction(1, 4), 4, max_denominator=999),
)  # fmt: skip
def test_what_is_written_is_read(
    nals: Nals, id: int, profile: int, chroma: int, depth: int, fields: bool, across: int, down: int,
    scaling: bool, pixel: Fraction
) -> None:  # fmt: skip
    told = sps_of(
        nals.sps(
            id=id, profile=profile, chroma=chroma, depth=depth, fields=fields, mbs=(across, down * 2),
            crop=0, pixel=pixel, scaling=scaling,
        )
    )  # fmt: skip
    telling = profile >= 100
    assert (told.id, int(told.profile[:2], 16)) == (id, profile)
    assert (told.chroma, told.depth) == ((chroma, depth) if telling else (1, 8))
    assert (told.fields, told.width, told.height, told.pixel) == (fields, 16 * across, 32 * down, pixel)


@pytest.mark.parametrize(
    ("told", "obstacle"),
    [
        ({"profile": 66}, ""),
        ({"profile": 66, "constraints": 0}, ""),
        ({"profile": 77}, ""),
        ({"profile": 100}, ""),
        ({"profile": 100, "scaling": True}, ""),
        ({"profile": 100, "chroma": 0}, "chroma"),
        ({"profile": 122, "chroma": 2}, "chroma"),
        ({"profile": 244, "chroma": 3}, "chroma"),
        ({"profile": 110, "depth": 10}, "depth"),
        ({"profile": 122}, "profile"),
        ({"profile": 88}, "profile"),
        ({"profile": 77, "fields": True}, "interlaced"),
        ({"profile": 100, "fields": True}, "interlaced"),
        ({"profile": 1}, "profile"),
    ],
)
def test_only_what_every_browser_takes_passes(nals: Nals, told: dict[str, Any], obstacle: str) -> None:
    assert sps_of(nals.sps(**told)).obstacle == obstacle


def test_what_cannot_be_read_to_its_end_is_not_trusted(nals: Nals) -> None:
    whole = nals.sps(profile=100, pixel=Fraction(4, 3))
    told = [sps_of(whole[:end]).obstacle for end in range(5, len(whole))]
    assert told[0] == "profile"
    assert set(told) == {"profile", ""}  # the shape of a pixel may be missing
    assert told == sorted(told, reverse=True)


def test_macroblocks_out_of_order_do_not_pass(nals: Nals) -> None:
    header = Sets([nals.sps(), nals.pps(groups=1)]).header([nals.slice()])
    assert header
    assert header.obstacle == "profile"


@pytest.mark.parametrize(
    ("pixel", "shape"),
    [
        (None, (320, 180)),
        (Fraction(16, 11), (465, 180)),
        (Fraction(1, 2), (320, 360)),
        (Fraction(1000), (320, 180)),
    ],
)
def test_the_shape_of_the_picture(nals: Nals, pixel: Fraction | None, shape: tuple[int, int]) -> None:
    told = sps_of(nals.sps(pixel=pixel))
    assert (told.width, told.height) == (320, 180)
    assert told.seen == shape


def test_equal_pictures_need_no_new_decoder(nals: Nals) -> None:
    assert sps_of(nals.sps(id=0)) == sps_of(nals.sps(id=5))
    assert sps_of(nals.sps(profile=77)) != sps_of(nals.sps(profile=66))


@pytest.mark.parametrize("id", [0, 1, 255])
def test_a_slice_names_its_set(nals: Nals, id: int) -> None:
    assert pps_in(nals.slice(id)) == id
    assert pps_of(nals.pps(id, 3)).id == id


@given(st.binary(min_size=1, max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    sets = Sets()
    for header in (0x67, 0x68, 0x65, data[0]):
        sets.learn(bytes([header]) + data)
    found = sets.header([bytes([0x65]) + data])
    assert found is None or found.data.startswith(START)
    assert all(len(nal) <= 301 for nal in sets)


def test_ids_and_lengths_are_bounded(nals: Nals) -> None:
    """A hostile stream cannot make us keep more than every id's longest set."""
    sps, pps = nals.sps, nals.pps
    assert not list(Sets([sps(id=32), pps(256), pps(0, 32), sps() + bytes(LONGEST), b"\x67", b"\x68"]))
    told = [*(sps(id=id) for id in range(40)), *(pps(id) for id in range(300))]
    assert len(list(Sets(told + told))) == 32 + 256


def test_a_real_encoders_sets(footage: Callable[[str], Any]) -> None:
    units = list(split_annexb(footage("high").packets[0].data))
    header = Sets(units).header(units)
    assert header
    assert (header.sps.width, header.sps.height, header.obstacle, header.sps.chroma) == (320, 180, "", 1)
