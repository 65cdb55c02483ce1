"""A head is one line, in one spelling, and whatever is not exactly that is no head."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.seal.canonical_json import written
from engine.seal.chain import Place
from engine.seal.heads import FORMAT, MOST, NOTHING, PURPOSE, Head, Record, Unread, Why, read, record
from engine.seal.history import begun
from engine.seal.signing import Verdict, judged
from tests.engine.sealing import CHAIN, NOW, head, key

HISTORY = begun(key(1), NOW)
LINE = record(head(20), 7, b"\x11" * 32, key(1), HISTORY)


def only(line: bytes) -> Record | Unread:
    (found,) = read([line])
    return found


def test_a_record_is_what_was_said() -> None:
    found = only(LINE)
    assert isinstance(found, Record)
    assert (found.number, found.head, found.previous) == (7, head(20), b"\x11" * 32)
    assert found.keys == (1, HISTORY.digests[0])
    assert found.digest == sha256(LINE[:-1]).digest()
    assert judged(found.signature, PURPOSE, found.said, HISTORY.ring) is Verdict.VALID


def test_the_line_is_that_which_the_document_states() -> None:
    body = json.loads(LINE)
    assert body == {
        "head": {
            "at": "2026-03-01T22:30:00Z",
            "audit": None,
            "chain": {"seq": 20, "value": CHAIN[20].value.hex()},
            "count": 20,
            "format": FORMAT,
            "keys": {"count": 1, "digest": HISTORY.digests[0].hex()},
            "number": 7,
            "previous": "11" * 32,
            "site": "gate",
            "store": "db",
            "why": "daily",
        },
        "signature": {"key": key(1).public.id, "value": body["signature"]["value"]},
    }
    assert len(b64decode(body["signature"]["value"])) == 64
    assert written(body) + b"\n" == LINE
    assert len(LINE) < 1000


def test_the_head_of_an_audit_log_of_its_own_is_kept_too() -> None:
    with_audit = Head("db", "gate", CHAIN[20], 20, NOW, Why.ASKED, Place(5, b"\x22" * 32))
    found = only(record(with_audit, 1, NOTHING, key(1), HISTORY))
    assert isinstance(found, Record)
    assert found.head == with_audit


@settings(max_examples=500)
@given(st.integers(0, len(LINE) - 2), st.integers(0, 7))
def test_no_flipped_bit_passes(place: int, bit: int) -> None:
    bad = bytearray(LINE)
    bad[place] ^= 1 << bit
    for found in read(bytes(bad).splitlines(keepends=True)):
        if isinstance(found, Record):
            assert judged(found.signature, PURPOSE, found.said, HISTORY.ring) is not Verdict.VALID


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"number":7', b'"number":7.0'), (b'"number":7', b'"number":-7'), (b'"number":7', b'"number":true'),
        (b'"count":20', b'"count":"20"'), (b'"why":"daily"', b'"why":"odd"'), (b',"why":"daily"', b""),
        (b'"site":"gate"', b'"site":"gate","x":1'), (b"2026-03-01T22:30:00Z", b"2026-03-01T22:30:60Z"),
        (b"2026-03-01T22:30:00Z", b"2026-03-01 22:30:00"), (b'"previous":"11', b'"previous":"AA'),
        (b'"previous":"11', b'"previous":"1'), (b"matthan-head/1", b"matthan-head/2"), (b'"head"', b' "head"'),
        (b'"audit":null', b'"audit":{"seq":1}'), (b'"store":"db"', b'"store":5'), (b'{"head', b'[{"head'),
        (b'"gate"', b'"' + b"g" * MOST + b'"'),
    ],
)  # fmt: skip
def test_what_is_not_exactly_a_record_is_none(old: bytes, new: bytes) -> None:
    assert old in LINE
    assert only(LINE.replace(old, new)) == Unread(1, whole=True)


def test_lines_are_counted_and_empty_ones_are_none() -> None:
    lines = [b"\n", LINE, b"x\n", b"\n", b"\xff\n", LINE[:50]]
    found = list(read(lines))
    assert [type(each) for each in found] == [Record, Unread, Unread, Unread]
    assert found[1:] == [Unread(3, whole=True), Unread(5, whole=True), Unread(6, whole=False)]
