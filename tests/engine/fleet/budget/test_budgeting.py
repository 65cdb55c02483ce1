"""A machine that is full is told, camera by camera, and so is its end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from engine.fleet.budget.budget import GIVE, TAKE
from engine.fleet.budget.budgeting import Budgeting
from engine.fleet.state import CameraState
from engine.runtime.cores import Load


def online(stage: Any, spent: list[float]) -> Any:
    runner = stage.runner(stage.script())
    runner.status.state = CameraState.ONLINE
    stages = SimpleNamespace(seconds={"decode": spent[0]})
    runner._analysis.eye = SimpleNamespace(analyzer=SimpleNamespace(stages=stages), slow=spent.append)
    return runner


async def test_it_is_said_by_camera_since_when_and_how_slowly_and_when_it_is_over(stage: Any) -> None:
    asked: list[Any] = [1.0]
    runner = online(stage, asked)
    budgeting = Budgeting({"gate": runner}, stage.clock, SimpleNamespace(count=2.0))  # type: ignore[arg-type]
    for _ in range(TAKE):
        await budgeting.look(Load(1.0, 0.9))
    assert runner.conditions.standing["slowed"].sentence.code == "camera.slowed_most"
    assert asked[-1] == 0.0
    for _ in range(4 * GIVE):
        await budgeting.look(Load(0.1, 0.1))
    assert "slowed" not in runner.conditions.standing
    assert asked[-1] is None
    assert stage.drafts.health("gate")[0] == "slowed"
    assert stage.drafts.health("gate").count("slowed") == 2


async def test_who_is_not_online_has_nothing_to_give(stage: Any) -> None:
    runner = online(stage, [1.0])
    runner.status.state = CameraState.LOST
    budgeting = Budgeting({"gate": runner}, stage.clock, SimpleNamespace(count=2.0))  # type: ignore[arg-type]
    for _ in range(TAKE):
        await budgeting.look(Load(1.0, 0.9))
    assert budgeting.budget.step == {}
    assert stage.drafts.health("gate") == []


async def test_what_others_take_slows_no_camera_and_is_told_when_it_lasts(stage: Any) -> None:
    budgeting = Budgeting({"gate": online(stage, [1.0])}, stage.clock, SimpleNamespace(count=2.0))  # type: ignore[arg-type]
    for _ in range(29):
        await budgeting.look(Load(1.0, 0.2))
    assert list(budgeting.problems()) == []
    await budgeting.look(Load(1.0, 0.2))
    assert [each.code for each in budgeting.problems()] == ["engine.crowded"]
    assert budgeting.budget.step == {}
    await budgeting.look(Load(0.9, 0.2))
    assert list(budgeting.problems()) == []
