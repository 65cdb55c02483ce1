"""The engine's face: what it knows, in the API's words. Implements `engine.api.service.Service`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psutil

from drivers.contract import Ptz, PtzVector
from drivers.errors import DriverError, Refused, Unsupported
from engine import log, text
from engine.api import wire
from engine.api.problems import refusal
from engine.camera import CameraRunner
from engine.clock import Clock
from engine.errors import Again, Never, StoreError
from engine.flow import Hub
from engine.settings import Settings
from engine.store.model import Counts
from rules.geometry import standing_in
from rules.model import Decision, Event, Sentence

if TYPE_CHECKING:
    from engine.preview.server import Preview
    from engine.store.db import Store

logger = log.get(__name__)
#: Seconds between two looks at what changed.
REFRESH = 0.5
#: Seconds between two updates of the engine's own figures.
FIGURES = 2.0
#: Events and decisions in the first answer to a client.
RECENT = 100


def sentence(said: Sentence) -> wire.Sentence:
    """Return a sentence in both languages."""
    values = dict(said.values)
    return wire.Sentence(
        code=said.code,
        values=values,
        vi=text.render(said.code, values, "vi"),
        en=text.render(said.code, values, "en"),
    )


def event(happened: Event) -> wire.Event:
    """Return an event as clients see it."""
    return wire.Event(
        id=happened.id,
        seq=happened.seq,
        kind=happened.kind,
        change=happened.change,
        camera=happened.camera,
        at=happened.at,
        received_at=happened.received_at,
        clock_suspect=happened.clock_suspect,
        subject=happened.subject,
        label=happened.label,
        zones=happened.zones,
        score=happened.score,
        box=happened.box,
        facts=dict(happened.facts),
    )


def decision(made: Decision) -> wire.Decision:
    """Return a decision as clients see it."""
    return wire.Decision(
        id=made.id,
        rule=made.rule,
        phase=made.phase,
        key=made.key,
        camera=made.camera,
        at=made.at,
        since=made.since,
        cause=made.cause,
        severity=made.severity,
        title=dict(made.title),
        reason=sentence(made.reason),
        actions=tuple(call.name for call in made.actions),
    )


def camera(runner: CameraRunner, now: float) -> wire.Camera:
    """Return one camera's state."""
    status, seen, settings = runner.status, runner.seen, runner.settings
    codec, profile, look = status.codec, status.profile, runner.look
    tracks = seen.sight.tracks if seen else ()
    why = status.reason or status.deaf
    return wire.Camera(
        id=runner.id,
        name=settings.name or runner.id,
        state=status.state,
        reason=sentence(why) if why else None,
        since=status.since,
        model=status.device,
        address=runner.address,
        width=seen.sight.width if seen else (profile.width if profile else 0),
        height=seen.sight.height if seen else (profile.height if profile else 0),
        codec=str(codec.codec) if codec else "",
        fps=round(status.sights.per_second(now), 1),
        stream_fps=round(status.frames.per_second(now), 1),
        skipped=look.skipped if look else 0,
        motion=round(float(seen.sight.motion.share), 3) if seen else 0.0,
        ptz="ptz" in runner.features,
        preview=codec is not None,
        tracks=tuple(
            wire.Tracked(
                track=track.id,
                label=track.label,
                score=round(float(track.score), 2),
                box=track.box,
                zones=standing_in(track.box, settings.zones),
            )
            for track in tracks
        ),
        zones={name: tuple(points) for name, points in settings.zones.items()},
        last_event=status.last_event,
        last_event_kind=status.last_event_kind,
    )


