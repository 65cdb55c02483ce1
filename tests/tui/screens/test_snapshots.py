"""Pictures of the UI, compared and reviewed by eye: both sizes, both languages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from engine.api import wire
from tests.fakes import audit, village
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.screens.test_night import night as draw_night
from tui.app import MatthanApp
from tui.screens.camera import CameraScreen
from tui.screens.dialogs import HelpDialog
from tui.screens.night import NightScreen
from tui.screens.search import SearchScreen
from tui.texts import Language
from tui.widgets.still import BlockStill
from tui.widgets.table import Table
from tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.pilot import Pilot

    Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]

SIZES = [(80, 24), (200, 60)]
LANGUAGES: list[Language] = ["vi", "en"]
each = pytest.mark.parametrize(
    ("size", "language"),
    [
        pytest.param(size, language, id=f"{size[0]}x{size[1]}-{language}")
        for size in SIZES
        for language in LANGUAGES
    ],
)


@pytest.fixture
def shown(snap_compare: Any, client: FakeClient, count: Any) -> Callable[..., bool]:
    def compare(
        size: tuple[int, int], language: Language, act: Callable[[Pilot[None]], Awaitable[None]]
    ) -> bool:
        app = MatthanApp(client, language=language, monotonic=count, still_every=0.02, ask_every=0.05)
        app.animation_level = "none"
        return bool(snap_compare(app, terminal_size=size, run_before=act))

    return compare


@each
def test_fleet(shown: Callable[..., bool], until: Until, size: tuple[int, int], language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(Table).keys)

    assert shown(size, language, act)


@each
def test_camera(shown: Callable[..., bool], until: Until, size: tuple[int, int], language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        table = pilot.app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        table.move_to(list(table.keys).index("cam-0"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, CameraScreen))
        still = pilot.app.screen.query_one(BlockStill)
        await until(pilot, lambda: still._shown is not None and still._shown.lines[0].cell_length > 40)
        await until(pilot, lambda: not str(pilot.app.screen.query_one("#status").render()).strip())

    assert shown(size, language, act)


@each
def test_log(shown: Callable[..., bool], until: Until, size: tuple[int, int], language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("e")
        await until(pilot, lambda: pilot.app.screen.query_one("#entries", Table).keys)
        book = pilot.app.context.model.log  # type: ignore[attr-defined]  # a MatthanApp
        await until(pilot, lambda: book.next_page() is None)
        await until(pilot, lambda: not pilot.app.screen._reading)  # type: ignore[attr-defined]  # the log's

    assert shown(size, language, act)


@each
def test_rules(shown: Callable[..., bool], until: Until, size: tuple[int, int], language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: pilot.app.screen.query("#rules"))
        await until(pilot, lambda: pilot.app.screen.query_one("#rules", Table).keys)

    assert shown(size, language, act)


@each
def test_rule(shown: Callable[..., bool], until: Until, size: tuple[int, int], language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: pilot.app.screen.query("#rules"))
        table = pilot.app.screen.query_one("#rules", Table)
        await until(pilot, lambda: table.keys)
        table.move_to(list(table.keys).index("dem-khuya"))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen.query("#story"))
        await until(pilot, lambda: pilot.app.screen.query_one(TextView).text)

    assert shown(size, language, act)


@pytest.mark.parametrize(
    ("size", "language"), [((80, 24), "vi"), ((80, 24), "en"), ((120, 40), "vi"), ((120, 40), "en")],
    ids=["80x24-vi", "80x24-en", "120x40-vi", "120x40-en"],
)  # fmt: skip
def test_audit(
    shown: Callable[..., bool], client: FakeClient, until: Until, size: tuple[int, int], language: Language
) -> None:
    client.others.append(audit.resource(audit.Records()))

    async def act(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(Table).keys)
        await pilot.press("A")
        await until(pilot, lambda: pilot.app.screen.query("#entries"))
        table = pilot.app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        table.move_to(list(table.keys).index("5"))
        await until(pilot, lambda: not pilot.app.screen._reading)  # type: ignore[attr-defined]  # the audit's

    assert shown(size, language, act)


@pytest.mark.parametrize("camera", ["cam-3", "cam-5", "cam-7"])
def test_dead_camera(shown: Callable[..., bool], until: Until, camera: str) -> None:
    async def act(pilot: Pilot[None]) -> None:
        table = pilot.app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        table.move_to(list(table.keys).index(camera))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, CameraScreen))
        await until(pilot, lambda: str(pilot.app.screen.query_one("#card").render()).strip())

    assert shown((80, 24), "vi", act)


@pytest.mark.parametrize("language", LANGUAGES)
def test_help(shown: Callable[..., bool], until: Until, language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(Table).keys)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpDialog))

    assert shown((100, 90), language, act)


@pytest.mark.parametrize("where", ["fleet", "camera"])
def test_watched_camera(shown: Callable[..., bool], until: Until, engine: FakeEngine, where: str) -> None:
    names = ("Nguyễn Thị Lan", "Trần Văn Bình")
    watched = tuple(wire.Watcher(name=each, since=village.ago(minutes=2)) for each in names)
    engine.camera = engine.camera.model_copy(update={"watched": watched})

    async def act(pilot: Pilot[None]) -> None:
        table = pilot.app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        if where == "camera":
            table.move_to(list(table.keys).index("cam-0"))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, CameraScreen))
            still = pilot.app.screen.query_one(BlockStill)
            await until(pilot, lambda: still._shown is not None and still._shown.lines[0].cell_length > 40)
            await until(pilot, lambda: not str(pilot.app.screen.query_one("#status").render()).strip())

    assert shown((80, 24), "vi", act)


@each
def test_search(shown: Callable[..., bool], until: Until, size: tuple[int, int], language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(Table).keys)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(pilot.app.screen, SearchScreen))
        screen = pilot.app.screen
        assert isinstance(screen, SearchScreen)
        await until(pilot, lambda: screen._filter.has_focus)
        screen._filter.value = "is:decision -zzz"
        await pilot.press("enter")
        await until(pilot, lambda: screen._last is not None and not screen._reading)
        await pilot.press("down")
        await until(pilot, lambda: screen._detail.size.height)

    assert shown(size, language, act)


@each
def test_night(
    shown: Callable[..., bool], engine: FakeEngine, until: Until, size: tuple[int, int], language: Language
) -> None:
    draw_night(engine)

    async def act(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(Table).keys)
        await pilot.press("H")
        await until(pilot, lambda: isinstance(pilot.app.screen, NightScreen))
        screen = pilot.app.screen
        assert isinstance(screen, NightScreen)
        await until(pilot, lambda: screen._told is not None)
        await pilot.press("left", "left", "left")
        await until(pilot, lambda: screen._stood is not None)

    assert shown(size, language, act)
