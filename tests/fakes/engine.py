"""One engine without cameras, rules or a database: for tests of the API's server, of its client and of the terminal."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from engine.api import wire
from engine.api.availability import report, window
from engine.api.explanation import Explanation
from engine.api.question import Resource
from engine.api.recording import Recorder
from engine.api.resources import (
    acts,
    alerts,
    availability,
    cameras,
    decisions,
    deliveries,
    events,
    features,
    health,
    preview,
    rules,
    state,
)
from engine.api.resources.acts import BeginSilence, EndSilence
from engine.api.resources.decisions import Judge, See
from engine.api.resources.deliveries import Letter
from engine.api.resources.features import Feature
from engine.api.resources.past import history, search
from engine.api.routes import Api
from engine.availability import Availability, Run
from engine.errors import Because, EngineError, Refusal
from engine.fleet.stills import Source, Still
from engine.fleet.tracked import TrackedObject
from engine.identity.access import Unlimited
from engine.identity.caller import Caller, Principal
from engine.identity.record import AuditRecord
from engine.identity.repeats import Repeats
from engine.runtime.flow import Hub
from engine.web.problems import Garbage
from engine.web.refusals import HttpProblem, refusal
from rules.model import Sentence
from tests.fakes.past import FakePast
from tests.fakes.people import callers, porter

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0 a picture"
#: The camera that events are of, unless told otherwise.
CAMERA = "cong"
#: Whoever asks in tests that are not about that.
ROOT = Caller(Principal.LOCAL_USER, "root", Unlimited())


def lane() -> wire.Engine:
    """Return what an engine of one lane tells of itself."""
    return wire.Engine(version="9", site="ngo-12", title="Ngõ 12", started=NOON, now=NOON)


def coded(width: int) -> bytes:
    """Return what stands for a picture, by which a test sees how wide it was asked."""
    return JPEG + str(width).encode()


class FakeAuditor:
    """Keeps records in a list, what is the same as one; refuses while it is `behind`."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.behind = False
        self._repeats = Repeats()

    def check(self) -> None:
        if self.behind:
            raise Refusal(Because.BUSY, "audit.behind", waiting=1)

    async def record(self, record: AuditRecord) -> None:
        self.records += self._repeats.tell(record, 0.0, NOON)


class Figures:
    """Implements `engine.api.resources.metrics.MetricsPort`: none."""

    async def exposition(self, caller: Caller) -> bytes:
        return b""


