"""The steps by hand of docs/design/seal.md are run as they stand there: on a sound site, and on others."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.runtime.clock import ManualClock
from engine.seal.head_file import HeadFile
from engine.seal.head_keeping import HeadKeeping
from engine.seal.heads import Why
from engine.seal.keys import KeyFolder
from engine.store.db import open_store
from engine.store.model import Verdict
from rules.model import Event

PAGE = Path(__file__).parents[3] / "docs" / "design" / "seal.md"
STEPS = dict(
    re.findall(r"^\*\*(.+?)\*\*[^\n]*\n```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
)
TOOLS = ("openssl", "sqlite3", "xxd", "sha256sum")
MISSING = [each for each in TOOLS if shutil.which(each) is None]
pytestmark = [pytest.mark.peer, pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}")]


@pytest.fixture
async def site(
    tmp_path: Path, clock: ManualClock, make_event: Callable[..., Event], make_verdict: Callable[..., Verdict]
) -> Path:
    """What somebody who checks has: a database of nine entries, three heads, two keys."""
    keys, file = KeyFolder(tmp_path / "keys", None), HeadFile(tmp_path, ours=True)
    async with open_store(tmp_path / "matthan.db", quota_mb=64, clock=clock) as store:
        await store.load()
        keeping = HeadKeeping("gate", keys, file, store, clock)
        for turn in range(3):
            for n in range(1, 4):
                await store.commit(make_verdict(make_event(turn * 3 + n)))
            assert await keeping.write(Why.ASKED) is not None
            if turn == 0:
                (tmp_path / "old.pem").write_text(keys.opened(clock.now().wall).history.key.pem)
                keys.rotated(clock.now().wall)
    shown = keys.shown()
    assert shown is not None
    (tmp_path / "public.pem").write_text(shown.history.key.pem)
    shutil.copy(tmp_path / "keys" / "history.json", tmp_path)
    (tmp_path / "paper").write_text(shown.history.key.id)
    return tmp_path


def step(name: str, folder: Path) -> str:
    (code,) = [code for title, code in STEPS.items() if title.startswith(name)]
    done = subprocess.run(["sh", "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


VERIFIED = "Signature Verified Successfully"


def test_every_step_says_of_a_sound_site_what_the_page_promises(site: Path) -> None:
    assert step("The key", site).split()[0] == (site / "paper").read_text()
    assert step("The last head", site).split("\n")[:2] == [VERIFIED, "1"]
    assert step("Each head", site) == ""
    assert step("The database", site) == "the same\n"
    assert VERIFIED in step("A key follows", site)
    assert len(STEPS) == 5


def test_a_changed_head_does_not_verify(site: Path) -> None:
    path = site / "heads.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"count":9', b'"count":8'))
    assert VERIFIED not in step("The last head", site)


def test_a_head_that_was_taken_out_leaves_its_name(site: Path) -> None:
    path = site / "heads.jsonl"
    first, _, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + last)
    assert step("Each head", site).startswith("does not follow")


def test_a_chain_made_anew_is_not_what_the_head_vouches_for(site: Path) -> None:
    step("The last head", site)
    with closing(sqlite3.connect(site / "matthan.db")) as db, db:
        db.execute("UPDATE link SET digest = zeroblob(32) WHERE seq = 9")
    assert "the same" not in step("The database", site)


def test_a_statement_of_another_key_does_not_verify(site: Path) -> None:
    path = site / "history.json"
    path.write_text(path.read_text().replace('"kind":"follows"', '"kind":"revoked"'))
    assert VERIFIED not in step("A key follows", site)
