"""What is damaged while the engine runs is told, with its page and table, and set aside by the next start."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from engine.store.journal import ailing
from engine.store.model import Verdict
from engine.store.pages import compare, scrub
from engine.store.pages.scrub import Scrub
from engine.store.witness import suspect_file
from engine.text import LANGUAGES, render
from rules.model import Event

MakeEvent = Callable[..., Event]
MakeVerdict = Callable[..., Verdict]


@pytest.fixture
async def path(tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict) -> Path:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(make_verdict(*[make_event(n, label="x" * 900) for n in range(1, 2001)]))
    return path


async def _round(scrub: Scrub) -> None:
    rounds = scrub.rounds
    while scrub.rounds == rounds:
        await scrub.step()


def _flip(handle: int, at: int) -> None:
    """Flip a bit, by a handle that stays open: whoever closes the file gives up the locks of this process."""
    (byte,) = os.pread(handle, 1, at)
    os.pwrite(handle, bytes([byte ^ 1]), at)


async def test_a_bit_that_is_flipped_while_it_runs_is_told_and_set_aside(
    path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    handle = os.open(path, os.O_RDWR)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await _round(store.scrub)
        assert [*ailing(store)] == []
        at = path.read_bytes().index(b"xxxxxxxx", 500 * 4096)
        _flip(handle, at)
        await _round(store.scrub)
        page = at // 4096 + 1
        assert store.scrub.wrong == {page: "event"}
        (told,) = ailing(store)
        assert (told.code, told.values) == ("store.page_wrong", {"count": 1, "pages": f"{page} (event)"})
        for language in LANGUAGES:
            assert f"{page} (event)" in render(told.code, told.values, language)
        assert suspect_file(path).exists()
        await store.commit(make_verdict(make_event(2001)))  # the engine goes on meanwhile
        _flip(handle, at)
        await _round(store.scrub)
        assert store.scrub.wrong  # what it read meanwhile was wrong
    os.close(handle)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        damage = (await store.load()).damage
        assert damage is not None
        assert damage.complaint == f"not as they were written: pages {page} (event)"
        assert damage.saved["event"] == 2001
        await _round(store.scrub)
        assert [each.code for each in ailing(store)] == ["store.damaged"]


async def test_a_place_that_cannot_be_read_is_a_wrong_page(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pread = os.pread

    def bad_place(handle: int, size: int, at: int) -> bytes:
        if at <= 300 * 4096 < at + size and size in (4096, compare.PIECE * 4096):
            raise OSError(5, "Input/output error")
        return pread(handle, size, at)

    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        monkeypatch.setattr(os, "pread", bad_place)
        await _round(store.scrub)
        assert [*store.scrub.wrong] == [301]


async def test_where_sqlite_does_not_tell_the_page_is_told_without(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "_OWNERS", "SELECT pageno, name FROM nothing WHERE pageno IN ({marks})")
    handle = os.open(path, os.O_RDWR)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        _flip(handle, 4096 * 400)
        await _round(store.scrub)
        assert store.scrub.wrong == {401: "?"}
    os.close(handle)


async def test_it_goes_on_by_itself_and_ends_with_its_task(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub, "CALM", 0.0)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(store.scrub.run())
            while store.scrub.rounds < 3:
                await asyncio.sleep(0)
            task.cancel()
    assert store.scrub.wrong == {}


async def test_commits_go_on_while_it_looks(
    path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()

        async def commit() -> None:
            for n in range(2001, 2301):
                await store.commit(make_verdict(make_event(n, label="x" * 3000)))

        async with asyncio.TaskGroup() as group:
            committing = group.create_task(commit())
            while not committing.done():
                await store.scrub.step()
        await _round(store.scrub)
        assert [*ailing(store)] == []
