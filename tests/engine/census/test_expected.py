"""Lists of cameras that should be there: both forms say the same, and everything wrong is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.census.expected import MOST, read_file, read_list
from engine.census.sighting import Expected
from rules.document.source import Gravity

YAML = """
cameras:
  - id: gate-3
    name: Cổng 3
    url: http://192.0.2.7/onvif/device_service
    mac: 02-1F-AA-00-00-01
    serial: "007"
  - {name: Cổng UBND, host: 192.0.2.8, source: "1"}
"""
CSV = (
    "\ufeffID;Name;URL;Host;MAC;Serial;Source;Height (m)\r\n"
    'gate-3;"Cổng 3";http://192.0.2.7/onvif/device_service;;021f.aa00.0001;007;;3\r\n'
    ";;;;;;;\r\n"
    ";Cổng UBND;;192.0.2.8;;;1;4\r\n"
)
BOTH = (
    Expected(
        "gate-3",
        "Cổng 3",
        "http://192.0.2.7/onvif/device_service",
        "192.0.2.7",
        "02:1f:aa:00:00:01",
        "007",
    ),
    Expected("cong-ubnd", "Cổng UBND", "", "192.0.2.8", source="1"),
)


@pytest.mark.parametrize(("text", "name"), [(YAML, "a.yaml"), (CSV, "a.csv")])
def test_both_forms_say_the_same(text: str, name: str) -> None:
    told = read_list(text, name)
    assert [str(each) for each in told.problems] == []
    assert told.cameras == BOTH


def test_everything_wrong_in_yaml_is_told_at_once() -> None:
    text = "- {id: Gate, mac: xyz}\n- {id: a, serial: 12}\n- {id: a, serail: '1'}\n- {id: a, url: 'http://u:p@h/'}\n- 3"
    told = read_list(text, "x.yaml")
    assert [(each.line, each.code.partition(".")[2]) for each in told.problems] == [
        (1, "slug"),
        (1, "mac"),
        (2, "text"),
        (3, "unknown_key"),
        (4, "url_login"),
        (5, "mapping"),
    ]
    assert told.wrong
    assert [each.id for each in told.cameras] == ["a"]


def test_everything_wrong_in_a_table_is_told_with_line_and_column() -> None:
    text = 'id,name,mac,host\ngate,"a\nb",zz,h\ngate,x,,a b\nq,w,,h,surplus\n'
    told = read_list(text, "x.csv")
    assert [(each.line, each.column, each.code) for each in told.problems] == [
        (3, 4, "problem.mac"),
        (4, 9, "problem.host"),
        (5, 8, "problem.unknown_key"),
    ]
    twice = read_list("id,name\nsame,a\n\nsame,b\n", "x.csv").problems
    assert [(each.line, each.column, each.values["line"]) for each in twice] == [(4, 1, 2)]


@pytest.mark.parametrize("name", ["x.csv", "x.yaml"])
def test_what_is_no_list_is_told_and_never_raised(name: str) -> None:
    assert read_list("a,a\n1,2\n" if name == "x.csv" else "cameras: 3", name).wrong
    assert read_list('id\n"never closed' if name == "x.csv" else "a: [", name).cameras == ()
    assert read_list("", name).cameras == ()
    many = "id\n" + "".join(f"c{number}\n" for number in range(MOST + 1))
    many = many if name == "x.csv" else many.removeprefix("id\n").replace("c", "- id: c")
    told = read_list(many, name)
    assert [each.code for each in told.problems] == ["problem.too_long"]
    assert len(told.cameras) == MOST


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    told = read_file(tmp_path / "none.csv")
    assert [(each.code, each.severity) for each in told.problems] == [("problem.unreadable", Gravity.ERROR)]
