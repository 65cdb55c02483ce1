"""Heads come at start, daily, on demand and at the end; what keeps them from coming is a problem until it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.errors import StoreFull
from engine.runtime.clock import ManualClock
from engine.runtime.supervisor import Health, Supervisor
from engine.seal import head_keeping
from engine.seal.chain import Place
from engine.seal.head_audit import verify_heads
from engine.seal.head_file import HeadFile, Mark
from engine.seal.head_keeping import MARK, HeadKeeping
from engine.seal.heads import Record, Why
from engine.seal.keys import KeyFolder
from engine.store.db import open_store
from engine.store.model import Verdict
from engine.text import LANGUAGES, render
from rules.model import Event
from tests.engine.sealing import CHAIN, value_at


class Remembers:
    """A store with a chain that a test moves, and a disk that it fills."""

    def __init__(self) -> None:
        self.end, self.kept, self.fails = 10, dict[str, str](), False

    async def chained(self) -> tuple[str, Place, int]:
        if self.fails:
            raise StoreFull("no room")
        return "db", CHAIN[self.end], self.end

    async def recall(self, key: str) -> str | None:
        return self.kept.get(key)

    async def remember(self, key: str, value: str) -> None:
        self.kept[key] = value


class Kept:
    """What keeps heads, and what it has kept."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.folder, self.clock, self.store = folder, clock, Remembers()
        self.keys, self.file = KeyFolder(folder / "keys", None), HeadFile(folder / "heads", ours=True)
        self.keeping = self.made()

    def made(self, **named: Any) -> HeadKeeping:
        return HeadKeeping("gate", self.keys, self.file, self.store, self.clock, **named)

    def whys(self) -> list[Why]:
        return [each.head.why for each in self.file.records() if isinstance(each, Record)]

    def problems(self) -> list[str]:
        for each in self.keeping.problems():
            for language in LANGUAGES:
                assert "{" not in render(each.code, each.values, language)
        return [each.code for each in self.keeping.problems()]


@pytest.fixture
def kept(tmp_path: Path, clock: ManualClock) -> Kept:
    return Kept(tmp_path, clock)


async def test_each_head_is_signed_and_named_by_the_next_and_by_the_store(
    kept: Kept, clock: ManualClock
) -> None:
    for end, why in ((10, Why.START), (20, Why.DAILY), (30, Why.ASKED), (40, Why.END)):
        kept.store.end = end
        clock.advance(100)
        mark = await kept.keeping.write(why)
        assert Mark.read(kept.store.kept[MARK]) == mark
    assert kept.whys() == [Why.START, Why.DAILY, Why.ASKED, Why.END]
    history = kept.keys.history()
    assert history is not None
    now = clock.now().wall
    assert (
        verify_heads(kept.file.records(), history, value_at, CHAIN[40], now=now, mark=mark, store="db") == []
    )


async def test_it_is_written_at_start_and_when_a_day_has_passed(kept: Kept, clock: ManualClock) -> None:
    await kept.keeping._start()
    for _ in range(30):
        clock.advance(3600)
        await kept.keeping._daily()
    assert kept.whys() == [Why.START, Why.DAILY]


async def test_an_engine_that_starts_over_and_over_fills_no_disk(kept: Kept, clock: ManualClock) -> None:
    for _ in range(20):
        await kept.made()._start()
        clock.advance(10)
    assert kept.whys() == [Why.START] * 4


async def test_after_a_salvage_it_says_so(kept: Kept) -> None:
    await kept.keeping._start()
    await kept.made(restored=True)._start()
    assert kept.whys() == [Why.START, Why.RESTORED]


async def test_a_clock_that_is_set_back_keeps_no_head_away(kept: Kept, clock: ManualClock) -> None:
    await kept.keeping._start()
    clock.wall = clock.wall.replace(year=clock.wall.year - 1)
    await kept.keeping._daily()
    assert kept.whys() == [Why.START, Why.DAILY]


async def test_a_damaged_note_keeps_no_head_away(kept: Kept) -> None:
    await kept.keeping._start()
    kept.store.kept = dict.fromkeys(kept.store.kept, "damaged")
    await kept.keeping._daily()
    assert kept.whys() == [Why.START, Why.DAILY]


async def test_a_key_that_a_command_exchanged_is_the_one_that_signs(kept: Kept, clock: ManualClock) -> None:
    await kept.keeping.write(Why.START)
    after = kept.keys.rotated(clock.now().wall)
    await kept.keeping.write(Why.ASKED)
    *_, last = kept.file.records()
    assert isinstance(last, Record)
    assert last.signature.key == after.history.key.id


