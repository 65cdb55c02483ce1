"""Both languages are complete, every sentence used exists, and foreign text cannot drive the terminal."""

from __future__ import annotations

import ast
import string
import unicodedata
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api.resources.commissioning.jobs import Risk, Step
from rules.model import Kind
from tui.connection import ptz
from tui.presenters.job_sums import ASKED
from tui.presenters.symbols import (
    CAMERA_STATES,
    CONDITIONS,
    JOB_STATES,
    RULE_STATES,
    SEVERITIES,
    STEP_STATES,
)
from tui.screens.context import FAILURES
from tui.texts import LANGUAGES, Texts, catalogue, clean, fold

#: Objects that translate when they are called.
CALLED = {"t", "texts"}


def sources() -> list[Path]:
    return [Path(str(path)) for path in Path(str(files("tui"))).rglob("*.py")]


def literals() -> set[str]:
    """Every text in the UI's source that is written like a key."""
    found: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def called() -> set[str]:
    """Every key that a translating call is given as a literal."""
    found: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            key = node.args[0]
            if name in CALLED and isinstance(key, ast.Constant):
                found.add(str(key.value))
    return found


def composed() -> set[str]:
    """Every key that is put together from a value of a closed set."""
    return (
        {f"state.{state}" for state in CAMERA_STATES}
        | {f"hint.{state}" for state in CAMERA_STATES}
        | {f"severity.{name}" for name in SEVERITIES}
        | {f"phase.{phase}" for phase in ("firing", "resolved", "escalated", "silenced")}
        | {f"ptz.{direction}" for direction in ptz.MOVES}
        | {f"age.{unit}" for unit in ("second", "minute", "hour", "day")}
        | {f"delivery.{state}" for state in ("done", "again", "dead")}
        | {
            f"event.{kind}_{change}"
            for kind in ("object", "motion", "signal", "camera", "engine", "operator")
            for change in ("began", "ended", "noted")
        }
        | {f"kind.{kind}" for kind in (*Kind, "decision") if f"kind.{kind}" in catalogue("vi")}
        | {f"event.object_{mark}" for mark in ("unknown", "again")}
        | {f"event.condition_{change}" for change in ("began", "ended", "noted")}
        | {f"condition.{label}" for label in CONDITIONS}
        | {f"rule.{now}" for now in RULE_STATES}
        | {f"job.{now}" for now in JOB_STATES}
        | {f"step.{step}" for step in Step}
        | {f"step_state.{state}" for state in STEP_STATES}
        | {f"risk.{risk}" for risk in Risk if risk is not Risk.SAFE}
        | {f"risk_short.{risk}" for risk in Risk if risk is not Risk.SAFE}
        | {f"risk_ask.{risk}" for risk in ASKED}
        | {f"link.{cause}" for cause in ("absent", "denied", "closed", "silent")}
    )


def holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_sentences_with_the_same_holes() -> None:
    vi, en = catalogue("vi"), catalogue("en")
    assert set(vi) == set(en)
    assert {key: holes(vi[key]) for key in vi} == {key: holes(en[key]) for key in en}


def test_every_key_used_exists() -> None:
    known = set(catalogue("vi"))
    assert called() | composed() <= known
    tables = {key.partition(".")[0] for key in known}
    looks_like_key = {
        text
        for text in literals()
        if text.count(".") == 1
        and text.partition(".")[0] in tables
        and text.replace(".", "").isidentifier()
        and not text.endswith((".", ".tcss"))
    }
    assert looks_like_key - set(FAILURES) <= known  # the engine's codes look like keys too


def test_every_sentence_is_used() -> None:
    free = {
        key
        for key in catalogue("vi")
        if key.startswith(("label.", "labels.", "told.", "answer.", "feature."))
    }
    assert set(catalogue("vi")) - free <= literals() | composed()


def test_every_sentence_is_composed_and_printable() -> None:
    for language in LANGUAGES:
        for sentence in catalogue(language).values():
            assert clean(sentence) == sentence


@given(st.text())
def test_foreign_text_becomes_one_harmless_line(text: str) -> None:
    told = clean(text)
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in told)
    assert clean(told) == told


def test_an_escape_sequence_in_a_name_is_shown_not_obeyed() -> None:
    assert clean("Gate\x1b]0;owned\x07\n\u202e") == "Gate·]0;owned···"


def test_vietnamese_survives_and_is_found_without_diacritics() -> None:
    assert clean(unicodedata.normalize("NFD", "Cổng Đồng Bông")) == "Cổng Đồng Bông"
    assert fold("Cổng Đồng Bông") == "cong dong bong"


@pytest.mark.parametrize(
    ("seconds", "vi", "en"),
    [
        (None, "–", "–"),
        (-5, "0 giây", "0 s"),
        (59.9, "59 giây", "59 s"),
        (60, "1 phút", "1 min"),
        (7200, "2 giờ", "2 h"),
        (345_600, "4 ngày", "4 d"),
    ],
)
def test_ages(seconds: float | None, vi: str, en: str) -> None:
    assert (Texts("vi").age(seconds), Texts("en").age(seconds)) == (vi, en)


def test_numbers_and_counts() -> None:
    assert Texts("vi").number(12345.67, 1) == "12.345,7"
    assert Texts("en").number(12345.67, 1) == "12,345.7"
    assert Texts("en").labels({"person": 2, "car": 1}) == "2 people, 1 car"
    assert Texts("vi").labels({"person": 2, "forklift": 3}) == "3 forklift, 2 người"
