"""``matthan rules problem``: every page can be read where the wheel is; what is none is told, with the nearest."""

from __future__ import annotations

import json

import pytest

from rules.problems import codes, page_name, read_page
from rules.text import catalogue
from tests.engine.commands.rule_site import run


def test_a_page_has_sentence_cause_cure_and_example() -> None:
    done = run("problem", "no_cooldown")
    assert done.exit_code == 0, done.output
    page = read_page("problem.no_cooldown")
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "no_cooldown",
        f"  {catalogue('en')['problem.no_cooldown']}",
        "Cause",
        f"  {page.cause}",
    ]
    assert lines[4:6] == ["Cure", f"  {page.cure}"]
    assert [line.removeprefix("    ") for line in lines[8:]] == page.example.splitlines()
    assert "\x1b" not in done.stdout


def test_it_speaks_both_languages() -> None:
    done = run("problem", "host", lang="vi")
    assert done.stdout.splitlines()[1] == f"  {catalogue('vi')['problem.host']}"
    assert "Nguyên nhân" in done.stdout
    assert "Cách sửa" in done.stdout
    assert run("problem", "host", "--lang", "vi").stdout == done.stdout


def test_the_code_of_a_check_in_json_does_too() -> None:
    assert run("problem", "problem.host").stdout == run("problem", "host").stdout
    assert json.loads(run("problem", "problem.host", "--json").stdout) == {
        "code": "problem.host",
        "sentence": catalogue("en")["problem.host"],
        "cause": read_page("problem.host").cause,
        "cure": read_page("problem.host").cure,
        "example": read_page("problem.host").example,
    }
    assert json.loads(run("problem", "clean.stale", "--json").stdout)["example"] is None


def test_without_a_code_all_are_listed() -> None:
    lines = run("problem").stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [page_name(code) for code in codes()]
    told = json.loads(run("problem", "--json", lang="vi").stdout)["problems"]
    assert {each["code"]: each["sentence"] for each in told} == {
        code: catalogue("vi")[code] for code in codes()
    }


def test_what_is_no_problem_is_told_with_the_nearest() -> None:
    done = run("problem", "no_cooldwn")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "matthan: there is no problem “no_cooldwn”; did you mean “no_cooldown”?\n"
    done = run("problem", "../x", lang="vi")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "matthan rules problem" in done.stderr


@pytest.mark.parametrize("code", codes())
def test_every_page_can_be_shown(code: str) -> None:
    done = run("problem", page_name(code))
    assert done.exit_code == 0, done.output
    assert read_page(code).cure.split()[0] in done.stdout
