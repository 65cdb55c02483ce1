"""A file of page sums that is not as it was written says so, wherever it was cut or flipped."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from zlib import crc32

import pytest

from engine.store.pages import notes
from engine.store.pages.notes import SumsDamaged, append, read, sums_file, write
from engine.store.pages.sums import Kind, Note, Sums, Why, is_stamp, stamp

STAMP = stamp(7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database's path; beside it the sums of 5 pages, of which a checkpoint wrote 2 anew and 1 more."""
    path = tmp_path / "m.db"
    write(path, Sums(4096, array("I", [11, 12, 13, 14, 15]), 5, {STAMP}, open=True, why=Why.GONE))
    append(path, [Note(Kind.EXPECT, 6, words=[2, 4, 6, 22, 24, 26])])
    append(path, [Note(Kind.MOVED, words=[1, 2, 3]), Note(Kind.CLOSED)], durable=False)
    return path


def test_what_was_noted_is_read_again(path: Path) -> None:
    sums = read(path)
    assert sums is not None
    assert [*sums.known] == [11, 22, 13, 24, 15, 26]
    assert (sums.size, sums.stamps, sums.open, sums.moved, sums.why) == (
        6,
        {STAMP},
        False,
        (1, 2, 3),
        Why.GONE,
    )
    write(path, sums)
    assert read(path) == sums


def test_there_may_be_none(tmp_path: Path) -> None:
    assert read(tmp_path / "m.db") is None


def test_every_flipped_bit_is_noticed(path: Path) -> None:
    data = sums_file(path).read_bytes()
    for place in range(notes._head(data)[1]):  # what lies behind is room
        for bit in range(8):
            bad = bytearray(data)
            bad[place] ^= 1 << bit
            sums_file(path).write_bytes(bad)
            with pytest.raises(SumsDamaged):
                read(path)


def test_every_cut_is_noticed(path: Path) -> None:
    data = sums_file(path).read_bytes()
    for length in range(notes._head(data)[1]):
        sums_file(path).write_bytes(data[:length])
        with pytest.raises(SumsDamaged):
            read(path)


def test_a_note_that_was_never_finished_counts_for_nothing(path: Path) -> None:
    whole, data = read(path), sums_file(path).read_bytes()
    append(path, [Note(Kind.EXPECT, 6, words=[1, 99])])
    longer, (_, begin) = sums_file(path).read_bytes(), notes._head(data)
    (_, end) = notes._head(longer)
    for length in range(begin, end):  # killed before the head tells of it
        sums_file(path).write_bytes(data[:begin] + longer[begin:length] + data[length:])
        assert read(path) == whole
    sums_file(path).write_bytes(data[:begin] + longer[begin:])  # killed right then
    after = read(path)
    assert after is not None
    assert after.known[0] == 99


def test_what_a_newer_program_notes_is_not_understood(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = notes._packed(Note(Kind.OPEN)).replace(b"\6", b"\x63", 1)
    body = packed[:-4] + notes._CRC.pack(crc32(packed[:-4]))
    monkeypatch.setattr(notes, "_packed", lambda _: body)
    append(path, [Note(Kind.OPEN)])
    with pytest.raises(SumsDamaged, match="not understood"):
        read(path)


def test_a_disk_that_takes_a_piece_alone_says_no(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, pwrite = read(path), os.pwrite

    def half(handle: int, data: bytes, at: int) -> int:
        return pwrite(handle, data[: len(data) // 2], at)

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(OSError, match="No space"):
        append(path, [Note(Kind.EXPECT, 6, words=[1, 99])])
    monkeypatch.undo()
    assert read(path) == before


def test_notes_behind_damaged_ones_are_refused(path: Path) -> None:
    sums_file(path).write_bytes(b"x" + sums_file(path).read_bytes()[1:])
    with pytest.raises(OSError, match="damaged"):
        append(path, [Note(Kind.OPEN)])


def test_room_ends(path: Path) -> None:
    while append(path, [Note(Kind.EXPECT, 6, words=[*range(1, 6), *range(5)] * 100)], durable=False):
        pass
    assert sums_file(path).stat().st_size < 2 * notes.ROOM
    assert read(path) is not None


def test_no_flipped_bit_makes_another_stamp_or_none_of_one() -> None:
    for seed in (1, 2, 0x8000, 0xFFFF, 0x1234, 0):
        number = stamp(seed)
        assert is_stamp(number)
        assert not any(is_stamp(number ^ 1 << bit) for bit in range(32))
        assert all(number ^ 1 << bit for bit in range(32))
    assert not is_stamp(0)
