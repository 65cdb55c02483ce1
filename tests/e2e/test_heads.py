"""The real engine signs where its chain ends, at start and at the end, and says where it cannot."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.seal.chain import Link, Place
from engine.seal.head_audit import verify_heads
from engine.seal.head_file import HeadFile, Mark
from engine.seal.heads import Record, Why
from engine.seal.keys import KeyFolder

Programs = Any  # the class is in conftest.py: test files import nothing from each other


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A site without cameras; its socket has a short path."""
    config = tmp_path / "matthan.yaml"
    with tempfile.TemporaryDirectory(prefix="mt-") as short:
        told = f"site: gate\nstate: {tmp_path / 'state'}\npreview: {{enabled: false}}\n"
        config.write_text(f"{told}api: {{socket: {short}/api.sock}}\n")
        yield config


def heads(folder: Path) -> list[Record]:
    return [each for each in HeadFile(folder, ours=True).records() if isinstance(each, Record)]


async def test_a_run_begins_and_ends_with_a_head_that_holds(
    programs: Programs, config: Path, tmp_path: Path
) -> None:
    state, log = tmp_path / "state", tmp_path / "engine.log"
    async with programs.matthan("run", "--config", str(config), log=log) as process:
        await programs.until("a head at the start", lambda: heads(state / "heads"), log.read_text)
        process.terminate()
        assert await programs.ended(process) == 0, log.read_text()
    found, history = heads(state / "heads"), KeyFolder(state / "keys", None).history()
    assert [each.head.why for each in found] == [Why.START, Why.END]
    assert history is not None
    with closing(sqlite3.connect(state / "matthan.db")) as db:
        links = {
            seq: Link(seq, digest, before).value for seq, digest, before in db.execute("SELECT * FROM link")
        }
        meta = dict(db.execute("SELECT key, value FROM meta"))
    last, mark = Place.read(meta["chain"]), Mark.read(meta["heads"])
    assert last is not None
    assert found[-1].head.place == last
    told = verify_heads(
        found, history, links.get, last, now=datetime.now(UTC), store=meta["store"], mark=mark
    )  # fmt: skip
    assert told == []


async def test_a_second_place_that_is_not_there_is_a_problem_and_stops_nothing(
    programs: Programs, config: Path, tmp_path: Path
) -> None:
    config.write_text(config.read_text() + f"store: {{heads: {tmp_path / 'mnt'}}}\n")
    log, told = tmp_path / "engine.log", tmp_path / "status.log"
    async with programs.matthan("run", "--config", str(config), log=log) as process:
        for word in ("seal.heads_disk", '"running"'):
            await programs.until(word, lambda word=word: word in log.read_text(), log.read_text)
        socket = config.read_text().split("socket: ")[1].split("}")[0]
        async with programs.matthan("status", "--socket", socket, "--lang", "vi", log=told) as status:
            out, _ = await status.communicate()
        assert f"{tmp_path / 'mnt'}/heads.jsonl" in out.decode(), told.read_text()
        (tmp_path / "mnt").mkdir()
        process.terminate()
        assert await programs.ended(process) == 0, log.read_text()
    assert [each.head.why for each in heads(tmp_path / "mnt")] == [Why.END]
