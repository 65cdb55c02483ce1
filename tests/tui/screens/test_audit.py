"""The audit log as an auditor drives it: what stands there, only one person's, paging, and being refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from textual.pilot import Pilot

from engine.api.client import ApiError
from tests.fakes import audit
from tests.fakes.client import FakeClient
from tests.tui.pilot import Until, notes, read, screen_of
from tui.app import MatthanApp
from tui.screens.audit import PAGE, AuditScreen
from tui.screens.fleet import FleetScreen
from tui.widgets.table import Table


@pytest.fixture
def records(client: FakeClient) -> audit.Records:
    kept = audit.Records()
    client.others.append(audit.resource(kept))
    return kept


def shows(app: MatthanApp, *words: str) -> Callable[[], bool]:
    return lambda: all(each in screen_of(app) for each in words)


def listed(table: Table, keys: list[str]) -> bool:
    return [*table.keys] == keys


async def opened(app: MatthanApp, pilot: Pilot[None], until: Until) -> Table:
    await until(pilot, lambda: app.screen.query_one(Table).keys)
    await pilot.press("A")
    await until(pilot, lambda: isinstance(app.screen, AuditScreen))
    table = app.screen.query_one("#entries", Table)
    await until(pilot, lambda: not app.screen._reading)  # type: ignore[attr-defined]  # the audit screen's
    return table


async def test_who_did_what_by_which_grant_and_why(
    app: MatthanApp, records: audit.Records, until: Until
) -> None:
    async with app.run_test(size=(180, 40)) as pilot:
        table = await opened(app, pilot, until)
        assert [*table.keys] == ["8", "7", "6", "5", "4", "3", "2", "1"]
        told = (
            "Nguyễn Văn An",
            "xem ảnh tĩnh ×42",
            "hệ thống",
            "bị từ chối",
            "không thành",
            "10.0.0.7",
            "g2",
            "hết nhật ký",
        )
        await until(pilot, lambda: all(words in screen_of(app) for words in told))
        read(table, "2")
        await until(
            pilot, shows(app, "báo cáo mất trộm", "session · s7", "seconds = 12", "10.0.0.7", "22/11/2025")
        )
        read(table, "5")
        await until(pilot, lambda: "admin" in screen_of(app) and "because" not in screen_of(app))
        read(table, "1")
        await until(pilot, lambda: "không còn được lưu" in screen_of(app))
        await pilot.press("L")
        await until(
            pilot, lambda: "no longer kept" in screen_of(app) and "looked at a still ×42" in screen_of(app)
        )
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_what_somebody_wrote_does_not_drive_the_terminal(
    app: MatthanApp, records: audit.Records, until: Until
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(app, pilot, until)
        read(table, "8")
        await until(pilot, lambda: "a new deed" in screen_of(app) and "đỏ" in screen_of(app))
        assert "\x1b[31m" not in screen_of(app)


async def test_only_one_persons_one_deed_or_one_outcome(
    app: MatthanApp, client: FakeClient, records: audit.Records, until: Until
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(app, pilot, until)
        for key, line, left, words in (
            ("w", "4", ["8", "5", "4"], "chỉ của p2"),
            ("d", "4", ["4"], "chỉ việc ptz"),
            ("w", "4", ["6", "4"], "chỉ việc ptz"),
            ("x", "6", ["6"], "chỉ kết quả failed"),
        ):
            read(table, line)
            await pilot.press(key)
            await until(pilot, partial(listed, table, left))
            await until(pilot, shows(app, words))
        await pilot.press("x")
        await pilot.press("d")
        await until(pilot, lambda: len(table.keys) == 8)
        read(table, "7")
        await pilot.press("w")
        await until(pilot, lambda: any("không rõ của ai" in note for note in notes(app)))
        assert len(table.keys) == 8


async def test_words_filter_without_diacritics(app: MatthanApp, records: audit.Records, until: Until) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        table = await opened(app, pilot, until)
        await pilot.press("slash", *"nguyen", "space", *"trom")
        await until(pilot, lambda: [*table.keys] == ["2"])
        await pilot.press("enter")
        await pilot.press("escape")
        await until(pilot, lambda: len(table.keys) == 8)
        await pilot.press("slash", *"xyz")
        await until(pilot, lambda: "Không dòng nào khớp" in screen_of(app))


async def test_older_pages_are_read_as_one_goes_down(
    app: MatthanApp, client: FakeClient, until: Until
) -> None:
    many = [replace(audit.AN, deed="ptz", about={"n": n}) for n in range(PAGE + 50)]
    client.others.append(audit.resource(audit.Records(audit.stored(many))))
    async with app.run_test(size=(80, 24)) as pilot:
        table = await opened(app, pilot, until)
        assert len(table.keys) == PAGE
        await pilot.press("end")
        await until(pilot, lambda: len(table.keys) == PAGE + 50)
        await until(pilot, lambda: "hết nhật ký" in screen_of(app))


async def test_new_ones_come_when_they_are_asked_for(
    app: MatthanApp, records: audit.Records, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = await opened(app, pilot, until)
        records.kept.append(replace(records.kept[-1], nth=9, id="r9"))
        await pilot.press("r")
        await until(pilot, lambda: table.keys and table.keys[0] == "9")


async def test_nothing_yet(app: MatthanApp, client: FakeClient, until: Until) -> None:
    client.others.append(audit.resource(audit.Records([])))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot, until)
        await until(pilot, lambda: "Chưa có bản ghi nào" in screen_of(app))


async def test_whoever_may_not_is_told_what_is_missing(
    app: MatthanApp, client: FakeClient, records: audit.Records, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        client.failure = ApiError(403, "access.no_role", "Bình chưa có vai trò nào cho phép “audit”")
        table = await opened(app, pilot, until)
        await until(pilot, lambda: "Bình chưa có vai trò nào" in screen_of(app))
        assert not table.keys
        client.failure = None
        await pilot.press("r")
        await until(pilot, lambda: len(table.keys) == 8)
