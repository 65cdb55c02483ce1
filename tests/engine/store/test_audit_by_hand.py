"""The steps by hand of docs/guide/audit.md are run as they stand there: on a sound log, and on others."""

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
from engine.store.db import open_store
from engine.store.model import Verdict
from rules.model import Event
from tests.engine.store.test_audited import record, with_records

PAGE = Path(__file__).parents[3] / "docs" / "guide" / "audit.md"
STEPS = dict(
    re.findall(r"^\*\*(.+?)\*\*[^\n]*\n```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
)
MISSING = [each for each in ("sqlite3", "sha256sum") if shutil.which(each) is None]
pytestmark = [pytest.mark.peer, pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}")]


@pytest.fixture(params=["cổng", None])
async def site(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: ManualClock,
    make_event: Callable[..., Event],
    make_verdict: Callable[..., Verdict],
) -> Path:
    async with open_store(tmp_path / "matthan.db", quota_mb=64, clock=clock) as store:
        await store.load()
        told = record(2), record(3, "live", request.param, why="tiếng động"), record(4)
        await store.commit(with_records(make_verdict(make_event(1)), *told))
    return tmp_path


def step(name: str, folder: Path) -> list[str]:
    (code,) = [code for title, code in STEPS.items() if title.startswith(name)]
    done = subprocess.run(["sh", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.split()


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "matthan.db")) as db, db:
        db.execute(sql)


def test_every_step_says_of_a_sound_log_what_the_page_promises(site: Path) -> None:
    assert len(STEPS) == 4
    told, stored = step("What is told", site)
    assert told == stored
    row, named = step("Record 3", site)
    assert row == named
    assert step("The log", site) == [row]
    assert step("No number", site) == ["3|3"]
    change(site, "UPDATE audit SET camera = 'yard' WHERE nth = 2")
    assert step("Record 3", site)[0] != named


def test_what_was_changed_shows(site: Path) -> None:
    change(site, "UPDATE audit SET body = replace(body, 'p1', 'p2'), deed = 'still' WHERE nth = 2")
    told, stored = step("What is told", site)
    assert told != stored
    row, named = step("Record 3", site)
    assert row != named
    change(site, "DELETE FROM audit WHERE nth = 2")
    assert step("No number", site) == ["2|3"]
