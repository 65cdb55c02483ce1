from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.runtime.clock import ManualClock
from engine.store.db import Store, open_store
from engine.store.model import Verdict, calls_of
from rules.model import (
    ActionCall,
    CameraId,
    Change,
    Decision,
    DecisionId,
    Event,
    EventId,
    Kind,
    Phase,
    RuleName,
    Sentence,
    Severity,
)

DAWN = datetime(2026, 3, 1, 5, 30, tzinfo=UTC)


def _event(seq: int, camera: str | None = "gate", **more: object) -> Event:
    at = DAWN + timedelta(seconds=seq)
    return Event(
        id=EventId(f"event-{seq:08}"),
        site="site",
        seq=seq,
        kind=Kind.OBJECT,
        change=Change.BEGAN,
        camera=None if camera is None else CameraId(camera),
        at=at,
        received_at=at,
        **more,  # type: ignore[arg-type] # a factory: the fields are checked by Event's own annotations
    )


def _decision(number: int, *actions: ActionCall, camera: str | None = "gate", cause: int = 1) -> Decision:
    at = DAWN + timedelta(seconds=number)
    return Decision(
        id=DecisionId(f"decision-{number:08}"),
        rule=RuleName("night-gate"),
        phase=Phase.FIRING,
        key=f"{camera}/track:{number}",
        camera=None if camera is None else CameraId(camera),
        at=at,
        since=at - timedelta(seconds=3),
        cause=EventId(f"event-{cause:08}"),
        severity=Severity.WARNING,
        title={"vi": "Người ở cổng", "en": "Person at the gate"},
        reason=Sentence("reason.person", {"zone": "cổng", "score": 0.8}),
        actions=actions,
        alert=DecisionId(f"decision-{number:08}"),
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(DAWN, engine=100.0)


@pytest.fixture
def make_event() -> Callable[..., Event]:
    return _event


@pytest.fixture
def make_decision() -> Callable[..., Decision]:
    return _decision


@pytest.fixture
def make_verdict(clock: ManualClock) -> Callable[..., Verdict]:
    def make(*items: Event | Decision) -> Verdict:
        decisions = tuple(item for item in items if isinstance(item, Decision))
        return Verdict(
            events=tuple(item for item in items if isinstance(item, Event)),
            changes=(),
            decisions=decisions,
            calls=tuple(call for made in decisions for call in calls_of(made)),
            mark=clock.mark(),
        )

    return make


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "state" / "matthan.db", quota_mb=64, clock=clock) as opened:
        yield opened
