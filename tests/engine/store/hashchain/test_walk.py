"""A chain of which anything is not as it was is never walked to its end without a word; what is, always is."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from engine.seal.chain import GENESIS, Entry, Link, Place, extended
from engine.store.hashchain.walk import Flaw, Row, Spot, walk


def row(seq: int, told: str = "") -> Row:
    digest = sha256(f"{seq}{told}".encode()).digest()
    return Row(seq, "event", digest, seq * 10, "gate", (seq, told))


def chain(rows: list[Row]) -> tuple[list[Link], Place]:
    return extended(Place(0), [Entry(each.seq, str(each.seq), each.digest or b"") for each in rows])


def walked(rows: list[Row], links: list[Link], head: Place, start: Place | None = None) -> list[Spot]:
    return [*walk(rows, links, start or Place(0), head, lambda _seq, _value: None)]


def told(*walk: Spot) -> list[tuple[str, int, int]]:
    return [(str(each.flaw), each.seq, each.last) for each in walk]


ROWS = [row(seq) for seq in range(1, 10)]
LINKS, HEAD = chain(ROWS)


@given(st.lists(st.integers(1, 50), unique=True, max_size=20))
def test_a_chain_as_it_was_made_holds(seqs: list[int]) -> None:
    rows = [row(seq) for seq in sorted(seqs)]
    links, head = chain(rows)
    values = dict[int, bytes]()
    assert [*walk(rows, links, Place(0), head, values.__setitem__)] == []
    assert values == {link.seq: link.value for link in links}
    for place in range(len(rows)):  # what went with its age
        start = Place(links[place].seq, links[place].value)
        assert walked(rows, links[place + 1 :], head, start) == []


@given(
    st.data(),
    st.sampled_from(["row", "digest", "previous", "no row", "no link", "neither", "twice", "swap", "head"]),
)
def test_one_thing_that_is_otherwise_is_found(data: st.DataObject, what: str) -> None:
    rows, links, head = [*ROWS], [*LINKS], HEAD
    place = data.draw(st.integers(0, len(rows) - 1))
    if what == "row":
        rows[place] = row(rows[place].seq, "x")
    elif what == "digest":
        links[place] = links[place]._replace(digest=bytes(32))
    elif what == "previous":
        links[place] = links[place]._replace(previous=b"p" * 32)
    elif what == "no row":
        del rows[place]
    elif what == "no link":
        del links[place]
    elif what == "neither":
        del rows[place], links[place]
    elif what == "twice":
        rows.append(row(data.draw(st.integers(20, 30)), "x"))
    elif what == "swap":
        other = data.draw(st.integers(0, len(rows) - 1).filter(lambda each: each != place))
        one, two = rows[place], rows[other]
        rows[place], rows[other] = two._replace(seq=one.seq), one._replace(seq=two.seq)
    else:
        head = replace(head, value=b"h" * 32) if data.draw(st.booleans()) else replace(head, seq=head.seq + 1)
    assert walked(rows, links, head) != []


def test_each_is_told_for_what_it_is() -> None:
    altered = [*ROWS[:3], row(4, "x"), *ROWS[4:]]
    assert told(*walked(altered, LINKS, HEAD)) == [("altered", 4, 4)]
    assert told(*walked([*ROWS[:2], *ROWS[5:]], LINKS, HEAD)) == [("missing", 3, 5)]
    assert told(*walked([*ROWS[:2], ROWS[3], *ROWS[5:]], LINKS, HEAD)) == [
        ("missing", 3, 3),
        ("missing", 5, 5),
    ]
    assert told(*walked([*ROWS[:2], *ROWS[4:]], [*LINKS[:2], *LINKS[4:]], HEAD)) == [("cut_out", 5, 5)]
    assert told(*walked(ROWS[:6], LINKS[:6], HEAD)) == [("cut", 7, 9)]
    assert told(*walked(ROWS, LINKS, Place(6, LINKS[5].value))) == [("beyond", 7, 9)]
    assert told(*walked(ROWS, LINKS, Place(9, GENESIS))) == [("other_end", 10, 9)]
    (spot,) = walked([*ROWS[:2], *ROWS[3:]], LINKS, HEAD)
    assert (spot.flaw, spot.before, spot.since) == (Flaw.MISSING, ROWS[1], 2)


def test_a_row_and_its_link_changed_together_break_what_follows() -> None:
    rows = [*ROWS[:3], row(4, "x"), *ROWS[4:]]
    links = [*LINKS]
    links[3] = links[3]._replace(digest=rows[3].digest or b"")
    assert told(*walked(rows, links, HEAD)) == [("remade", 5, 5)]


def test_made_anew_from_there_on_it_ends_otherwise() -> None:
    """Whoever makes the rest anew, and the note of its end, leaves nothing that the chain alone could tell."""
    rows = [*ROWS[:3], row(4, "x"), *ROWS[4:]]
    links, head = chain(rows)
    assert told(*walked(rows, links, HEAD)) == [("other_end", 10, 9)]
    assert walked(rows, links, head) == []
