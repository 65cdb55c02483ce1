"""There is one spelling, it is RFC 8785's, and what is no I-JSON is refused whichever way it comes."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.seal.canonical_json import DEPTH, NotIJson, read, read_canonical, written

TEXT = st.text(
    st.characters(exclude_categories=["Cs"]).filter(
        lambda sign: ord(sign) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(sign) <= 0xFDEF
    )
)
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("bits", "text"),
    [  # RFC 8785, appendix B
        ("0000000000000000", "0"), ("8000000000000000", "0"), ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"), ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"), ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"), ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"), ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"), ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"), ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"), ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"), ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)  # fmt: skip
def test_numbers_are_spelled_as_the_rfc_says(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert written(number) == text.encode()
    assert read_canonical(text.encode()) == number


def test_names_are_in_the_order_of_their_utf_16() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "ö"]
    assert list(json.loads(written(dict.fromkeys(names)))) == [
        "\r", "1", "\x80", "ö", "\u20ac", "\U0001f600", "\ufb33",
    ]  # fmt: skip


def test_signs_are_escaped_as_the_rfc_says() -> None:
    assert written('€$\x0f\nA\'B"\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\"/"'.encode()


@given(VALUE)
def test_what_is_written_is_read_and_written_the_same(value: Any) -> None:
    data = written(value)
    assert read_canonical(data) == value
    assert written(read(data)) == data


@given(VALUE, st.integers(0, 3), st.booleans())
def test_another_spelling_is_the_same_value_and_not_canonical(value: Any, blanks: int, ascii_: bool) -> None:
    other = json.dumps(value, indent=blanks, ensure_ascii=ascii_).encode() + b" "
    assert written(read(other)) == written(value)
    with pytest.raises(NotIJson, match="spelling"):
        read_canonical(other)


@given(VALUE, st.data())
def test_no_flipped_bit_is_read_as_the_same(value: Any, data: st.DataObject) -> None:
    """One spelling: other bytes are another value, or none."""
    good = written(value)
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(bad) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = read_canonical(bytes(bad))
    except NotIJson:
        return
    assert written(found) == bytes(bad) != good


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b"NaN", b"[Infinity]", b"-Infinity", b"1e400", b"-1e400",
        b"9007199254740993", b"-9007199254740993", b"1" * 5000, rb'"\ud800"', rb'{"\udfff":1}', b'"\xff"',
        b'"\xed\xa0\x80"', b"\xef\xbb\xbf1", b"", b"1 2", b"[1,]", b"{'a':1}", b"\xff\xfe1\x00", rb'"\uffff"',
        rb'"\ufdd0"', rb'"\ud83f\udffe"', b"[" * 100_000, b"[" * 70 + b"]" * 70, b'"\x01"', b"01", b"+1",
    ],
)  # fmt: skip
def test_what_is_no_i_json_is_not_read(text: bytes) -> None:
    with pytest.raises(NotIJson):
        read(text)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53,
        -(2**53),
        "\ud800",
        {"\udc00": 1},
        {1: 2},
        b"x",
        {"a": {3}},
        "\uffff",
    ],
)
def test_what_is_no_i_json_is_not_written(value: Any) -> None:
    with pytest.raises(NotIJson):
        written(value)


def test_what_lies_too_deep_is_refused_on_both_ways() -> None:
    value: Any = 1
    for _ in range(DEPTH):
        value = [value]
    assert read_canonical(written(value)) == value
    for deeper in ([value], {"a": value}):
        with pytest.raises(NotIJson, match="deeper"):
            written(deeper)
    around: list[Any] = []
    around.append(around)
    with pytest.raises(NotIJson, match="deeper"):
        written(around)
