"""PTZ against a head that misbehaves: the watchdog, time-outs that are refused, a Stop that is unknown."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drivers.contract import PtzVector
from drivers.errors import DriverError, Refused, Unreachable, Unsupported
from drivers.nursery import nursery
from drivers.onvif import ptz
from drivers.onvif.soap import Service


class Head:
    """What the onvif driver calls a PTZ service: notes the calls, fails as told."""

    def __init__(self, **faults: list[DriverError | None]) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.faults = faults
        self.stopped = asyncio.Event()

    async def call(self, operation: str, **arguments: Any) -> Any:
        self.calls.append((operation, arguments))
        faults = self.faults.get(operation)
        fault = faults.pop(0) if faults else None
        if fault is not None:
            raise fault
        if operation == "GetPresets":
            return [SimpleNamespace(token=token, Name=name, PTZPosition=None) for token, name in PRESETS]
        still = PtzVector() == PtzVector(**_pan(arguments)) if operation == "ContinuousMove" else False
        if operation == "Stop" or still:
            self.stopped.set()
        return SimpleNamespace(Position=None, MoveStatus=None)

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]


PRESETS = [("1", "gate"), ("gate", "road"), ("3", "gate")]


def _pan(arguments: dict[str, Any]) -> dict[str, float]:
    vector = arguments["Velocity"]
    return {"pan": vector["PanTilt"]["x"], "tilt": vector["PanTilt"]["y"], "zoom": vector["Zoom"]["x"]}


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ptz, "STOP_AGAIN", (0.0, 0.0, 0.0))


def head_of(head: Head, tasks: Any) -> ptz.OnvifPtz:
    return ptz.OnvifPtz(cast(Service, head), "profile", ptz.Spaces(), tasks, "cam")


async def test_our_timer_stops_what_the_device_does_not() -> None:
    head = Head()
    async with nursery() as tasks, asyncio.timeout(60):
        await head_of(head, tasks).move(PtzVector(pan=1), timeout=0.01)
        await head.stopped.wait()
    assert head.operations() == ["ContinuousMove", "Stop"]
    assert head.calls[0][1]["Timeout"] == timedelta(seconds=1)


@pytest.mark.usefixtures("no_pause")
async def test_the_watchdog_tries_again() -> None:
    away: DriverError | None = Unreachable(host="cam", detail="x")
    head = Head(Stop=[away, away, None])
    async with nursery() as tasks, asyncio.timeout(60):
        await head_of(head, tasks).move(PtzVector(pan=1), timeout=0.01)
        await head.stopped.wait()
    assert head.operations().count("Stop") == 3


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("fault", [Unreachable(host="cam", detail="x"), Refused(host="cam", user="u")])
async def test_a_head_that_cannot_be_stopped_is_logged(
    fault: DriverError, caplog: pytest.LogCaptureFixture
) -> None:
    head = Head(Stop=[fault] * 9)
    async with nursery() as tasks, asyncio.timeout(60):
        moving = head_of(head, tasks)
        await moving.move(PtzVector(pan=1), timeout=0.01)
        assert moving._watchdog is not None
        await moving._watchdog
    assert "cam" in caplog.text


async def test_a_stop_that_is_unknown_becomes_a_move_of_zero() -> None:
    head = Head(Stop=[Unsupported(host="cam", detail="x")])
    async with nursery() as tasks:
        await head_of(head, tasks).stop()
    assert head.operations() == ["Stop", "ContinuousMove"]
    assert head.stopped.is_set()


async def test_a_refused_timeout_is_left_out_from_then_on() -> None:
    head = Head(ContinuousMove=[Unsupported(host="cam", detail="Timeout")])
    async with nursery() as tasks:
        moving = head_of(head, tasks)
        await moving.move(PtzVector(pan=1), timeout=60)
        await moving.move(PtzVector(pan=1), timeout=60)
        await moving.stop()
    assert ["Timeout" in arguments for _, arguments in head.calls] == [True, False, False, False]


async def test_a_new_move_replaces_the_timer_of_the_old() -> None:
    head = Head()
    async with nursery() as tasks:
        moving = head_of(head, tasks)
        await moving.move(PtzVector(pan=1), timeout=60)
        first = moving._watchdog
        await moving.move(PtzVector(pan=-1), timeout=60)
        assert first is not None
        await asyncio.wait([first], timeout=60)
        assert first.cancelled()
        assert not head.stopped.is_set()
        await moving.close()
    assert head.stopped.is_set()


@pytest.mark.parametrize(("asked", "token"), [("1", "1"), ("gate", "gate"), ("road", "gate"), ("3", "3")])
async def test_presets_go_by_token_before_name(asked: str, token: str) -> None:
    head = Head()
    async with nursery() as tasks:
        await head_of(head, tasks).goto(asked)
    assert head.calls[-1][1]["PresetToken"] == token


async def test_an_unknown_preset_names_the_known() -> None:
    head = Head()
    async with nursery() as tasks:
        with pytest.raises(Unsupported) as caught:
            await head_of(head, tasks).goto("roof")
    assert caught.value.values["known"] == "gate, road, gate"
    assert "GotoPreset" not in head.operations()


async def test_a_nursery_lets_the_users_exception_out_bare() -> None:
    async def use() -> None:
        async with nursery() as tasks:
            tasks.start("sleeps", asyncio.sleep(60))
            raise Unreachable(host="cam", detail="x")

    with pytest.raises(Unreachable):
        await use()
    assert "sleeps" not in {task.get_name() for task in asyncio.all_tasks()}