class FakeEngine:
    """Answers the resources of version 1 from lists; keeps what was asked of it.

    A new resource need not be here: a test gives it to `api`, with a fake of its own.

    Attributes:
        stored: Events, oldest first; `decided`: decisions likewise.
        carried: How many of either a state carries, the newest; None: all.
        escalated: When alerts did, by the id of their decision; `ended`: when they ended, unseen.
        jpeg: Makes a picture of a width.
        tracks: What is seen in that picture; None: what the camera sees now.
        explained: Tells why a rule fired, of all cameras or of one.
        reloads: What the next reloads come to; none left: they are refused.
        bug: Raised instead of a state; `held`: instead of trying a camera again.
    """

    def __init__(
        self,
        *,
        figures: wire.Engine | None = None,
        cameras: Iterable[wire.Camera] = (),
        events: Iterable[wire.Event] = (),
        decisions: Iterable[wire.Decision] = (),
        rules: Iterable[wire.Rule] = (),
        backlog: int = 256,
    ) -> None:
        self.hub: Hub[wire.Update] = Hub(backlog)
        self.garbage = Garbage()
        self.figures = figures or lane()
        self.problems: tuple[wire.Sentence, ...] = ()
        self.cameras, self.known_rules = list(cameras), list(rules)
        self.stored, self.decided = list(events), list(decisions)
        self.past = FakePast(self)
        self.carried: int | None = None
        self.escalated: dict[str, datetime] = {}
        self.ended: dict[str, datetime] = {}
        self.dead: list[Letter] = []
        self.jpeg: Callable[[int], bytes] = coded
        self.tracks: tuple[TrackedObject, ...] | None = None
        self.preset_list = [wire.Preset(token="1", name="Cổng")]
        self.preview = "http://127.0.0.1:1/camera/{}?token=t"
        self.explained: Callable[[str, str | None], Explanation] = _explained
        self.reloads: list[wire.RulesReloaded | EngineError] = []
        self.bug: Exception | None = None
        self.held: HttpProblem | None = None
        self.commands: list[tuple[str, wire.PtzCommand]] = []
        self.acts: list[tuple[wire.Act, str]] = []
        self.silent: list[wire.Silence] = []
        self.keys: list[str] = []
        self.retried: list[str] = []
        self.features_known: list[Feature] = []
        self.auditor = FakeAuditor()
        self.porter = porter(self.auditor)
        self.callers = callers(self.porter)

    # -- what a test lets happen

    @property
    def camera(self) -> wire.Camera:
        """The first camera, which is the only one of most tests."""
        return self.cameras[0]

    @camera.setter
    def camera(self, camera: wire.Camera) -> None:
        self.cameras[0] = camera

    def event(self, seq: int, camera: str | None = CAMERA) -> wire.Event:
        return wire.Event(
            id=f"e{seq}", seq=seq, kind="object", change="began", camera=camera, at=NOON, label="person"
        )

    def happen(self, seq: int, camera: str | None = CAMERA) -> wire.Event:
        """Store an event and tell every client, as the engine does."""
        event = self.event(seq, camera)
        self.stored.append(event)
        self.hub.publish(event)
        return event

    def decide(self, number: int) -> wire.Decision:
        """Decide something and tell every client."""
        said = wire.Sentence(code="rule.x", vi=f"vì lý do {number}", en=f"for reason {number}")
        decision = wire.Decision(
            id=f"d{number}", rule="đêm", phase="firing", key="k", camera=CAMERA, at=NOON, since=NOON,
            cause="e1", severity="warning", title={"vi": "Có người", "en": "Somebody"}, reason=said,
        )  # fmt: skip
        self.decided.append(decision)
        self.hub.publish(decision)
        return decision

    def decision(self, id: str) -> wire.Decision:
        """Return a decision as it is now."""
        return self.decided[self._place(id)]

    def api(self, *others: Resource) -> Api:
        """Return what a server answers: this engine, and other resources."""
        known = (
            state.resource(self),
            events.resource(self),
            decisions.resource(self),
            alerts.resource(self),
            deliveries.resource(self),
            acts.resource(self),
            acts.silences(self),
            rules.resource(self),
            availability.resource(self),
            cameras.resource(self),
            features.resource(self),
            preview.resource(self),
            search.resource(self.past),
            history.resource(self.past),
            health.resource(self, self.garbage),
        )
        return Api((*known, *others), self.garbage, Recorder(self.auditor), self.callers, self.porter)

    # -- engine.api.resources

    def state(self, caller: Caller = ROOT) -> wire.State:
        if self.bug:
            raise self.bug
        first = 0 if self.carried is None else -self.carried
        return wire.State(
            revision=len(self.stored),
            engine=self.figures.model_copy(update={"problems": self.problems}),
            cameras=tuple(self.cameras),
            events=tuple(self.stored[first:]),
            decisions=tuple(self.decided[first:]),
            alerts=tuple(self.alerts()),
        )

    async def events(self, caller: Caller, query: events.EventQuery) -> list[wire.Event]:
        before, limit, camera = query.before, query.limit, query.camera
        struct.pack("q", before or 0)  # as strict as the store: a number fits, a text has an encoding
        (camera or "").encode()
        found = [event for event in self.stored if camera in (None, event.camera)]
        return [event for event in reversed(found) if before is None or event.seq < before][:limit]

    async def decisions(self, caller: Caller, query: decisions.DecisionQuery) -> list[wire.Decision]:
        before, limit, camera = query.before, query.limit, query.camera
        f"{before}{camera}".encode()
        found = self.decided[::-1]
        known = [made.id for made in found]
        if before and before not in known:
            return []
        start = known.index(before) + 1 if before else 0
        return found[start:][:limit]

    async def letters(self, caller: Caller, *, before: int | None, limit: int) -> list[Letter]:
        return [each for each in self.dead if before is None or each.id < before][:limit]

    async def resend(self, caller: Caller, ids: Sequence[int] | None) -> list[Letter]:
        again = [each for each in self.dead if ids is None or each.id in ids]
        if unknown := set(ids or ()) - {each.id for each in again}:
            raise refusal(404, "delivery.unknown", id=min(unknown))
        self.dead = [each for each in self.dead if each not in again]
        return again

    def alerts(self, caller: Caller = ROOT) -> list[wire.Alert]:
        return [self._alert(made) for made in self.decided if made.phase == "firing"]

    async def acknowledge(self, caller: Caller, decision: str, asked: wire.Acknowledge) -> wire.Decision:
        made = self.decision(decision)
        by = wire.Acknowledgement(by=asked.by or caller.user, at=self.figures.now, note=asked.note)
        return self._revise(made, acknowledged=made.acknowledged or by)

    async def see(self, caller: Caller, decision: str, asked: See) -> wire.Event:
        made = self.decision(decision)
        facts = {"decision": made.id, "rule": made.rule, "by": asked.by}
        if self.ended.pop(made.id, None):
            self.decided.remove(made)
            self.hub.publish(wire.Alert(id=made.id, decision=made, holds=False, over=True))
        return self.event(len(self.stored) + 1).model_copy(
            update={"kind": "operator", "label": "seen", "facts": facts}
        )

    async def judge(self, caller: Caller, decision: str, asked: Judge) -> wire.Event:
        made = self.decision(decision)
        facts = {"decision": made.id, "rule": made.rule, "verdict": asked.verdict, "note": asked.note}
        return self.event(len(self.stored) + 1).model_copy(
            update={"kind": "operator", "label": "verdict", "facts": facts}
        )

    async def unacknowledge(self, caller: Caller, decision: str, asked: wire.Withdraw) -> wire.Decision:
        for made in self.decided:
            if made.id == decision and made.acknowledged is not None and made.acknowledged.at == asked.at:
                return self._revise(made, acknowledged=None)
        raise refusal(409, "acknowledge.other", id=decision)

    async def silences(self, caller: Caller) -> list[wire.Silence]:
        return list(self.silent)

    async def silence(self, caller: Caller, asked: BeginSilence) -> wire.Silence:
        until = asked.until or NOON + timedelta(seconds=asked.lasts or 0.0)
        made = wire.Silence(
            id=f"019adc00-{len(self.silent)}", rules=asked.rules, cameras=asked.cameras, zones=asked.zones,
            tags=asked.tags, since=NOON, until=until, by=asked.by or caller.user, why=asked.why,
        )  # fmt: skip
        self.silent.append(made)
        return made

    async def unsilence(self, caller: Caller, id: str, asked: EndSilence) -> wire.Event:
        found = [each for each in self.silent if each.id == id]
        if not found:
            raise refusal(404, "silence.none", id=id)
        self.silent.remove(found[0])
        return wire.Event(
            id="e8", seq=8, kind="operator", change="noted", at=NOON, label="unsilence", facts={"silence": id}
        )

    async def act(self, caller: Caller, asked: wire.Act, key: str = "") -> wire.Event:
        self.acts.append((asked, caller.user))
        self.keys.append(key)
        return wire.Event(
            id="e9", seq=9, kind="operator", change="noted", at=NOON, label=asked.name, facts=asked.facts
        )

    async def availability(
        self,
        caller: Caller,
        camera: str | None,
        since: datetime | None,
        until: datetime | None,
        by: availability.By | None,
    ) -> list[availability.CameraAvailability]:
        begin, end = window(since, until, NOON)
        run = Run(1, camera or CAMERA, Availability.UP, begin, None)
        return report([run], begin, end, UTC, by)

    def rules(self, caller: Caller) -> list[wire.Rule]:
        return list(self.known_rules)

    async def explain(self, caller: Caller, rule: str, camera: str | None) -> Explanation:
        names = [each.name for each in self.known_rules]
        if rule not in names:
            raise refusal(404, "rules.no_rule", rule=rule, known=", ".join(names))
        return self.explained(rule, camera)

    async def explain_decision(self, caller: Caller, decision: str) -> Explanation:
        return self.explained(self.decision(decision).rule, None).model_copy(update={"live": False})

    async def still(self, caller: Caller, camera: str, width: int, best: bool) -> Still:
        known = self._camera(camera)
        if best:
            return Still(self.jpeg(width), Source.CAMERA, 1280, 720)
        lacks = Sentence("driver.no_snapshot", {"host": "cổng"})
        seen = tuple(map(tracked_object, known.tracks)) if self.tracks is None else self.tracks
        return Still(self.jpeg(width), Source.ANALYSIS, 352, 288, lacks, self.figures.now, seen)

    async def presets(self, caller: Caller, camera: str) -> list[wire.Preset]:
        self._camera(camera)
        return list(self.preset_list)

    async def ptz(self, caller: Caller, camera: str, command: wire.PtzCommand) -> None:
        self._camera(camera)
        self.commands.append((camera, command))

    def retry(self, caller: Caller, camera: str) -> wire.Camera:
        known = self._camera(camera)
        if self.held:
            raise self.held
        self.retried.append(camera)
        return known

    async def features(self, caller: Caller, camera: str) -> list[Feature]:
        self._camera(camera)
        return list(self.features_known)

    async def set_feature(
        self, caller: Caller, camera: str, feature: str, value: bool | int | float | str
    ) -> Feature:
        self._camera(camera)
        for number, each in enumerate(self.features_known):
            if each.id == feature:
                self.features_known[number] = each.model_copy(update={"value": value})
                return self.features_known[number]
        raise refusal(404, "driver.no_feature", host=camera, feature=feature, known="")

    async def reload_rules(self, caller: Caller) -> wire.RulesReloaded:
        outcome = self.reloads.pop(0) if self.reloads else refusal(422, "rules.not_adopted")
        if isinstance(outcome, EngineError):
            raise outcome
        return outcome

    def preview_link(self, caller: Caller, camera: str) -> wire.PreviewLink:
        self._camera(camera)
        return wire.PreviewLink(
            url=self.preview.format(camera), expires=self.figures.now + timedelta(minutes=5)
        )

    def _camera(self, id: str) -> wire.Camera:
        for camera in self.cameras:
            if camera.id == id:
                return camera
        known = ", ".join(camera.id for camera in self.cameras)
        raise HttpProblem(404, "camera.unknown", {"camera": id, "known": known}, hint=f"known: {known}")

    def _place(self, id: str) -> int:
        for place, made in enumerate(self.decided):
            if made.id == id:
                return place
        raise refusal(404, "decision.unknown", id=id)

    def _alert(self, made: wire.Decision) -> wire.Alert:
        late, ended = self.escalated.get(made.id), self.ended.get(made.id)
        return wire.Alert(id=made.id, decision=made, escalated=late, holds=ended is None, ended=ended)

    def _revise(self, made: wire.Decision, **changes: object) -> wire.Decision:
        """Keep another edition of a decision, and tell every client of its alert, as the engine does."""
        revised = made.model_copy(update=changes)
        self.decided[self._place(made.id)] = revised
        self.hub.publish(self._alert(revised))
        return revised


def tracked_object(track: wire.Tracked) -> TrackedObject:
    """Return an object of the wire as the engine's own."""
    return TrackedObject(track.track, track.label, track.score, track.box, track.zones, track.state)


def _explained(rule: str, camera: str | None) -> Explanation:
    return Explanation(rule=rule, live=True, events=0 if camera else 7)
