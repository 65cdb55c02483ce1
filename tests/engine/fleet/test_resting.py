"""A camera in the engine that rests: what it tells is of when it was received; its own word wakes it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from engine.api import present
from engine.fleet.camera import LATEST
from engine.vision.rest.sleep import Hindrance
from tests.engine.fleet.test_unknown import sight


@pytest.mark.parametrize(("late", "told"), [(0.0, 0.0), (1.6, 1.6), (-3.0, 0.0), (1000.0, LATEST)])
async def test_what_is_looked_at_late_is_told_as_of_when_it_was_received(
    stage: Any, late: float, told: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = stage.runner(stage.script())
    now = stage.clock.monotonic()
    monkeypatch.setattr(type(stage.clock), "monotonic", lambda _: now)
    wall = stage.clock.now().wall
    runner._tell(sight(now - late), None)
    assert runner.seen is not None
    assert abs(runner.seen.at - (wall - timedelta(seconds=told))) < timedelta(seconds=0.5)


async def test_its_own_word_is_heard_and_lost_with_the_subscription(stage: Any) -> None:
    runner = stage.runner(stage.script())
    runner.listener.called(True)
    assert runner.trust.calls(stage.clock.monotonic())
    runner.listener.called(None)
    assert not runner.trust.calls(stage.clock.monotonic())
    assert not runner.trust.relied


async def test_clients_are_told_that_it_rests_or_why_it_cannot(stage: Any) -> None:
    runner = stage.runner(stage.script())
    analyzer = SimpleNamespace(skipped=0)
    runner._analysis.eye = SimpleNamespace(resting=True, spacing=2.04, wakeful=None, analyzer=analyzer)
    shown = present.camera(runner, 0.0)
    assert (shown.resting, shown.keyframes, shown.wakeful, shown.signal) == (True, 2.0, None, None)
    runner._analysis.eye = SimpleNamespace(
        resting=False, spacing=float("inf"), wakeful=(Hindrance.BLIND, float("inf")), analyzer=analyzer
    )
    runner.trust.hits = 3
    shown = present.camera(runner, 0.0)
    assert shown.keyframes is None
    assert shown.wakeful is not None
    assert "B-frames" in shown.wakeful.en
    assert shown.signal is not None
    assert shown.signal.hits == 3
    runner._analysis.eye = SimpleNamespace(
        resting=False, spacing=4.0, wakeful=(Hindrance.FAR, 4.0), analyzer=analyzer
    )
    far = present.camera(runner, 0.0).wakeful
    assert far is not None
    assert "4 seconds apart" in far.en
    assert "cách nhau 4 giây" in far.vi
