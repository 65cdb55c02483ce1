"""One rule: why, told anew while one looks."""

from __future__ import annotations

from tests.fakes.engine import FakeEngine
from tests.fakes.village import explanation
from tests.tui.pilot import (
    Until,
    open_rules,
    screen_of,
)
from tui.app import MatthanApp
from tui.screens.rule import RuleScreen
from tui.screens.rules import RulesScreen
from tui.widgets.text_view import TextView

ORDER = ["bien-so-la", "mat-camera", "dem-khuya", "thu-nghiem", "ban-dem", "tran-bo-nho"]


async def test_a_rule_tells_why_and_goes_on_telling(
    app: MatthanApp, engine: FakeEngine, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = await open_rules(app, pilot, until)
        table.move_to(ORDER.index("dem-khuya"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RuleScreen))
        lines = app.screen.query_one(TextView)
        await until(pilot, lambda: "✗ người (54 % < 60 %)" in lines.text)
        assert "  cam-0/track:7: đang chờ từ 14:03:12" in lines.text
        told = ("● đang báo   ! cảnh báo   Người lảng vảng", "Đang báo 1, đang chờ 2")
        await until(pilot, lambda: all(words in screen_of(app) for words in told))
        engine.explained = lambda name, camera: explanation(name, 300)
        await until(pilot, lambda: "Đã xem 300 sự kiện." in lines.text)
        engine.known_rules = [
            each.model_copy(update={"firing": 5}) if each.name == "dem-khuya" else each
            for each in engine.known_rules
        ]
        await until(pilot, lambda: app.context.model.rules.get("dem-khuya").firing == 5)  # type: ignore[union-attr]  # it is there
        app.screen.tick()  # type: ignore[attr-defined]  # a RuleScreen
        await until(pilot, lambda: "Đang báo 5, đang chờ 2" in screen_of(app))
        await pilot.press("L")
        await until(pilot, lambda: "The nearest miss:" in lines.text)
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen) is RulesScreen)


async def test_a_rule_that_is_gone_says_so(app: MatthanApp, engine: FakeEngine, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rules(app, pilot, until)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RuleScreen))
        engine.known_rules = engine.known_rules[2:]
        status = app.screen.query_one("#status")
        await until(pilot, lambda: "Không còn quy tắc này." in status.render_line(0).text)
