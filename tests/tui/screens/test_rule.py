"""One rule: why, told anew while one looks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.api.client import Disconnected
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.fakes.village import explanation, tree
from tests.tui.pilot import (
    Until,
    notes,
    open_rules,
    read,
    screen_of,
    text_of,
)
from tui.app import MatthanApp
from tui.connection import recorder
from tui.screens.rule import RuleScreen
from tui.screens.rules import RulesScreen
from tui.screens.trialling import TrialDialog
from tui.widgets.table import Table
from tui.widgets.text_view import TextView
from tui.widgets.why_view import WhyView

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


async def test_the_nearest_miss_is_chosen_and_branches_fold(
    app: MatthanApp, engine: FakeEngine, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rules(app, pilot, until)
        await pilot.press("enter")
        view = app.screen.query_one(WhyView)
        await until(pilot, lambda: "0,48 trên 0,5" in view.text)
        chosen = [line for line in text_of(view).splitlines() if line.startswith("▌")]
        assert any("gần đạt nhất" in line for line in chosen), "it begins where it is needed most"
        assert "nhãn là chó" not in view.text, "what is far off is folded"
        await pilot.press("down", "down", "down", "down", "right")
        assert "nhãn là chó" in view.text
        await pilot.press("left")
        assert "nhãn là chó" not in view.text
        await pilot.press("home", "enter")
        assert "0,48 trên 0,5" not in view.text, "the whole tree is folded"
        engine.explained = lambda name, camera: explanation(name, 300)
        await until(pilot, lambda: "Đã xem 300 sự kiện." in view.text)
        assert "0,48 trên 0,5" not in view.text, "a new answer opens nothing that was folded"
        await pilot.press("enter")
        assert "0,48 trên 0,5" in view.text


async def test_a_tree_that_shrinks_keeps_the_choice_where_it_can(
    app: MatthanApp, engine: FakeEngine, until: Until
) -> None:
    async with app.run_test(size=(40, 10)) as pilot:
        await open_rules(app, pilot, until)
        await pilot.press("enter")
        view = app.screen.query_one(WhyView)
        await until(pilot, lambda: "▾" in view.text)
        await pilot.press("down", "down")
        bare = tree("x").model_copy(update={"branches": ()})
        engine.explained = lambda name, camera: explanation(name).model_copy(update={"tree": bare})
        await until(pilot, lambda: "▾" not in view.text)
        for key in ("up", "down", "left", "right", "enter", "end", "home", "pagedown", "pageup"):
            await pilot.press(key)
        assert view.place == 0


async def test_a_decision_is_explained_as_it_was_then(
    app: MatthanApp, engine: FakeEngine, until: Until, client: FakeClient
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one(Table)
        await until(pilot, lambda: any(key.startswith("decision:") for key in table.keys))
        read(table, next(key for key in table.keys if key.startswith("decision:")))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, RuleScreen))
        view = app.screen.query_one(WhyView)
        await until(pilot, lambda: "0,48 trên 0,5" in view.text)
        assert "không phải bây giờ" in screen_of(app)
        engine.explained = lambda name, camera: explanation(name, 999)
        for _ in range(5):
            await pilot.pause(0.1)
        assert "999" not in view.text, "what was is not told anew"
        await pilot.press("escape")
        event = next(key for key in table.keys if not key.startswith("decision:"))
        read(table, event)
        await pilot.press("w")
        await until(pilot, lambda: any("quyết định" in each for each in notes(app)))


async def test_a_trial_is_written_out_of_a_decision(
    app: MatthanApp, until: Until, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []

    async def run(words: Sequence[str]) -> tuple[str, str]:
        asked.append(words)
        return '{"file": "/etc/rules/meo.trial.yaml", "reproduces": true, "events": 12}', ""

    monkeypatch.setattr(recorder, "_run", run)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one(Table)
        await until(pilot, lambda: any(key.startswith("decision:") for key in table.keys))
        read(table, next(key for key in table.keys if key.startswith("decision:")))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, RuleScreen))
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, TrialDialog))
        await pilot.press(*"meo", "enter")
        await until(pilot, lambda: "/etc/rules/meo.trial.yaml" in screen_of(app))
        assert "Nó ra đúng như khi chạy thật." in screen_of(app)
        words = asked[0]
        assert words[words.index("--expect") + 1] == "nothing"
        assert words[words.index("--name") + 1] == "meo"
        assert words[words.index("--from") + 1] < words[words.index("--to") + 1]
        await pilot.press("escape")
        client.address = "https://elsewhere:8581"
        await pilot.press("T")
        await until(pilot, lambda: any("chính máy chạy engine" in each for each in notes(app)))
        assert len(asked) == 1, "another machine's files are not ours"


async def test_what_the_recorder_refuses_is_said() -> None:
    async def refuses(words: Sequence[str]) -> tuple[str, str]:
        return "", "matthan: plates are named"

    assert await recorder.record([], refuses) == recorder.Recording(detail="matthan: plates are named")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("im meo", ("nothing", "meo")), ("BÁO", ("decisions", "")), ("meo", None), ("", None)],
)
def test_what_is_typed_says_what_is_expected(typed: str, meant: tuple[str, str] | None) -> None:
    assert recorder.read(typed) == meant


async def test_a_tree_of_before_says_so_while_the_engine_is_gone(
    app: MatthanApp, until: Until, client: FakeClient
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rules(app, pilot, until)
        await pilot.press("enter")
        view = app.screen.query_one(WhyView)
        await until(pilot, lambda: "0,48 trên 0,5" in view.text)
        assert "của lúc trước" not in screen_of(app)
        client.say(Disconnected("gone", 5.0, "link.closed"))
        await until(pilot, lambda: "của lúc trước" in screen_of(app))
