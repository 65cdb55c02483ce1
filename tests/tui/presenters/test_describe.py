"""How events, decisions and facts read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.api import wire
from tui.presenters import describe
from tui.texts import Texts


def test_what_is_the_matter_is_no_coming_and_going() -> None:
    at = wire.Event(
        id="e", seq=1, kind="camera", change="began", at=datetime(2026, 1, 1, tzinfo=UTC), label="deaf"
    )
    t = Texts("en")
    assert describe.event_words(at, t) == "Camera: deaf"
    assert describe.event_words(at.model_copy(update={"change": "ended"}), t) == "Camera: deaf, over"
    assert describe.event_words(at.model_copy(update={"label": "online"}), t) == "Camera is up"


@pytest.mark.parametrize(
    ("name", "value", "vi", "en"),
    [
        ("stood", 12.5, ("Đã đứng yên (giây)", "12,5"), ("Had stood for (seconds)", "12.5")),
        ("dwell:san", 3.0, ("Ở vùng san (giây)", "3,0"), ("In zone san for (seconds)", "3.0")),
        ("ptz_moving", True, ("Camera đang quay", "có"), ("Camera is turning", "yes")),
        ("direction", "in", ("Chiều qua vạch", "vào"), ("Direction over the line", "in")),
        ("left", "cong san", ("Vừa rời vùng", "cong san"), ("Left zone", "cong san")),
        ("IsTamper", "x\x1b", ("IsTamper", "x·"), ("IsTamper", "x·")),
    ],
)
def test_facts_are_named_in_words_and_unknown_ones_stay(
    name: str, value: wire.Fact, vi: tuple[str, str], en: tuple[str, str]
) -> None:
    assert (describe.fact(name, value, Texts("vi")), describe.fact(name, value, Texts("en"))) == (vi, en)
