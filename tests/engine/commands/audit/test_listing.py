"""``matthan audit list`` as an auditor runs it: over the API, which records that it was read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from engine.commands.audit import app, listing
from engine.commands.output.talk import NO_ENGINE
from tests.fakes import audit


def run(socket: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["audit", "list", *words, "--socket", str(socket)])


def numbers(result: Result) -> list[int]:
    return [json.loads(line)["nth"] for line in result.stdout.splitlines()]


def test_oldest_first_with_grant_reason_and_what_became_of_it(engine: Path) -> None:
    lines = run(engine, "--lang", "vi").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    for nth, words in {
        1: ("đăng nhập", "(chi tiết không còn được lưu)"),
        2: ("Nguyễn Văn An", "cam-0", "xem hình trực tiếp", "[g1]", "10.0.0.7", "“báo cáo mất trộm”"),
        3: ("xem ảnh tĩnh", "×42"),
        5: ("bị từ chối", "quản trị viên"),
        6: ("không thành",),
        7: ("engine", "unwatched=True"),
    }.items():
        assert all(word in lines[nth - 1] for word in words), lines[nth - 1]
    assert "đỏ" in lines[7]
    assert "\x1b" not in "".join(lines)  # what somebody wrote as a reason does not drive the terminal
    english = run(engine, "--lang", "en").stdout
    assert "watched the live picture" in english
    assert "no longer kept" in english


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--who", "p2"), [4, 5, 8]),
        (("--who", "Bình", "--outcome", "refused"), [5]),
        (("--what", "ptz"), [4, 6]),
        (("--camera", "cam-0"), [2, 4]),
        (("--limit", "2"), [7, 8]),
        (("--who", "nobody"), []),
    ],
)
def test_what_is_asked_for(engine: Path, words: tuple[str, ...], found: list[int]) -> None:
    assert numbers(run(engine, "--json", *words)) == found


def test_many_pages(engine: Path, records: audit.Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 100)
    records.kept = audit.stored([replace(audit.AN, deed="ptz", about={"n": n}) for n in range(350)])
    assert numbers(run(engine, "--json", "--limit", "320")) == [*range(31, 351)]
    assert len(numbers(run(engine, "--json", "--limit", "999"))) == 350


def test_reading_it_is_a_deed(engine: Path, service: Any) -> None:
    run(engine, "--who", "p1")
    (told,) = [each for each in service.auditor.records if each.deed == "audit"]
    assert told.about["who"] == "p1"


def test_what_is_wrong_is_said(engine: Path, tmp_path: Path) -> None:
    assert run(engine, "--outcome", "odd").exit_code == 2
    assert run(engine, "--since", "yesterday").exit_code == 2
    assert run(tmp_path / "nobody").exit_code == NO_ENGINE
    nothing = run(engine, "--who", "nobody", "--lang", "en")
    assert (nothing.exit_code, nothing.stdout.strip()) == (0, "No such record.")
