"""What every screen shares: a key acts on the line that was read, and what it did can be taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from textual.events import Key

from engine.api import wire
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import (
    Until,
    notes,
    open_rules,
    screen_of,
    text_of,
)
from tui.app import MatthanApp
from tui.widgets.table import Table


def marked(table: Table) -> str:
    """Return what a person reads on the line with the mark."""
    found = [line for line in text_of(table).splitlines() if line.startswith("▌")]
    assert len(found) == 1
    return found[0]


class Storm:
    """Alerts of a hundred cameras, each with a title of its own; every third one ends again."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine, self.made, self._ended = engine, 0, 0

    def blow(self, count: int) -> None:
        for _ in range(count):
            self.made += 1
            at = self._engine.figures.now + timedelta(seconds=self.made / 5)
            made = self._engine.decision("d3").model_copy(
                update={
                    "id": f"s{self.made}", "at": at, "camera": f"cam-{self.made % 100}",
                    "key": f"k{self.made}", "title": {"vi": f"Báo số {self.made}.", "en": "x"},
                    "severity": ("info", "warning", "critical")[self.made % 3],
                }
            )  # fmt: skip
            self._engine.decided.append(made)
            self._tell(made, wire.Alert(id=made.id, decision=made))
            if self.made % 3 == 0:
                self._ended += 1
                gone = self._engine.decision(f"s{self._ended}")
                self._tell(wire.Alert(id=gone.id, decision=gone, over=True))

    def _tell(self, *updates: wire.Update) -> None:
        for update in updates:
            self._engine.hub.publish(update)

    def number(self, line: str) -> str:
        return "s" + line.partition("Báo số ")[2].partition(".")[0]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("times", [12, pytest.param(200, marks=pytest.mark.soak)])
@pytest.mark.parametrize("page", ["f", "e"])
async def test_what_was_read_is_what_is_acknowledged(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until, page: str, times: int
) -> None:
    storm = Storm(engine)
    async with app.run_test(size=(100, 30)) as pilot:
        storm.blow(40)
        await until(pilot, lambda: "s40" in app.context.model.alerts)
        await pilot.press(page)
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: len(table.keys) > 20)
        read: list[str] = []
        for turn in range(times):
            await pilot.press("home")
            await pilot.pause(0.02)
            for _ in range(turn % 5):
                storm.blow(1)
                await pilot.press("down")
            await pilot.pause(0.02)
            read.append(storm.number(marked(table)))
            storm.blow(5)  # a second of alerts while a person reads
            await until(pilot, lambda: f"s{storm.made}" in app.context.model.alerts and client.idle)
            await pilot.press("a")
            await pilot.pause(0.02)
        asked = [each.split()[1] for each in client.asked if each.startswith("acknowledge")]
        over = sum("đã hết" in note for note in notes(app))
        assert over == 0
        assert asked == read


async def test_keys_that_were_pressed_before_the_line_was_seen_do_nothing_to_it(
    app: MatthanApp, client: FakeClient, until: Until
) -> None:
    """A terminal that is busy obeys keys late: who pressed them saw what stood there then."""
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: len(table.keys) > 2)
        first = table.keys[0]
        app.post_message(Key("down", None))
        app.post_message(Key("a", "a"))
        await until(pilot, lambda: any("Xem lại dòng đang chọn" in note for note in notes(app)))
        assert not any(each.startswith("acknowledge") for each in client.asked)
        assert table.chosen != first
        await pilot.press("a")
        chosen = str(table.chosen).removeprefix("decision:")
        await until(pilot, lambda: f"acknowledge {chosen} " in client.asked)


async def test_the_note_names_the_alert_and_can_be_taken_back(
    client: FakeClient, count: Any, until: Until
) -> None:
    app = MatthanApp(client, monotonic=count, by="An")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        await until(pilot, lambda: app.screen.query_one("#entries", Table).keys)
        await pilot.press("a")
        told = "Mất camera · Trường mầm non · 14:00:22\nAn đã nhận lúc 14:03:22\nu: rút lại (trong 10 giây)"
        await until(pilot, lambda: told in notes(app))
        await pilot.press("u")
        await until(pilot, lambda: "unacknowledge d2 An" in client.asked)
        await until(pilot, lambda: "Đã rút lại" in notes(app)[-1])
        await until(pilot, lambda: "2 chưa nhận" in text_of(app.screen.query_one("#title")))
        await pilot.press("u")
        await until(pilot, lambda: "Không còn gì để rút lại" in notes(app)[-1])
        await pilot.press("a")
        await until(pilot, lambda: len(notes(app)) == 4)
        count.seconds += 11
        await pilot.press("u")
        await until(pilot, lambda: len(notes(app)) == 5)
        assert sum(each.startswith("unack") for each in client.asked) == 1


async def test_what_somebody_else_has_is_not_taken_back_here(
    app: MatthanApp, until: Until, client: FakeClient
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        await pilot.press("end", "a")
        await until(pilot, lambda: any("Anh Tư đã nhận" in note for note in notes(app)))
        await pilot.press("u")
        await until(pilot, lambda: any("Không còn gì" in note for note in notes(app)))
        assert not any(each.startswith("unack") for each in client.asked)


async def test_a_list_that_nobody_touches_flows_and_takes_hold_before_it_acts(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    storm = Storm(engine)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        table.follow()
        storm.blow(2)
        await until(pilot, lambda: "decision:s2" in table.keys[:1])
        assert "▌" not in text_of(table)
        await pilot.press("a")
        await until(pilot, lambda: any("Xem lại dòng đang chọn" in note for note in notes(app)))
        assert not any(each.startswith("acknowledge") for each in client.asked)
        assert "Báo số 2." in marked(table)
        await pilot.press("a")
        await until(pilot, lambda: "acknowledge s2 " in client.asked)


async def test_engine_problems_stand_above_the_table(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    problem = wire.Sentence(code="model.none", vi="Chưa có mô hình nhận dạng", en="No model")
    told = engine.figures.model_copy(update={"problems": (problem, problem)})
    async with app.run_test(size=(80, 24)) as pilot:
        client.say(wire.EngineUpdate(engine=told))
        line = app.screen.query_one("#problem")
        words = "! Chưa có mô hình nhận dạng (và 1 điều khác)"
        await until(pilot, lambda: line.display and words in text_of(line))


async def test_a_problem_of_rules_stands_first_here(
    app: MatthanApp, engine: FakeEngine, until: Until
) -> None:
    problems = (
        wire.Sentence(code="engine.no_model", vi="chưa cài mô hình", en="no model"),
        wire.Sentence(code="rules.refused", vi="quy tắc sai", en="bad rules"),
    )
    engine.problems = problems
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "! chưa cài mô hình" in screen_of(app))
        await open_rules(app, pilot, until)
        await until(pilot, lambda: "! quy tắc sai" in screen_of(app))
