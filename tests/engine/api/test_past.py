"""What is typed is read as it is meant; nobody finds what they may not look back at; figures tell gaps from nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from engine.api.resources.events import EventQuery
from engine.api.resources.past.grammar import Named, moment, read
from engine.api.resources.past.history import HistoryQuery
from engine.api.resources.past.search import SearchQuery
from engine.api.services.past.figures import Steps, watched, worst_of
from engine.api.services.past.looking import Looking
from engine.api.services.past.searching import PastService
from engine.availability import Availability, Run
from engine.errors import Refusal
from engine.identity.caller import Caller, Principal
from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from engine.store.search.search import Search
from engine.store.search.sought import Words
from engine.web.refusals import HttpProblem
from rules.model import Kind
from tests.engine.api.test_scoped import Only
from tests.engine.store.search.logs import BEGIN, append, decision, event
from tests.fakes.engine import ROOT

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
CAMERAS = {name: SimpleNamespace(settings=SimpleNamespace(name=name)) for name in ("gate", "yard", "shed")}
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # eight in the morning there


def test_words_fields_times_and_what_is_not_meant() -> None:
    said = read(
        'Cổng "có người" camera:gate,yard -rule:mèo -chó zone:"sân sau" http:x since:22:00 until:06:00',
        NOW,
        HANOI,
    )
    assert said.words == (Words(("cong",)), Words(("co", "nguoi"), whole=True), Words(("http", "x")))
    assert said.without == (Words(("cho",)),)
    assert said.fields == (
        Named("camera", ("gate", "yard")), Named("rule", ("mèo",), never=True), Named("zone", ("sân sau",)),
    )  # fmt: skip
    assert said.since == datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
    assert said.until == datetime(2026, 3, 1, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "at"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("07:59", NOW - timedelta(minutes=1)),
        ("08:01", NOW - timedelta(hours=24) + timedelta(minutes=1)),
        ("2026-03-01", datetime(2026, 2, 28, 17, 0, tzinfo=UTC)),
        ("2026-03-01T08:00", datetime(2026, 3, 1, 1, 0, tzinfo=UTC)),
    ],
)
def test_a_time_is_the_sites(word: str, at: datetime) -> None:
    assert moment(word, NOW, HANOI) == at


@pytest.mark.parametrize("word", ["25:00", "soon", "999999d", "0001-01-01", "2026-13-01"])
def test_what_is_no_time_is_refused(word: str) -> None:
    with pytest.raises(Refusal, match=r"is no time"):
        moment(word, NOW, HANOI)


@asynccontextmanager
async def looking(folder: Path, clock: ManualClock) -> AsyncIterator[PastService]:
    """Yield a service over a log of three entries."""
    path = folder / "state" / "matthan.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        first = event(1, "gate", zones=("Sân",), label="person")
        note = event(3, "yard", kind=Kind.OPERATOR, label="note", facts={"note": "Đã gọi bảo vệ"})
        append(path, [first, decision(2, first), note])
        search = Search(path, lambda: 0.0)
        while search.look():
            pass
        made = Looking(search, store, cast("Any", CAMERAS), lambda: {"north": ["gate"]}, clock, HANOI)
        yield PastService(made, "site")
        search.close()


async def test_everybody_finds_what_they_may_look_back_at(tmp_path: Path) -> None:
    clock = ManualClock(BEGIN + timedelta(hours=1), engine=1.0)
    async with looking(tmp_path, clock) as past:

        async def ids(caller: Caller, **query: Any) -> list[str]:
            found = await past.search(caller, SearchQuery(**query))
            assert (found.next, found.waits, found.indexed) == (None, False, 1.0)
            return [each.id[-1] for each in found.entries]

        assert await ids(ROOT) == ["3", "2", "1"]
        assert await ids(ROOT, q="goi bao ve") == ["3"]
        assert await ids(ROOT, q="nguoi -phase:resolved", group="north") == ["2"]
        assert await ids(ROOT, q="zone:san is:event") == ["1"]
        assert await ids(ROOT, q="kind:decision") == ["2"]
        assert await ids(ROOT, text='"bao goi"') == []
        some = Caller(Principal.SESSION, "an", Only("yard"))
        assert await ids(some) == ["3"]
        assert await ids(some, q="camera:gate") == []
        assert await ids(Caller(Principal.SESSION, "an", Only())) == []
        with pytest.raises(HttpProblem) as refused:
            await past.search(ROOT, SearchQuery(q="since:never"))
        assert (refused.value.status, refused.value.code) == (422, "search.bad_time")


async def test_without_an_index_it_is_said(tmp_path: Path) -> None:
    clock = ManualClock(BEGIN, engine=1.0)
    async with looking(tmp_path, clock) as past:
        past._looking.search.close()
        for asked in (past.search(ROOT, SearchQuery()), past.history(ROOT, HistoryQuery())):
            with pytest.raises(HttpProblem) as refused:
                await asked
            assert (refused.value.status, refused.value.code) == (503, "search.not_ready")


async def test_figures_are_of_what_one_may_see_and_tell_gaps_from_nothing(tmp_path: Path) -> None:
    clock = ManualClock(BEGIN + timedelta(minutes=30), engine=1.0)
    async with looking(tmp_path, clock) as past:
        runs = [Run(1, "gate", Availability.UP, BEGIN, BEGIN + timedelta(minutes=20))]
        runs += [
            Run(2, "gate", Availability.LOST, BEGIN + timedelta(minutes=20)),
            Run(3, "shed", Availability.UP, BEGIN),
        ]
        await past._looking.store.keep_availability(runs, BEGIN)
        told = await past.history(ROOT, HistoryQuery(hours=1))
        assert (told.since, told.until, told.step) == (
            BEGIN - timedelta(minutes=30),
            BEGIN + timedelta(minutes=30),
            900,
        )
        gate, shed = (next(row for row in told.rows if row.camera == name) for name in ("gate", "shed"))
        assert (gate.counts, gate.alerts, gate.worst, gate.watched) == (
            (0, 0, 1, 0),
            (0, 0, 1, 0),
            "--w-",
            "??up",
        )
        assert (shed.counts, shed.watched) == ((0, 0, 0, 0), "??uu")
        rules = (await past.history(ROOT, HistoryQuery(scope="rule", hours=1))).rows
        assert [(row.name, row.camera, sum(filter(None, row.counts))) for row in rules] == [
            ("night-gate", None, 1)
        ]
        zones = (await past.history(ROOT, HistoryQuery(scope="zone", hours=1))).rows
        assert [(row.camera, row.name) for row in zones] == [("gate", "Sân")]
        one = await past.history(ROOT, HistoryQuery(camera="gate", hours=1))
        assert one.minutes == "?" * 30 + "u" * 20 + "g" * 10
        some = Caller(Principal.SESSION, "an", Only("yard"))
        assert (await past.history(some, HistoryQuery(scope="rule"))).rows == ()


def test_the_worst_of_a_minute_shows_however_short() -> None:
    steps = Steps(BEGIN, timedelta(minutes=1), 3)
    runs = [
        Run(1, "a", Availability.UP, BEGIN, BEGIN + timedelta(seconds=61)),
        Run(2, "a", Availability.LOST, BEGIN + timedelta(seconds=61), BEGIN + timedelta(seconds=62)),
        Run(3, "a", Availability.UP, BEGIN + timedelta(seconds=62)),
    ]
    assert worst_of(runs, steps, BEGIN + timedelta(minutes=2)) == "ug?"
    assert watched(runs, steps, BEGIN + timedelta(minutes=2)) == "up?"


def test_a_plain_list_needs_no_index() -> None:
    assert not EventQuery(before=3, camera="gate").narrows()
    assert EventQuery(text="x").narrows()
