"""Whoever may see some cameras is told of these alone: in every kind of update, in every list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import pytest

from engine.api import wire
from engine.api.resources.alerts import Alert
from engine.api.resources.cameras import CameraUpdate
from engine.api.resources.deliveries import Delivery
from engine.api.resources.events import EventQuery
from engine.api.resources.state import EngineUpdate, Gap, State, Streamed, scoped
from engine.api.services.decisions import DecisionService
from engine.api.services.events import EventService
from engine.api.services.runners import runner_of
from engine.identity.access import Reach, Ruling, Where
from engine.identity.caller import Caller, Principal
from engine.identity.permission import ROLES, Permission, Role
from engine.identity.rights import RoleRights
from engine.web.refusals import HttpProblem
from rules.model import Sentence
from tests.fakes.engine import NOON, ROOT, lane


class Only:
    """Implements `engine.identity.access.Rights`: everything, of some cameras."""

    def __init__(self, *cameras: str) -> None:
        self.cameras = cameras

    def rule(self, permission: Permission, where: Where) -> Ruling:
        if where is Reach.ANYWHERE or where in self.cameras:
            return Ruling(basis="g1")
        return Ruling(missing=Sentence("access.not_here", {}))


GATE = Caller(Principal.SESSION, "an", Only("gate"))


def said(camera: str = "") -> wire.Sentence:
    return wire.Sentence(code="x", values={"camera": camera} if camera else {})


def decision(camera: str | None) -> wire.Decision:
    return wire.Decision(
        id="d", rule="r", phase="firing", key="k", camera=camera, at=NOON, since=NOON, cause="e",
        severity="info", title={}, reason=said(),
    )  # fmt: skip


def event(camera: str | None) -> wire.Event:
    return wire.Event(id="e", seq=1, kind="object", change="began", camera=camera, at=NOON)


def camera(name: str) -> wire.Camera:
    return wire.Camera(id=name, name=name, state=wire.CameraState.ONLINE, since=NOON)


def updates(where: str) -> Sequence[Any]:
    return (
        CameraUpdate(camera=camera(where)),
        event(where),
        decision(where),
        Alert(id="d", decision=decision(where)),
        Delivery(id=1, decision="d", action="log", camera=where, at=NOON, state="done", attempts=1),
    )


def test_every_kind_of_update_is_thought_of() -> None:
    told = {type(each) for each in updates("gate")} | {State, EngineUpdate, Gap}
    assert told == set(get_args(Streamed))


@pytest.mark.parametrize("place", range(5))
def test_an_update_of_another_camera_is_not_told(place: int) -> None:
    assert scoped(updates("gate")[place], GATE) == updates("gate")[place]
    assert scoped(updates("yard")[place], GATE) is None
    assert scoped(updates("yard")[place], ROOT) == updates("yard")[place]


def test_what_is_about_no_camera_is_for_whoever_may_see_the_site() -> None:
    for each in (event(None), decision(None), Alert(id="d", decision=decision(None))):
        assert scoped(each, GATE) is None
        assert scoped(each, ROOT) == each


def test_a_state_holds_what_may_be_seen() -> None:
    engine = lane().model_copy(update={"problems": (said("gate"), said("yard"), said()), "config": "/etc/x"})
    whole = State(
        revision=1, engine=engine, cameras=(camera("gate"), camera("yard")), events=(event("yard"), event("gate")),
        decisions=(decision("yard"), decision("gate")), alerts=(Alert(id="d", decision=decision("yard")),),
        alerts_left_out=3,
    )  # fmt: skip
    seen = scoped(whole, GATE)
    assert isinstance(seen, State)
    assert "yard" not in seen.model_dump_json()
    assert ([each.id for each in seen.cameras], len(seen.events), len(seen.decisions)) == (["gate"], 1, 1)
    assert (seen.alerts, seen.engine.problems, seen.engine.config) == ((), (said("gate"),), "")
    assert scoped(whole, ROOT) is whole
    assert scoped(Gap(missed=1), GATE) == Gap(missed=1)


class Past:
    """What is stored, of three cameras, newest first."""

    def __init__(self, entries: Sequence[Any]) -> None:
        self.entries = entries

    async def events(self, before: int | None, limit: int, camera: str | None) -> list[Any]:
        found = [each for each in self.entries if camera in (None, each.camera)]
        return [each for each in found if before is None or each.seq < before][:limit]


async def test_looking_back_is_whole_and_in_order_for_whoever_may_see_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = [event(name).model_copy(update={"seq": 30 - n}) for n, name in enumerate(("a", "b", "c") * 10)]
    monkeypatch.setattr("engine.api.present.event", lambda each: each)
    service = EventService(Past(entries), ("a", "b", "c"), None)  # type: ignore[arg-type]  # a few of its questions
    two = Caller(Principal.SESSION, "an", Only("a", "c"))
    pages, before = list[Any](), None
    while page := await service.events(two, EventQuery(before=before, limit=3)):
        pages += page
        before = page[-1].seq
    assert pages == [each for each in entries if each.camera != "b"]
    assert await service.events(ROOT, EventQuery()) == entries


def test_whoever_is_known_acts_under_their_own_name() -> None:
    an = Caller(Principal.SESSION, "an", name="Nguyễn Văn An")
    assert an.named("Bình") == an.named("") == "Nguyễn Văn An"
    assert ROOT.named("Bình") == "Bình"


class Decided:
    """A decision of the yard."""

    async def decisions_of(self, ids: Sequence[str]) -> list[Any]:
        return [decision("yard")] if "known" in ids else []


async def test_a_decision_is_taken_care_of_where_one_may() -> None:
    service = DecisionService(Decided(), None, None, None, (), "", None)  # type: ignore[arg-type]  # it does not come so far
    with pytest.raises(HttpProblem) as refused:
        await service.acknowledge(GATE, "known", wire.Acknowledge())
    assert (refused.value.status, refused.value.code) == (403, "access.not_here")
    assert GATE.trail.camera == "yard"


@pytest.mark.parametrize("role", Role)
def test_only_who_may_look_back_begins_with_the_past(role: Role) -> None:
    """What came before is history, in a state as in the lists; what fires now is not."""
    caller = Caller(Principal.TOKEN, rights=RoleRights(role, "an", "g1"))
    past, fires = event("gate"), Alert(id="d", decision=decision("gate"))
    engine = lane()
    begun = State(
        revision=1, engine=engine, cameras=(), events=(past,), decisions=(decision("gate"),), alerts=(fires,)
    )
    seen = scoped(begun, caller)
    assert isinstance(seen, State)
    looks_back = Permission.HISTORY in ROLES[role]
    assert (seen.events == (past,), len(seen.decisions) == 1) == (looks_back, looks_back)
    assert seen.alerts == (fires,)
    assert scoped(past, caller) == past


def test_of_other_cameras_an_unknown_one_names_those_that_are_seen() -> None:
    """A grant may be of a camera that is gone: what is told of it names no camera of others."""
    cameras: Any = {"gate": object(), "yard": object()}
    for caller, known in ((GATE, "gate"), (ROOT, "gate, yard"), (Caller(Principal.SESSION, "an"), "-")):
        with pytest.raises(HttpProblem) as refused:
            runner_of(cameras, "gone", caller)
        assert (refused.value.code, refused.value.values["known"]) == ("camera.unknown", known)
