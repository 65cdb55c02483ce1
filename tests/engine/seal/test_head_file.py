"""Heads are added and nothing is taken away; a torn line, a full disk and a disk that is not mounted cost no head."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.seal import head_file
from engine.seal.fault import SealFault
from engine.seal.head_file import HeadFile, Mark
from engine.seal.heads import Record, Unread
from engine.seal.history import History
from tests.engine.sealing import head, key, keys_of


def numbers(file: HeadFile) -> list[int]:
    return [each.number for each in file.records() if isinstance(each, Record)]


def test_each_names_the_one_before(heads: HeadFile) -> None:
    found = [each for each in heads.records() if isinstance(each, Record)]
    assert [each.number for each in found] == [1, 2, 3, 4, 5]
    assert [each.previous for each in found] == [bytes(32), *(each.digest for each in found[:-1])]


def test_how_far_it_has_come_is_told_and_read_again(heads: HeadFile, history: History) -> None:
    mark = heads.add(head(40), keys_of(history, key(1)))
    assert mark.number == 6
    assert Mark.read(mark.written()) == mark
    assert [Mark.read(bad) for bad in (None, "", "x", "1", "1 zz", "a " + "00" * 32)] == [None] * 6


def test_a_torn_line_stays_and_the_next_follows_the_last_whole_one(heads: HeadFile, history: History) -> None:
    whole = heads.path.read_bytes()
    heads.add(head(40), keys_of(history, key(1)))
    last = heads.path.read_bytes().removeprefix(whole)
    for length in (1, len(last) // 2, len(last) - 2):
        heads.path.write_bytes(whole + last[:length])
        assert isinstance(list(heads.records())[-1], Unread)
        heads.add(head(40), keys_of(history, key(1)))
        assert numbers(heads) == [1, 2, 3, 4, 5, 6]
    heads.path.write_bytes(whole + last[:-1])  # only the line feed was not written: it counts
    heads.add(head(40), keys_of(history, key(1)))
    assert numbers(heads) == [1, 2, 3, 4, 5, 6, 7]


def test_a_file_cut_behind_our_back_leaves_a_number_out(heads: HeadFile, history: History) -> None:
    known = heads.add(head(40), keys_of(history, key(1)))
    lines = heads.path.read_bytes().splitlines(keepends=True)
    heads.path.write_bytes(b"".join(lines[:3]))
    heads.add(head(40), keys_of(history, key(1)), known)
    assert numbers(heads) == [1, 2, 3, 7]


def test_a_file_that_is_gone_is_not_begun_anew_by_itself(heads: HeadFile, history: History) -> None:
    keys, known = keys_of(history, key(1)), Mark(5, bytes(32))
    heads.path.unlink()
    with pytest.raises(SealFault) as told:
        heads.add(head(40), keys, known)
    assert (told.value.code, told.value.values["number"]) == ("seal.heads_gone", 5)
    assert not heads.path.exists()
    heads.path.touch()  # a person says that it is lost
    assert heads.add(head(40), keys, known).number == 6


def test_a_folder_that_a_person_named_is_not_made(tmp_path: Path, history: History) -> None:
    for ours in (True, False):
        file = HeadFile(tmp_path / str(ours), ours=ours)
        if ours:
            file.add(head(10), keys_of(history, key(1)))
            continue
        with pytest.raises(SealFault) as told:
            file.add(head(10), keys_of(history, key(1)))
        assert told.value.code == "seal.heads_disk"
        assert not (tmp_path / "False").exists()


def test_without_the_key_nothing_is_written(heads: HeadFile, history: History) -> None:
    before = heads.path.read_bytes()
    with pytest.raises(SealFault) as told:
        heads.add(head(40), keys_of(history, None))
    assert told.value.code == "seal.key_gone"
    assert heads.path.read_bytes() == before


def test_a_disk_that_takes_a_piece_is_told_and_the_next_head_follows(
    heads: HeadFile, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Linux a file's size may be bounded for this process: what a full disk does to a write."""
    import resource
    import signal

    size = heads.path.stat().st_size
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
    try:
        with pytest.raises(SealFault) as told:
            heads.add(head(40), keys_of(history, key(1)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert told.value.code == "seal.heads_disk"
    assert heads.path.stat().st_size == size + 100
    heads.add(head(40), keys_of(history, key(1)))
    assert numbers(heads) == [1, 2, 3, 4, 5, 6]


def test_a_link_is_not_followed_and_what_is_no_file_is_told(tmp_path: Path, history: History) -> None:
    target = tmp_path / "elsewhere"
    (tmp_path / "heads.jsonl").symlink_to(target)
    with pytest.raises(SealFault):
        HeadFile(tmp_path, ours=True).add(head(10), keys_of(history, key(1)))
    assert not target.exists()
    (tmp_path / "other" / "heads.jsonl").mkdir(parents=True)
    with pytest.raises(SealFault):
        list(HeadFile(tmp_path / "other", ours=True).records())


def test_the_last_one_is_found_however_much_lies_behind_it(heads: HeadFile, history: History) -> None:
    with heads.path.open("ab") as file:
        file.write(b"x" * (head_file.END + 10_000) + b"\n")
    assert heads.add(head(40), keys_of(history, key(1))).number == 6


def test_a_file_without_an_end_is_told(heads: HeadFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_file, "WHOLE", 1000)
    with pytest.raises(SealFault, match=os.strerror(27)):
        list(heads.records())


def test_others_may_read_it_and_not_write_it(heads: HeadFile) -> None:
    assert heads.path.stat().st_mode & 0o027 == 0
