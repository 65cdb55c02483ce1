"""Coded pictures for the preview; deadlines that a machine under load meets."""

from __future__ import annotations

import pytest

from engine.preview import gallery, webrtc
from tests.engine.footage import footage, live, nals, tap

__all__ = ["footage", "live", "nals", "tap"]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that a machine under load would meet, made long; a test of one sets its own."""
    monkeypatch.setattr(gallery, "FIRST_DEADLINE", 60.0)
    monkeypatch.setattr(webrtc, "CONNECT_DEADLINE", 60.0)
