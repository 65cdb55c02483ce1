"""Cells that are meant somehow, tables of signs that stand, sections on a page of their own."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.report.html import as_html
from engine.report.model import Column, Paragraph, Report, Section, Table, Tone, Toned, tone_of
from engine.report.pdf import as_pdf
from tests.engine.reporting import AT, of

SIGNS = [
    Toned("✓", Tone.GOOD),
    Toned("!", Tone.DOUBT),
    Toned("× 2", Tone.BAD),
    Toned("–", Tone.NOTE),
    "plain",
]


def test_a_toned_text_is_a_text() -> None:
    cell = Toned("×", Tone.BAD)
    assert (cell, len(cell), tone_of(cell), tone_of("x")) == ("×", 1, Tone.BAD, Tone.PLAIN)


def test_each_tone_has_its_class_and_the_sheet_knows_it() -> None:
    page = as_html(of(Table([Column("a")], [[each] for each in SIGNS]))).decode()
    style, body = page.split("</style>")
    told = re.findall(r'<td class="(is-[a-z]+)">', body)
    assert told == ["is-good", "is-doubt", "is-bad", "is-note"]
    assert all(f".{name} {{" in style for name in told)
    assert "<td>plain</td>" in body


def test_figures_keep_their_side() -> None:
    page = as_html(of(Table([Column("a", figures=True)], [[Toned("1", Tone.BAD)]]))).decode()
    assert '<td class="figures is-bad">1</td>' in page
    assert '<th class="figures">a</th>' in page


pdf = pytest.mark.skipif(shutil.which("pdfinfo") is None, reason="pdfinfo is not installed")


def pages(report: Report, tmp_path: Path) -> list[str]:
    (tmp_path / "r.pdf").write_bytes(as_pdf(report))
    told = subprocess.run(
        ["pdfinfo", "-l", "-1", tmp_path / "r.pdf"], capture_output=True, text=True, check=True
    )
    return re.findall(r"Page +\d+ size: +([0-9.]+) x", told.stdout)


@pytest.mark.peer
@pdf
def test_a_table_of_signs_stands_and_another_lies(tmp_path: Path) -> None:
    columns, rows = [Column(f"c{n}") for n in range(10)], [["x"] * 10]
    assert pages(of(Table(columns, rows, upright=True)), tmp_path) == ["595.276"]
    assert "841.89" in pages(of(Table(columns, rows)), tmp_path)


@pytest.mark.peer
@pdf
def test_a_section_may_begin_on_a_page_of_its_own(tmp_path: Path) -> None:
    parts = (Paragraph("x"),)
    together = Report("t", "s", AT, "vi", sections=(Section("a", parts), Section("b", parts)))
    apart = Report("t", "s", AT, "vi", sections=(Section("a", parts), Section("b", parts, page=True)))
    assert (len(pages(together, tmp_path)), len(pages(apart, tmp_path))) == (1, 2)
    assert '<section class="page">' in as_html(apart).decode()
