"""What rules remember, where another program has left it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from engine.store.model import Adoption, Deletion, Verdict
from rules.memory import READABLE, VERSION
from rules.model import Event, EventId, Row, RowChange, RuleName, Sentence

MakeEvent = Callable[..., Event]
MakeVerdict = Callable[..., Verdict]


async def _remembering(path: Path, clock: ManualClock, version: str, make_verdict: MakeVerdict) -> RowChange:
    """Leave a store in which a program of some version has left what its rules remember."""
    row = Row("waiting", 1.0, clock.wall, 9.0, EventId("e"), "s", Sentence("reason.x"), "ed", "decision-1")
    change = RowChange(RuleName("r"), "!k", row)
    adopted = (Adoption(1, "digest", b"body"),)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(replace(make_verdict(), changes=(change,), adopted=adopted))
        await store.remember("memory", version)
    return change


@pytest.mark.parametrize("version", sorted(READABLE))
async def test_what_an_older_program_remembered_goes_on(
    tmp_path: Path, clock: ManualClock, make_verdict: MakeVerdict, version: str
) -> None:
    change = await _remembering(tmp_path / "m.db", clock, version, make_verdict)
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert (resume.rows, resume.settled) == ((change,), True)
        assert resume.adopted == Adoption(1, "digest", b"body")
        assert await store.recall("memory") == str(VERSION)
        assert await store.deletions() == []


@pytest.mark.parametrize("version", ["2", str(VERSION + 1), "", "x"])
async def test_what_a_program_remembered_that_is_not_understood_goes_and_is_told(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict, version: str
) -> None:
    """Until rules are adopted anew that stays so: whoever is killed before has armed nothing."""
    await _remembering(tmp_path / "m.db", clock, version, make_verdict)
    for _ in range(2):
        async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
            resume = await store.load()
            assert (resume.rows, resume.adopted, resume.settled) == ((), None, False)
            assert await store.deletions() == [Deletion("memory", "version", 1)]
    again = (Adoption(2, "digest", b"body"),)
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(replace(make_verdict(make_event(2)), adopted=again))
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert (resume.adopted, resume.settled) == (Adoption(2, "digest", b"body"), True)
