"""The lines above every screen."""

from __future__ import annotations

from typing import Any

import pytest
from rich.text import Text

from engine.api import wire
from engine.api.client import ApiError, Disconnected
from tests.fakes.engine import FakeEngine
from tui.line.pace import Reading
from tui.model.model import SILENT, Model
from tui.palette import AMBER, RED
from tui.presenters import header
from tui.texts import Texts

EN = Texts("en")


def told(state: wire.State) -> Model:
    model = Model(lambda: 0.0)
    model.apply(state)
    return model


@pytest.mark.parametrize("width", [30, 40, 50, 60, 78, 198])
@pytest.mark.parametrize("site", ["Xã", "Uỷ ban nhân dân xã Gia Đông, huyện Thuận Thành"])
def test_the_page_is_always_named(engine: FakeEngine, width: int, site: str) -> None:
    engine.figures = engine.figures.model_copy(update={"title": site})
    model = told(engine.state())
    left, right = header.title_line(model, Texts("vi"), "Cổng UBND xã", width)
    assert "Cổng UBND xã" in left.plain
    assert left.cell_len + right.cell_len <= width
    if "CPU" in right.plain:
        assert site in left.plain  # figures give way first


def test_what_waits_stands_in_the_title_in_the_colour_of_the_worst(model: Model) -> None:
    left, right = header.title_line(model, EN, "", 78)
    assert left.plain == "Mắt Thần  ‼ 2 to acknowledge  Xã Gia Đông"
    assert right.plain == "CPU 34 %  298 MiB  14:03:22 +07"
    assert any("reverse" in str(span.style) and RED in str(span.style) for span in left.spans)
    model.alerts_left_out = 40
    assert "42 to acknowledge" in header.title_line(model, EN, "", 78)[0].plain


def test_without_anything_that_waits_it_counts_what_fires(engine: FakeEngine) -> None:
    taken = wire.Acknowledgement(by="An", at=engine.figures.now)
    engine.decided = [each.model_copy(update={"acknowledged": taken}) for each in engine.decided]
    assert "3 firing" in header.title_line(told(engine.state()), EN, "", 78)[0].plain
    engine.decided = []
    assert header.title_line(told(engine.state()), EN, "", 78)[0].plain == "Mắt Thần  Xã Gia Đông"


def test_figures_are_those_of_now_or_none(model: Model) -> None:
    assert "CPU 34 %" in header.title_line(model, EN, "", 198)[1].plain
    model.apply(Disconnected("gone", 1.0))
    assert header.title_line(model, EN, "", 198)[1].plain == "14:03:22 +07"
    left, right = header.counters(model, EN)
    assert (left.plain, right.plain) == ("Cameras ?/10   as of 14:03:22", "")


def test_counters_warn_of_what_is_not_as_it_should_be(engine: FakeEngine) -> None:
    left, right = header.counters(told(engine.state()), EN)
    assert left.plain == "Cameras 6/10   Events 1,204   Decisions 37   Outbox 2   Dead 1"
    assert right.plain == "Model yolox-tiny   Rules 6   since 20/11 14:03:22"
    assert colours(left) == [("Cameras 6/10", AMBER), ("Dead 1", RED)]
    online = [each for each in engine.cameras if each.state is wire.CameraState.ONLINE]
    engine.cameras = online
    engine.figures = engine.figures.model_copy(update={"dead": 0, "outbox": 100, "model": ""})
    left, right = header.counters(told(engine.state()), EN)
    assert colours(left) == [("Outbox 100", AMBER)]
    assert right.plain == "Rules 6   since 20/11 14:03:22"


def colours(text: Text) -> list[tuple[str, str]]:
    """What stands out, and how."""
    shown = [(text.plain[span.start : span.end], str(span.style)) for span in text.spans]
    return [(words, style.split()[-1]) for words, style in shown if "bold" in style]


def test_before_anything_is_known_it_says_that_it_waits() -> None:
    model = Model(lambda: 0.0)
    assert header.counters(model, EN)[0].plain == "waiting for data"
    assert header.banner(model, EN).plain == "Connecting to the engine…"
    assert not header.first_problem(model, EN)
    assert header.title_line(model, EN, "", 78)[0].plain == "Mắt Thần  "


def test_problems_that_a_page_is_about_come_first(engine: FakeEngine) -> None:
    engine.problems = tuple(wire.Sentence(code=code, en=code) for code in ("disk.full", "rules.refused", "x"))
    model = told(engine.state())
    assert header.first_problem(model, EN).plain == "! disk.full (and 2 more)"
    assert header.first_problem(model, EN, ("rules.",)).plain == "! rules.refused (and 2 more)"
    model.apply(Disconnected("gone", 1.0))
    assert not header.first_problem(model, EN)  # nobody knows whether they still stand


def test_the_banner_says_what_is_wrong_with_the_line(model: Model, count: Any) -> None:
    assert not header.banner(model, EN)
    count.seconds += SILENT + 1
    assert header.banner(model, EN).plain == " ▲ No word from the engine for 16 s (since 14:03:22)."
    model.apply(Disconnected("odd\x1b", 1.0, "link.other"))
    assert "Engine gone for 16 s (since 14:03:22): odd·. Trying again." in header.banner(model, EN).plain
    model.apply(Disconnected("x", 1.0, "link.closed"))
    assert "the engine has closed the connection" in header.banner(model, EN).plain
    model.refuse(ApiError(403, "api.refused", "not you"))
    assert header.banner(model, EN).plain == " ▲ The engine refuses this client: not you"
    never = Model(count)
    never.apply(Disconnected("x", 1.0, "link.absent"))
    assert header.banner(never, EN).plain == " ▲ No engine yet: no engine is running there. Trying again."


def test_the_line_is_told_only_where_it_is_slow() -> None:
    assert not header.line_meter(None, EN)
    assert not header.line_meter(Reading(5e6, 0.01, True), EN)
    assert header.line_meter(Reading(960, 0.44, True), EN).plain.split() == [
        "Line",
        "1.0",
        "kB/s",
        "0.4",
        "s",
    ]
    assert header.line_meter(Reading(11_520, 0.1, True), Texts("vi")).plain.startswith("Đường truyền 12 kB/s")
    assert "9.0 s" in header.line_meter(Reading(5e6, 0.01, True, waiting=9.0), EN).plain
