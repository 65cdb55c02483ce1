"""What heads say: nothing where all holds, and of each attack what was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from engine.seal.chain import Entry, Place, extended
from engine.seal.finding import Finding
from engine.seal.head_audit import Chain, verify_heads
from engine.seal.head_file import HeadFile, Mark
from engine.seal.heads import Head, Record, Unread, Why, read
from engine.seal.history import History, begun
from engine.text import LANGUAGES, render
from tests.engine.sealing import CHAIN, NOW, head, key, keys_of, value_at

LAST = CHAIN[40]
THEN = NOW + timedelta(days=30)


def looked(file: HeadFile, keys: History, **otherwise: object) -> list[Finding]:
    """What is found, by default against the whole chain, a month later."""
    told = {"value_at": value_at, "last": LAST, "now": THEN, **otherwise}
    found = verify_heads(file.records(), keys, **told)  # type: ignore[arg-type]
    for each in found:
        for language in LANGUAGES:
            assert "{" not in render(each.code, each.values, language)
    return found


def codes(found: list[Finding]) -> list[str]:
    return [each.code.removeprefix("seal.") for each in found]


def graves(found: list[Finding]) -> list[str]:
    return codes([each for each in found if each.grave])


def lines(file: HeadFile) -> list[bytes]:
    return file.path.read_bytes().splitlines(keepends=True)


def test_where_all_holds_nothing_is_found(heads: HeadFile, history: History) -> None:
    records = [each for each in heads.records() if isinstance(each, Record)]
    mark = Mark(5, records[-1].digest)
    assert looked(heads, history, mark=mark, store="db") == []
    assert verify_heads([], history, value_at, LAST, now=THEN) == []


def test_what_went_by_its_age_is_no_finding(heads: HeadFile, history: History) -> None:
    def kept(seq: int) -> bytes | None:
        return value_at(seq) if seq > 20 else None

    assert looked(heads, history, value_at=kept, start=CHAIN[20]) == []
    assert codes(looked(heads, history, value_at=kept, start=Place(20, bytes(32)))) == ["head_rewritten"]


def test_a_cut_end_is_found(heads: HeadFile, history: History) -> None:
    (found,) = looked(heads, history, last=CHAIN[25])
    assert (found.code, found.values["number"], found.values["seq"], found.values["last"]) == (
        "seal.head_cut", 4, 30, 25,
    )  # fmt: skip
    assert found.values["times"] == 2


def test_a_chain_made_anew_from_an_entry_on_is_found(heads: HeadFile, history: History) -> None:
    kept, head_ = extended(CHAIN[14], [Entry(n, f"e{n}", bytes([n + 100]) * 32) for n in range(15, 41)])
    anew = {seq: place.value for seq, place in CHAIN.items() if seq < 15} | {
        each.seq: each.value for each in kept
    }
    (found,) = looked(heads, history, value_at=anew.get, last=head_)
    assert (found.code, found.values["seq"], found.values["times"]) == ("seal.head_rewritten", 20, 3)


def test_a_hole_where_a_head_stands_is_found(heads: HeadFile, history: History) -> None:
    found = looked(heads, history, value_at=lambda seq: None if seq == 20 else value_at(seq))
    assert codes(found) == ["head_missing"]


def test_an_emptied_store_is_a_cut_end(heads: HeadFile, history: History) -> None:
    assert graves(looked(heads, history, value_at=lambda _: None, last=Place(0))) == ["head_cut"]


def test_another_database_is_found(heads: HeadFile, history: History) -> None:
    (found,) = looked(heads, history, store="other")
    assert (found.code, found.grave, found.values["times"]) == ("seal.head_store", True, 4)


# -- what may be done to the file ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ([1, 2, 3, 4], ["head_left_out"]),
        ([0, 2, 3, 4], ["head_left_out"]),
        ([0, 1, 2, 4], ["head_left_out"]),
        ([0, 2, 1, 3, 4], ["head_left_out"]),
        ([0, 1, 1, 2, 3, 4], ["head_left_out"]),
        ([0, 1, 2, 3], ["heads_cut"]),
        ([], ["heads_cut"]),
    ],
)
def test_heads_taken_out_moved_doubled_or_cut_off_are_found(
    heads: HeadFile, history: History, kept: list[int], expected: list[str]
) -> None:
    last = [each for each in heads.records() if isinstance(each, Record)][-1]
    all_ = lines(heads)
    heads.path.write_bytes(b"".join(all_[n] for n in kept))
    assert graves(looked(heads, history, mark=Mark(5, last.digest))) == expected


def test_every_mutation_of_the_file_is_found(heads: HeadFile, history: History) -> None:
    """A bit, a byte, a stretch, a line: with the mark nothing passes."""
    last = [each for each in heads.records() if isinstance(each, Record)][-1]
    mark, whole, random = Mark(5, last.digest), heads.path.read_bytes(), Random(13)
    assert mutated(heads, history, mark, whole, random, 500) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_mutations_are_found(heads: HeadFile, history: History) -> None:
    last = [each for each in heads.records() if isinstance(each, Record)][-1]
    mark, whole = Mark(5, last.digest), heads.path.read_bytes()
    assert mutated(heads, history, mark, whole, Random(14), 10_000) == []


def mutated(
    heads: HeadFile, history: History, mark: Mark, whole: bytes, random: Random, times: int
) -> list[bytes]:
    """Return the mutations that passed: of which nothing is told, or nothing grave though a head is lost by them.

    Blank lines change no record and are left out.
    """
    passed, records = [], set(whole.splitlines())
    for _ in range(times):
        bad = random.choice(MUTATIONS)(whole, random)
        if bad.split() == whole.split():
            continue
        heads.path.write_bytes(bad)
        found = looked(heads, history, mark=mark)
        if not found or (not graves(found) and not records <= set(bad.splitlines())):
            passed.append(bad)
    return passed


def _bit(data: bytes, random: Random) -> bytes:
    bad, place = bytearray(data), random.randrange(len(data))
    bad[place] ^= 1 << random.randrange(8)
    return bytes(bad)


def _byte(data: bytes, random: Random) -> bytes:
    bad, place = bytearray(data), random.randrange(len(data))
    bad[place] = random.randrange(256)
    return bytes(bad)


def _cut(data: bytes, random: Random) -> bytes:
    a, b = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:a] + data[b:]


def _end(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data))]


def _double(data: bytes, random: Random) -> bytes:
    a, b = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:b] + data[a:b] + data[b:]


def _swap(data: bytes, random: Random) -> bytes:
    parts = data.splitlines(keepends=True)
    a, b = random.sample(range(len(parts)), 2)
    parts[a], parts[b] = parts[b], parts[a]
    return b"".join(parts)


MUTATIONS: tuple[Callable[[bytes, Random], bytes], ...] = (_bit, _byte, _cut, _end, _double, _swap)


def test_a_line_torn_by_a_kill_is_told_and_speaks_against_nothing(heads: HeadFile, history: History) -> None:
    with heads.path.open("ab") as file:
        file.write(lines(heads)[-1][:100])
    found = looked(heads, history)
    assert (codes(found), graves(found)) == (["head_torn"], [])
    mark = heads.add(head(40, 5), keys_of(history, key(1)))
    found = looked(heads, history, mark=mark)
    assert (codes(found), graves(found)) == (["head_torn"], [])


def test_a_line_made_unreadable_is_found(heads: HeadFile, history: History) -> None:
    for place in range(5):
        all_ = lines(heads)
        whole = b"".join(all_)
        heads.path.write_bytes(b"".join([*all_[:place], b"{}\n", *all_[place + 1 :]]))
        assert "head_unreadable" in graves(looked(heads, history))
        heads.path.write_bytes(whole)


def test_a_file_begun_anew_with_the_right_key_is_not_that_which_was_written(
    heads: HeadFile, history: History, tmp_path: Path
) -> None:
    last = [each for each in heads.records() if isinstance(each, Record)][-1]
    other = HeadFile(tmp_path / "other", ours=True)
    for n in range(5):
        other.add(head(n * 10, n + 0.5), keys_of(history, key(1)))
    assert graves(looked(other, history, mark=Mark(5, last.digest))) == ["heads_other"]


# -- keys ---------------------------------------------------------------------------------------


def test_a_stranger_and_a_thief_of_an_old_key_are_found(heads: HeadFile, history: History) -> None:
    heads.add(head(40, 5), keys_of(begun(key(8), NOW), key(8)))
    assert graves(looked(heads, history)) == ["key_history_cut", "head_unknown_key"]


def test_heads_signed_after_an_exchange_with_the_old_key_are_found(heads: HeadFile, history: History) -> None:
    after = history.followed(key(1), key(2), NOW + timedelta(days=5))
    assert looked(heads, after) == []
    heads.add(head(40, 6), keys_of(after, key(2)))
    assert looked(heads, after) == []
    heads.add(head(40, 7), keys_of(after, key(1)))
    assert graves(looked(heads, after)) == ["head_old_key"]
    heads.add(head(40, 8), keys_of(history, key(1)))
    assert graves(looked(heads, after)) == ["key_history_back", "head_old_key"]


def test_a_history_of_keys_that_was_cut_is_found(heads: HeadFile, history: History) -> None:
    after = history.followed(key(1), key(2), NOW + timedelta(days=5))
    revoked = after.revoked(key(2), key(1).public.id, "stolen", NOW, NOW + timedelta(days=6))
    heads.add(head(40, 7), keys_of(revoked, key(2)))
    assert "key_history_cut" in graves(looked(heads, after))


def test_heads_of_a_revoked_key_hold_where_they_are_older_and_a_later_one_names_them(
    heads: HeadFile, history: History
) -> None:
    after = history.followed(key(1), key(2), NOW + timedelta(days=5))
    late = after.revoked(
        key(2), key(1).public.id, "stolen", NOW + timedelta(days=4.5), NOW + timedelta(days=6)
    )
    early = after.revoked(
        key(2), key(1).public.id, "stolen", NOW + timedelta(days=2.5), NOW + timedelta(days=6)
    )
    assert graves(looked(heads, late)) == ["head_revoked"]  # nothing later vouches for them
    heads.add(head(40, 6), keys_of(after, key(2)))
    assert looked(heads, late) == []
    (found,) = looked(heads, early)
    assert (found.code, found.values["number"], found.values["times"]) == ("seal.head_revoked", 4, 2)


def test_a_key_that_begins_anew_is_told(heads: HeadFile, history: History) -> None:
    anew = history.begun_anew(key(3), "disk died", NOW + timedelta(days=5))
    heads.add(head(40, 6), keys_of(anew, key(3)))
    found = looked(heads, anew)
    assert (codes(found), graves(found)) == (["key_unvouched"], [])


def test_what_a_bad_signature_says_is_not_held_against_the_chain(heads: HeadFile, history: History) -> None:
    all_ = lines(heads)
    heads.path.write_bytes(b"".join([*all_[:4], all_[4].replace(b'"seq":40', b'"seq":99')]))
    assert graves(looked(heads, history)) == ["head_bad_signature"]


# -- times and restores -------------------------------------------------------------------------


def test_a_head_of_the_future_is_found_and_a_clock_set_back_is_told(
    heads: HeadFile, history: History
) -> None:
    assert graves(looked(heads, history, now=NOW + timedelta(days=3.5))) == ["head_future"]
    assert looked(heads, history, now=NOW + timedelta(days=4, minutes=-4)) == []
    heads.add(head(40, 3.5), keys_of(history, key(1)))
    found = looked(heads, history)
    assert (codes(found), graves(found)) == (["head_earlier"], [])


def test_what_a_restore_replaced_is_told_where_a_signed_head_says_so(
    heads: HeadFile, history: History
) -> None:
    restored = Head("db", "gate", CHAIN[25], 25, NOW + timedelta(days=6), Why.RESTORED)
    assert graves(looked(heads, history, last=CHAIN[25])) == ["head_cut"]
    heads.add(restored, keys_of(history, key(1)))
    found = looked(heads, history, last=CHAIN[25])
    assert (codes(found), graves(found)) == (["head_restored"], [])
    assert graves(
        looked(heads, history, value_at=lambda seq: value_at(seq) if seq > 20 else b"\x01" * 32)
    ) == ["head_rewritten"]


def test_an_audit_log_of_its_own_is_held_against_its_heads(tmp_path: Path, history: History) -> None:
    file = HeadFile(tmp_path, ours=True)
    for n in (5, 9):
        own = Head("db", "gate", CHAIN[10], 10, NOW + timedelta(days=n), Why.DAILY, CHAIN[n])
        file.add(own, keys_of(history, key(1)))
    audit = Chain(value_at, CHAIN[9], name="audit")
    assert looked(file, history, audit=audit) == []
    (found,) = looked(file, history, audit=Chain(value_at, CHAIN[7], name="audit"))
    assert (found.code, found.values["chain"], found.values["seq"]) == ("seal.head_cut", "audit", 9)


def test_a_thousand_findings_are_one_line(tmp_path: Path, history: History) -> None:
    file = HeadFile(tmp_path, ours=True)
    one = file.add(head(10), keys_of(history, key(1)))
    line = file.path.read_bytes()
    found = verify_heads(read([line] * 1000 + [b"x\n"] * 1000), history, value_at, LAST, now=THEN, mark=one)
    assert [each.values["times"] for each in found] == [1000, 999]
    assert isinstance(next(iter(read([b"x\n"]))), Unread)
