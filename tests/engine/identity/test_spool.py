"""Records that lie as files: whole or not at all, read in their order, and nothing else is ever taken for one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.draft import AuditDraft
from engine.identity import spool as module
from engine.identity.record import AuditRecord, Deed
from engine.identity.spool import MOST_BYTES, Spool, Unusable, drafted

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RECORD = AuditRecord(Deed.RESTORE, who="an", means="command", about={"file": "site.tar.gz"})


def id_of(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012}"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


def test_what_is_left_is_read_in_order_and_forgotten_when_done(spool: Spool) -> None:
    assert [*spool.waiting()] == []
    left = [drafted(RECORD, id_of(n), NOON) for n in (2, 1, 3)]
    for each in left:
        spool.leave(each)
    assert [*spool.waiting()] == sorted(left, key=lambda draft: draft.id)
    spool.done(id_of(1))
    spool.done(id_of(9))
    assert [each.id for each in spool.waiting() if isinstance(each, AuditDraft)] == [id_of(2), id_of(3)]
    assert spool.folder.stat().st_mode & 0o777 == 0o700


def test_it_is_read_in_pieces(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 2)
    for n in range(5):
        spool.leave(drafted(RECORD, id_of(n), NOON))
    assert len([*spool.waiting()]) == 2


WHOLE = {"id": id_of(1), "at": NOON.isoformat(), "deed": "restore", "camera": None, "told": {"who": "an"}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"x" * (MOST_BYTES + 1),
        json.dumps(WHOLE | {"id": id_of(2)}).encode(),
        json.dumps(WHOLE | {"at": "2026-03-01T12:00:00"}).encode(),
        json.dumps(WHOLE | {"at": 7}).encode(),
        json.dumps(WHOLE | {"deed": "a deed\n"}).encode(),
        json.dumps(WHOLE | {"deed": None}).encode(),
        json.dumps(WHOLE | {"camera": 7}).encode(),
        json.dumps(WHOLE | {"camera": "x" * 1000}).encode(),
        json.dumps({"id": id_of(1)}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_is_no_record_is_put_aside(spool: Spool, content: bytes) -> None:
    spool._prepare()
    name = f"{id_of(1)}.json"
    (spool.folder / name).write_bytes(content)
    (found,) = spool.waiting()
    assert isinstance(found, Unusable)
    spool.put_aside(found.name)
    assert [*spool.waiting()] == []
    assert (spool.folder / f"{name}.bad").read_bytes() == content


def test_whatever_is_told_in_a_file_what_is_kept_is_a_record(spool: Spool) -> None:
    spool._prepare()
    told = {"who": 7, "outcome": "odd", "name": "An", "about": {"n": "x" * 9999}, "more": [1]}
    (spool.folder / f"{id_of(1)}.json").write_text(json.dumps(WHOLE | {"told": told}))
    (found,) = spool.waiting()
    assert isinstance(found, AuditDraft)
    assert json.loads(found.body) == {"outcome": "done", "name": "An", "about": {"n": "x" * 500}}


def test_a_disk_that_says_no_is_told(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "gone")
    with pytest.raises(OSError, match="gone"):
        spool.leave(drafted(RECORD, id_of(1), NOON))
