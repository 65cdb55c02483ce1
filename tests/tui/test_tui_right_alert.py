"""A key acts on the line that was read: lines do not move under the cursor; what is unknown is not shown as known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from textual.events import Key

from engine.api import wire
from engine.api.client import Disconnected
from tui.app import MatthanApp
from tui.model.model import Model
from tui.presenters import header
from tui.screens.camera import CameraScreen
from tui.texts import Texts
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.pilot import Pilot

    Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def text(widget: Any) -> str:
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


def notes(app: MatthanApp) -> list[str]:
    return [f"{note.title}\n{note.message}" for note in app._notifications]


def marked(table: Table) -> str:
    """Return what a person reads on the line with the mark."""
    found = [line for line in text(table).splitlines() if line.startswith("▌")]
    assert len(found) == 1
    return found[0]


class Storm:
    """Alerts of a hundred cameras, each with a title of its own; every third one ends again."""

    def __init__(self, feed: Any) -> None:
        self._feed, self.made, self._ended = feed, 0, 0
        self.wanted: list[str] = []

    def blow(self, count: int) -> None:
        for _ in range(count):
            self.made += 1
            at = self._feed.state.engine.now + timedelta(seconds=self.made / 5)
            made = self._feed.state.decisions[0].model_copy(
                update={
                    "id": f"s{self.made}", "at": at, "camera": f"cam-{self.made % 100}",
                    "key": f"k{self.made}", "title": {"vi": f"Báo số {self.made}.", "en": "x"},
                    "severity": ("info", "warning", "critical")[self.made % 3],
                }
            )  # fmt: skip
            decisions = (*self._feed.state.decisions, made)
            self._feed.state = self._feed.state.model_copy(update={"decisions": decisions})
            self._feed.say(made, wire.Alert(id=made.id, decision=made))
            if self.made % 3 == 0:
                self._ended += 1
                gone = next(each for each in decisions if each.id == f"s{self._ended}")
                self._feed.say(wire.Alert(id=gone.id, decision=gone, over=True))

    def number(self, line: str) -> str:
        return "s" + line.partition("Báo số ")[2].partition(".")[0]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("times", [12, pytest.param(200, marks=pytest.mark.soak)])
@pytest.mark.parametrize("page", ["f", "e"])
async def test_what_was_read_is_what_is_acknowledged(
    app: MatthanApp, feed: Any, until: Until, page: str, times: int
) -> None:
    storm = Storm(feed)
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
            await until(pilot, lambda: f"s{storm.made}" in app.context.model.alerts and feed.inbox.empty())
            await pilot.press("a")
            await pilot.pause(0.02)
        asked = [each.split()[1] for each in feed.asked if each.startswith("acknowledge")]
        over = sum("đã hết" in note for note in notes(app))
        assert over == 0
        assert asked == read


async def test_keys_that_were_pressed_before_the_line_was_seen_do_nothing_to_it(
    app: MatthanApp, feed: Any, until: Until
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
        assert not any(each.startswith("acknowledge") for each in feed.asked)
        assert table.chosen != first
        await pilot.press("a")
        chosen = str(table.chosen).removeprefix("decision:")
        await until(pilot, lambda: f"acknowledge {chosen} " in feed.asked)


async def test_the_note_names_the_alert_and_can_be_taken_back(feed: Any, count: Any, until: Until) -> None:
    app = MatthanApp(feed, monotonic=count, by="An")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        await until(pilot, lambda: app.screen.query_one("#entries", Table).keys)
        await pilot.press("a")
        told = "Mất camera · Trường mầm non · 14:00:22\nAn đã nhận lúc 14:03:22\nu: rút lại (trong 10 giây)"
        await until(pilot, lambda: told in notes(app))
        await pilot.press("u")
        await until(pilot, lambda: "unacknowledge d2 An" in feed.asked)
        await until(pilot, lambda: "Đã rút lại" in notes(app)[-1])
        assert "2 chưa nhận" in text(app.screen.query_one("#title"))
        await pilot.press("u")
        await until(pilot, lambda: "Không còn gì để rút lại" in notes(app)[-1])
        await pilot.press("a")
        await until(pilot, lambda: len(notes(app)) == 4)
        count.seconds += 11
        await pilot.press("u")
        await until(pilot, lambda: len(notes(app)) == 5)
        assert sum(each.startswith("unack") for each in feed.asked) == 1


async def test_what_somebody_else_has_is_not_taken_back_here(
    app: MatthanApp, until: Until, feed: Any
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        await pilot.press("end", "a")
        await until(pilot, lambda: any("Anh Tư đã nhận" in note for note in notes(app)))
        await pilot.press("u")
        await until(pilot, lambda: any("Không còn gì" in note for note in notes(app)))
        assert not any(each.startswith("unack") for each in feed.asked)


async def test_a_list_that_nobody_touches_flows_and_takes_hold_before_it_acts(
    app: MatthanApp, feed: Any, until: Until
) -> None:
    storm = Storm(feed)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        table.follow()
        storm.blow(2)
        await until(pilot, lambda: "decision:s2" in table.keys[:1])
        assert "▌" not in text(table)
        await pilot.press("a")
        await until(pilot, lambda: any("Xem lại dòng đang chọn" in note for note in notes(app)))
        assert not any(each.startswith("acknowledge") for each in feed.asked)
        assert "Báo số 2." in marked(table)
        await pilot.press("a")
        await until(pilot, lambda: "acknowledge s2 " in feed.asked)


async def test_a_camera_that_leaves_the_list_hands_no_other_to_the_key(
    app: MatthanApp, feed: Any, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one("#cameras", Table)
        await until(pilot, lambda: len(table.keys) == 10)
        await pilot.press("slash", *"192.168.1.10", "enter")
        await until(pilot, lambda: table.has_focus)
        assert table.chosen == "cam-5"
        moved = feed.state.cameras[5].model_copy(update={"address": "10.0.0.1"})
        feed.say(wire.CameraUpdate(camera=moved))
        await until(pilot, lambda: "cam-5" not in table.keys)
        await pilot.press("t")
        await pilot.pause(0.05)
        assert not any(each.startswith("retry") for each in feed.asked)
        await pilot.press("t")
        await until(pilot, lambda: any(each.startswith("retry") for each in feed.asked))


# -- which page it is --------------------------------------------------------------------------------


def told(state: wire.State) -> Model:
    model = Model(lambda: 0.0)
    model.apply(state)
    return model


@pytest.mark.parametrize("width", [30, 40, 50, 60, 78, 198])
@pytest.mark.parametrize("site", ["Xã", "Uỷ ban nhân dân xã Gia Đông, huyện Thuận Thành"])
def test_the_page_is_always_named(feed: Any, width: int, site: str) -> None:
    engine = feed.state.engine.model_copy(update={"title": site})
    model = told(feed.state.model_copy(update={"engine": engine}))
    left, right = header.title_line(model, Texts("vi"), "Cổng UBND xã", width)
    assert "Cổng UBND xã" in left.plain
    assert left.cell_len + right.cell_len <= width
    if "CPU" in right.plain:
        assert site in left.plain  # figures give way first


async def test_a_head_is_not_moved_blind(app: MatthanApp, feed: Any, until: Until) -> None:
    engine = feed.state.engine.model_copy(update={"title": "Uỷ ban nhân dân xã Gia Đông"})
    feed.state = feed.state.model_copy(update={"engine": engine})
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        table.move_to(list(table.keys).index("cam-0"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CameraScreen))
        await until(pilot, lambda: "Cổng UBND xã" in text(app.screen.query_one("#title")))


# -- an engine that is gone --------------------------------------------------------------------------

GREEN = "#87af5f"


def colours(app: MatthanApp) -> set[str]:
    strips = (strip for strip in app.screen._compositor.render_strips())
    styles = (segment.style for strip in strips for segment in strip if segment.text.strip())
    return {style.color.name for style in styles if style is not None and style.color is not None}


@pytest.mark.parametrize("how", ["gone", "mute"])
@pytest.mark.parametrize("keys", [(), ("enter",), ("r",)], ids=["fleet", "camera", "rules"])
async def test_of_an_engine_that_is_gone_nothing_is_green(
    app: MatthanApp, feed: Any, count: Any, until: Until, keys: tuple[str, ...], how: str
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        table.move_to(list(table.keys).index("cam-0"))
        await pilot.press(*keys)
        if keys != ("r",):
            await until(pilot, lambda: GREEN in colours(app))
        count.seconds += 20
        if how == "gone":
            feed.say(Disconnected("gone", 1.0, "link.closed"))
        await until(pilot, lambda: "từ 14:03:22" in text(app.screen.query_one("#banner")))
        await until(pilot, lambda: "? không rõ" in shown(app))
        assert GREEN not in colours(app)
        assert "trực tuyến" not in shown(app)
        feed.say(feed.state)
        await until(pilot, lambda: "không rõ" not in shown(app))


def shown(app: MatthanApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def test_without_an_engine_it_says_how_to_start_one(app: MatthanApp, feed: Any, until: Until) -> None:
    async def nothing() -> Any:
        yield Disconnected("x", 1.0, "link.absent")
        await feed.inbox.get()

    feed.updates = nothing
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "`matthan run`" in shown(app))