async def test_an_audit_log_of_its_own_is_in_the_head(kept: Kept) -> None:
    async def audit() -> Place:
        return CHAIN[3]

    await kept.made(audit=audit).write(Why.ASKED)
    (only,) = kept.file.records()
    assert isinstance(only, Record)
    assert only.head.audit == CHAIN[3]


# -- what goes wrong ----------------------------------------------------------------------------


async def test_what_keeps_heads_away_stands_as_a_problem_until_it_is_over(
    kept: Kept, clock: ManualClock
) -> None:
    await kept.keeping.write(Why.START)
    kept.keys.path.chmod(0o644)
    assert await kept.keeping.write(Why.DAILY) is None
    assert kept.problems() == ["seal.key_open"]
    kept.keys.path.chmod(0o600)
    kept.store.fails = True
    assert await kept.keeping.write(Why.DAILY) is None
    assert kept.problems() == ["seal.no_head"]
    kept.store.fails = False
    kept.file.path.rename(kept.folder / "aside")
    assert await kept.keeping.write(Why.DAILY) is None
    assert kept.problems() == ["seal.heads_gone"]
    (kept.folder / "aside").rename(kept.file.path)
    clock.advance(10)
    await kept.keeping._daily()  # it is tried again, though no day has passed
    assert kept.problems() == []
    assert kept.whys() == [Why.START, Why.DAILY]


async def test_a_folder_that_does_not_answer_is_a_problem(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_keeping, "DEADLINE", 0.01)

    async def never() -> Place:
        await asyncio.Event().wait()
        return CHAIN[0]

    kept.keeping = kept.made(audit=never)
    assert await kept.keeping.write(Why.END) is None
    assert kept.problems() == ["seal.no_head"]


async def test_its_task_writes_at_once_and_goes_on(
    kept: Kept, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_keeping, "PERIOD", 0.001)

    async def report(name: str, health: Health, error: BaseException | None) -> None:
        assert error is None, (name, health)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        task = group.create_task(kept.keeping.run(Supervisor(report, clock.monotonic, Random(1))))
        while not kept.whys():
            await asyncio.sleep(0.001)
        clock.advance(90_000)
        while len(kept.whys()) < 2:
            await asyncio.sleep(0.001)
        task.cancel()
    assert kept.whys() == [Why.START, Why.DAILY]


async def test_a_real_store_says_where_its_chain_ends(
    tmp_path: Path,
    clock: ManualClock,
    make_event: Callable[..., Event],
    make_verdict: Callable[..., Verdict],
) -> None:
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        await store.load()
        name, place, count = await store.chained()
        assert (len(name), place, count) == (32, Place(0), 0)
        for n in range(1, 4):
            await store.commit(make_verdict(make_event(n)))
        name, place, count = await store.chained()
        assert (place.seq, count) == (3, 3)
        keys, file = KeyFolder(tmp_path / "keys", None), HeadFile(tmp_path / "heads", ours=True)
        keeping = HeadKeeping("gate", keys, file, store, clock)
        assert await keeping.write(Why.START) == Mark.read(await store.recall(MARK))
    told = json.loads(file.path.read_bytes())["head"]
    assert told["chain"] == {"seq": 3, "value": place.value.hex()}
    assert (told["store"], told["count"], told["site"]) == (name, 3, "gate")


async def test_a_disk_that_has_gone_is_a_problem_before_the_next_head_is_due(
    kept: Kept, clock: ManualClock
) -> None:
    await kept.keeping._start()
    aside = kept.file.path.rename(kept.folder / "elsewhere")  # its disk is not mounted any more
    kept.keeping = kept.made()
    clock.advance(10)
    await kept.keeping._start()  # too soon for a head
    assert kept.problems() == ["seal.heads_gone"]
    aside.rename(kept.file.path)
    clock.advance(600)
    await kept.keeping._daily()
    assert kept.problems() == []
    kept.file.path.unlink()
    kept.file.path.mkdir()
    clock.advance(600)
    await kept.keeping._daily()
    assert kept.problems() == ["seal.heads_disk"]
    kept.file.path.rmdir()
    kept.store.kept.clear()
    kept.keeping = kept.made()
    await kept.keeping._look()  # none was written yet
    assert kept.problems() == []
