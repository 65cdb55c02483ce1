"""Commissionings as a technician drives them: the list, a sheet that is wrong, a look, going, cut off, taking back."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from engine.api.client import ApiError, Disconnected
from engine.api.resources.commissioning.jobs import Risk, Step
from engine.api.wire import FileProblem
from tests.fakes import commissioning
from tests.fakes.client import FakeClient
from tests.fakes.commissioning import NAME, OLD, FakeJobs
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import Until, notes, read, screen_of
from tests.tui.screens.commissioning.conftest import Opening
from tui.app import MatthanApp
from tui.connection.sheet_file import MOST
from tui.screens.commissioning.dialogs import RiskDialog, WishDialog
from tui.screens.commissioning.job import JobScreen
from tui.screens.commissioning.jobs import JobsScreen
from tui.screens.commissioning.staging import StagingScreen
from tui.screens.dialogs import ConfirmDialog, TextDialog
from tui.screens.fleet import FleetScreen
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.pilot import Pilot


WRONG = FileProblem(
    source="cameras.csv", line=3, column=1, key="id", code="x", values={}, suggestion="", vi="thiếu", en="missing"
)  # fmt: skip


def shows(app: MatthanApp, *words: str) -> Callable[[], bool]:
    return lambda: all(each in screen_of(app) for each in words)


def on(app: MatthanApp, screen: type) -> Callable[[], bool]:
    return lambda: isinstance(app.screen, screen)


async def form(app: MatthanApp, pilot: Pilot[None], until: Until, path: object) -> None:
    """Open the form and name a sheet."""
    await pilot.press("n")
    await until(pilot, on(app, WishDialog))
    app.screen.query_one("#sheet", Input).value = str(path)


# -- the list --------------------------------------------------------------------------------------------


async def test_jobs_say_how_they_are_and_where_one_comes_from_esc_leads_back(
    app: MatthanApp, listing: Opening, until: Until
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        table = await listing(pilot)
        assert [*table.keys] == [NAME, OLD]
        told = ("! dở dang", "✓ xong", "2 hỏng, 1 chờ đồng ý", "đều tốt", "Nguyễn Văn An", NAME)
        await until(pilot, shows(app, *told))
        await pilot.press("L")
        await until(pilot, shows(app, "! cut off", "2 failed, 1 waiting for a yes"))
        await pilot.press("escape")
        await until(pilot, on(app, FleetScreen))


async def test_nobody_knows_whether_a_job_runs_once_the_engine_is_gone_and_the_page_stays(
    app: MatthanApp, client: FakeClient, engine: FakeEngine, site: FakeJobs, following: Opening, until: Until
) -> None:
    site.run(school="clock.offset")
    async with app.run_test(size=(120, 30)) as pilot:
        table = await following(pilot)
        read(table, "school")
        await until(pilot, shows(app, "Đang kiểm tra: clock.offset", "đang chạy"))
        client.say(Disconnected("gone", 1.0, "link.absent"))
        await until(pilot, shows(app, "Mất máy chủ", "không rõ"))
        assert isinstance(app.screen, JobScreen)
        assert "Đang kiểm tra" not in screen_of(app)
        client.say(engine.state())
        await until(pilot, shows(app, "Đang kiểm tra: clock.offset"))


async def test_whoever_may_not_is_told_why(
    app: MatthanApp, client: FakeClient, site: FakeJobs, until: Until
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        client.failure = ApiError(403, "access.no_role", "Bình chưa có vai trò nào", "hỏi quản trị viên")
        await pilot.press("C")
        await until(pilot, shows(app, "Bình chưa có vai trò nào hỏi quản trị viên"))
        client.failure = ApiError(404, "api.not_found", "?")
        await until(pilot, shows(app, "Máy chủ là bản cũ"))


# -- a sheet -----------------------------------------------------------------------------------------------


async def test_a_wrong_sheet_is_told_line_by_line_and_the_form_keeps_what_was_typed(
    app: MatthanApp, site: FakeJobs, listing: Opening, sheet: Path, until: Until
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await listing(pilot)
        site.failure = ApiError(422, "commission.wrong_input", "?", problems=(WRONG,))
        await form(app, pilot, until, sheet)
        await pilot.press("enter")
        await until(pilot, on(app, TextDialog))
        await until(pilot, shows(app, "cameras.csv:3:1", "id: thiếu"))
        await pilot.press("escape")
        await until(pilot, on(app, WishDialog))
        assert app.screen.query_one("#sheet", Input).value == str(sheet)
        await pilot.press("escape")
        await until(pilot, on(app, JobsScreen))
        assert not site.begun


@pytest.mark.parametrize(
    ("name", "told"),
    [("absent.csv", "không có tệp"), ("", "không phải là tệp"), ("pipe", "không phải là tệp"), ("large.csv", "4 MiB")],
    ids=["absent", "folder", "pipe", "large"],
)  # fmt: skip
async def test_what_is_no_sheet_is_told_and_nobody_waits_for_it(
    app: MatthanApp, site: FakeJobs, listing: Opening, tmp_path: Path, until: Until, name: str, told: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large.csv").open("wb") as large:
        large.truncate(MOST + 1)
    async with app.run_test(size=(120, 30)) as pilot:
        await listing(pilot)
        await form(app, pilot, until, tmp_path / name)
        await pilot.press("enter")
        await until(pilot, on(app, TextDialog))
        await until(pilot, shows(app, told))
        assert not site.begun


async def test_what_the_form_says_is_what_is_asked_for(
    app: MatthanApp, site: FakeJobs, listing: Opening, sheet: Path, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await listing(pilot)
        await form(app, pilot, until, sheet)
        await until(pilot, shows(app, "[x] luồng", "[ ] cả bộ kiểm tra dài", "Enter xem sẽ làm gì"))
        await pilot.press("down", "down")
        app.screen.query_one("#subnets", Input).value = "192.0.2.0/24, 198.51.100.0/24"
        await pilot.press("down", "space")  # no time
        await pilot.press(*("down",) * 6, "space")  # thorough
        await until(pilot, shows(app, "[ ] giờ", "[x] cả bộ kiểm tra dài"))
        await pilot.press("enter")
        await until(pilot, on(app, StagingScreen))
    (asked,) = site.begun
    assert base64.b64decode(asked.content) == sheet.read_bytes()
    assert (asked.name, asked.dry, asked.thorough, asked.technician) == ("cameras.csv", True, True, "An")
    assert asked.subnets == ("192.0.2.0/24", "198.51.100.0/24")
    assert asked.steps == tuple(step for step in Step if step is not Step.TIME)


# -- looking, going ----------------------------------------------------------------------------------------


async def test_from_a_look_one_goes_with_a_yes_for_what_restarts(
    app: MatthanApp, site: FakeJobs, staging: Opening, until: Until
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        table = await staging(pilot)
        await until(pilot, shows(app, "tìm thấy 3/4", "8 thay đổi", "Không có gì trả lời"))
        read(table, "gate")
        await until(pilot, shows(app, "North Optics NB-2043", "encoder.sub.fps: 10 → 8"))
        await pilot.press("g")
        await until(pilot, on(app, RiskDialog))
        await until(pilot, shows(app, "gate, market"))
        await pilot.press("enter")  # says nothing
        assert isinstance(app.screen, RiskDialog)
        await pilot.press("y")
        await until(pilot, on(app, ConfirmDialog))
        assert len(site.begun) == 1
        await pilot.press("enter")
        await until(pilot, on(app, JobScreen))
        await until(pilot, shows(app, NAME, "đang chạy"))
        assert (site.begun[1].dry, site.begun[1].yes) == (False, (Risk.RESTARTS,))
        await pilot.press("escape")
        await until(pilot, on(app, JobsScreen))


@pytest.mark.parametrize(
    ("keys", "begun"), [(("escape",), None), (("n", "escape"), None), (("n", "enter"), ())]
)
async def test_no_yes_no_risk(
    app: MatthanApp, site: FakeJobs, staging: Opening, until: Until, keys: tuple[str, ...], begun: object
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        await staging(pilot)
        await until(pilot, shows(app, "tìm thấy 3/4"))
        await pilot.press("g")
        await until(pilot, on(app, RiskDialog))
        await pilot.press(keys[0])
        if keys[1:]:
            await until(pilot, on(app, ConfirmDialog))
            await pilot.press(keys[1])
        await until(pilot, on(app, StagingScreen if begun is None else JobScreen))
    assert [each.yes for each in site.begun[1:]] == ([] if begun is None else [begun])


async def test_nothing_is_begun_from_somebody_elses_look(
    app: MatthanApp, site: FakeJobs, staging: Opening, until: Until
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        await staging(pilot)
        await until(pilot, shows(app, "tìm thấy 3/4"))
        other = commissioning.record(commissioning.foretold(commissioning.GATE), sheet="0" * 64, name="dry")
        site.jobs_known["dry"] = site.jobs_known["dry"].model_copy(update={"record": other})
        await until(pilot, shows(app, "Lần xem này không còn"))
        await pilot.press("g")
        await until(pilot, lambda: any("không còn" in each for each in notes(app)))
        assert len(site.begun) == 1
        await pilot.press("r")
        await until(pilot, shows(app, "tìm thấy 3/4"))


async def test_a_look_that_the_engine_forgot_is_told(
    app: MatthanApp, site: FakeJobs, staging: Opening, until: Until
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        await staging(pilot)
        await until(pilot, shows(app, "tìm thấy 3/4"))
        del site.jobs_known["dry"]
        await until(pilot, shows(app, "Lần xem này không còn"))
        await pilot.press("g")
        assert len(site.begun) == 1


async def test_a_look_that_nobody_waits_for_is_stopped(
    app: MatthanApp, site: FakeJobs, staging: Opening, until: Until
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        await staging(pilot)
        site.jobs_known["dry"] = site.jobs_known["dry"].model_copy(update={"running": True})
        await until(pilot, shows(app, "đang chạy"))
        await pilot.press("escape")
        await until(pilot, lambda: site.stopped == ["dry"])


# -- a job -------------------------------------------------------------------------------------------------


async def test_every_step_has_a_sign_and_every_camera_its_story(
    app: MatthanApp, following: Opening, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = await following(pilot)
        await until(pilot, shows(app, "3/4 camera", "2 hỏng", "✗1 !1", "dở dang"))
        read(table, "market")
        await pilot.press("enter")
        await until(pilot, on(app, TextDialog))
        told = (
            "VIỆC CẦN LÀM",
            "! luồng: Đợi bạn đồng ý",
            "✗ stream.main.open",
            "6.62 s   ngưỡng <= 3 s, ours",
        )
        await until(pilot, shows(app, *told))
        await pilot.press("escape", "f")
        await until(pilot, lambda: [*table.keys] == ["market", "bridge"])
        await pilot.press("f", "slash", *"cau huu")
        await until(pilot, lambda: [*table.keys] == ["bridge"])


async def test_what_a_cut_off_job_was_at_was_cut_short(
    app: MatthanApp, following: Opening, until: Until
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        table = await following(pilot)
        read(table, "school")
        await until(pilot, shows(app, "? kiểm tra: bị ngắt giữa chừng"))
        assert "…  Trường" not in screen_of(app)


async def test_going_on_asks_for_what_waits(
    app: MatthanApp, site: FakeJobs, following: Opening, until: Until
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        await following(pilot)
        await pilot.press("r")
        await until(pilot, on(app, RiskDialog))
        await until(pilot, shows(app, "market"))
        await pilot.press("y")
        await until(pilot, on(app, ConfirmDialog))
        await pilot.press("enter")
        await until(pilot, shows(app, "đang chạy"))
        assert site.resumed == [(NAME, (Risk.RESTARTS,))]
        await pilot.press("r")
        await until(pilot, lambda: any("đang chạy" in each for each in notes(app)))
        await pilot.press("x")
        await until(pilot, on(app, ConfirmDialog))
        await pilot.press("enter")
        await until(pilot, lambda: site.stopped == [NAME])
        await until(pilot, shows(app, "dở dang"))


async def test_a_camera_is_taken_back_after_its_questions(
    app: MatthanApp, site: FakeJobs, following: Opening, until: Until
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        table = await following(pilot)
        read(table, "gate")
        await pilot.pause()
        await pilot.press("u")
        await until(pilot, on(app, RiskDialog))
        await pilot.press("n")
        await until(pilot, on(app, ConfirmDialog))
        await until(pilot, shows(app, "Cổng UBND xã?"))
        await pilot.press("enter")
        await until(pilot, lambda: site.undone)
        assert site.undone == [(NAME, "gate", ())]
        assert isinstance(app.screen, JobScreen)


async def test_a_refused_act_is_told_and_nothing_else_changes(
    app: MatthanApp, client: FakeClient, following: Opening, until: Until
) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        await following(pilot)
        await pilot.press("r")
        await until(pilot, on(app, RiskDialog))
        await pilot.press("y")
        await until(pilot, on(app, ConfirmDialog))
        client.failure = ApiError(429, "commission.job_runs", "Việc x đang chạy")
        await pilot.press("enter")
        await until(pilot, lambda: any("Việc x đang chạy" in each for each in notes(app)))
        client.failure = None
        await until(pilot, shows(app, "dở dang"))
