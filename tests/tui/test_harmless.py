"""Whatever an engine tells, no page, box or note of the UI hands it to the terminal as anything but text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from engine.api import wire
from engine.api.client import ApiError, Disconnected
from engine.api.printable import is_clean
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import Until
from tui.app import MatthanApp
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.pilot import Pilot

M = TypeVar("M", bound=BaseModel)
CANARY = "\x1b[2J\r\nforged\u202eevil\u2066\x9b31m\x1b]0;t\x07\u2028[/][red]\x00"
#: What is not text but a choice, by which the UI finds its way.
CHOICES = {"type", "state", "language", "timezone", "phase", "code", "cause"}


def poisoned(value: M, canary: str = CANARY) -> M:
    """Return a message with a canary at the end of every text in it: one and the same, so that ids still fit."""

    def spoil(key: str, each: Any) -> Any:
        match each:
            case BaseModel():
                return poisoned(each, canary)
            case str() if key not in CHOICES and not isinstance(each, wire.CameraState):
                return each + canary
            case dict():
                # The keys of a title are languages.
                keep = key in ("title", "message")
                return {name if keep else name + canary: spoil("", told) for name, told in each.items()}
            case tuple() | list():
                return type(each)(spoil(key, told) for told in each)
            case _:
                return each

    return value.model_copy(update={key: spoil(key, told) for key, told in value})


def spoil(engine: FakeEngine, client: FakeClient, canary: str = CANARY) -> None:
    """Let everything that an engine tells be of the worst kind."""
    engine.figures = poisoned(engine.figures, canary)
    engine.cameras = [poisoned(each, canary) for each in engine.cameras]
    engine.stored = [poisoned(each, canary) for each in engine.stored]
    engine.decided = [poisoned(each, canary) for each in engine.decided]
    engine.escalated = {id + canary: at for id, at in engine.escalated.items()}
    engine.known_rules = [poisoned(each, canary) for each in engine.known_rules]
    for name in ("explain", "presets", "preview_link", "picture"):
        setattr(client, name, _worst(getattr(client, name), canary))
    wrong = wire.FileProblem(source="a", line=1, column=2, key="k", code="problem.slug", values={"word": "w"},
                             suggestion="s", vi="", en="")  # fmt: skip
    told = poisoned(wrong, canary)
    engine.reloads = [ApiError(422, "rules.not_adopted", canary, problems=(told, told))]


def _worst(ask: Callable[..., Awaitable[Any]], canary: str) -> Callable[..., Awaitable[Any]]:
    async def asked(*args: Any, **named: Any) -> Any:
        told = await ask(*args, **named)
        if isinstance(told, list):
            return [poisoned(each, canary) for each in told]
        return poisoned(told, canary) if isinstance(told, BaseModel) else told

    return asked


def lines(app: MatthanApp) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


def harmless(app: MatthanApp) -> None:
    for line in lines(app):
        assert is_clean(line), ascii(line)
        assert not line.startswith("forged")


#: Keys, and where they lead.
WAYS: list[list[tuple[str, str]]] = [
    [("t", "FleetScreen"), ("f", "LogScreen"), ("down", "LogScreen"), ("a", "LogScreen"), ("u", "LogScreen"),
     ("d", "LogScreen"), ("f", "LogScreen"), ("end", "LogScreen"), ("enter", "CameraScreen"),
     ("escape", "LogScreen"), ("e", "FleetScreen")],
    [("e", "LogScreen"), *(("down", "LogScreen"),) * 9, ("slash", "LogScreen"), ("x", "LogScreen"),
     ("enter", "LogScreen"), ("e", "FleetScreen")],
    [("r", "RulesScreen"), ("down", "RulesScreen"), ("enter", "RuleScreen"), ("end", "RuleScreen"),
     ("escape", "RulesScreen"), ("R", "ConfirmDialog"), ("enter", "TextDialog"), ("end", "TextDialog"),
     ("escape", "RulesScreen"), ("r", "FleetScreen")],
    [("enter", "CameraScreen"), ("g", "PresetsDialog"), ("escape", "CameraScreen"), ("p", "LinkDialog"),
     ("escape", "CameraScreen"), ("1", "CameraScreen"), ("a", "CameraScreen"), ("t", "CameraScreen"),
     *(("n", "CameraScreen"),) * 10, ("escape", "FleetScreen")],
    [("question_mark", "HelpDialog"), ("escape", "FleetScreen"), ("L", "FleetScreen"), ("slash", "FleetScreen"),
     ("g", "FleetScreen"), ("enter", "FleetScreen"), ("escape", "FleetScreen")],
]  # fmt: skip


async def walk(app: MatthanApp, client: FakeClient, pilot: Pilot[None], until: Until) -> None:
    """Open everything that there is to see, and look at it."""
    table = app.screen.query_one(Table)
    await until(pilot, lambda: table.keys)
    table.move_to(next(place for place, key in enumerate(table.keys) if key.startswith("cam-0")))
    for key, screen in (step for way in WAYS for step in way):
        await pilot.press(key)
        await until(pilot, partial(_shows, app, screen))
        await pilot.pause(0.02)
        harmless(app)
    client.failure = ApiError(502, "ptz.broken", CANARY)
    for key in ("enter", "g", "p", "space", "a", "t"):
        await pilot.press(key)
        await pilot.pause(0.02)
        harmless(app)
    client.say(Disconnected(CANARY, 1.0, "link.other"))
    await pilot.pause(0.1)
    harmless(app)


def _shows(app: MatthanApp, screen: str) -> bool:
    return type(app.screen).__name__ == screen


async def test_nothing_that_an_engine_tells_is_obeyed(
    engine: FakeEngine, client: FakeClient, count: Any, until: Until
) -> None:
    spoil(engine, client)
    app = MatthanApp(client, monotonic=count, still_every=0.02, ask_every=0.05)
    async with app.run_test(size=(220, 60)) as pilot:
        await walk(app, client, pilot, until)
        assert any("forged" in line for line in lines(app))