@dataclass(slots=True)
class Desk:
    """Everything that clients ask, and the hub that tells them what changed.

    Attributes:
        tally: Returns the engine's counters by their `wire.Engine` names.
        problems: Returns what a person should know about the engine itself now.
    """

    settings: Settings
    version: str
    clock: Clock
    cameras: Mapping[str, CameraRunner]
    store: Store
    started: datetime
    tally: Callable[[], Mapping[str, int | str]]
    problems: Callable[[], Iterable[Sentence]]
    preview: Preview | None = None
    hub: Hub[wire.Update] = field(default_factory=Hub)
    _revision: int = 0
    _events: list[wire.Event] = field(default_factory=list)
    _decisions: list[wire.Decision] = field(default_factory=list)
    _told: dict[str, wire.Camera] = field(default_factory=dict)
    _process: psutil.Process = field(default_factory=psutil.Process)
    _cpu: float = 0.0
    _outbox: Counts = field(default_factory=Counts)

    # -- what the engine tells --------------------------------------------------------------

    async def recall(self) -> None:
        """Fill the first answer with what the store holds from earlier runs."""
        self._events = [event(each) for each in await self.store.events(limit=RECENT)]
        self._decisions = [decision(each) for each in await self.store.decisions(limit=RECENT)]

    def happened(self, events: list[Event], decisions: list[Decision]) -> None:
        """Publish what the judge made durable."""
        for each in events:
            self._publish(self._keep(self._events, event(each)))
        for made in decisions:
            self._publish(self._keep(self._decisions, decision(made)))

    def delivered(self, delivery: wire.Delivery) -> None:
        """Publish what became of an action."""
        self._publish(delivery)

    async def refresh(self) -> None:
        """Publish camera and engine changes for ever; a supervised child."""
        self._process.cpu_percent()
        last_figures = self.clock.monotonic() - FIGURES
        while True:
            now = self.clock.monotonic()
            for name, runner in self.cameras.items():
                state = camera(runner, now)
                if self._told.get(name) != state:
                    self._told[name] = state
                    self._publish(wire.CameraUpdate(camera=state))
            if now - last_figures >= FIGURES:
                last_figures = now
                self._cpu = self._process.cpu_percent() / 100
                await self._count()
                self._publish(wire.EngineUpdate(engine=self._measure()))
            await asyncio.sleep(REFRESH)

    async def _count(self) -> None:
        try:
            self._outbox = await self.store.counts()
        except StoreError as error:  # the judge, who writes, tells people; figures may be a little old
            logger.warning("outbox not counted", reason=str(error))

    def _publish(self, update: wire.Update) -> None:
        self._revision += 1
        self.hub.publish(update)

    @staticmethod
    def _keep(shelf: list[Any], item: wire.Update) -> wire.Update:
        shelf.insert(0, item)
        del shelf[RECENT:]
        return item

    # -- what clients ask -------------------------------------------------------------------

    def state(self) -> wire.State:
        """Return everything a client needs to begin."""
        now = self.clock.monotonic()
        return wire.State(
            revision=self._revision,
            engine=self._measure(),
            cameras=tuple(camera(runner, now) for runner in self.cameras.values()),
            events=tuple(self._events),
            decisions=tuple(self._decisions),
        )

    def _measure(self) -> wire.Engine:
        counters: dict[str, Any] = dict(self.tally())
        return wire.Engine(
            version=self.version,
            site=self.settings.site,
            title=self.settings.title,
            language=self.settings.language,
            timezone=self.settings.timezone,
            started=self.started,
            now=self.clock.now().wall,
            cpu=self._cpu,
            rss=self._process.memory_info().rss,
            outbox=self._outbox.due,
            dead=self._outbox.dead,
            problems=tuple(sentence(each) for each in self.problems()),
            **counters,
        )

    async def events(self, *, before: int | None, limit: int, camera: str | None) -> list[wire.Event]:
        """Return stored events, newest first."""
        found = await self.store.events(before=before, limit=limit, camera=camera)
        return [event(each) for each in found]

    async def decisions(self, *, before: str | None, limit: int, camera: str | None) -> list[wire.Decision]:
        """Return stored decisions, newest first."""
        found = await self.store.decisions(before=before, limit=limit, camera=camera)
        return [decision(each) for each in found]

    async def still(self, camera: str, width: int) -> bytes:
        """Return the last analysed picture as JPEG."""
        runner = self._runner(camera)
        try:
            return await asyncio.to_thread(runner.still, width)
        except Again as error:
            raise refusal(409, "camera.offline", camera=camera) from error

    async def presets(self, camera: str) -> list[wire.Preset]:
        """Return a PTZ camera's presets."""
        with _told():
            presets = await self._ptz(camera).presets()
        return [wire.Preset(token=preset.token, name=preset.name) for preset in presets]

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        """Carry out a PTZ command."""
        head = self._ptz(camera)
        with _told():
            match command.op:
                case "move":
                    velocity = PtzVector(command.pan, command.tilt, command.zoom)
                    await head.move(velocity, command.seconds)
                case "stop":
                    await head.stop()
                case "goto":
                    await head.goto(command.preset)
                case "set":
                    await head.set_preset(command.preset)

    def preview_link(self, camera: str) -> wire.PreviewLink:
        """Return a short-lived link to the camera's preview page."""
        self._runner(camera)
        if self.preview is None:
            raise refusal(409, "preview.disabled")
        url, expires = self.preview.link(camera)
        return wire.PreviewLink(url=url, expires=expires)

    def _runner(self, camera: str) -> CameraRunner:
        runner = self.cameras.get(camera)
        if runner is None:
            raise refusal(404, "camera.unknown", camera=camera, known=", ".join(self.cameras))
        return runner

    def _ptz(self, camera: str) -> Ptz:
        try:
            head = self._runner(camera).head
        except Again as error:
            raise refusal(409, "camera.offline", camera=camera) from error
        if head is None:
            raise refusal(409, "ptz.unsupported", camera=camera)
        return head


@contextmanager
def _told() -> Iterator[None]:
    """Turn a device's fault into what a client is told."""
    try:
        yield
    except DriverError as error:
        raise refusal(502, error.code, **error.values) from error


@dataclass(slots=True)
class CameraHands:
    """What actions may ask of cameras. Implements `engine.actions.contract.Hands`."""

    cameras: Mapping[str, CameraRunner]
    language: text.Language = "en"

    async def goto(self, camera: str, preset: str) -> None:
        """Send a PTZ camera to a preset."""
        head = self._runner(camera).head
        if head is None:
            raise Never(text.render("ptz.unsupported", {"camera": camera}, self.language))
        try:
            await head.goto(preset)
        except DriverError as error:
            final = isinstance(error, (Refused, Unsupported))
            said = text.render(error.code, error.values, self.language)
            raise (Never if final else Again)(said) from error

    async def still(self, camera: str, width: int) -> bytes:
        """Return the last analysed picture as JPEG."""
        return await asyncio.to_thread(self._runner(camera).still, width)

    def _runner(self, camera: str) -> CameraRunner:
        runner = self.cameras.get(camera)
        if runner is None:
            known = ", ".join(self.cameras)
            raise Never(text.render("camera.unknown", {"camera": camera, "known": known}, self.language))
        return runner
