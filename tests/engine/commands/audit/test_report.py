"""``matthan audit report``: what the log says, on paper, in both languages, with a digest that can be made again."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.commands.audit import app, report
from tests.fakes import audit


def run(socket: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words, "--socket", str(socket)])


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("vi", ("Báo cáo nhật ký", "Nguyễn Văn An", "xem ảnh tĩnh ×42", "bị từ chối: đổi", "Người kiểm tra")),
        ("en", ("Report of the audit log", "looked at a still ×42", "refused: changed configuration", "Auditor")),
    ],
)  # fmt: skip
def test_as_a_page(engine: Path, tmp_path: Path, lang: str, words: tuple[str, ...]) -> None:
    file = tmp_path / "r.html"
    told = run(engine, "report", str(file), "--lang", lang)
    assert told.exit_code == 0, told.output
    page = file.read_text("utf-8")
    assert all(each in page for each in words)
    assert "<script" not in page
    assert "\x1b" not in page
    assert file.stat().st_mode & 0o077 == 0
    listed = run(engine, "list", "--json", "--limit", str(report.MOST)).stdout
    if "\\u001b" not in listed:  # nothing of what was typed had to be made harmless for the terminal
        assert sha256(listed.encode()).hexdigest() in page


def test_its_digest_is_that_of_the_list(engine: Path, records: audit.Records, tmp_path: Path) -> None:
    records.kept = records.kept[:-1]
    run(engine, "report", str(tmp_path / "r.html"))
    listed = run(engine, "list", "--json", "--limit", str(report.MOST)).stdout
    assert sha256(listed.encode()).hexdigest() in (tmp_path / "r.html").read_text("utf-8")


def test_on_paper_too_it_stands_whose_rights_were_changed_and_to_what(
    engine: Path, records: audit.Records, tmp_path: Path
) -> None:
    about = {"asked": "POST /v1/grants", "permission": "access", "person": "binh", "role": "admin"}
    records.kept = audit.stored([audit.AN, replace(audit.AN, deed="access", about=about)])
    run(engine, "report", str(tmp_path / "r.html"))
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "person=binh role=admin" in page
    assert "POST /v1/grants" not in page


def test_as_pdf(engine: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.pdf"
    assert run(engine, "report", str(file), "--who", "p1").exit_code == 0
    assert file.read_bytes().startswith(b"%PDF-")


def test_one_that_is_cut_says_so(engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST", 3)
    run(engine, "report", str(tmp_path / "r.html"), "--lang", "en")
    assert "more than 3 records" in (tmp_path / "r.html").read_text("utf-8")


def test_what_is_wrong_is_said(engine: Path, tmp_path: Path) -> None:
    (tmp_path / "there.pdf").write_bytes(b"x")
    assert run(engine, "report", str(tmp_path / "r.doc")).exit_code == 2
    assert run(engine, "report", str(tmp_path / "there.pdf")).exit_code == 2
    assert (tmp_path / "there.pdf").read_bytes() == b"x"
    assert run(engine, "report", str(tmp_path / "gone" / "r.pdf")).exit_code == 1
    assert run(engine, "report", str(tmp_path / "there.pdf"), "--force").exit_code == 0
