"""What fires, the worst first, then the latest decisions, as many as there is room for."""

from __future__ import annotations

from typing import Any

from engine.api import wire
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import text_of
from tests.tui.widgets.host import Host
from tui.model.model import Model
from tui.texts import Texts
from tui.widgets.recent_decisions import RecentDecisions


async def test_what_fires_comes_before_what_is_newer_and_each_stands_once(
    engine: FakeEngine, count: Any
) -> None:
    model = Model(count)
    model.apply(engine.state())
    shown = RecentDecisions(model, Texts("en"))
    async with Host(shown).run_test(size=(80, 6)) as pilot:
        await pilot.pause()
        told = [line for line in text_of(shown).splitlines() if line.strip()]
        assert ["Camera lost" in told[0], "Loitering" in told[1], "Crowd" in told[2]] == [True] * 3
        assert "(resolved)" in told[3]
        assert len(told) == 4
        assert {len(line) for line in told} == {80}
        await pilot.resize_terminal(80, 2)
        await pilot.pause()
        assert len(text_of(shown).splitlines()) == 2
        model.apply(wire.Alert(id="d2", decision=model.alerts["d2"].decision, over=True))
        shown.update_lines()
        await pilot.pause()
        told = text_of(shown).splitlines()
        assert ["Loitering" in told[0], "Crowd" in told[1]] == [True] * 2


async def test_without_a_decision_it_says_so_once_an_engine_is_there(engine: FakeEngine, count: Any) -> None:
    model = Model(count)
    shown = RecentDecisions(model, Texts("en"))
    engine.decided = []
    async with Host(shown).run_test(size=(40, 3)) as pilot:
        assert not text_of(shown).strip()
        model.apply(engine.state())
        shown.update_lines()
        await pilot.pause()
        assert [line.strip() for line in text_of(shown).splitlines()] == ["No decision yet.", "", ""]
