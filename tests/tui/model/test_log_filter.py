"""What a person wants to see of the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.api import wire
from tui.model.log_filter import LogFilter

AT = datetime(2025, 11, 22, 7, tzinfo=UTC)


def event(seq: int, change: str = "began", **told: object) -> wire.Event:
    usual = {
        "id": f"e{seq}",
        "seq": seq,
        "kind": "motion",
        "change": change,
        "at": AT + timedelta(seconds=seq),
    }
    return wire.Event.model_validate(usual | told)


def decision(number: int, **told: object) -> wire.Decision:
    usual = {
        "id": f"d{number}",
        "rule": "dem-khuya",
        "phase": "firing",
        "key": "k",
        "at": AT + timedelta(seconds=number),
        "since": AT,
        "cause": "e1",
        "severity": "warning",
        "reason": {"code": "c"},
    }
    return wire.Decision.model_validate(usual | told)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["d2", "e1"]),
        ("camera:cong", ["d2", "e1"]),
        ("CAMERA:Cổng kind:object", ["e1"]),
        ("kind:decision", ["d2"]),
        ("rule:khuya severity:warning", ["d2"]),
        ("nguoi", ["d2", "e1"]),
        ("lảng vảng", ["d2"]),
        ("zone:san person", ["e1"]),
        ("http://x", []),
        ("kind:", ["d2", "e1"]),
    ],
)
def test_filtering(text: str, found: list[str]) -> None:
    seen = event(1, kind="object", label="person", camera="gate", zones=("san",))
    judged = decision(2, camera="gate")
    sentences = {"e1": "Thấy người ở san", "d2": "Người lảng vảng: …"}
    query = LogFilter.parse(text)
    shown = [entry.id for entry in (judged, seen) if query.matches(entry, "Cổng UBND", sentences[entry.id])]
    assert shown == found


def test_only_decisions() -> None:
    query = LogFilter.parse("", decisions=True)
    assert query.matches(decision(1), "", "")
    assert not query.matches(event(1), "", "")
