"""Why a call failed, as a sentence."""

from __future__ import annotations

from engine.api.client import ApiError
from tui.app import MatthanApp
from tui.screens.context import Context


def test_failures_are_sentences(app: MatthanApp) -> None:
    context: Context = app.context
    assert context.failure(ApiError(0, "api.timeout", "")) == "Máy chủ không trả lời kịp."
    assert context.failure(ApiError(500, "x.y", "boom", "try again")) == "Không được: boom try again"
