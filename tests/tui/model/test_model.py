"""The view-model: a state and updates in any order give the same fleet, ordered and counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api import wire
from engine.api.client import ApiError, Disconnected
from tui.model.model import CRITICAL_KEPT, RANK, SILENT, Model
from tui.texts import natural

AT = datetime(2025, 11, 22, 7, tzinfo=UTC)
states = st.sampled_from(list(wire.CameraState))
cameras = st.builds(
    wire.Camera,
    id=st.sampled_from([f"cam-{n}" for n in range(6)]),
    name=st.sampled_from(["Cổng 2", "Cổng 10", "chợ", ""]),
    state=states,
    since=st.just(AT),
    motion=st.floats(0, 1),
)


def engine(**told: object) -> wire.Engine:
    return wire.Engine.model_validate({"version": "0.1", "site": "s", "started": AT, "now": AT, **told})


def begun(*told: wire.Camera, monotonic: Callable[[], float] = lambda: 0.0) -> Model:
    model = Model(monotonic)
    model.apply(wire.State(revision=1, engine=engine(), cameras=told))
    model.take_changes()
    return model


def decision(number: int, severity: str = "critical", phase: str = "firing") -> wire.Decision:
    return wire.Decision(
        id=f"d{number}",
        rule="r",
        phase=phase,
        key="k",
        at=AT + timedelta(seconds=number),
        since=AT,
        cause="e1",
        severity=severity,
        reason=wire.Sentence(code="c"),
    )


@given(st.lists(cameras))
def test_order_has_every_camera_once_with_trouble_first(updates: list[wire.Camera]) -> None:
    model = begun()
    for camera in updates:
        model.apply(wire.CameraUpdate(camera=camera))
    order = model.order()
    assert sorted(order) == sorted({camera.id for camera in updates})
    ranks = [RANK[model.cameras[key].state] for key in order]
    assert ranks == sorted(ranks)
    assert model.online() == sum(model.cameras[key].state is wire.CameraState.ONLINE for key in model.cameras)


@given(st.lists(cameras))
def test_updates_lead_where_a_fresh_state_leads(updates: list[wire.Camera]) -> None:
    told = begun()
    for camera in updates:
        told.apply(wire.CameraUpdate(camera=camera))
    latest = {camera.id: camera for camera in updates}
    read = begun(*latest.values())
    assert told.cameras == read.cameras
    assert told.order() == read.order()


@given(cameras, st.floats(0, 1))
def test_figures_alone_never_reorder(camera: wire.Camera, motion: float) -> None:
    model = begun(camera)
    model.apply(wire.CameraUpdate(camera=camera.model_copy(update={"motion": motion})))
    changes = model.take_changes()
    assert changes.cameras == {camera.id}
    assert not changes.order
    assert not model.take_changes()


def test_a_state_change_reorders() -> None:
    camera = wire.Camera(id="a", name="a", state=wire.CameraState.ONLINE, since=AT)
    other = camera.model_copy(update={"id": "b", "name": "b"})
    model = begun(camera, other)
    assert model.order() == ["a", "b"]
    model.apply(wire.CameraUpdate(camera=other.model_copy(update={"state": wire.CameraState.LOST})))
    assert model.take_changes().order
    assert model.order() == ["b", "a"]


def test_numbers_in_names_sort_as_numbers() -> None:
    assert sorted(["Cổng 10", "cong 2", "Chợ"], key=natural) == ["Chợ", "cong 2", "Cổng 10"]
    assert sorted(["²", "2", "x"], key=natural)  # a digit that is no decimal number is text


def test_time_is_the_engines_counted_on_by_us() -> None:
    clock = iter([10.0, 12.5, 12.5])
    model = begun(monotonic=lambda: next(clock))
    assert model.now() == AT + timedelta(seconds=2.5)
    assert model.ago(None) is None
    assert model.ago(AT + timedelta(hours=1)) == 0.0


def test_an_unknown_time_zone_is_utc() -> None:
    model = begun()
    model.apply(wire.EngineUpdate(engine=engine(timezone="Nowhere/At_all")))
    assert model.zone() is UTC
    model.apply(wire.EngineUpdate(engine=engine(timezone="../../etc/passwd")))
    assert model.zone() is UTC


def test_a_broken_connection_is_told_until_something_comes() -> None:
    model = begun()
    model.apply(Disconnected("connection refused", 1.0))
    assert model.take_changes().link
    assert [model.lost, model.refused] == [Disconnected("connection refused", 1.0), None]
    model.apply(wire.Gap(missed=3))
    assert [model.lost, model.refused] == [None, None]
    model.refuse(ApiError(403, "api.refused", "not you"))
    assert model.take_changes().link
    assert model.refused is not None


def test_alarms_are_critical_new_and_few() -> None:
    model = begun()
    for message in (decision(1), decision(1), decision(2, "warning"), decision(3, phase="resolved")):
        model.apply(message)
    assert [alarm.id for alarm in model.take_changes().critical] == ["d1"]
    for number in range(10, 10 + 2 * CRITICAL_KEPT):
        model.apply(decision(number))
    assert len(model.take_changes().critical) == CRITICAL_KEPT
    assert len(model.log) == 3 + 2 * CRITICAL_KEPT


def test_what_a_state_brings_is_no_alarm() -> None:
    model = Model(lambda: 0.0)
    model.apply(wire.State(revision=1, engine=engine(), decisions=(decision(1),)))
    assert model.take_changes().critical == []


def alert(number: int, severity: str = "warning", **told: object) -> wire.Alert:
    made = decision(number, severity).model_copy(update=told)
    return wire.Alert(id=made.id, decision=made)


def test_what_nobody_takes_care_of_comes_first_the_worst_of_it_before_the_rest() -> None:
    model = begun()
    mine = wire.Acknowledgement(by="An", at=AT)
    for each in (
        alert(1, "critical", acknowledged=mine), alert(2), alert(3, "critical"), alert(4, dry_run=True), alert(5),
    ):  # fmt: skip
        model.apply(each)
    assert [each.id for each in model.urgent()] == ["d3", "d5", "d2", "d1", "d4"]
    assert [each.id for each in model.waiting()] == ["d3", "d5", "d2"]
    assert model.waits(decision(2))
    assert not model.waits(decision(1))
    assert not model.waits(wire.Event(id="d2", seq=1, kind="motion", change="began", at=AT))


def test_an_alert_that_is_over_is_forgotten_and_its_decision_kept() -> None:
    model = begun()
    model.apply(decision(1))
    model.apply(alert(1, "critical"))
    taken = model.alerts["d1"].decision.model_copy(
        update={"acknowledged": wire.Acknowledgement(by="An", at=AT)}
    )
    model.apply(wire.Alert(id="d1", decision=taken, over=True))
    assert model.alerts == {}
    assert model.entry("decision:d1") == taken  # as it was told last


def test_an_operators_event_alone_changes_no_decision_and_what_is_said_of_one_replaces_it() -> None:
    model = begun()
    model.apply(decision(1))
    facts = {"decision": "d1", "by": "An"}
    model.apply(
        wire.Event(id="e", seq=9, kind="operator", change="noted", label="acknowledge", at=AT, facts=facts)
    )
    assert model.entry("decision:d1") == decision(1)
    for who in (wire.Acknowledgement(by="Bình", at=AT), None):
        said = decision(1).model_copy(update={"acknowledged": who})
        model.apply(wire.Alert(id="d1", decision=said, holds=False, over=True))
        assert (model.entry("decision:d1"), model.alerts) == (said, {})


def test_an_alert_older_than_the_log_can_still_be_opened() -> None:
    model = begun()
    model.apply(alert(1))
    assert len(model.log) == 0
    assert model.entry("decision:d1") == model.alerts["d1"].decision
    assert model.entry("decision:d2") is None
    assert model.entry("event:d1") is None


@pytest.mark.parametrize(("silent", "known"), [(0.0, True), (SILENT, True), (SILENT + 1, False)])
def test_an_engine_that_says_nothing_is_not_known(silent: float, known: bool) -> None:
    seconds = [0.0]
    model = begun(monotonic=lambda: seconds[0])
    seconds[0] = silent
    assert model.known is known
    assert (model.seconds_silent(), model.last_heard()) == (silent, AT)


def test_an_engine_is_known_again_once_it_speaks_and_not_while_the_line_is_down() -> None:
    seconds = [0.0]
    model = begun(monotonic=lambda: seconds[0])
    seconds[0] = SILENT + 1
    model.apply(wire.EngineUpdate(engine=engine()))
    known = [model.known]
    model.apply(Disconnected("gone", 1.0))
    assert [*known, model.known] == [True, False]


def test_a_camera_is_called_by_its_name_else_by_its_id() -> None:
    named = wire.Camera(id="a", name="Cổng", state=wire.CameraState.ONLINE, since=AT)
    model = begun(named, named.model_copy(update={"id": "b", "name": ""}))
    assert [model.name(id) for id in ("a", "b", "gone", None)] == ["Cổng", "b", "gone", ""]


def test_a_camera_with_something_the_matter_comes_before_those_that_are_well() -> None:
    well = wire.Camera(id="a", name="a", state=wire.CameraState.ONLINE, since=AT)
    said = wire.Sentence(code="x")
    deaf = well.model_copy(
        update={"id": "b", "name": "b", "troubles": (wire.Trouble(label="deaf", since=AT, said=said),)}
    )
    model = begun(well, deaf)
    assert model.order() == ["b", "a"]
    model.apply(wire.CameraUpdate(camera=deaf.model_copy(update={"troubles": ()})))
    assert model.order() == ["a", "b"]


def test_deliveries_and_a_gap() -> None:
    model = begun()
    model.apply(wire.Delivery(id=1, decision="d1", action="mqtt", at=AT, state="done", attempts=1))
    assert model.take_changes().entries
    assert [each.action for each in model.log.deliveries("d1")] == ["mqtt"]
    model.apply(wire.Gap(missed=3))
    assert not model.take_changes()  # a state follows
