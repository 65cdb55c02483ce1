"""A PDF that says everything, with its letters in it, the same each time, whatever it is given, and in bounded time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from engine.report import layout
from engine.report.model import Column, KeyValues, Paragraph, Part, Picture, Report, Signatory, Table
from engine.report.paper import _glyphs
from engine.report.pdf import as_pdf
from engine.report.readable import shown
from tests.engine.reporting import AT, HOSTILE, VIETNAMESE, jpeg, of, whole

Poppler = Callable[..., str]


@pytest.fixture
def poppler(tmp_path: Path) -> Poppler:
    """Another program that reads PDF: what it says of a report."""

    def ask(program: str, data: bytes, *words: str) -> str:
        if shutil.which(program) is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("poppler-utils is not installed")
        path = tmp_path / "report.pdf"
        path.write_bytes(data)
        done = subprocess.run([program, *words, path, *(["-"] if program == "pdftotext" else [])],
                              check=True, capture_output=True, text=True)  # fmt: skip
        assert done.stderr == ""
        return done.stdout

    return ask


def pages(data: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", data))


@pytest.mark.peer
def test_another_program_reads_everything(report: Report, poppler: Poppler) -> None:
    data = as_pdf(report)
    told = poppler("pdftotext", data, "-raw")
    together = "".join(told.split())
    for each in (
        VIETNAMESE,
        "NguyễnVănƯởng",
        "22:59",
        "ab" * 32,
        "cd" * 32,
        "Bảng1",
        "Chỉhuy",
        "Mục13",
        "ảnhhỏng",
    ):
        assert each in together
    every = told.split("\f")[:-1]
    assert len(every) == pages(data)
    number = {"vi": "Trang {}/{}", "en": "Page {} of {}"}[report.language]
    for n, page in enumerate(every, 1):
        assert number.format(n, len(every)) in page
        assert "ab" * 32 in page
    assert sum("Thời điểm" in page for page in every) >= 2


@pytest.mark.peer
def test_its_letters_are_in_it_and_it_says_what_it_is(report: Report, poppler: Poppler) -> None:
    data = as_pdf(report)
    fonts = [line.split() for line in poppler("pdffonts", data).splitlines()[2:]]
    assert {each[0].split("+")[-1] for each in fonts} == {"SourceSansPro-Regular", "SourceSansPro-Bold"}
    assert all(
        each[-5:-2] == ["yes", "yes", "yes"] for each in fonts
    )  # embedded, a part, with its letters' names
    told = poppler("pdfinfo", data, "-rawdates")
    assert re.search(r"Title: +Biên bản ca trực\n", told)
    assert re.search(r"Author: +Xã Tân Lập\n", told)
    assert re.search(r"CreationDate: +D:20260302053000\+07'00'\n", told)
    assert re.search(r"JavaScript: +no\n", told)
    assert f"/Lang ({report.language})".encode() in data


def test_nothing_in_it_acts_or_leads_elsewhere(report: Report) -> None:
    data = as_pdf(report)
    acts = (b"/JavaScript", b"/JS", b"/URI", b"/Launch", b"/OpenAction", b"/AA ", b"/AcroForm", b"http")
    assert [each for each in acts if each in data] == []


def test_a_heading_goes_with_what_stands_below_it() -> None:
    """A table that needs a page that lies takes its heading along: no page has a heading alone."""
    wide = Table([Column(str(n)) for n in range(8)], [["ô"] * 8])
    assert pages(as_pdf(of(wide))) == pages(as_pdf(of(Paragraph("a"), wide)))


def test_the_same_report_is_the_same_bytes_in_another_process_too() -> None:
    told = "import sys; from hashlib import sha256; from tests.engine.reporting import whole; "
    told += "from engine.report.pdf import as_pdf; print(sha256(as_pdf(whole('vi'))).hexdigest())"
    found = {
        subprocess.run(
            [sys.executable, "-c", told], check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout.strip()
        for seed, zone in (("1", "UTC"), ("2", "Asia/Ho_Chi_Minh"))
    }  # fmt: skip
    assert found == {sha256(as_pdf(whole("vi"))).hexdigest()}
    assert as_pdf(whole("vi")) != as_pdf(whole("en"))


def test_threads_that_want_one_at_once_get_their_own() -> None:
    expected = {title: as_pdf(of(Paragraph(title), title=title)) for title in map(str, range(8))}
    with ThreadPoolExecutor(8) as threads:
        assert (
            dict(
                zip(expected, threads.map(lambda t: as_pdf(of(Paragraph(t), title=t)), expected), strict=True)
            )
            == expected
        )


def everywhere(text: str) -> Report:
    parts: list[Part] = [
        Paragraph(text), KeyValues([(text, text)]), Picture(jpeg(32, 24), text), Picture(b"none", text),
        Table([Column(text), Column(text, figures=True)], [[text, text]], text),
        Table([Column(text)] * layout.MOST_COLUMNS, [[text] * layout.MOST_COLUMNS], text),
        Table([Column(text)] * 12, [[text] * 12], text),
    ]  # fmt: skip
    report = of(*parts, heading=text, title=text, language="en")
    return Report(text, text, AT, "en", text, report.sections, (Signatory(text, text),))


@pytest.mark.peer
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_is_a_text_wherever_it_stands(text: str, poppler: Poppler) -> None:
    data = as_pdf(everywhere(text))
    told = "".join(poppler("pdftotext", data, "-raw").split())
    seen = "".join(shown(text, _glyphs().__contains__).split())[:150]
    assert told.count(seen) >= 20 or len(text) > 30 or not seen


def test_a_cell_higher_than_a_page_goes_on_on_the_next() -> None:
    long = "x" * 10_000
    data = as_pdf(of(Table([Column("a"), Column("b", 9)], [[long, "W" * 3000], ["\n" * 2000, long]] * 3)))
    assert pages(data) > 10


def rows(columns: int, many: int) -> int:
    """The pages of a table."""
    table = Table([Column(f"Cột {n}") for n in range(columns)], [["Người lạ ở sân sau"] * columns] * many)
    return pages(as_pdf(of(table)))


def test_a_thousand_rows_of_ten_columns_are_drawn() -> None:
    assert 30 < rows(10, 1000) < 100


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_as_many_rows_as_are_shown_are_drawn() -> None:
    assert rows(10, 5000) > 150
    assert rows(4, layout.MOST_ROWS) <= rows(4, layout.MOST_ROWS + 1) <= rows(4, layout.MOST_ROWS) + 1


@pytest.mark.peer
def test_rows_beyond_what_is_shown_are_told(monkeypatch: pytest.MonkeyPatch, poppler: Poppler) -> None:
    monkeypatch.setattr(layout, "MOST_ROWS", 20)
    table = Table([Column("a")], [[f"row {n}"] for n in range(25)])
    told = poppler("pdftotext", as_pdf(of(table, language="en")))
    assert ("row 19" in told, "row 20" in told, "5 more rows are not in this report" in told) == (
        True,
        False,
        True,
    )


def test_a_report_of_nothing_is_a_page() -> None:
    assert pages(as_pdf(Report("", "", AT, "vi"))) == 1
    assert pages(as_pdf(Report("a", "b", AT, "vi", sections=of(KeyValues([])).sections))) == 1


def test_what_is_heavy_is_imported_when_a_report_is_asked_for() -> None:
    told = "import sys, engine.report.html, engine.report.pdf, engine.seal.keys, engine.seal.head_keeping; "
    told += "print([each for each in ('reportlab', 'PIL', 'cryptography', 'rfc8785') if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
