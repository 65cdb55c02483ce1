"""How a census is told: to people, to spreadsheets that reckon with whatever begins with =, to programs."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from drivers.contract import Found
from drivers.printable import is_clean
from engine.census.compare import Census, Configured, compare
from engine.census.expected import read_list
from engine.census.sighting import Expected, Identity, Sighting
from engine.commands.discover.showing import COLUMNS, as_csv, exit_code, harmless, rows, summary, told
from engine.text import LANGUAGES, Language, render
from rules.model import Sentence

URL = "http://192.0.2.{}/onvif/device_service"


def seen(number: int, name: str = "Cổng", serial: str = "") -> Sighting:
    address = f"192.0.2.{number}"
    who = Identity("Mak", "M1", serial, "2.0", macs=("02:00:00:00:00:01",)) if serial else None
    return Sighting(address, (Found("onvif", URL.format(number), "urn:1", address, name, "IPC"),), who)


def everything() -> Census:
    """One entry in each state."""
    page = Sighting("192.0.2.8", (Found("http", "http://192.0.2.8/", "", "192.0.2.8", "Máy in"),))
    refused = Sighting("192.0.2.5", seen(5).answers, trouble=Sentence("census.no_login", {"tried": "admin"}))
    configured = [
        Configured("moved", url=URL.format(1), serial="s2"),
        Configured("gone", url=URL.format(77)),
        Configured("there", url=URL.format(3)),
    ]
    expected = [Expected("moved"), Expected("new", host="192.0.2.4"), Expected("missing", host="192.0.2.99")]
    return compare([seen(2, serial="s2"), seen(3), seen(4), refused, page], expected, configured)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_for_people_tells_each_state(language: Language) -> None:
    table = [row for row, _ in rows(everything().entries, language)]
    for state in ("new", "configured", "moved", "gone", "missing", "unexpected", "other"):
        assert any(row.startswith(render(f"census_state.{state}", {}, language)) for row in table[1:]), state
    moved = next(row for row in table if row.startswith(render("census_state.moved", {}, language)))
    assert URL.format(1) in moved
    assert URL.format(2) in moved
    assert "02:00:00:00:00:01" in moved
    assert any(render("census.no_login", {"tried": "admin"}, language) in row for row in table)


def test_columns_that_say_nothing_are_left_out() -> None:
    plain = [row for row, _ in rows(compare([seen(1), seen(2)]).entries, "en")]
    assert plain[0].split() == ["state", "camera", "address", "maker,", "model", "where,", "or", "why", "not"]
    assert "serial number" in rows(compare([seen(1), seen(2, serial="s")]).entries, "en")[0][0]
    assert "\r" not in as_csv(compare([seen(1)]).entries, "en", marked=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_a_narrow_terminal_notes_stand_below_and_say_all_they_said(language: Language) -> None:
    entries = compare([seen(1), replace(seen(2), trouble=Sentence("census.engine_has_it"))]).entries
    plain, narrow = (
        [row for row, _ in rows(entries, language)],
        [row for row, _ in rows(entries, language, 60)],
    )
    assert max(map(len, narrow)) <= 60 < max(map(len, plain))
    assert " ".join(" ".join(narrow).split()) == " ".join(" ".join(plain).split())
    assert [row for row, _ in rows(entries, language, 300)] == plain


def test_what_it_comes_to_and_how_it_ends() -> None:
    census = everything()
    said = summary(census)
    assert said is not None
    assert render(said.code, said.values, "en") == "2 of 3 found, missing: missing"
    assert exit_code(census) == 1
    whole = compare([seen(1)], [Expected("a", host="192.0.2.1")])
    told_whole = summary(whole)
    assert told_whole is not None
    assert render(told_whole.code, told_whole.values, "en") == "1 of 1 found"
    assert (exit_code(whole), exit_code(compare([seen(1)])), exit_code(compare([]))) == (0, 0, 1)
    assert summary(compare([seen(1)])) is None
    many = compare([], [Expected(f"c{number}") for number in range(30)])
    listed = summary(many)
    assert listed is not None
    assert str(listed.values["missing"]).endswith("c19 +10")


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x1b[31m=1"]
)
def test_no_cell_is_a_formula_or_moves_a_terminal(name: str) -> None:
    census = compare([seen(1, name)])
    text = as_csv(census.entries, "vi", marked=True)
    assert text.startswith("\ufeffstate,")
    assert all(line.endswith("\r\n") for line in text.splitlines(keepends=True))
    (row,) = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert tuple(row) == COLUMNS
    assert not row["name"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert all(map(is_clean, row.values()))
    assert all(is_clean(each.replace("\x1b[", "")) for each, _ in rows(census.entries, "en"))


def test_what_is_no_formula_is_left_as_it_is() -> None:
    assert harmless("Cổng UBND, tầng 2") == "Cổng UBND, tầng 2"
    assert harmless("192.0.2.1") == "192.0.2.1"


def test_a_table_that_was_written_is_a_list_that_is_read() -> None:
    expected = [Expected("a", "Cổng; 'chính'", host="192.0.2.1"), Expected("b", 'x,"y"', host="192.0.2.2")]
    text = as_csv(compare([seen(1, serial="s"), seen(2)], expected).entries, "en", marked=True)
    again = read_list(text, "found.csv")
    assert not again.wrong
    assert [(each.id, each.name, each.serial) for each in again.cameras] == [
        ("a", "Cổng; 'chính'", "s"),
        ("b", 'x,"y"', ""),
    ]


def test_programs_are_told_everything_and_old_ones_what_they_know() -> None:
    one = told(compare([seen(1, serial="s1")]).entries[0], "en")
    assert {key: one[key] for key in ("driver", "url", "identity", "address", "name", "urls")} == {
        "driver": "onvif",
        "url": URL.format(1),
        "identity": "urn:1",
        "address": "192.0.2.1",
        "name": "Cổng",
        "urls": [],
    }
    assert (one["state"], one["serial"], one["macs"], one["model"]) == (
        "new",
        "s1",
        ["02:00:00:00:00:01"],
        "M1",
    )
    gone = told(compare([], configured=[Configured("g", url=URL.format(1))]).entries[0], "en")
    assert (gone["state"], gone["address"], gone["before"], gone["answers"]) == (
        "gone",
        "",
        URL.format(1),
        [],
    )
