"""A history of keys holds as it was signed and no other way: not cut, not reordered, not added to by strangers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.seal import history as histories
from engine.seal.canonical_json import Json, written
from engine.seal.history import PURPOSE, BadHistory, Entry, History, Kind, begun, read
from tests.engine.sealing import NOW, key

DAY = timedelta(1)


def long() -> History:
    """First 1, then 2 follows, 1 is revoked, 3 begins anew, 4 follows."""
    made = begun(key(1), NOW).followed(key(1), key(2), NOW + DAY)
    made = made.revoked(key(2), key(1).public.id, "laptop stolen", NOW, NOW + 2 * DAY)
    return made.begun_anew(key(3), "disk died", NOW + 3 * DAY).followed(key(3), key(4), NOW + 4 * DAY)


def test_it_tells_which_key_is_which() -> None:
    made = long()
    first, second, third, fourth = (key(n).public.id for n in range(1, 5))
    assert made.key == key(4).public
    assert list(made.in_use) == [first, second, second, third, fourth]
    assert [each.kind for each in made.entries] == [
        Kind.FIRST, Kind.FOLLOWS, Kind.REVOKED, Kind.ANEW, Kind.FOLLOWS,
    ]  # fmt: skip
    assert {each: made.ring[each].vouched for each in made.ring} == {
        first: True, second: True, third: False, fourth: False,
    }  # fmt: skip
    revoked = made.ring[first].revoked
    assert revoked is not None
    assert (revoked.reason, revoked.since, revoked.at) == ("laptop stolen", NOW, NOW + 2 * DAY)
    assert made.ring[second].revoked is None


def test_it_is_read_as_it_was_written_and_whole() -> None:
    made = long()
    assert read(made.written()).written() == made.written()
    assert read(made.written()).ring == made.ring


@settings(max_examples=300)
@given(st.data())
def test_no_flipped_bit_passes(data: st.DataObject) -> None:
    bad = bytearray(long().written())
    bad[data.draw(st.integers(0, len(bad) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BadHistory):
        read(bytes(bad))


@pytest.mark.parametrize(
    "order", [(1, 2, 3, 4), (0, 2, 1, 3, 4), (0, 1, 3, 4), (0, 0, 1, 2, 3, 4), (0, 1, 2, 4, 3)]
)
def test_entries_taken_out_doubled_or_moved_do_not_pass(order: tuple[int, ...]) -> None:
    body = json.loads(long().written())
    body["entries"] = [body["entries"][n] for n in order]
    with pytest.raises(BadHistory):
        read(written(body))


def test_a_cut_end_is_a_history_of_its_own() -> None:
    """It holds: what tells is the heads, which name how far it had come."""
    body = json.loads(long().written())
    body["entries"].pop()
    assert read(written(body)).key == key(3).public


def said(by: tuple[int, ...], after: History, **says: Any) -> Entry:
    """An entry that is well formed, signed by these keys, and says what somebody wants it to."""
    statement = {
        "at": "2026-03-09T00:00:00Z",
        "number": len(after.entries) + 1,
        "previous": after.digests[-1].hex(),
        **says,
    }
    data = written(statement)
    return Entry(statement, tuple(key(n).sign(PURPOSE, data) for n in by))


SINCE = "2026-03-01T00:00:00Z"
NONE = b'{"entries":[],"format":"matthan-keys/1"}'
FIRST, SECOND = key(1).public, key(2).public


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"by": (1,), "kind": "follows", "key": SECOND.text, "old": FIRST.id}, "signed by others"),
        ({"by": (2,), "kind": "follows", "key": SECOND.text, "old": FIRST.id}, "signed by others"),
        ({"by": (2, 1), "kind": "follows", "key": SECOND.text, "old": FIRST.id}, "signed by others"),
        ({"by": (2, 2), "kind": "follows", "key": SECOND.text, "old": FIRST.id}, "signed by others"),
        ({"by": (1, 2), "kind": "follows", "key": SECOND.text, "old": SECOND.id}, "not in use"),
        ({"by": (1, 1), "kind": "follows", "key": FIRST.text, "old": FIRST.id}, "there before"),
        ({"by": (1,), "kind": "first", "key": SECOND.text}, "first key"),
        ({"by": (2,), "kind": "anew", "key": SECOND.text, "reason": " "}, "reason"),
        ({"by": (2,), "kind": "anew", "key": SECOND.text, "reason": "a\nb"}, "reason"),
        ({"by": (2,), "kind": "anew", "key": SECOND.text, "reason": "x" * 501}, "reason"),
        ({"by": (1,), "kind": "anew", "key": SECOND.text, "reason": "x"}, "signed by others"),
        ({"by": (1,), "kind": "revoked", "revoked": FIRST.id, "reason": "x", "since": SINCE}, "in use"),
        ({"by": (1,), "kind": "revoked", "revoked": SECOND.id, "reason": "x", "since": SINCE}, "unknown"),
        ({"by": (1, 2), "kind": "follows", "key": SECOND.text, "old": FIRST.id, "more": 1}, "object of"),
        ({"by": (1, 2), "kind": "follows", "key": "AQ==", "old": FIRST.id}, "no sound"),
        ({"by": (1, 2), "kind": "follows", "key": SECOND.text, "old": FIRST.id, "at": "2026-03-01"}, "no moment"),
        ({"by": (1, 2), "kind": "follows", "key": SECOND.text, "old": FIRST.id, "number": True}, "does not follow"),
        ({"by": (1, 2), "kind": "follows", "key": SECOND.text, "old": FIRST.id, "number": 3}, "does not follow"),
        ({"by": (1, 2), "kind": "follows", "key": SECOND.text, "old": FIRST.id, "previous": "00" * 32}, "not follow"),
        ({"by": (1,), "kind": "odd", "key": SECOND.text}, "odd"),
        ({"by": (1,), "kind": 5, "key": SECOND.text}, "text"),
    ],
)  # fmt: skip
def test_an_entry_that_does_not_hold_is_refused(entry: dict[str, Any], why: str, history: History) -> None:
    bad = said(after=history, **entry)
    with pytest.raises(BadHistory, match=why):
        history.grown(bad)
    body: Json = {"entries": [history.entries[0].body, bad.body], "format": histories.FORMAT}
    with pytest.raises(BadHistory):
        read(written(body))


def test_a_key_is_revoked_once_and_not_by_itself() -> None:
    made = long()
    with pytest.raises(BadHistory, match="revoked already"):
        made.revoked(key(4), FIRST.id, "again", NOW, NOW)
    with pytest.raises(BadHistory, match="in use"):
        made.revoked(key(4), key(4).public.id, "me", NOW, NOW)
    with pytest.raises(BadHistory, match="signed by others"):
        made.revoked(key(1), SECOND.id, "by one that is revoked", NOW, NOW)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", NONE, NONE.replace(b"[]", b"[1]"), NONE.replace(b"[]", b"{}")]
)
def test_what_is_no_history_is_not_read(text: bytes) -> None:
    with pytest.raises(BadHistory):
        read(text)


def test_a_history_of_another_format_is_not_read(history: History) -> None:
    with pytest.raises(BadHistory, match="not a history"):
        read(history.written().replace(b"keys/1", b"keys/2"))


def test_a_history_that_has_not_begun_has_no_key() -> None:
    with pytest.raises(BadHistory, match="no key"):
        _ = History().key


def test_a_long_one_is_read_entry_by_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every start reads it: what it takes grows with its entries, not with their square."""
    made = begun(key(1), NOW)
    for n in range(2, 41):
        made = made.followed(key(n - 1), key(n), NOW + n * DAY)
    data, spelled = made.written(), list[Json]()

    def counting(value: Json) -> bytes:
        spelled.append(value)
        return written(value)

    monkeypatch.setattr(histories, "written", counting)
    assert read(data).entries == made.entries
    assert len(spelled) <= 2 * len(made.entries)  # of each what is signed, and what the next one names
