"""Sheets of every kind: what they say, and every mistake of them with its place."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from engine.commission.sheet.reading import Sheet, read_sheet, sheet_of
from engine.commission.sheet.sample import sample
from engine.commission.sheet.table import BYTES
from engine.errors import ConfigError


def problems(text: str, source: str = "x.csv") -> list[tuple[int, int, str]]:
    with pytest.raises(ConfigError) as caught:
        sheet_of(text.encode(), source)
    return [(each.line, each.column, each.code) for each in caught.value.problems]


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def only(sheet: Sheet) -> dict[str, object]:
    (row,) = sheet.rows
    return {"id": row.id, "name": row.name, "host": row.expected.host, "facts": dict(row.facts)}


CONG = {"id": "cong", "name": "Cổng", "host": "192.0.2.1", "facts": {"note": "cao 4 m", "Hướng": "đông"}}


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("x.csv", "id,name,host,note,Hướng\ncong,Cổng,192.0.2.1,cao 4 m,đông\n"),
        ("x.csv", "\ufeffmã;TÊN;Địa chỉ;Ghi chú;Hướng\r\ncong;Cổng;192.0.2.1;cao 4 m;đông\r\n"),
        ("x.tsv", 'ma\tten\tdia chi\tghi chu\tHướng\n# remark, "x\ncong\tCổng\t192.0.2.1\t"cao 4 m"\tđông\n'),
        ("x.yaml", "- {id: cong, tên: Cổng, host: 192.0.2.1, note: cao 4 m, Hướng: đông}\n"),
        ("x.yml", "cameras:\n- {id: cong, name: Cổng, ip: 192.0.2.1, note: cao 4 m, Hướng: đông}\n"),
    ],
)
def test_the_same_camera_in_every_spelling(source: str, content: str) -> None:
    assert only(sheet_of(content.encode(), source)) == CONG


def test_a_workbook_says_the_same_whatever_its_cells_are() -> None:
    told = workbook(
        ("# remark",), (), ("ID", "Tên", "IP", "Ghi chú", "Hướng"), ("cong", "Cổng", "192.0.2.1", "cao 4 m", "đông")
    )  # fmt: skip
    assert only(sheet_of(told, "x.xlsx")) == CONG
    numbers = workbook(("id", "serial", "floor"), ("1", 7.0, 2))
    (row,) = sheet_of(numbers, "x.xlsx").rows
    assert (row.id, row.expected.serial, row.facts) == ("1", "7", {"floor": "2"})


def test_every_mistake_is_told_at_its_place() -> None:
    text = (
        "id,host,mac,password,source\n"
        "Cổng 1,192.0.2.1,,,\n"
        "b,192.0.2.300,zz,,\n"
        "c,192.0.2.1,,hunter2,\n"
        "d,192.0.2.9,,,1\n"
        "d,192.0.2.9,,,2\n"
        "e,,,,\n"
        "f,192.0.2.10,,,,more\n"
    )
    assert problems(text) == [
        (2, 1, "problem.slug"),
        (3, 3, "problem.host"),
        (3, 15, "problem.mac"),
        (4, 14, "problem.secret"),
        (4, 14, "sheet.no_username"),
        (6, 1, "sheet.twice"),
        (7, 1, "sheet.nowhere"),
        (8, 17, "sheet.no_heading"),
    ]


def test_a_password_that_was_written_out_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        sheet_of(b"id,host,username,password\na,192.0.2.1,u,hunter2\n", "x.csv")
    assert "hunter2" not in str(caught.value)


def test_quotes_and_line_feeds_move_no_place() -> None:
    text = 'id,name,host\na,"x, ""y""",192.0.2.1\nb,"two\nlines",192.0.2.2\nC!,z,192.0.2.3\n'
    assert problems(text) == [(5, 1, "problem.slug")]
    assert problems('id,name,host\na,"x, ""y""",300.0.0.1\n') == [(2, 14, "problem.host")]


