"""Cameras, entries and rules as rows: figures only while they are those of now, what is wrong in their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from engine.api import wire
from engine.api.client import Disconnected
from tests.fakes import village
from tui.model.model import Model
from tui.presenters import describe, rows
from tui.render.columns import Column, Layout, Row, line
from tui.texts import Texts


def cells(row: Row) -> dict[str, str]:
    return {name: cell.text for name, cell in row.cells.items()}


def rule_named(name: str) -> wire.Rule:
    return next(rule for rule in village.rules() if rule.name == name)


def test_a_camera_that_is_online_shows_its_figures(model: Model, t: Texts) -> None:
    row = rows.camera_row(model.cameras["cam-0"], model, t)
    assert cells(row) == {
        "state": "● online",
        "name": "Cổng UBND xã",
        "rate": "5.0/15.0",
        "motion": "━┈┈┈┈┈",
        "objects": "1 motorcycle, 1 person",
        "address": "192.168.1.100",
        "model": "DS-2CD1023G0E-I",
        "kind": "object",
        "last": "4 s",
    }
    assert row.span is None


def test_a_camera_that_is_not_shows_since_when_and_why_instead(model: Model, t: Texts) -> None:
    row = rows.camera_row(model.cameras["cam-3"], model, t)
    assert not {"rate", "motion", "objects"} & row.cells.keys()
    assert row.span is not None
    first, last, why = row.span
    assert (first, last, why.text) == ("rate", "objects", "3 min · no picture for 10 seconds")
    trying = rows.camera_row(model.cameras["cam-8"], model, t).span
    assert trying is not None
    assert trying[2].text == "6 s"  # nobody knows why


def test_one_that_was_switched_off_steps_back_and_trouble_stands_out(model: Model, t: Texts) -> None:
    tones = {id: rows.camera_row(model.cameras[id], model, t).cells["name"].tone for id in model.cameras}
    assert tones["cam-7"] == "dim"
    assert tones["cam-3"] == tones["cam-5"] == "bright"
    assert tones["cam-0"] == "text"


def test_no_picture_analysed_is_a_warning(model: Model, t: Texts) -> None:
    camera = model.cameras["cam-0"]
    assert rows.camera_row(camera, model, t).cells["rate"].tone == "text"
    still = camera.model_copy(update={"fps": 0.0})
    assert rows.camera_row(still, model, t).cells["rate"].tone == "warn"


def test_of_an_engine_that_is_gone_no_figures_are_shown(model: Model, t: Texts) -> None:
    model.apply(Disconnected("gone", 1.0))
    row = rows.camera_row(model.cameras["cam-0"], model, t)
    assert cells(row)["state"] == "? unknown"
    assert not {"rate", "motion", "objects"} & row.cells.keys()
    rule = rows.rule_row(rule_named("dem-khuya"), model, t)
    assert cells(rule) == {"state": "? unknown", "rule": "dem-khuya", "title": "Loitering at the gate"}
    assert {cell.tone for cell in rule.cells.values()} == {"dim"}


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_motion_is_never_a_shorter_bar(one: float, other: float) -> None:
    less, more = sorted((one, other))
    bars = [rows.motion_bar(village.camera(0, motion=share)) for share in (less, more)]
    assert [cell_len(bar.text) for bar in bars] == [describe.BAR] * 2
    assert bars[0].text.count("━") <= bars[1].text.count("━")
    assert all(
        (bar.text.count("━") > 0) == (share > 0) for bar, share in zip(bars, (less, more), strict=True)
    )
    assert rows.motion_bar(village.camera(0, motion=1.0)).text == "━" * describe.BAR


def test_an_alert_that_nobody_has_taken_is_lit_and_says_so(model: Model, t: Texts) -> None:
    waiting, taken = model.alerts["d3"].decision, model.alerts["d4"].decision
    row = rows.entry_row(waiting, model, t)
    assert row.ground == "warning"
    assert row.cells["what"].text.startswith("OPEN Loitering at the gate")
    assert row.cells["mark"].text == "!"
    row = rows.entry_row(taken, model, t)
    assert not row.ground
    assert row.cells["what"].text.startswith("[Anh Tư] Crowd at the market")


def test_what_is_over_says_so_as_long_as_it_stands_there(model: Model, t: Texts) -> None:
    row = rows.entry_row(model.alerts["d4"].decision, model, t, over=True)
    assert (row.cells["mark"].text, row.cells["mark"].tone) == ("✓", "dim")
    assert row.cells["what"].text.startswith("(over) [Anh Tư]")


def test_an_event_is_plain(model: Model, t: Texts) -> None:
    entry = model.entry("event:e5")
    assert entry is not None
    row = rows.entry_row(entry, model, t)
    assert cells(row) == {
        "time": "14:03:13", "mark": " ", "kind": "motion", "camera": "Cổng UBND xã", "what": "Motion began",
    }  # fmt: skip
    assert {row.cells[name].tone for name in ("mark", "what")} == {"text"}


def test_a_rule_shows_its_figures_unless_it_raised(model: Model, t: Texts) -> None:
    well = rows.rule_row(rule_named("dem-khuya"), model, t)
    assert cells(well) == {
        "state": "● firing", "mark": "!", "rule": "dem-khuya", "title": "Loitering at the gate", "active": "1/2",
        "last": "2 s", "fired": "37", "visits": "12.3 M", "rows": "3/1,000", "evicted": "0",
    }  # fmt: skip
    assert well.cells["state"].tone == "warn"  # a rule that fires has its severity's tone
    sick = rows.rule_row(rule_named("bien-so-la"), model, t)
    assert "fired" not in sick.cells
    assert sick.span is not None
    assert sick.span[2].text == "3 min · ValueError('no plate')"


def test_a_rule_that_gave_things_up_warns(model: Model, t: Texts) -> None:
    full = rows.rule_row(rule_named("tran-bo-nho"), model, t)
    assert (full.cells["evicted"].text, full.cells["evicted"].tone) == ("12", "warn")
    assert full.cells["rule"].tone == "text"
    assert full.cells["active"].tone == "faint"


@pytest.mark.parametrize("width", [77, 197])
def test_every_row_of_the_village_fits_its_table(model: Model, t: Texts, width: int) -> None:
    made: list[tuple[tuple[Column, ...], Row]] = [
        (rows.FLEET, rows.camera_row(camera, model, t)) for camera in model.cameras.values()
    ]
    made += [(rows.LOG, rows.entry_row(entry, model, t)) for entry in model.log.newest_first()]
    made += [(rows.RULES, rows.rule_row(rule, model, t)) for rule in village.rules()]
    for columns, row in made:
        assert row.cells.keys() <= {column.name for column in columns}
        shown = line(row, Layout.fit(columns, width), Style())
        assert sum(cell_len(segment.text) for segment in shown) == width


def test_a_camera_that_is_watched_shows_it_and_by_how_many(model: Model, t: Texts) -> None:
    camera = model.cameras["cam-0"]
    name = rows.camera_row(camera, model, t).cells["name"].text
    watched = camera.model_copy(
        update={"watched": tuple(wire.Watcher(name=each, since=camera.since) for each in ("Lan", "Bình"))}
    )
    assert rows.camera_row(watched, model, t).cells["name"].text == f"◉2 {name}"
