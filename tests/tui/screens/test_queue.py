"""The queue: what ended and nobody saw stays, is told as such, and goes when somebody says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.api.client import Disconnected
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import Until, notes, read, screen_of
from tui.app import MatthanApp
from tui.screens import closing
from tui.screens.dialogs import ConfirmDialog
from tui.widgets.table import Table


def end(engine: FakeEngine, *decisions: str) -> None:
    """Let alerts end before anybody saw them."""
    for number, id in enumerate(decisions):
        engine.ended[id] = engine.figures.now - timedelta(minutes=number)


async def test_what_ended_unseen_says_so_and_goes_when_it_is_seen(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    end(engine, "d3")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "TRONG ĐÓ ĐÃ HẾT CHƯA AI XEM 1" in screen_of(app))
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: "decision:d3" in table.keys)
        read(table, "decision:d3")
        assert "ĐÃ HẾT, CHƯA AI XEM" in screen_of(app)
        assert "see d3 " not in client.asked  # to show is not to have seen
        await pilot.press("v")
        await until(pilot, lambda: "see d3 " in client.asked)
        await until(pilot, lambda: not app.context.model.unseen())
        await until(pilot, lambda: "ĐÃ HẾT, CHƯA AI XEM" not in screen_of(app))


async def test_everything_that_ended_is_seen_at_once_after_a_question(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    end(engine, "d2", "d3")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.context.model.unseen() == 2)
        await pilot.press("f", "V")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("escape")
        assert not [asked for asked in client.asked if asked.startswith("see")]
        await pilot.press("V")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("enter")
        await until(pilot, lambda: {"see d2 ", "see d3 "} <= {*client.asked})
        await until(pilot, lambda: not app.context.model.unseen())
        await pilot.press("V")
        await until(pilot, lambda: any("Không có việc nào" in note for note in notes(app)))


async def test_what_came_while_nobody_could_hear_it_rings_once(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    bells: list[None] = []
    monkeypatch.setattr(MatthanApp, "bell", lambda _: bells.append(None))
    hidden = [made for made in engine.decided if made.id == "d3"]
    engine.decided = [made for made in engine.decided if made.id != "d3"]
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.context.model.engine is not None)
        await pilot.pause(0.3)
        assert bells == []  # what fires when one comes in is on the screen
        client.say(Disconnected("connection refused", 0.5))
        await until(pilot, lambda: app.context.model.lost is not None)
        engine.decided += hidden
        client.say(engine.state())
        await until(pilot, lambda: any("1 việc đã báo" in note for note in notes(app)))
        assert len(bells) == 1
        client.say(engine.state())
        await pilot.pause(0.5)
        assert len(bells) == 1


async def test_what_ended_in_the_night_rings_when_one_comes_in(
    app: MatthanApp, engine: FakeEngine, until: Until
) -> None:
    end(engine, "d2", "d3")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: any("2 việc đã báo" in note for note in notes(app)))


async def test_who_may_not_say_so_is_told(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: "event:e5" in table.keys)
        read(table, "event:e5")
        await pilot.press("v")
        await until(pilot, lambda: any("không chờ ai" in note for note in notes(app)))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("false a plastic bag", ("false", "a plastic bag")),
        ("Sai: túi ni lông", ("false", "túi ni lông")),
        ("đúng", ("true", "")),
        ("  thử   tổ trưởng đi qua ", ("test", "tổ trưởng đi qua")),
        ("", None),
        ("maybe", None),
    ],
)
def test_what_it_was_is_read_in_both_languages(typed: str, meant: object) -> None:
    assert closing.read(typed) == meant


async def test_what_it_was_is_said_with_a_reason(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: "decision:d3" in table.keys)
        read(table, "decision:d3")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, closing.CloseDialog))
        await pilot.press(*"perhaps", "enter")
        await until(pilot, lambda: any("Chưa ghi gì" in note for note in notes(app)))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, closing.CloseDialog))
        await pilot.press(*"sai", "space", *"lá", "enter")
        await until(pilot, lambda: "judge d3 false lá" in client.asked)
        await until(pilot, lambda: any("báo sai" in note for note in notes(app)))