def test_cells_of_a_workbook_are_called_as_people_see_them() -> None:
    with pytest.raises(ConfigError) as caught:
        sheet_of(workbook(("id", "host"), ("A B", '=CONCAT("192.0.2.", 1)')), "x.xlsx")
    assert [(each.source, each.code) for each in caught.value.problems] == [
        ("x.xlsx!Sheet!A2", "problem.slug"),
        ("x.xlsx!Sheet!A2", "sheet.nowhere"),
        ("x.xlsx!Sheet!B2", "sheet.formula"),
    ]


def test_one_column_twice_no_id_and_nothing() -> None:
    assert problems("id,host,ip\na,192.0.2.1,192.0.2.2\n") == [(1, 9, "sheet.column_twice")]
    assert problems("camera,host\na,192.0.2.1\nb,192.0.2.2\n") == [(1, 1, "sheet.no_id")]
    assert problems("# nothing\n") == [(1, 1, "sheet.empty")]
    assert problems("a: [", "x.yaml")[0][2].startswith("problem.")
    assert problems("7", "x.yaml") == [(1, 1, "sheet.no_list")]
    assert problems("- 7\n- {id: [a], host: 192.0.2.1}", "x.yaml") == [
        (1, 3, "problem.mapping"),
        (2, 3, "problem.missing"),
        (2, 8, "problem.plain"),
    ]


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    assert problems("x" * (BYTES + 1)) == [(1, 1, "sheet.large")]
    assert (1002, 1, "sheet.many_rows") in problems("id,host\n" + "a,h\n" * 1200)
    assert problems("id,host,name\na,192.0.2.1," + "n" * 2000) == [(2, 13, "sheet.long")]
    assert problems("id,host\na," + "n" * 200_000)[0][2] == "sheet.no_csv"
    bomb = io.BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (80 << 20))
    with pytest.raises(ConfigError, match="unpacked"):
        sheet_of(bomb.getvalue(), "x.xlsx")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"PK\x03\x04 no zip", id="no zip"),
        pytest.param(b"PK\x03\x04" + bytes(100), id="zeros"),
        pytest.param(workbook()[:200], id="cut off"),
    ],
)
def test_a_broken_workbook_is_a_sentence(content: bytes) -> None:
    with pytest.raises(ConfigError, match="workbook"):
        sheet_of(content, "x.xlsx")


def test_windows_letters_are_told_and_not_guessed() -> None:
    with pytest.raises(ConfigError, match="CSV UTF-8"):
        sheet_of("id,name\na,Cổng".encode("utf-16"), "x.csv")


@pytest.mark.parametrize("name", ["new.csv", "new.xlsx", "new.yaml"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_sample_is_a_sheet(name: str, language: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(sample(path, "vi" if language == "vi" else "en"))
    rows = read_sheet(path).rows
    assert [row.id for row in rows] == ["cong-ubnd", "nha-van-hoa"]
    assert (rows[1].expected.source, rows[1].password) == ("VideoSource_2", "file:secrets/nha-van-hoa")
    assert rows[0].facts == {"place": "Cột 1, cao 4 m"}


def places(content: bytes, source: str) -> list[tuple[int, int]]:
    try:
        sheet_of(content, source)
    except ConfigError as error:
        return [(each.line, each.column) for each in error.problems]
    return [(1, 1)]


@given(st.binary(max_size=200), st.sampled_from(["x.csv", "x.yaml", "x.xlsx"]))
def test_no_bytes_do_harm(content: bytes, source: str) -> None:
    assert places(content, source)


@given(st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=4), max_size=4), st.sampled_from(",;\t"))
def test_no_table_does_harm(rows: list[list[str]], delimiter: str) -> None:
    text = "id,host\n".replace(",", delimiter) + "\n".join(delimiter.join(row) for row in rows)
    assert all(min(place) >= 1 for place in places(text.encode("utf-8", "replace"), "x.csv"))
