"""Only a backup that the site signed comes back: what was edited and hashed anew does not, nor what another signed."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.backup.archive import HEADS, HISTORY, PRIVATE
from engine.backup.signer import signed
from engine.runtime.clock import ManualClock
from engine.seal.head_audit import verify_heads
from engine.seal.head_file import HeadFile, Mark
from engine.seal.head_keeping import MARK, RESTORED, HeadKeeping
from engine.seal.heads import Why
from engine.seal.keys import KeyFolder
from engine.store.db import open_store
from engine.store.hashchain.examination import Vouching, examine
from tests.engine.backup.test_backup import (
    MakeEvent,
    MakeVerdict,
    Site,
    _backup,
    _call,
    _repack,
    _restore,
    site,
)

__all__ = ["site"]
NOW = datetime(2026, 11, 30, tzinfo=UTC)
Edit = Callable[[dict[str, Any]], None]


def fingerprint(state: Path) -> str:
    """Return what a person has on paper."""
    found = KeyFolder(state / "keys", None).history()
    assert found is not None
    return found.key.id


def forged(source: Path, target: Path, name: str, edit: Callable[[bytes], bytes], sign: Any = None) -> None:
    """Edit a file of a backup and hash it anew; sign it anew with `sign`, where that is given."""
    changed: dict[str, bytes] = {}

    def change(entry: str, data: bytes) -> tuple[str, bytes]:
        if entry == name:
            data = changed[entry] = edit(data)
        if entry == "manifest.json":
            body = json.loads(data)
            for each, new in changed.items():
                body["files"][each] = [len(new), hashlib.sha256(new).hexdigest()]
            data = changed["manifest.json"] = json.dumps(body).encode()
        if entry == "manifest.sig" and sign is not None:
            data = signed(changed["manifest.json"], sign)
        return entry, data

    _repack(source, target, change)


async def test_an_empty_machine_asks_whose_it_is(site: Site, tmp_path: Path) -> None:
    archive, new = tmp_path / "b.tar.gz", Site(tmp_path / "new")
    _backup(site, archive)
    key = fingerprint(site.state)
    said = _call("restore", archive, "--config", new.config, "--state", new.state, code=1)
    assert key in said  # what to compare, and what to type
    assert not new.state.exists()
    said = _restore(archive, new.config, "--state", new.state, "--fingerprint", "0" * 16, code=1)
    assert "another key" in said
    assert "another key" in _restore(
        archive, new.config, "--state", new.state, "--fingerprint", key[:8], code=1
    )
    spoken = " ".join(key[at : at + 4] for at in range(0, 32, 4)).upper()  # as it is read over the telephone
    _restore(archive, new.config, "--state", new.state, "--fingerprint", spoken)
    assert fingerprint(new.state) == key


async def test_a_machine_that_knows_the_key_asks_nobody(site: Site, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    _backup(site, archive)
    before = (site.state / "keys" / "history.json").read_bytes()
    _call("restore", archive, "--config", site.config, "--force")
    assert (site.state / "keys" / "history.json").read_bytes() == before  # its own stay in use


@pytest.mark.parametrize("name", ["state/matthan.db", "config/matthan.yaml", HISTORY])
async def test_what_was_edited_and_hashed_anew_is_refused(site: Site, tmp_path: Path, name: str) -> None:
    archive, bad, new = tmp_path / "b.tar.gz", tmp_path / "bad.tar.gz", Site(tmp_path / "new")
    _backup(site, archive)
    edits: dict[str, Callable[[bytes], bytes]] = {
        "state/matthan.db": lambda data: data.replace(b"person", b"nobody"),
        "config/matthan.yaml": lambda data: data + b"# a word\n",
        HISTORY: lambda data: data.replace(b'"kind":"first"', b'"kind":"fist!"'),
    }
    forged(archive, bad, name, edits[name])
    for where, config in (
        (new.state, new.config),
        (site.state, site.config),
    ):  # a strange machine, and its own
        said = _restore(bad, config, "--state", where, "--force", code=1)
        assert "changed after it was signed" in said or "keys cannot be read" in said
    assert not new.state.exists()


async def test_what_another_key_signed_is_refused_by_who_knows_the_site(site: Site, tmp_path: Path) -> None:
    archive, bad = tmp_path / "b.tar.gz", tmp_path / "bad.tar.gz"
    _backup(site, archive)
    stranger = KeyFolder(tmp_path / "stranger", None).opened(NOW)
    theirs = (tmp_path / "stranger" / "history.json").read_bytes()
    forged(archive, bad, HISTORY, lambda _: theirs, stranger.signer)
    said = _call("restore", bad, "--config", site.config, "--force", code=1)
    assert "does not know" in said
    key = fingerprint(site.state)
    assert "another key" in _restore(bad, site.config, "--force", "--fingerprint", key, code=1)


async def test_what_a_revoked_key_signed_is_refused_whatever_is_said(site: Site, tmp_path: Path) -> None:
    archive, keys = tmp_path / "b.tar.gz", KeyFolder(site.state / "keys", None)
    _backup(site, archive)
    old = fingerprint(site.state)
    keys.rotated(NOW)
    _call("restore", archive, "--config", site.config, "--force")  # an older key of the site's own
    keys.revoked(old, "stolen", NOW)
    for more in ((), ("--fingerprint", old)):
        said = _call("restore", archive, "--config", site.config, "--force", *more, code=1)
        assert "revoked" in said


async def test_what_nobody_signed_is_taken_only_if_that_is_said(site: Site, tmp_path: Path) -> None:
    archive, bad, new = tmp_path / "b.tar.gz", tmp_path / "bad.tar.gz", Site(tmp_path / "new")
    _backup(site, archive)
    _repack(archive, bad, lambda name, data: None if name == "manifest.sig" else (name, data))
    assert "Nobody signed" in _call("restore", bad, "--config", site.config, "--force", code=1)
    _call("restore", bad, "--config", new.config, "--state", new.state, "--unsigned")
    _backup(site, tmp_path / "plain.tar.gz", "--unsigned")
    assert "Nobody signed" in _call(
        "restore", tmp_path / "plain.tar.gz", "--config", site.config, "--force", code=1
    )


async def test_the_private_key_is_a_secret(site: Site, tmp_path: Path) -> None:
    import tarfile

    _backup(site, tmp_path / "plain.tar.gz")
    _backup(site, tmp_path / "all.tar.gz", "--with-secrets")
    with tarfile.open(tmp_path / "plain.tar.gz") as plain, tarfile.open(tmp_path / "all.tar.gz") as all_:
        assert (HISTORY in plain.getnames(), PRIVATE in plain.getnames()) == (True, False)
        assert (HISTORY in all_.getnames(), PRIVATE in all_.getnames()) == (True, True)


async def test_a_key_that_is_not_to_be_had_is_said(site: Site, tmp_path: Path) -> None:
    KeyFolder(site.state / "keys", None).opened(NOW)
    (site.state / "keys" / "seal.pem").unlink()
    archive = tmp_path / "b.tar.gz"
    said = _call("backup", archive, "--config", site.config, code=1)
    assert "cannot be signed" in said
    assert not archive.exists()
    _backup(site, archive, "--unsigned")


async def test_restored_elsewhere_the_chain_and_its_heads_hold(
    site: Site, tmp_path: Path, clock: ManualClock
) -> None:
    keys, file = KeyFolder(site.state / "keys", None), HeadFile(site.state / "heads", ours=True)
    archive, new = tmp_path / "b.tar.gz", Site(tmp_path / "new")
    async with open_store(site.state / "matthan.db", quota_mb=64, clock=clock) as store:
        await store.load()
        keeping = HeadKeeping("ward-7", keys, file, store, clock)
        assert await keeping.write(Why.START)
    async with open_store(site.state / "matthan.db", quota_mb=64, clock=clock) as store:
        await store.load()
        mark = await store.recall(MARK)
        await HeadKeeping("ward-7", keys, file, store, clock).write(Why.ASKED)
        await store.remember(MARK, mark or "")  # as of a moment before the last head was noted
    _backup(site, archive, "--with-secrets")
    shutil.rmtree(site.folder)
    _restore(archive, new.config, "--state", new.state)
    there = HeadFile(new.state / "heads", ours=True)
    kept = KeyFolder(new.state / "keys", None)
    assert len(list(there.records())) == 1  # none that the database does not know of
    async with open_store(new.state / "matthan.db", quota_mb=64, clock=clock) as store:
        await store.load()
        assert await store.recall(RESTORED)
        again = HeadKeeping("ward-7", kept, there, store, clock)
        await again._start()
        assert not await store.recall(RESTORED)
        store_id, last, _ = await store.chained()
        noted = Mark.read(await store.recall(MARK))
    assert examine(new.state / "matthan.db").whole
    records = list(there.records())
    history = kept.history()
    assert history is not None
    values = {last.seq: last.value}
    found = verify_heads(records, history, values.get, last, now=clock.now().wall, store=store_id, mark=noted)
    assert found == []
    assert HEADS.endswith(there.path.name)


async def test_restored_over_itself_what_went_is_told_and_speaks_against_nothing(
    site: Site, tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    """Whoever goes back to an older backup, on the machine that signed more since, has cut nothing off."""
    keys, file = KeyFolder(site.state / "keys", None), HeadFile(site.state / "heads", ours=True)
    archive, database = tmp_path / "b.tar.gz", site.state / "matthan.db"

    async def runs(count: int) -> None:
        """Keep events, then sign: an engine's first entry is there before its first head."""
        async with open_store(database, quota_mb=64, clock=clock) as store:
            resume = await store.load()
            await store.commit(make_verdict(*(make_event(resume.last_seq + n) for n in range(1, count + 1))))
            await HeadKeeping("ward-7", keys, file, store, clock)._start()

    def looked() -> tuple[list[str], bool]:
        vouching = Vouching([*file.records()], keys.history(), clock.now().wall)
        found = examine(database, vouching)
        return [each.code for each in found.findings if each.code.startswith("seal.")], found.whole

    await runs(3)
    clock.advance(3600)
    _backup(site, archive)
    await runs(5)
    clock.advance(3600)
    assert looked() == ([], True)
    _call("restore", archive, "--config", site.config, "--force")
    assert looked() == (["seal.head_cut"], False)  # the engine has not said yet that it was restored
    await runs(2)
    assert looked() == (["seal.head_restored"], True)
    with closing(sqlite3.connect(database)) as db, db:  # what the backup had is vouched for still
        db.execute("DELETE FROM link WHERE seq = (SELECT max(seq) FROM link WHERE seq < 1000)")
    assert not looked()[1]
