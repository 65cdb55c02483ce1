"""A page that says everything, runs nothing, asks for nothing, and takes every text for a text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.report.html import as_html
from engine.report.model import Column, KeyValues, Paragraph, Picture, Report, Signatory, Table
from engine.report.readable import shown
from tests.engine.reporting import AT, HOSTILE, VIETNAMESE, jpeg, of, whole

#: Elements that a report has; another one came out of a text.
KNOWN = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "dl", "div", "dt", "dd",
    "section",
    "table", "caption", "colgroup", "col", "thead", "tbody", "tr", "th", "td", "figure", "img", "figcaption", "footer",
    "span", "br",
}  # fmt: skip


class Read(HTMLParser):
    """The elements of a page, its attributes, and its texts but for the style."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.texts, self._style = (
            set[str](),
            list[tuple[str, str]](),
            list[str](),
            False,
        )
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._style = tag == "style"
        if tag == "br":
            self.texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.texts.append(data)

    def said(self) -> str:
        return "".join(self.texts)


def test_everything_is_on_it(report: Report) -> None:
    read = Read(as_html(report))
    told = read.said()
    for each in (
        VIETNAMESE,
        "Nguyễn Văn Ưởng",
        "22:59",
        "ab" * 32,
        "cd" * 32,
        "Bảng 1",
        "Chỉ huy",
        "Mục 13",
        "ảnh hỏng",
    ):
        assert each in told
    assert read.elements == KNOWN
    assert ("lang", report.language) in read.attributes


def test_it_asks_for_nothing_and_runs_nothing(report: Report) -> None:
    page = as_html(report).decode()
    read = Read(page.encode())
    named = {name for name, _ in read.attributes}
    assert named <= {
        "lang", "dir", "charset", "http-equiv", "content", "name", "class", "width", "height", "src", "alt",
    }  # fmt: skip
    assert all(
        value.startswith("data:image/jpeg;base64,") for name, value in read.attributes if name == "src"
    )
    assert re.findall(r"url\((?!data:font/ttf;base64,)|@import|https?:", page) == []


def test_the_policy_lets_in_the_one_style_that_is_there(report: Report) -> None:
    page = as_html(report).decode()
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy == (
        f"default-src 'none'; img-src data:; font-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert page.index("Content-Security-Policy") < page.index("<style>")


def everywhere(text: str) -> Report:
    """A report that says one text wherever something can be said."""
    return Report(
        text, text, AT, "en", text,
        (*of(
            Paragraph(text), KeyValues([(text, text)]),
            Picture(jpeg(32, 24), text), Picture(text.encode("utf-8", "replace"), text),
            Table([Column(text), Column(text)], [[text, text]], text), Table([Column(text)] * 12, [[text] * 12], text),
            heading=text,
        ).sections,),
        (Signatory(text, text),),
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_is_a_text_wherever_it_stands(text: str) -> None:
    read = Read(as_html(everywhere(text)))
    assert read.elements <= KNOWN
    assert read.said().count(shown(text)) >= 35 or not shown(text).strip()


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_any_text_is_a_text(text: str) -> None:
    read = Read(as_html(everywhere(text)))
    assert read.elements <= KNOWN
    assert unescape(shown(text)) == shown(text) or shown(text) in read.said()


def test_the_same_report_is_the_same_bytes() -> None:
    assert as_html(whole("vi")) == as_html(whole("vi"))
    assert as_html(whole("vi")) != as_html(whole("en"))


@pytest.mark.peer
def test_a_browser_shows_and_prints_it_and_complains_of_nothing(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None or shutil.which("pdftotext") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("chromium or poppler-utils is not installed")
    page, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    report = whole("vi")
    page.write_bytes(as_html(replace(report, title="</title><script>document.title='taken'</script>")))
    done = subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr",
         f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={paper}", "--no-pdf-header-footer", page.as_uri()],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    told = subprocess.run(
        ["pdftotext", "-layout", paper, "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = told.split("\f")
    assert "Nguyễn Văn Ưởng" in told
    assert "document.title='taken'" in told
    assert sum("Thời điểm" in each for each in pages) >= 2  # headings of a table on each page
    fonts = subprocess.run(["pdffonts", paper], check=True, capture_output=True, text=True).stdout
    assert {line.split()[0].split("+")[-1] for line in fonts.splitlines()[2:]} <= {
        "SourceSansPro-Regular",
        "SourceSansPro-Bold",
    }
