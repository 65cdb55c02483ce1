"""The report of a commissioning: what failed is on the first pages, nothing untested passes, both languages."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from engine.commission.handover.differences import differences
from engine.commission.record import Outcome
from engine.commission.report import tally
from engine.commission.report.document import document
from engine.commission.report.site_csv import MARK, harmless, site_csv
from engine.report.html import as_html
from engine.report.model import Footer, Report, Table, Tone, Toned, tone_of
from engine.report.pdf import as_pdf
from engine.text import LANGUAGES, Language, catalogue
from tests.engine.recording import PICTURE, camera, job, missing, result, steps
from tests.engine.reporting import HOSTILE

ZONE = timezone(timedelta(hours=7))


def made(language: Language = "vi", **more: object) -> Report:
    return document(job(), language, ZONE, lambda name: PICTURE, Footer("ab" * 32, "cd" * 32), **more)  # type: ignore[arg-type]


def tables(report: Report) -> list[Table]:
    return [part for section in report.sections for part in section.parts if isinstance(part, Table)]


def cells(report: Report) -> list[str]:
    return [cell for table in tables(report) for row in table.rows for cell in row]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_said_in_words(language: Language) -> None:
    old = job(camera("old"), missing())
    text = as_html(made(language, since=differences(old, job()))).decode()
    for word in ("commission_report.", "check_name.", "check_outcome.", "{", "stream.main"):
        assert word not in text.split("</style>")[1], word
    assert "192.0.2.9" in text
    assert "Nguyễn Văn An" in text


def test_a_state_is_told_by_its_sign_too() -> None:
    signs = {Tone.GOOD: "✓", Tone.DOUBT: "!", Tone.BAD: "×", Tone.NOTE: "–"}
    matrix = tables(made())[0]
    told = [cell for row in matrix.rows for cell in row[1:]]
    assert all(cell.startswith(signs[tone_of(cell)]) for cell in told)
    assert {tone_of(cell) for cell in told} == set(signs)


def test_the_matrix_has_the_gravest_of_each_group() -> None:
    row = tables(made())[0].rows[0]
    groups = dict(zip(tally.COLUMNS, row[1:], strict=True))
    assert {group: cell for group, cell in groups.items() if cell != "–"} == {
        "clock": "✓", "stream": "×", "names": "!", "picture": "✓",
    }  # fmt: skip
    assert isinstance(row[0], Toned)
    assert row[0].tone is Tone.BAD


def test_failures_come_before_warnings_in_what_is_to_be_done() -> None:
    assert [(each.id, found.outcome.value) for each, found in tally.to_do(job())] == [
        ("gate", "fail"),
        ("gate", "warn"),
    ]


@pytest.mark.parametrize(
    ("state", "sign"), [("failed", "×"), ("running", "×"), ("needs_yes", "!"), ("skipped", "")]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_step_that_is_not_done_is_to_be_done_before_any_check(
    language: Language, state: str, sign: str
) -> None:
    """A camera that let nobody in has no result of a check: it must not be missing among what is to be done."""
    shut = camera("shut", results=(), steps=steps(identify=state))
    report = document(job(shut, camera()), language, ZONE, lambda name: PICTURE)
    title = catalogue(language)["commission_report.to_do"]
    section = next(each for each in report.sections if each.heading == title)
    rows = [row for part in section.parts if isinstance(part, Table) for row in part.rows]
    assert [(row[0], row[1][:1]) for row in rows if row[0] == "shut"] == ([("shut", sign)] if sign else [])
    assert not sign or rows[0][0] == "shut"


def test_columns_of_ours_are_called_in_the_readers_language() -> None:
    told = camera(facts={"place": "Cột 3", "chủ hộ": "Bà Tư"})
    text = as_html(document(job(told), "vi", ZONE, lambda name: PICTURE)).decode()
    assert "Vị trí" in text
    assert "chủ hộ" in text


@pytest.mark.parametrize(
    ("results", "states", "verdict"),
    [
        (("pass", "not_tested"), {}, "pass"), (("pass", "warn"), {}, "warn"), (("warn", "fail"), {}, "fail"),
        (("not_tested",), {}, "not_tested"), (("pass",), {"password": "failed"}, "fail"),
        (("pass",), {"streams": "needs_yes"}, "warn"), ((), {"find": "failed"}, "fail"), ((), {}, "not_tested"),
    ],
)  # fmt: skip
def test_verdicts(results: tuple[str, ...], states: dict[str, str], verdict: str) -> None:
    found = camera(
        results=tuple(result(f"clock.c{n}", each) for n, each in enumerate(results)), steps=steps(**states)
    )
    assert tally.verdict(found) is Outcome(verdict)


def test_a_camera_that_was_not_found_fails_and_is_listed() -> None:
    assert tally.verdict(missing()) is Outcome.FAIL
    assert [each.id for each in tally.missing(job())] == ["market"]


def test_a_picture_that_is_gone_is_told() -> None:
    text = as_html(document(job(), "en", ZONE, lambda name: None)).decode()
    assert "The picture gate.jpg is not there." in text


def test_it_is_the_same_each_time() -> None:
    assert as_html(made()) == as_html(made())
    assert as_pdf(made()) == as_pdf(made())


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_texts_of_strangers_are_harmless(hostile: str) -> None:
    told = camera("gate", name=hostile, facts={hostile or "x": hostile}, username=hostile)
    report = document(job(told, site=hostile, title=hostile), "vi", ZONE, lambda name: PICTURE)
    assert b"<script" not in as_html(report)
    assert as_pdf(report).startswith(b"%PDF")


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_a_foreign_reader_finds_the_words_in_the_pdf(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(as_pdf(made()))
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    for word in (
        "Biên bản nghiệm thu camera",
        "Việc phải làm",
        "THIẾU: market",
        "Đại diện xã/phường",
        "cd" * 32,
        "✓",
    ):
        assert word in text


def test_a_row_for_each_camera() -> None:
    text = site_csv(job())
    assert text.startswith(MARK)
    rows = list(csv.DictReader(io.StringIO(text.removeprefix(MARK), newline="")))
    assert [row["id"] for row in rows] == ["gate", "market"]
    assert rows[0]["verdict"] == rows[1]["verdict"] == "fail"
    assert (rows[0]["stream.main.fps:value"], rows[0]["stream.main.fps:outcome"]) == ("32.0", "fail")
    assert (rows[0]["group:clock"], rows[0]["fact:Vị trí"], rows[1]["fact:Vị trí"]) == ("pass", "cột 3", "")
    assert (rows[0]["found"], rows[1]["found"]) == ("yes", "no")


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://192.0.2.1")']
)
def test_no_text_becomes_a_formula(formula: str) -> None:
    assert harmless(formula) == f"'{formula}"
    text = site_csv(job(camera(name=formula, facts={formula: formula})))
    for row in csv.reader(io.StringIO(text.removeprefix(MARK), newline="")):
        assert not [
            cell for cell in row if cell.startswith(("=", "+", "@", "\t", "\r")) or cell.startswith("-1")
        ]


@pytest.mark.parametrize("text", ["Kho;=1+1", 'a, "b"; @SUM(A1)', "x;\t-1", "x\t=1", ";;=1", "x\r\n+1"])
def test_no_piece_of_a_text_becomes_a_formula_where_the_list_separator_is_another(text: str) -> None:
    """Excel in Vietnamese cuts at ``;``, quotes or not."""
    cells = re.split(r"[;\t\r\n]", site_csv(job(camera(name=text))))
    assert not [cell for cell in cells if cell.strip().startswith(("=", "+", "-1", "@"))]


def test_numbers_stay_numbers() -> None:
    assert (harmless(-0.5), harmless(3), harmless("192.0.2.1")) == (-0.5, 3, "192.0.2.1")


def test_every_group_has_its_words() -> None:
    for language in LANGUAGES:
        assert {f"check_group.{each}" for each in tally.COLUMNS} <= set(catalogue(language))
