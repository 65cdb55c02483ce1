"""``matthan audit verify``: whole, broken and where, or not to be read; in both languages, for programs too."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from engine.commands.audit import app
from engine.commands.audit.verify import _pages, sentence
from engine.runtime.clock import ManualClock
from engine.seal.chain import Place
from engine.seal.finding import Finding
from engine.seal.head_file import HeadFile, Mark
from engine.seal.heads import Head, Why
from engine.seal.keys import KeyFolder
from engine.store.db import open_store
from engine.store.hashchain.records import RecordFlaw
from engine.store.hashchain.walk import Flaw
from engine.text import LANGUAGES, Language, catalogue
from tests.engine.store.hashchain.mutants import MakeDecision, MakeEvent, MakeVerdict, Site, sealed
from tests.engine.store.test_audited import record


@pytest.fixture
def site(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> Site:
    return asyncio.run(sealed(tmp_path / "site", clock, make_event, make_decision, make_verdict, record))


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["audit", "verify", *map(str, words)])


def change(site: Site, sql: str) -> None:
    with closing(sqlite3.connect(site.database)) as db, db:
        db.execute(sql)


def key_of(site: Site) -> str:
    history = site.keys.history()
    assert history is not None
    return history.key.id


def test_a_whole_log(site: Site) -> None:
    told = run("--db", site.database, "--lang", "vi")
    assert told.exit_code == 0, told.output
    assert "còn nguyên vẹn" in told.stdout
    assert key_of(site) in told.stdout  # so that it can be compared with what was written down
    found = json.loads(run("--db", site.database, "--json").stdout)
    assert (found["whole"], found["head"]["seq"]) == (True, found["last"])
    assert (
        run("--db", site.database, "--lang", "en", "--fingerprint", key_of(site)[:12].upper()).exit_code == 0
    )


def test_what_was_done_to_it_is_told_exactly(site: Site) -> None:
    change(site, "UPDATE event SET camera = 'yard' WHERE seq = 61")
    change(site, "DELETE FROM audit WHERE seq = 8")
    told = run("--db", site.database, "--lang", "en")
    assert told.exit_code == 1
    assert "Entry 61 (event, camera yard, 2026-03-01T05:31:01Z) was changed" in told.stdout
    assert "1 record is gone from the audit log: number 2 to 2" in told.stdout
    assert "NOT whole: 2 findings speak against it" in told.stdout
    vietnamese = run("--db", site.database, "--lang", "vi").stdout
    assert "Mục 61 (sự kiện, camera yard, 2026-03-01T05:31:01Z) đã bị sửa" in vietnamese
    found = json.loads(run("--db", site.database, "--json").stdout)
    assert [each["code"] for each in found["findings"]] == ["verify.altered", "verify.record_missing"]
    assert found["findings"][0]["values"]["seq"] == 61


def test_what_vouches_may_lie_elsewhere_and_is_asked_for(site: Site, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    shutil.move(site.folder / "heads", usb)
    told = run("--db", site.database, "--lang", "en")
    assert (told.exit_code, "No signed head vouches" in told.stdout) == (1, True)
    assert run("--db", site.database, "--heads", usb).exit_code == 0
    assert run("--db", site.database, "--without-heads").exit_code == 0
    shutil.move(site.folder / "keys", tmp_path / "keys")
    told = run("--db", site.database, "--heads", usb, "--lang", "en")
    assert (told.exit_code, "no history of this site's keys" in told.stdout) == (1, True)
    for keys in (tmp_path / "keys", tmp_path / "keys" / "history.json"):
        assert run("--db", site.database, "--heads", usb, "--keys", keys).exit_code == 0


def test_another_key_than_the_one_that_is_known(site: Site) -> None:
    told = run("--db", site.database, "--fingerprint", "00 11:22", "--lang", "en")
    assert told.exit_code == 1
    assert "not the one that was expected (001122)" in told.stdout


def test_a_fingerprint_is_read_however_it_is_written_and_a_few_digits_name_no_key(site: Site) -> None:
    key = key_of(site)
    for said in (key, "-".join([key[:4], key[4:8]]), f" {key[:2]}:{key[2:8].upper()} "):
        assert run("--db", site.database, "--fingerprint", said).exit_code == 0
    for said in (key[:7], key[0], "-"):
        assert run("--db", site.database, "--fingerprint", said).exit_code == 1


def test_a_database_that_nobody_can_write_beside(site: Site) -> None:
    before = sorted(each.name for each in site.folder.iterdir())
    site.folder.chmod(0o555)
    try:
        assert run("--db", site.database).exit_code == 0
    finally:
        site.folder.chmod(0o755)
    assert sorted(each.name for each in site.folder.iterdir()) == before


@pytest.mark.parametrize("moment", ["history", "records"])
def test_a_head_that_is_written_meanwhile_is_no_finding(
    site: Site, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """An engine signs, with a new key, between what is read: heads, keys and the database are of three moments."""
    owner: Any = KeyFolder if moment == "history" else HeadFile
    read, signed = getattr(owner, moment), list[bool]()

    def meanwhile(own: Any) -> Any:
        found = read(own) if moment == "history" else [*read(own)]
        if not signed:
            signed.append(True)
            _signs(site)
        return found

    monkeypatch.setattr(owner, moment, meanwhile)
    told = run("--db", site.database, "--lang", "en")
    assert told.exit_code == 0, told.output
    change(
        site,
        "UPDATE meta SET value = substr(value, 1, instr(value, ' ')) || hex(zeroblob(32)) WHERE key = 'heads'",
    )
    assert run("--db", site.database, "--lang", "en").exit_code == 1  # what stays is told


def _signs(site: Site) -> None:
    """Exchange the key, and sign where the chain ends, as an engine does."""
    now = datetime.now(UTC)
    site.keys.rotated(now)
    with closing(sqlite3.connect(site.database)) as db, db:
        meta = dict(db.execute("SELECT key, value FROM meta"))
        links = db.execute("SELECT count(*) FROM link").fetchone()[0]
        end, known = Place.read(meta["chain"]), Mark.read(meta["heads"])
        assert end is not None
        head = Head(meta["store"], "gate", end, links, now, Why.DAILY)
        mark = site.heads.add(head, site.keys.opened(now), known)
        db.execute("UPDATE meta SET value = ? WHERE key = 'heads'", (mark.written(),))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"noise" * 999)
    (tmp_path / "packed").write_bytes(b"\x1f\x8bnoise")
    for name in ("noise", "packed", "gone"):
        told = run("--db", tmp_path / name, "--lang", "en")
        assert (told.exit_code, "cannot be read" in told.stderr) == (2, True), told.output
    assert run("--config", tmp_path / "gone.yaml").exit_code == 2


async def test_a_flipped_bit_is_told_with_its_page(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        for n in range(1, 400):
            await store.commit(make_verdict(make_event(n)))
        await store.close_cleanly(clock.mark())
    assert [each.grave for each in _pages(path)] == []
    data = bytearray(path.read_bytes())
    place = data.rindex(b"event-00000200")  # within an index, which no chain covers
    data[place] ^= 1
    path.write_bytes(data)
    (found,) = [each for each in _pages(path) if each.grave]
    assert (found.code, found.values["page"]) == ("verify.pages", place // 4096 + 1)
    for language, words in (("vi", "Trang"), ("en", "is not what was written")):
        assert words in sentence(found, "vi" if language == "vi" else "en")


CODES = (
    {f"verify.{each}" for each in Flaw} - {"verify.cut", "verify.beyond", "verify.other_end"}
    | {f"verify.record_{each}" for each in RecordFlaw}
    | {f"verify.{name}" for name in (
        "moved", "aged", "end", "copy", "order", "number", "uncovered", "begun", "untold", "note", "no_keys",
        "no_heads", "other_key", "after_head", "more", "pages", "pages_unknown",
    )}
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_is_found_has_words(language: Language) -> None:
    assert catalogue(language).keys() >= CODES
    told = sentence(
        Finding("verify.altered", {"kind": "audit", "seq": 7, "camera": "–", "at": "?"}), language
    )
    assert ("bản ghi việc đã làm" if language == "vi" else "record of a deed") in told
    assert "audit" not in told
