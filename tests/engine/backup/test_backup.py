"""A backup is consistent, verified before anything is touched, and comes back whole."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from engine.api.printable import is_clean
from engine.backup import restore
from engine.backup.archive import DATABASE
from engine.commands.backup import app
from engine.errors import Refusal
from engine.identity.entry.porter import Porter
from engine.identity.people.credential import Purpose
from engine.identity.permission import Role
from engine.runtime.clock import ManualClock
from engine.store import witness
from engine.store.db import open_store
from engine.store.model import Verdict
from rules.model import ActionCall, Decision, Event
from tests.fakes.engine import FakeAuditor
from tests.fakes.people import no_groups

MakeEvent = Callable[..., Event]
MakeDecision = Callable[..., Decision]
MakeVerdict = Callable[..., Verdict]


#: A user that is not root, as a service has.
SERVICE = 65534


class Site:
    """A site on disk: configuration, rules, a secret, pictures, and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.config = folder / "etc" / "matthan.yaml"

    def write(self) -> None:
        base = self.config.parent
        (base / "rules").mkdir(parents=True)
        (base / "rules" / "gate.yaml").write_text(
            "rules: [{name: gate, when: {motion: started}, do: [log]}]\n"
        )
        (base / "rules" / "gate.trial.yaml").write_text("trials: []\n")
        (base / "password").write_text("canary-pw\n")
        (base / "password").chmod(0o600)
        self.config.write_text(
            f"site: ward-7\nstate: {self.state}\nrules: [rules/*.yaml]\ncameras:\n"
            "  - {id: gate, url: 'rtsp://127.0.0.1/x', login: {username: u, password: 'file:password'}}\n"
        )
        day = self.state / "snapshots" / "2026-03-01"
        day.mkdir(parents=True)
        (day / "gate.jpg").write_bytes(b"\xff\xd8 picture")
        (day / "gate.json").write_text("{}")


@pytest.fixture
async def site(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> Site:
    made = Site(tmp_path / "site")
    made.write()
    async with open_store(made.state / "matthan.db", quota_mb=64, clock=clock) as store:
        await store.load()
        events = [make_event(n) for n in range(1, 101)]
        await store.commit(make_verdict(*events, make_decision(1, ActionCall("log"))))
        await store.close_cleanly(clock.mark())
    return made


def _call(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments), "--lang", "en"])
    assert done.exit_code == code, done.output
    return done.output


def _backup(site: Site, target: Path, *more: str) -> str:
    return _call("backup", target, "--config", site.config, *more)


def _restore(archive: Path, config: Path, *more: str | Path, code: int = 0) -> str:
    """Restore what the keys of `known` signed, as somebody does who has the fingerprint on paper."""
    signer = ("--fingerprint", _signer(archive)) if "--fingerprint" not in more else ()
    return _call("restore", archive, "--config", config, *signer, *more, code=code)


def _signer(archive: Path) -> str:
    """Return the fingerprint of the key that an archive says it is signed with; any, where it cannot be read."""
    with suppress(tarfile.TarError, KeyError, EOFError, OSError), tarfile.open(archive) as tar:
        file = tar.extractfile("manifest.sig")
        assert file is not None
        return str(json.load(file)["key"])
    return "0" * 64


