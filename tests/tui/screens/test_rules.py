"""The rules as a person drives them: what stands first, and reading the rules again."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from engine.api import wire
from engine.api.client import ApiError, Disconnected
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import (
    Until,
    confirm_reload,
    open_rules,
    screen_of,
)
from tui.app import MatthanApp
from tui.screens.dialogs import TextDialog
from tui.screens.fleet import FleetScreen
from tui.screens.log import LogScreen
from tui.screens.rules import RulesScreen
from tui.widgets.table import Table
from tui.widgets.text_view import TextView

ORDER = ["bien-so-la", "mat-camera", "dem-khuya", "thu-nghiem", "ban-dem", "tran-bo-nho"]


async def test_what_needs_a_person_stands_first(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = await open_rules(app, pilot, until)
        assert list(table.keys) == ORDER
        told = (
            "✖ lỗi",
            "3 phút · ValueError",
            "● đang báo    ‼",
            "Người lảng vảng",
            "1/2",
            "12,3 tr",
            "(thử) Đông người",
            "6/6 quy tắc   lỗi 1   đang báo 2   đang chờ 1",
        )
        await until(pilot, lambda: all(words in screen_of(app) for words in told))
        await pilot.press("L")
        await until(pilot, lambda: "Loitering at" in screen_of(app) and "✖ failed" in screen_of(app))


async def test_it_opens_from_the_log_too_and_goes_back_there(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, LogScreen))
        await open_rules(app, pilot, until)
        await pilot.press("r")
        await until(pilot, lambda: type(app.screen) is LogScreen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_figures_follow_the_engine(app: MatthanApp, engine: FakeEngine, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = await open_rules(app, pilot, until)
        quiet = engine.known_rules[0]
        table.move_to(ORDER.index(quiet.name))
        engine.known_rules[0] = quiet.model_copy(update={"error": "KeyError('x')", "severity": "critical"})
        await until(pilot, lambda: table.keys[0] == quiet.name)
        assert table.chosen == quiet.name  # the cursor goes with its rule


async def test_rules_are_filtered(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = await open_rules(app, pilot, until)
        await pilot.press("slash", *"dang bao nguoi")
        await until(pilot, lambda: list(table.keys) == ["dem-khuya"])
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is table)
        await pilot.press("slash", *"xyz")
        await until(pilot, lambda: "Không quy tắc nào khớp “xyz”" in screen_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: len(table.keys) == 6 and not app.screen.query_one(Input).display)


async def test_8000_rules(app: MatthanApp, engine: FakeEngine, until: Until) -> None:
    usual = engine.known_rules[0]
    engine.known_rules = [usual.model_copy(update={"name": f"r{n}"}) for n in range(8000)]
    async with app.run_test(size=(80, 24)) as pilot:
        table = await open_rules(app, pilot, until)
        assert list(table.keys) == [f"r{n}" for n in range(8000)]
        asked: list[str] = []
        make, table._make = table._make, lambda key: (asked.append(key), make(key))[1]  # type: ignore[func-returns-value]  # both are wanted
        await pilot.press("end")
        await until(pilot, lambda: "r7999" in asked and "8.000/8.000" in screen_of(app))
        assert len(set(asked)) < 100  # only what is in view is made


async def test_a_reload_is_confirmed_and_tells_what_changed(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    engine.reloads.append(
        wire.RulesReloaded(
            adopted=True,
            rules=6,
            added=("xe-tai",),
            removed=("cu",),
            changed=("dem-khuya",),
            edited=("mat-camera",),
            kept=4,
            remembered=17,
            restart=("cameras",),
        )
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rules(app, pilot, until)
        await pilot.press("R")
        await until(pilot, lambda: "Nạp lại các quy tắc?" in screen_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen) is RulesScreen)
        assert "reload" not in client.asked
        await confirm_reload(app, pilot, until)
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        text = app.screen.query_one(TextView)
        await until(pilot, lambda: "+ xe-tai" in text.text)
        for told in ("- cu", "~ dem-khuya", "= mat-camera", "6 quy tắc; 4 quy tắc giữ", "khởi động lại mới"):
            assert told in text.text
        assert client.asked.count("reload") == 1
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen) is RulesScreen)


async def test_a_refused_reload_shows_every_problem(
    app: MatthanApp, engine: FakeEngine, until: Until
) -> None:
    problems = [
        wire.FileProblem(
            source=f"/etc/matthan/rules/{n}.yaml",
            line=n,
            column=7,
            key=f"rules.{n}.for",
            code="problem.duration",
            vi=f"“{n}mins” không phải khoảng thời gian",
            en=f"“{n}mins” is no duration",
        )
        for n in range(1, 41)
    ]
    engine.reloads.append(ApiError(422, "rules.not_adopted", "bad", problems=problems))
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rules(app, pilot, until)
        await confirm_reload(app, pilot, until)
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        lines = app.screen.query_one(TextView)
        await until(pilot, lambda: "có 40 lỗi" in screen_of(app))
        for problem in problems:
            assert f"✗ {problem.source}:{problem.line}:7" in lines.text
            assert problem.vi in lines.text
        assert "✗ /etc/matthan/rules/40.yaml:40:7" not in screen_of(app)
        await pilot.press("end")
        await until(pilot, lambda: "✗ /etc/matthan/rules/40.yaml:40:7" in screen_of(app))


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ApiError(404, "api.not_found", "nothing at /v1/rules"), "Máy chủ là bản cũ"),
        (ApiError(0, "api.unreachable", "x"), "Không liên lạc được với máy chủ."),
    ],
)
async def test_an_engine_that_cannot_says_so(
    app: MatthanApp, client: FakeClient, until: Until, failure: ApiError, told: str
) -> None:
    client.failure = failure
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: told in screen_of(app))
        await confirm_reload(app, pilot, until)
        await until(pilot, lambda: [note.message for note in app._notifications])
        assert told in next(iter(app._notifications)).message
        client.failure = None
        await until(
            pilot,
            lambda: (
                app.screen.query_one(Table).keys and told not in str(app.screen.query_one("#status").render())
            ),
        )


async def test_an_engine_that_goes_away_leaves_the_list_and_is_asked_again(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = await open_rules(app, pilot, until)
        client.say(Disconnected("connection refused", 0.5, "link.absent"))
        await until(pilot, lambda: app.screen.query_one("#banner").display)
        assert list(table.keys) == ORDER
        engine.known_rules = engine.known_rules[:2]
        client.say(engine.state())
        await until(pilot, lambda: len(table.keys) == 2 and not app.screen.query_one("#banner").display)
