"""Of a picture from outside only what it looks like goes on; what is none, or far too large, is said to be."""

from __future__ import annotations

import os
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from engine.report import picture
from engine.report.picture import BadPicture, Drawn, drawn
from tests.engine.reporting import jpeg


def opened(found: Drawn) -> Image.Image:
    return Image.open(BytesIO(found.jpeg))


def refused(data: bytes) -> str:
    with pytest.raises(BadPicture) as told:
        drawn(data)
    return told.value.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_written_anew_and_looks_the_same(kind: str) -> None:
    found = drawn(jpeg(320, 240, kind))
    assert (found.size, found.original) == ((320, 240), (320, 240))
    with opened(found) as made:
        red, green, blue = made.convert("RGB").getpixel((300, 200))  # type: ignore[misc]
        assert (abs(red - 90) < 6, abs(green - 110) < 6, abs(blue - 130) < 6) == (True, True, True)
    assert drawn(jpeg(320, 240, kind)) == found


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_one_is_made_small(kind: str) -> None:
    found = drawn(jpeg(4000, 1000, kind))
    assert (found.size, found.original) == ((1600, 400), (4000, 1000))


def test_nothing_that_was_written_beside_it_goes_on() -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker of cameras"
    data = jpeg(exif=exif.tobytes(), comment=b"somebody wrote this") + b"<script>"
    assert b"a maker of cameras" in data
    found = drawn(data).jpeg
    assert [each for each in (b"maker", b"somebody", b"script") if each in found] == []


@pytest.mark.parametrize(
    ("turn", "size"), [(1, (320, 240)), (3, (320, 240)), (6, (240, 320)), (8, (240, 320))]
)
def test_a_picture_that_lies_is_set_upright(turn: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    found = drawn(jpeg(exif=exif.tobytes()))
    assert (found.size, found.original) == (size, size)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_every_kind_of_picture_comes_out_in_three_colours(mode: str) -> None:
    made = BytesIO()
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).convert(mode).save(made, "JPEG" if mode == "CMYK" else "PNG")
    with opened(drawn(made.getvalue())) as found:
        assert (found.mode, found.size) == ("RGB", (40, 30))
        if mode in ("LA", "RGBA"):
            assert found.getpixel((5, 5)) == (255, 255, 255)  # what shows through is paper


def test_what_is_damaged_or_something_else_is_refused() -> None:
    whole = jpeg(1600, 1200)
    sixteen, gif = BytesIO(), BytesIO()
    Image.new("I;16", (20, 20)).save(sixteen, "PNG")
    Image.new("RGB", (20, 20)).save(gif, "GIF")
    bad = [
        b"",
        b"x",
        whole[:200],
        whole[: len(whole) // 2],
        sixteen.getvalue(),
        gif.getvalue(),
        os.urandom(100_000),
    ]
    assert [refused(each) for each in bad] == ["report.picture_damaged"] * len(bad)


def test_every_cut_and_many_flipped_bits_end_in_a_picture_or_a_refusal() -> None:
    for whole in (jpeg(64, 48), jpeg(64, 48, "PNG")):
        for at in range(0, len(whole), 11):
            flipped = bytearray(whole)
            flipped[at] ^= 0x41
            for data in (whole[:at], bytes(flipped)):
                try:
                    assert max(drawn(data).size) <= picture.LONGEST
                except BadPicture:
                    continue


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is so large, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(8000, 7000), (10_000, 10_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_one_that_unpacks_to_a_mountain_is_refused_unread(size: tuple[int, int]) -> None:
    assert refused(bomb(*size)) in ("report.picture_too_large", "report.picture_damaged")


def test_one_of_forty_megabytes_is_shown_and_one_of_more_than_is_looked_at_refused() -> None:
    noise = Image.effect_noise((6400, 6400), 90).convert("RGB")
    made = BytesIO()
    noise.save(made, "JPEG", quality=97)
    data = made.getvalue()
    assert len(data) > 40_000_000
    assert drawn(data).size == (1600, 1600)
    assert refused(data + bytes(picture.MOST_BYTES)) == "report.picture_too_large"
