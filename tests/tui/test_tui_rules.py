"""The page of rules as a person drives it: what stands first, why, and reading the rules again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets import Input

from engine.api import wire
from engine.api.client import ApiError, Disconnected
from tui.app import MatthanApp
from tui.model.rules import RuleList, rule_state
from tui.presenters import describe, rule_report
from tui.presenters.symbols import RULE_STATES
from tui.render.paragraphs import Paragraph, wrap, wrapped
from tui.screens.dialogs import ConfirmDialog, HelpDialog, TextDialog
from tui.screens.fleet import FleetScreen
from tui.screens.log import LogScreen
from tui.screens.rule import RuleScreen
from tui.screens.rules import RulesScreen
from tui.texts import Texts
from tui.widgets.table import Table
from tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.pilot import Pilot

    Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]

ORDER = ["bien-so-la", "mat-camera", "dem-khuya", "thu-nghiem", "ban-dem", "tran-bo-nho"]


def screen_of(app: MatthanApp) -> str:
    return "\n".join(
        "".join(segment.text for segment in strip)
        for strip in app.screen._compositor.render_strips(app.screen.size)
    )


async def open_rules(app: MatthanApp, pilot: Pilot[None], until: Until) -> Table:
    await pilot.press("r")
    await until(pilot, lambda: isinstance(app.screen, RulesScreen) and app.screen.query_one(Table).keys)
    return app.screen.query_one(Table)


async def confirm_reload(app: MatthanApp, pilot: Pilot[None], until: Until) -> None:
    await pilot.press("R")
    await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
    await pilot.press("enter")


def test_every_standing_has_a_symbol_of_its_own(feed: Any) -> None:
    assert {rule_state(rule) for rule in feed.told_rules} == set(RULE_STATES)
    assert len({symbol for symbol, _ in RULE_STATES.values()}) == len(RULE_STATES)


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


async def test_figures_follow_the_engine(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = await open_rules(app, pilot, until)
        quiet = feed.told_rules[0]
        table.move_to(ORDER.index(quiet.name))
        feed.told_rules = (
            quiet.model_copy(update={"error": "KeyError('x')", "severity": "critical"}),
            *feed.told_rules[1:],
        )
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


async def test_8000_rules(app: MatthanApp, feed: Any, until: Until) -> None:
    usual = feed.told_rules[0]
    feed.told_rules = tuple(usual.model_copy(update={"name": f"r{n}"}) for n in range(8000))
    async with app.run_test(size=(80, 24)) as pilot:
        table = await open_rules(app, pilot, until)
        assert list(table.keys) == [f"r{n}" for n in range(8000)]
        asked: list[str] = []
        make, table._make = table._make, lambda key: (asked.append(key), make(key))[1]  # type: ignore[func-returns-value]  # both are wanted
        await pilot.press("end")
        await until(pilot, lambda: "r7999" in asked and "8.000/8.000" in screen_of(app))
        assert len(set(asked)) < 100  # only what is in view is made


async def test_a_rule_tells_why_and_goes_on_telling(app: MatthanApp, feed: Any, until: Until) -> None:
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
        feed.explained = 300
        await until(pilot, lambda: "Đã xem 300 sự kiện." in lines.text)
        feed.told_rules = tuple(
            each.model_copy(update={"firing": 5}) if each.name == "dem-khuya" else each
            for each in feed.told_rules
        )
        await until(pilot, lambda: app.context.model.rules.get("dem-khuya").firing == 5)  # type: ignore[union-attr]  # it is there
        app.screen.tick()  # type: ignore[attr-defined]  # a RuleScreen
        await until(pilot, lambda: "Đang báo 5, đang chờ 2" in screen_of(app))
        await pilot.press("L")
        await until(pilot, lambda: "The nearest miss:" in lines.text)
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen) is RulesScreen)


async def test_a_rule_that_is_gone_says_so(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rules(app, pilot, until)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RuleScreen))
        feed.told_rules = feed.told_rules[2:]
        status = app.screen.query_one("#status")
        await until(pilot, lambda: "Không còn quy tắc này." in status.render_line(0).text)


async def test_a_reload_is_confirmed_and_tells_what_changed(app: MatthanApp, feed: Any, until: Until) -> None:
    feed.reloaded = wire.RulesReloaded(
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
    async with app.run_test(size=(80, 24)) as pilot:
        await open_rules(app, pilot, until)
        await pilot.press("R")
        await until(pilot, lambda: "Nạp lại các quy tắc?" in screen_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen) is RulesScreen)
        assert "reload" not in feed.asked
        await confirm_reload(app, pilot, until)
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        text = app.screen.query_one(TextView)
        await until(pilot, lambda: "+ xe-tai" in text.text)
        for told in ("- cu", "~ dem-khuya", "= mat-camera", "6 quy tắc; 4 quy tắc giữ", "khởi động lại mới"):
            assert told in text.text
        assert feed.asked.count("reload") == 1
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen) is RulesScreen)


async def test_a_refused_reload_shows_every_problem(app: MatthanApp, feed: Any, until: Until) -> None:
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
    feed.reloaded = ApiError(422, "rules.not_adopted", "bad", problems=problems)
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
    app: MatthanApp, feed: Any, until: Until, failure: ApiError, told: str
) -> None:
    feed.failure = failure
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: told in screen_of(app))
        await confirm_reload(app, pilot, until)
        await until(pilot, lambda: [note.message for note in app._notifications])
        assert told in next(iter(app._notifications)).message
        feed.failure = None
        await until(
            pilot,
            lambda: (
                app.screen.query_one(Table).keys and told not in str(app.screen.query_one("#status").render())
            ),
        )


async def test_an_engine_that_goes_away_leaves_the_list_and_is_asked_again(
    app: MatthanApp, feed: Any, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = await open_rules(app, pilot, until)
        feed.say(Disconnected("connection refused", 0.5, "link.absent"))
        await until(pilot, lambda: app.screen.query_one("#banner").display)
        assert list(table.keys) == ORDER
        feed.told_rules = feed.told_rules[:2]
        feed.say(feed.state)
        await until(pilot, lambda: len(table.keys) == 2 and not app.screen.query_one("#banner").display)


async def test_a_problem_of_rules_stands_first_here(app: MatthanApp, feed: Any, until: Until) -> None:
    problems = (
        wire.Sentence(code="engine.no_model", vi="chưa cài mô hình", en="no model"),
        wire.Sentence(code="rules.refused", vi="quy tắc sai", en="bad rules"),
    )
    engine = feed.state.engine.model_copy(update={"problems": problems})
    feed.state = feed.state.model_copy(update={"engine": engine})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "! chưa cài mô hình" in screen_of(app))
        await open_rules(app, pilot, until)
        await until(pilot, lambda: "! quy tắc sai" in screen_of(app))


async def test_the_engine_is_asked_in_the_language_on_the_screen(
    app: MatthanApp, feed: Any, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: feed.language == "vi")
        await pilot.press("L")
        await until(pilot, lambda: feed.language == "en")


@pytest.mark.parametrize(("ends", "told"), [(True, "dừng luôn bản chạy thử"), (False, "hệ thống vẫn chạy")])
async def test_help_says_what_becomes_of_the_engine(
    feed: Any, count: Any, until: Until, ends: bool, told: str
) -> None:
    app = MatthanApp(feed, monotonic=count, ends=ends)
    async with app.run_test(size=(100, 60)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog) and told in screen_of(app))


def test_rules_told_again_keep_their_order_whatever_came_before() -> None:
    names = ["b", "a10", "a2"]
    roster = RuleList()
    for _ in range(2):
        roster.replace(wire.Rule(name=name, severity="info") for name in names)
        assert list(roster.matching("", Texts("en"))) == ["a2", "a10", "b"]
    roster.replace([wire.Rule(name="a2", severity="info", title={"en": "Gate"})])
    assert list(roster.matching("gate", Texts("en"))) == ["a2"]


def test_an_older_engines_problem_shows_its_code_and_values() -> None:
    problem = wire.FileProblem(source="r.yaml", line=1, column=2, code="problem.kind", values={"word": "x"})
    told = list(rule_report.refused(ApiError(422, "rules.not_adopted", "", problems=[problem]), Texts("en")))
    assert "problem.kind word: x" in told[-1].text


@given(st.text(alphabet="ab ệ日\u200b", max_size=80), st.integers(2, 30))
def test_wrapped_text_fits_and_loses_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_further_lines_stand_under_the_first() -> None:
    para = Paragraph("one two three", depth=1, mark="✗", mark_tone="bad")
    told = ["".join(words for words, _ in line) for line in wrapped(para, 9)]
    assert told == ["  ✗ one", "    two", "    three"]


@pytest.mark.parametrize(
    ("name", "value", "vi", "en"),
    [
        ("stood", 12.5, ("Đã đứng yên (giây)", "12,5"), ("Had stood for (seconds)", "12.5")),
        ("dwell:san", 3.0, ("Ở vùng san (giây)", "3,0"), ("In zone san for (seconds)", "3.0")),
        ("ptz_moving", True, ("Camera đang quay", "có"), ("Camera is turning", "yes")),
        ("direction", "in", ("Chiều qua vạch", "vào"), ("Direction over the line", "in")),
        ("left", "cong san", ("Vừa rời vùng", "cong san"), ("Left zone", "cong san")),
        ("IsTamper", "x\x1b", ("IsTamper", "x·"), ("IsTamper", "x·")),
    ],
)
def test_facts_are_named_in_words_and_unknown_ones_stay(
    name: str, value: wire.Fact, vi: tuple[str, str], en: tuple[str, str]
) -> None:
    assert (describe.fact(name, value, Texts("vi")), describe.fact(name, value, Texts("en"))) == (vi, en)
