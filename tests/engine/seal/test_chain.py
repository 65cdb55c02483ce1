"""The chain as functions of rows: what is digested, linked and verified."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from engine.seal.chain import GENESIS, Break, Entry, Fault, Link, Place, canonical, extended, verify


def test_the_canonical_bytes_are_those_that_are_stated() -> None:
    row = (7, "ö", None, -3, 1.5, "")
    assert canonical("event", row) == b"t5:event,i1:7,t2:\xc3\xb6,ni2:-3,r16:3ff8000000000000,t0:,"
    link = Link(1, b"d" * 32, GENESIS)
    assert link.value == sha256(GENESIS + b"d" * 32).digest()


@given(st.lists(st.text() | st.integers() | st.floats(allow_nan=False) | st.none(), max_size=4), st.data())
def test_two_rows_never_have_the_same_bytes(row: list[str | int | float | None], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.sampled_from([*row, "", 0, 0.0, None, "1,t"]), max_size=5))
    same = [(type(each), str(each)) for each in row] == [(type(each), str(each)) for each in other]
    assert (canonical("event", row) == canonical("event", other)) == same


def test_the_pure_part_alone() -> None:
    entries = [Entry(seq, f"e{seq}", bytes([seq]) * 32) for seq in (3, 1, 2)]
    links, head = extended(Place(0), entries)
    rows = [(link.seq, link.digest) for link in links]
    assert [link.seq for link in links] == [1, 2, 3]
    assert verify(rows, links, Place(0), head) is None
    assert verify(rows, links[1:], Place(1, links[1].previous), head) is None
    assert verify(rows, [links[0], links[2]], Place(0), head) == Break(2, Fault.UNLINKED)
    assert extended(head, entries) == ([], head)
    assert Place.read(head.written()) == head
    assert [
        Place.read(bad) for bad in ("", "{}", '{"seq": 1, "value": "00"}', "[]", '{"seq":1,"value":"zz"}')
    ] == [None] * 5
