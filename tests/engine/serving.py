"""A service without an engine, and a server over it."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import explanation, wire
from engine.api.client import Client
from engine.api.dead_letters import Letter
from engine.api.server import serve
from engine.config.settings import ApiSettings
from engine.fleet.stills import Source, Still
from engine.fleet.tracked import TrackedObject
from engine.runtime.flow import Hub
from engine.web.problems import HttpProblem, refusal
from rules.model import Sentence

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0 a picture"


class FakeService:
    """Implements `engine.api.service.Service` from lists; keeps what was asked of it."""

    def __init__(self) -> None:
        self.hub: Hub[wire.Update] = Hub()
        self.stored: list[wire.Event] = []
        self.decided: list[wire.Decision] = []
        self.commands: list[tuple[str, wire.PtzCommand]] = []
        self.problems: tuple[wire.Sentence, ...] = ()
        self.bug: Exception | None = None
        self.held: HttpProblem | None = None
        self.acts: list[tuple[wire.Act, str]] = []
        self.keys: list[str] = []
        self.retried: list[str] = []
        self.dead = [
            Letter(
                id=number, decision=f"d{number}", action="webhook", target="ward", camera="cong", rule="đêm",
                severity="warning", phase="firing", at=NOON, attempts=3, detail="HTTP 404",
            )
            for number in (9, 7)
        ]  # fmt: skip
        self.camera = wire.Camera(
            id="cong", name="Cổng chính", state=wire.CameraState.ONLINE, since=NOON, width=640, height=360
        )
        self.reloads: list[wire.RulesReloaded | HttpProblem] = []

    def event(self, seq: int, camera: str | None = "cong") -> wire.Event:
        return wire.Event(
            id=f"e{seq}", seq=seq, kind="object", change="began", camera=camera, at=NOON, label="person"
        )

    def happen(self, seq: int, camera: str | None = "cong") -> wire.Event:
        """Store an event and tell every client, as the engine does."""
        event = self.event(seq, camera)
        self.stored.append(event)
        self.hub.publish(event)
        return event

    def decide(self, number: int) -> wire.Decision:
        said = wire.Sentence(code="rule.x", vi=f"vì lý do {number}", en=f"for reason {number}")
        decision = wire.Decision(
            id=f"d{number}", rule="đêm", phase="firing", key="k", camera="cong", at=NOON, since=NOON,
            cause="e1", severity="warning", title={"vi": "Có người", "en": "Somebody"}, reason=said,
        )  # fmt: skip
        self.decided.append(decision)
        self.hub.publish(decision)
        return decision

    tracks: tuple[TrackedObject, ...] = ()

    def state(self) -> wire.State:
        if self.bug:
            raise self.bug
        engine = wire.Engine(
            version="9", site="ngo-12", title="Ngõ 12", started=NOON, now=NOON, problems=self.problems
        )
        return wire.State(
            revision=len(self.stored),
            engine=engine,
            cameras=(self.camera,),
            events=tuple(self.stored),
            alerts=tuple(self.alerts()),
        )

    async def events(self, *, before: int | None, limit: int, camera: str | None) -> list[wire.Event]:
        struct.pack("q", before or 0)  # as strict as the store: a number fits, a text has an encoding
        (camera or "").encode()
        found = [event for event in self.stored if camera in (None, event.camera)]
        return [event for event in reversed(found) if before is None or event.seq < before][:limit]

    async def decisions(self, *, before: str | None, limit: int, camera: str | None) -> list[wire.Decision]:
        f"{before}{camera}".encode()
        found = self.decided[::-1]
        known = [made.id for made in found]
        if before and before not in known:
            return []
        start = known.index(before) + 1 if before else 0
        return found[start:][:limit]

    async def letters(self, *, before: int | None, limit: int) -> list[Letter]:
        return [each for each in self.dead if before is None or each.id < before][:limit]

    async def resend(self, ids: Sequence[int] | None) -> list[Letter]:
        again = [each for each in self.dead if ids is None or each.id in ids]
        if unknown := set(ids or ()) - {each.id for each in again}:
            raise refusal(404, "delivery.unknown", id=min(unknown))
        self.dead = [each for each in self.dead if each not in again]
        return again

    def alerts(self) -> list[wire.Alert]:
        return [wire.Alert(id=made.id, decision=made) for made in self.decided if made.phase == "firing"]

    async def acknowledge(self, decision: str, told: wire.Acknowledge, user: str) -> wire.Decision:
        for place, made in enumerate(self.decided):
            if made.id == decision:
                who = made.acknowledged or wire.Acknowledgement(by=told.by or user, at=NOON, note=told.note)
                self.decided[place] = made.model_copy(update={"acknowledged": who})
                return self.decided[place]
        raise refusal(404, "decision.unknown", id=decision)

    async def unacknowledge(self, decision: str, told: wire.Withdraw, user: str) -> wire.Decision:
        for place, made in enumerate(self.decided):
            if made.id == decision and made.acknowledged is not None and made.acknowledged.at == told.at:
                self.decided[place] = made.model_copy(update={"acknowledged": None})
                return self.decided[place]
        raise refusal(409, "acknowledge.other", id=decision)

    async def act(self, told: wire.Act, user: str, key: str = "") -> wire.Event:
        self.acts.append((told, user))
        self.keys.append(key)
        return wire.Event(
            id="e9", seq=9, kind="operator", change="noted", at=NOON, label=told.name, facts=told.facts
        )

    def rules(self) -> list[wire.Rule]:
        return [wire.Rule(name="đêm", severity="warning", fired=3)]

    async def explain(self, rule: str, camera: str | None) -> explanation.Explanation:
        if rule != "đêm":
            raise refusal(404, "rules.no_rule", rule=rule, known="đêm")
        return explanation.Explanation(rule=rule, live=True, events=0 if camera else 7)

    async def still(self, camera: str, width: int, best: bool) -> Still:
        self._known(camera)
        jpeg = JPEG + str(width).encode()
        if best:
            return Still(jpeg, Source.CAMERA, 1280, 720)
        lacks = Sentence("driver.no_snapshot", {"host": "cổng"})
        return Still(jpeg, Source.ANALYSIS, 352, 288, lacks, NOON, self.tracks)

    async def presets(self, camera: str) -> list[wire.Preset]:
        self._known(camera)
        return [wire.Preset(token="1", name="Cổng")]

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        self._known(camera)
        self.commands.append((camera, command))

    def retry(self, camera: str) -> wire.Camera:
        self._known(camera)
        if self.held:
            raise self.held
        self.retried.append(camera)
        return self.camera

    async def reload_rules(self) -> wire.RulesReloaded:
        told = self.reloads.pop(0) if self.reloads else refusal(422, "rules.not_adopted")
        if isinstance(told, HttpProblem):
            raise told
        return told

    def preview_link(self, camera: str) -> wire.PreviewLink:
        self._known(camera)
        return wire.PreviewLink(url=f"http://127.0.0.1:1/camera/{camera}?token=t", expires=NOON)

    def _known(self, camera: str) -> None:
        if camera != "cong":
            raise HttpProblem(404, "camera.unknown", {"camera": camera, "known": "cong"}, hint="known: cong")


@pytest.fixture(scope="session")
def services() -> type[FakeService]:
    """For whoever needs more than one."""
    return FakeService


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
async def door(service: FakeService, tmp_path: Path) -> AsyncIterator[Path]:
    """A served socket."""
    async with serve(service, ApiSettings(), socket=tmp_path / "s") as doors:
        yield doors.socket


@pytest.fixture
async def client(door: Path) -> AsyncIterator[Client]:
    async with Client.connect(door) as client:
        yield client
