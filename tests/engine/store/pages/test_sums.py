"""Sums follow what is noted: pages that change, come, and go."""

from __future__ import annotations

from array import array
from zlib import crc32

from engine.store.pages.sums import Kind, Note, Sums, Why

NOTHING = crc32(bytes(4096))


def _sums(size: int = 3, known: tuple[int, ...] = (1, 2, 3)) -> Sums:
    return Sums(4096, array("I", known), size, {7})


def test_pages_that_come_without_being_written_are_zeroes() -> None:
    sums = _sums()
    sums.apply(Note(Kind.EXPECT, 6, words=[2, 6, 22, 66]))
    assert [*sums.known] == [1, 22, 3, NOTHING, NOTHING, 66]
    assert sums.whole


def test_pages_that_go_are_known_no_more() -> None:
    sums = _sums()
    sums.apply(Note(Kind.EXPECT, 2, words=[1, 11]))
    assert ([*sums.known], sums.size) == ([11, 2], 2)
    sums.apply(Note(Kind.EXPECT, 3, words=[3, 33]))
    assert [*sums.known] == [11, 2, 33]


def test_of_pages_that_are_not_known_yet_nothing_is_noted_until_they_are_made() -> None:
    sums = _sums(size=5)
    assert not sums.whole
    sums.apply(Note(Kind.EXPECT, 6, words=[1, 4, 11, 44]))
    assert ([*sums.known], sums.size, sums.whole) == ([11, 2, 3], 6, False)
    sums.apply(Note(Kind.MADE, value=5, words=[55]))  # not the next ones: counts for nothing
    sums.apply(Note(Kind.MADE, value=4, words=[44, 55, 66]))
    assert ([*sums.known], sums.whole) == ([11, 2, 3, 44, 55, 66], True)


def test_its_notes_say_all_of_it() -> None:
    sums = _sums(size=5)
    sums.why, sums.moved, sums.open = Why.FOREIGN, (4, 5, 6), True
    again = Sums(4096)
    for note in sums.base():
        again.apply(note)
    assert again == sums
