"""Whatever is told of a deed, it is kept as short JSON in UTF-8 and comes back as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.identity.audit_body import LONGEST, MOST, read, written
from engine.identity.record import AuditRecord, Deed, Outcome
from engine.identity.spool import drafted

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
FACTS = st.dictionaries(
    TEXT, TEXT | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
)
RECORDS = st.builds(
    AuditRecord,
    deed=st.sampled_from([*Deed]),
    outcome=st.sampled_from([*Outcome]),
    who=TEXT, name=TEXT, principal=TEXT, means=TEXT, address=TEXT, basis=TEXT, code=TEXT, why=TEXT,
    camera=st.none() | TEXT,
    about=FACTS,
    times=st.integers(1, 1 << 40),
)  # fmt: skip


@given(RECORDS)
def test_what_is_written_is_read(record: AuditRecord) -> None:
    body = written(record)
    assert read(record.deed, record.camera, body) == record
    assert json.loads(body).keys() >= {"outcome"}
    assert "deed" not in json.loads(body)


@given(st.text(alphabet=st.characters()), st.floats())
def test_whatever_it_holds_it_is_json_in_utf_8(text: str, number: float) -> None:
    """A lone surrogate or what is no number must not make a record that cannot be kept."""
    body = written(AuditRecord("ptz", why=text, about={text: text, "n": number}))
    body.encode()
    json.loads(body, parse_constant=pytest.fail)


def test_a_camera_and_a_deed_can_be_kept_whatever_they_are() -> None:
    draft = drafted(AuditRecord("\ud800", camera="\ud800" * 999), "id", datetime(2026, 3, 1, tzinfo=UTC))
    assert (draft.deed, draft.camera) == ("?", "?" * 200)


def test_it_is_short() -> None:
    about = {f"n{n}": "x" * 10_000 for n in range(1000)}
    body = written(AuditRecord("ptz", why="y" * 10_000, about=about))
    assert len(body) < (LONGEST + 20) * (MOST + 2)


@pytest.mark.parametrize(
    "body", [None, "", "{", "[]", "7", '{"outcome": "odd", "about": [], "times": "x", "who": 7}']
)
def test_what_is_no_record_says_what_its_columns_say(body: str | None) -> None:
    assert read("ptz", "gate", body) == AuditRecord("ptz", camera="gate")


def test_what_is_as_always_is_not_written() -> None:
    assert written(AuditRecord("ptz", camera="gate")) == '{"outcome":"done"}'
    told = replace(AuditRecord("ptz"), who="p1", times=3)
    assert json.loads(written(told)) == {"outcome": "done", "who": "p1", "times": 3}
