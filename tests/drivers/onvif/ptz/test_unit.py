"""PTZ against a head that misbehaves: the watchdog, time-outs that are refused, a Stop that is unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drivers.contract import PtzVector
from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from drivers.kit.nursery import nursery
from drivers.onvif.ptz import unit
from drivers.onvif.ptz.spaces import AXES, Axes, Axis, Spaces
from drivers.onvif.soap.client import ZeepService

Refuses = Callable[[str, dict[str, Any]], bool]


class Head:
    """What the onvif driver calls a PTZ service: moves as a body would, notes the calls, fails as told.

    `refuses`: says no to a call, for ever; `faults`: what the next calls of an operation end with.
    """

    def __init__(
        self, refuses: Refuses = lambda operation, arguments: False, **faults: list[DriverError | None]
    ) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.faults, self.refuses = faults, refuses
        self.stopped = asyncio.Event()
        self.speeds: dict[str, dict[str, float]] = {}

    async def call(self, operation: str, **arguments: Any) -> Any:
        self.calls.append((operation, arguments))
        faults = self.faults.get(operation)
        fault = faults.pop(0) if faults else None
        if fault is not None:
            raise fault
        if self.refuses(operation, arguments):
            raise Unsupported(host="cam", detail="ter:InvalidArgVal")
        if operation == "GetPresets":
            return [SimpleNamespace(token=token, Name=name, PTZPosition=None) for token, name in PRESETS]
        if operation == "ContinuousMove":
            self.speeds |= arguments["Velocity"]
        if operation == "Stop":
            named = [axis for axis in AXES if arguments.get(axis)]
            self.speeds |= {str(axis): {} for axis in named or AXES}
        if operation in ("Stop", "ContinuousMove") and not self.moving():
            self.stopped.set()
        return SimpleNamespace(Position=None, MoveStatus=None)

    def moving(self) -> set[str]:
        """The axes that move."""
        return {axis for axis, told in self.speeds.items() if any(told.values())}

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]


PRESETS = [("1", "gate"), ("gate", "road"), ("3", "gate")]


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit, "STOP_AGAIN", (0.0, 0.0, 0.0))


def head_of(head: Head, tasks: Any, axes: Axes = AXES) -> unit.OnvifPtz:
    return unit.OnvifPtz(cast(ZeepService, head), "profile", Spaces(axes=axes), tasks, "cam")


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
    head = Head(lambda operation, arguments: operation == "Stop")
    async with nursery() as tasks:
        subject = head_of(head, tasks)
        await subject.move(PtzVector(pan=1, zoom=1), timeout=60)
        await subject.stop()
        assert head.operations()[-2:] == ["Stop", "ContinuousMove"]
        assert not head.moving()
        before = len(head.calls)
        await subject.stop()
    assert head.operations()[before:] == ["ContinuousMove"]  # nobody asks for what was refused again


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


# -- heads that refuse elements -----------------------------------------------------------------------


def refuses(**words: str) -> Refuses:
    """A body that refuses an operation with an element in it, whatever its value: `Stop="Zoom"`."""

    def refuse(operation: str, arguments: dict[str, Any]) -> bool:
        element = words.get(operation)
        return element is not None and (element in arguments or element in arguments.get("Velocity", ()))

    return refuse


def together(operation: str, arguments: dict[str, Any]) -> bool:
    return len(arguments.get("Velocity", ())) > 1


BODIES: dict[str, Refuses] = {
    "pan-tilt": refuses(ContinuousMove="Zoom"),
    "pan-tilt, stop too": refuses(ContinuousMove="Zoom", Stop="Zoom"),
    "pan-tilt, no flag at all": lambda operation, arguments: (
        refuses(ContinuousMove="Zoom")(operation, arguments) or (operation == "Stop" and len(arguments) > 1)
    ),
    "pan-tilt, no stop": lambda operation, arguments: (
        operation == "Stop" or refuses(ContinuousMove="Zoom")(operation, arguments)
    ),
    "pan-tilt, no time-out": lambda operation, arguments: (
        "Timeout" in arguments or refuses(ContinuousMove="Zoom")(operation, arguments)
    ),
    "one axis at a time": together,
    "one axis at a time, no stop, no time-out": lambda operation, arguments: (
        operation == "Stop" or "Timeout" in arguments or together(operation, arguments)
    ),
    "a flag each": lambda operation, arguments: (
        operation == "Stop" and sum(axis in arguments for axis in AXES) != 1
    ),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
async def test_a_body_that_refuses_an_element_moves_and_is_stopped(body: Refuses) -> None:
    head = Head(body)
    async with nursery() as tasks:
        subject = head_of(head, tasks)
        await subject.move(PtzVector(pan=-1, tilt=0.5), timeout=60)
        assert head.moving() == {"PanTilt"}
        assert head.speeds["PanTilt"] == {"x": -1.0, "y": 0.5}
        await subject.stop()
        assert not head.moving()
        before = len(head.calls)
        await subject.move(PtzVector(pan=1), timeout=60)
        await subject.stop()
        assert not head.moving()
    assert len(head.calls) - before <= 4  # what was learned is used


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
async def test_the_watchdog_stops_it_as_well(body: Refuses) -> None:
    head = Head(body)
    async with nursery() as tasks, asyncio.timeout(60):
        subject = head_of(head, tasks)
        await subject.move(PtzVector(pan=1), timeout=0.01)
        assert subject._watchdog is not None
        await subject._watchdog
    assert not head.moving()


async def test_a_head_that_wants_one_axis_at_a_time_moves_both_and_stops_the_one_left_out() -> None:
    head = Head(together)
    async with nursery() as tasks:
        subject = head_of(head, tasks)
        await subject.move(PtzVector(pan=1, zoom=-1), timeout=60)
        assert head.moving() == {"PanTilt", "Zoom"}
        await subject.move(PtzVector(pan=1), timeout=60)
        assert head.moving() == {"PanTilt"}
        await subject.stop()
    assert not head.moving()


@pytest.mark.parametrize(
    ("axes", "vector", "element"),
    [
        ((Axis.PAN_TILT,), PtzVector(pan=1), "PanTilt"),
        ((Axis.PAN_TILT,), PtzVector(pan=1, zoom=1), "PanTilt"),
        ((Axis.PAN_TILT,), PtzVector(), "PanTilt"),
        ((Axis.ZOOM,), PtzVector(zoom=-1), "Zoom"),
    ],
)
async def test_only_what_the_node_names_is_sent(axes: Axes, vector: PtzVector, element: str) -> None:
    head = Head()
    async with nursery() as tasks:
        subject = head_of(head, tasks, axes)
        await subject.move(vector, timeout=60)
        await subject.stop()
        await subject.goto("3")
    (move, stop, *_) = head.calls
    assert set(move[1]["Velocity"]) == {element}
    assert set(stop[1]) == {"ProfileToken", element}


@pytest.mark.parametrize(
    ("axes", "vector", "code"),
    [
        ((Axis.PAN_TILT,), PtzVector(zoom=1), "driver.no_zoom"),
        ((Axis.ZOOM,), PtzVector(pan=1), "driver.no_pan_tilt"),
        ((Axis.ZOOM,), PtzVector(tilt=-1), "driver.no_pan_tilt"),
    ],
)
async def test_what_a_head_cannot_do_is_said_and_not_sent(axes: Axes, vector: PtzVector, code: str) -> None:
    head = Head()
    async with nursery() as tasks:
        with pytest.raises(Unsupported) as caught:
            await head_of(head, tasks, axes).move(vector, timeout=60)
    assert caught.value.code == code
    assert head.calls == []


async def test_a_head_that_takes_nothing_says_why_and_is_tried_again() -> None:
    head = Head(lambda operation, arguments: operation == "ContinuousMove")
    async with nursery() as tasks:
        subject = head_of(head, tasks)
        for _ in range(2):
            with pytest.raises(Unsupported, match="InvalidArgVal"):
                await subject.move(PtzVector(zoom=1), timeout=60)
        head.refuses = lambda operation, arguments: False
        await subject.move(PtzVector(zoom=1), timeout=60)
        assert head.moving() == {"Zoom"}
        await subject.stop()


async def test_a_stop_of_half_the_axes_is_no_stop() -> None:
    """Stop of the zoom is refused, while it zooms: then by a speed of zero."""
    head = Head(
        lambda operation, arguments: operation == "Stop" and set(arguments) != {"ProfileToken", "PanTilt"}
    )
    async with nursery() as tasks:
        subject = head_of(head, tasks)
        await subject.move(PtzVector(zoom=1), timeout=60)
        await subject.stop()
    assert not head.moving()


@pytest.mark.parametrize("fault", [Unreachable(host="cam", detail="x"), Malformed(host="cam", detail="x")])
async def test_what_is_no_refusal_is_not_tried_in_other_ways(fault: DriverError) -> None:
    head = Head(ContinuousMove=[fault])
    async with nursery() as tasks:
        with pytest.raises(type(fault)):
            await head_of(head, tasks).move(PtzVector(pan=1), timeout=60)
    assert head.operations() == ["ContinuousMove"]


# -- presets, status, node: what is left out or odd ----------------------------------------------------


async def test_a_preset_that_wants_its_speed_told() -> None:
    head = Head(lambda operation, arguments: operation == "GotoPreset" and "Speed" not in arguments)
    async with nursery() as tasks:
        subject = head_of(head, tasks, (Axis.PAN_TILT,))
        await subject.goto("3")
        await subject.goto("3")
    told = [arguments.get("Speed") for operation, arguments in head.calls if operation == "GotoPreset"]
    assert told == [None, {"PanTilt": {"x": 1.0, "y": 1.0}}, {"PanTilt": {"x": 1.0, "y": 1.0}}]


@pytest.mark.parametrize("fault", [Unsupported(host="cam", detail="x"), Malformed(host="cam", detail="x")])
async def test_a_device_that_cannot_list_presets_may_be_sent_to_one(fault: DriverError) -> None:
    head = Head(GetPresets=[fault])
    async with nursery() as tasks:
        await head_of(head, tasks).goto("roof")
    assert head.calls[-1][1]["PresetToken"] == "roof"


async def test_presets_without_token_or_name(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [("", "nowhere"), (None, None), ("1", None), ("2", "  "), ("3", "gate"), (4, 5)]
    monkeypatch.setattr(f"{__name__}.PRESETS", odd)
    async with nursery() as tasks:
        told = await head_of(Head(), tasks).presets()
    assert [(each.token, each.name) for each in told] == [("1", "1"), ("2", "2"), ("3", "gate"), ("4", "5")]


@pytest.mark.parametrize("fault", [Unsupported(host="cam", detail="x"), Malformed(host="cam", detail="x")])
async def test_a_preset_is_stored_though_nobody_tells_where(fault: DriverError) -> None:
    async with nursery() as tasks:
        stored = await head_of(Head(GetStatus=[fault]), tasks).set_preset("gate")
    assert stored.position is None


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Unsupported(host="cam", detail="x"), False),
        (Malformed(host="cam", detail="x"), False),
        (Unreachable(host="cam", detail="x"), False),
        (Forbidden(host="cam", user="u", detail="x"), False),
        (Refused(host="cam", user="u"), True),
    ],
)
async def test_a_node_that_cannot_be_read_costs_its_ranges_only(fault: DriverError, raised: bool) -> None:
    head = Head(GetNode=[fault])
    async with nursery() as tasks:
        try:
            subject = await unit.ptz_of(cast(ZeepService, head), "profile", "node", tasks, "cam")
        except Refused:
            assert raised
            return
        assert not raised
        await subject.move(PtzVector(pan=1), timeout=60)
        assert head.moving() == {"PanTilt"}
        await subject.stop()