async def test_there_and_back(site: Site, tmp_path: Path, clock: ManualClock) -> None:
    archive = tmp_path / "b.tar.gz"
    told = json.loads(_backup(site, archive, "--json"))
    assert (told["site"], told["files"]) == ("ward-7", 7)
    assert archive.stat().st_mode & 0o777 == 0o600
    new = Site(tmp_path / "new")
    said = _restore(archive, new.config, "--state", new.state)
    assert "Restored ward-7" in said
    assert new.config.read_text() == site.config.read_text()
    assert (new.config.parent / "rules" / "gate.trial.yaml").exists()
    assert not (new.config.parent / "password").exists()
    assert (new.state / "snapshots" / "2026-03-01" / "gate.jpg").read_bytes() == b"\xff\xd8 picture"
    async with open_store(new.state / "matthan.db", quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert [event.seq for event in await store.events(limit=200)] == list(range(100, 0, -1))
        assert len(await store.due(0.0, 9)) == 1
        assert resume.last_seq > 1_700_000_000  # never a number that was given after the backup
        assert resume.mark == clock.mark()
    assert [path.name for path in new.config.parent.iterdir() if path.name.startswith(".")] == []


async def test_people_come_back_and_are_logged_out(site: Site, tmp_path: Path, clock: ManualClock) -> None:
    async with open_store(site.state / "matthan.db", quota_mb=64, clock=clock) as store:
        await store.load()
        before = Porter.of(store, clock, Random(1).randbytes, FakeAuditor(), zone=UTC, groups=no_groups)
        await before.book.add("an", "Nguyễn Văn An", by="owner")
        grant = await before.book.give(before.book.granted("an", Role.ADMIN))
        _, secret = await before.book.open_session("an", "192.0.2.1")
        _, token = await before.book.make_token("an", "wall", 7, by="an")
        _, code = await before.book.make_code(Purpose.RESET, "an")
        await store.close_cleanly(clock.mark())
    _backup(site, tmp_path / "b.tar.gz")
    new = Site(tmp_path / "new")
    _restore(tmp_path / "b.tar.gz", new.config, "--state", new.state)
    async with open_store(new.state / "matthan.db", quota_mb=64, clock=clock) as store:
        after = Porter.of(store, clock, Random(2).randbytes, FakeAuditor(), zone=UTC, groups=no_groups)
        await after.recall()
        assert dict(after.book.persons) == dict(before.book.persons)
        assert after.book.grants() == [grant]
        assert after.book.token(token) is not None
        assert after.book.shown(secret) is None
        with pytest.raises(Refusal):
            after.book.code(code)


async def test_a_restore_counts_on_above_what_was_witnessed_and_misses_nothing(
    site: Site, tmp_path: Path, clock: ManualClock
) -> None:
    archive, database = tmp_path / "b.tar.gz", site.state / "matthan.db"
    _backup(site, archive)
    far = 3_000_000_000  # beyond the seconds since 1970, as after two rescues
    seen = witness.read(database)
    assert seen is not None
    witness.write(database, replace(seen, last_seq=far), sync=False)
    _restore(archive, site.config, "--force")
    async with open_store(database, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert (resume.damage, store.damage()) == (None, None)
        assert resume.last_seq > far


async def test_running_engine_is_backed_up_but_not_overwritten(
    site: Site, tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    archive = tmp_path / "b.tar.gz"
    async with open_store(site.state / "matthan.db", quota_mb=64, clock=clock) as store:
        busy = True

        async def load() -> int:
            seq = 100
            while busy:
                seq += 1
                await store.commit(make_verdict(make_event(seq)))
            return seq

        async with asyncio.TaskGroup() as group:
            loading = group.create_task(load(), name="load")
            try:
                await asyncio.to_thread(_backup, site, archive)
                said = await asyncio.to_thread(_restore, archive, site.config, "--force", code=1)
            finally:
                busy = False
        assert "is running" in said
        assert [event.seq for event in await store.events(limit=1)] == [loading.result()]
    new = tmp_path / "new"
    _restore(archive, new / "m.yaml", "--state", new / "state")
    async with open_store(new / "state" / "matthan.db", quota_mb=64, clock=clock) as store:
        kept = [event.seq for event in await store.events(limit=100_000)]
        assert kept == list(range(len(kept), 0, -1))
        assert len(kept) >= 100


async def test_a_refused_restore_leaves_no_folder_behind(site: Site, tmp_path: Path) -> None:
    archive, bad = tmp_path / "b.tar.gz", tmp_path / "bad.tar.gz"
    _backup(site, archive)
    bad.write_bytes(archive.read_bytes()[:-100])
    new = Site(tmp_path / "new")
    for refused in (bad, tmp_path / "absent.tar.gz"):
        _restore(refused, new.config, code=1)
        _restore(refused, new.config, "--state", new.state, code=1)
    new.config.parent.mkdir(parents=True)
    new.config.write_text("site: another\n")
    assert "data here already" in _restore(archive, new.config, "--state", new.state, code=1)
    assert [path.name for path in new.folder.rglob("*")] == ["etc", "matthan.yaml"]


async def test_secrets_stay_unless_asked_for(site: Site, tmp_path: Path) -> None:
    plain, full = tmp_path / "plain.tar.gz", tmp_path / "full.tar.gz"
    said = _backup(site, plain)
    assert "Secret not backed up" in said
    _backup(site, full, "--with-secrets")
    with tarfile.open(plain) as tar:
        data = b"".join(file.read() for name in tar.getnames() if (file := tar.extractfile(name)))
    assert b"canary-pw" not in data
    new = Site(tmp_path / "new")
    _restore(full, new.config, "--state", new.state)
    secret = new.config.parent / "password"
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("canary-pw\n", 0o600)


async def test_what_is_there_is_kept(site: Site, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    _backup(site, archive)
    assert "exists" in _call("backup", archive, "--config", site.config, code=1)
    site.config.write_text(site.config.read_text() + "title: changed\n")
    before = (site.state / "matthan.db").read_bytes()
    said = _restore(archive, site.config, code=1)
    assert "data here already" in said
    assert (site.state / "matthan.db").read_bytes() == before
    told = json.loads(_restore(archive, site.config, "--force", "--json"))
    kept = {Path(path).name.partition(".before-restore-")[0]: Path(path) for path in told["moved"]}
    assert set(kept) >= {"matthan.db", "snapshots", "matthan.yaml"}
    assert kept["matthan.db"].read_bytes() == before
    assert "title: changed" in kept["matthan.yaml"].read_text()
    assert "title: changed" not in site.config.read_text()


async def test_only_state_leaves_the_configuration(site: Site, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    _backup(site, archive)
    new = Site(tmp_path / "new")
    new.config.parent.mkdir(parents=True)
    _restore(archive, new.config, "--state", new.state, "--only-state")
    assert list(new.config.parent.iterdir()) == []
    assert (new.state / "matthan.db").exists()


def _repack(source: Path, target: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> None:
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            if (changed := change(member.name, file.read())) is not None:
                entry = tarfile.TarInfo(changed[0])
                entry.size = len(changed[1])
                new.addfile(entry, io.BytesIO(changed[1]))


async def test_changed_archive_is_refused_before_anything_is_touched(site: Site, tmp_path: Path) -> None:
    archive, bad = tmp_path / "b.tar.gz", tmp_path / "bad.tar.gz"
    _backup(site, archive)

    def flip(name: str, data: bytes) -> tuple[str, bytes]:
        return name, data[:-1] + bytes([data[-1] ^ 1]) if name.endswith("gate.jpg") else data

    def drop(name: str, data: bytes) -> tuple[str, bytes] | None:
        return None if name.endswith("gate.jpg") else (name, data)

    def headless(name: str, data: bytes) -> tuple[str, bytes] | None:
        return None if name == "manifest.json" else (name, data)

    def newer(name: str, data: bytes) -> tuple[str, bytes]:
        return name, data.replace(b'"format": 2', b'"format": 99') if name == "manifest.json" else data

    new = Site(tmp_path / "new")
    for change, said in ((flip, "gate.jpg"), (drop, "gate.jpg"), (headless, "incomplete"), (newer, "newer")):
        _repack(archive, bad, change)
        assert said in _restore(bad, new.config, "--state", new.state, code=1)
    for cut in (10, 100, archive.stat().st_size * 9 // 10):
        bad.write_bytes(archive.read_bytes()[:cut])
        _restore(bad, new.config, "--state", new.state, code=1)
    bad.write_text("no archive at all")
    assert "not a readable backup" in _restore(bad, new.config, "--state", new.state, code=1)
    assert [path for path in new.folder.rglob("*") if path.is_file()] == []


NAMES = [
    "../x",
    "/etc/x",
    "state/../../x",
    "state",
    "other/x",
    "state//x",
    "./state/x",
    "state\\..\\x",
    "config/../../x",
]


@pytest.mark.parametrize("name", NAMES)
async def test_no_entry_leads_anywhere_else(site: Site, tmp_path: Path, name: str) -> None:
    archive, bad = tmp_path / "b.tar.gz", tmp_path / "bad.tar.gz"
    _backup(site, archive)
    _repack(archive, bad, lambda old, data: (name, data) if old.endswith("gate.jpg") else (old, data))
    new = Site(tmp_path / "deep" / "new")
    assert "not allowed" in _restore(bad, new.config, "--state", new.state, code=1)
    assert [path for path in (tmp_path / "deep").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE]
)
def test_only_plain_files_are_taken(tmp_path: Path, kind: bytes) -> None:
    bad = tmp_path / "bad.tar.gz"
    with tarfile.open(bad, "w:gz") as tar:
        entry = tarfile.TarInfo("state/link")
        entry.type, entry.linkname = kind, "/etc/passwd"
        tar.addfile(entry)
    assert "not allowed" in _restore(bad, tmp_path / "etc" / "m.yaml", "--state", tmp_path / "state", code=1)


def test_nothing_to_back_up_is_said(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write()
    assert "nothing to back up" in _call("backup", tmp_path / "b.tar.gz", "--config", site.config, code=1)
    assert not (tmp_path / "b.tar.gz").exists()


def test_command_is_light() -> None:
    code = (
        "import sys, engine.commands.backup;"
        "print(sorted({'aiosqlite', 'sqlite3', 'aiohttp', 'pydantic', 'tarfile'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name", ["state/snapshots/a\nb.jpg", "state/snapshots/\x1b[2Jb.jpg", "state/x\u202egpj.jpg"]
)
async def test_names_that_forge_lines_are_refused(site: Site, tmp_path: Path, name: str) -> None:
    archive, bad = tmp_path / "b.tar.gz", tmp_path / "bad.tar.gz"
    _backup(site, archive)
    _repack(archive, bad, lambda old, data: (name, data) if old.endswith("gate.jpg") else (old, data))
    new = Site(tmp_path / "new")
    told = _restore(bad, new.config, "--state", new.state, code=1)
    assert "not allowed" in told
    assert all(map(is_clean, told.splitlines()))


async def test_rules_with_such_a_name_are_left_out_and_that_is_said(site: Site, tmp_path: Path) -> None:
    odd = site.config.parent / "rules" / "odd\nname.yaml"
    odd.write_text("rules: []\n", "utf-8")
    told = _backup(site, tmp_path / "b.tar.gz")
    assert "rename it" in told
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        assert all(map(is_clean, tar.getnames()))


def _bomb(path: Path, sizes: list[int]) -> None:
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for number, size in enumerate(sizes):
            entry = tarfile.TarInfo(f"state/snapshots/{number}.jpg")
            entry.size = size
            tar.addfile(entry, io.BytesIO(bytes(size)))


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "_FREELY", 1 << 20)
    bomb, new = tmp_path / "bomb.tar.gz", Site(tmp_path / "new")
    _bomb(bomb, [1 << 19] * 40)
    assert bomb.stat().st_size * 100 < 40 << 19
    assert "fill a disk" in _restore(bomb, new.config, "--state", new.state, code=1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [bomb]


def test_what_the_disk_has_no_room_for_is_refused_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = SimpleNamespace(free=restore._LEFT + (1 << 20))  # not the disk's own: other tests write to it
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: free)
    bomb, new = tmp_path / "big.tar.gz", Site(tmp_path / "new")
    _bomb(bomb, [100, 1 << 21])
    told = _restore(bomb, new.config, "--state", new.state, code=1)
    assert "1.jpg needs" in told
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [bomb]


def test_too_many_entries_and_long_headers_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb, new = tmp_path / "bomb.tar.gz", Site(tmp_path / "new")
    monkeypatch.setattr(restore, "_MOST_ENTRIES", 3)
    _bomb(bomb, [1] * 5)
    assert "fill a disk" in _restore(bomb, new.config, "--state", new.state, code=1)
    with tarfile.open(bomb, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo("state/x")
        entry.pax_headers = {"comment": "a" * (1 << 20)}
        tar.addfile(entry)
    assert "not a readable backup" in _restore(bomb, new.config, "--state", new.state, code=1)
    with tarfile.open(bomb, "w:gz", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("state/" + "a" * (1 << 20)))
    assert "not a readable backup" in _restore(bomb, new.config, "--state", new.state, code=1)


def test_a_manifest_that_names_more_than_there_is_is_not_read(tmp_path: Path) -> None:
    bomb, new = tmp_path / "bomb.tar.gz", Site(tmp_path / "new")
    data = b"[" + b"{}," * (1 << 20) + b"{}]"
    with tarfile.open(bomb, "w:gz") as tar:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    assert "incomplete" in _restore(bomb, new.config, "--state", new.state, code=1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_what_root_restores_is_the_services(site: Site, tmp_path: Path) -> None:
    archive, state = tmp_path / "b.tar.gz", tmp_path / "new"
    _backup(site, archive)
    state.mkdir()
    os.chown(state, SERVICE, SERVICE)
    _restore(archive, tmp_path / "etc" / "matthan.yaml", "--state", state, "--only-state")
    made = [path for path in state.rglob("*") if path.parent.name != "audit-spool"]
    names = {path.name for path in made}
    assert {"keys", "history.json", "snapshots", "gate.jpg", "matthan.db", "matthan.db.lock"} <= names
    assert {path: path.stat().st_uid for path in made} == dict.fromkeys(made, SERVICE)
    assert (state / "keys").stat().st_mode & 0o777 == 0o700


async def test_a_restored_database_is_its_owners_alone(site: Site, tmp_path: Path) -> None:
    archive, open_, new = tmp_path / "b.tar.gz", tmp_path / "open.tar.gz", Site(tmp_path / "new")
    _backup(site, archive)
    with tarfile.open(archive) as source, tarfile.open(open_, "w:gz") as target:
        for entry in source:  # as programs before this one packed it
            entry.mode = 0o644 if entry.name == DATABASE else entry.mode
            target.addfile(entry, source.extractfile(entry))
    _restore(open_, new.config, "--state", new.state)
    assert (new.state / "matthan.db").stat().st_mode & 0o777 == 0o600
