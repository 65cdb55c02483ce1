"""The demo without a terminal UI: every event, decision and action as a line, then a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.api import wire
from engine.api.client import Disconnected, Message

#: Object events that only repeat what is known are counted, not printed.
SILENT = {("object", "goes_on")}


@dataclass(slots=True)
class Show:
    """Prints what a client hears and keeps the tally for the summary."""

    write: Callable[[str], None]
    language: str
    zone: ZoneInfo
    events: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    deliveries: Counter[str] = field(default_factory=Counter)
    cameras: dict[str, wire.Camera] = field(default_factory=dict)
    engine: wire.Engine | None = None
    missed: int = 0

    def hear(self, message: Message) -> None:
        """Take one message of the API's stream."""
        match message:
            case wire.State():
                self._state(message)
            case wire.Event():
                self._event(message)
            case wire.Decision():
                self._decision(message)
            case wire.Delivery():
                self._delivery(message)
            case wire.CameraUpdate():
                self._camera(message.camera)
            case wire.EngineUpdate():
                self.engine = message.engine
            case wire.Gap():
                self.missed += message.missed
            case Disconnected():
                self.write(f"           connection lost: {message.reason}")

    def _state(self, state: wire.State) -> None:
        self.engine = state.engine
        for camera in state.cameras:
            self._camera(camera)
        for event in reversed(state.events):
            self._event(event)
        for decision in reversed(state.decisions):
            self._decision(decision)

    def _camera(self, camera: wire.Camera) -> None:
        before = self.cameras.get(camera.id)
        self.cameras[camera.id] = camera
        if before is None or before.state is not camera.state:
            why = f": {self._text(camera.reason)}" if camera.reason else ""
            self.write(f"           camera   {camera.id:<8} {camera.state}{why}")

    def _event(self, event: wire.Event) -> None:
        self.events[f"{event.kind} {event.change}"] += 1
        if (event.kind, event.change) in SILENT:
            return
        which = "" if (event.label or event.kind) in event.subject else event.subject
        what = " ".join(filter(None, (event.kind, event.change, event.label or "", which)))
        score = f" {event.score:.2f}" if event.score else ""
        zones = f" in {', '.join(event.zones)}" if event.zones else ""
        self.write(f"{self._clock(event.at)} event    {event.camera or '-':<8} {what}{score}{zones}")

    def _decision(self, decision: wire.Decision) -> None:
        self.decisions[f"{decision.rule} {decision.phase}"] += 1
        title = decision.title.get(self.language) or decision.rule
        head = f"{self._clock(decision.at)} DECISION {decision.camera or '-':<8} {decision.phase}: {title}"
        self.write(f"{head}\n{'':<20}because {self._text(decision.reason)}")

    def _delivery(self, delivery: wire.Delivery) -> None:
        self.deliveries[f"{delivery.action} {delivery.state}"] += 1
        line = f"{delivery.action} {delivery.state}: {delivery.detail}"
        self.write(f"{self._clock(delivery.at)} action   {delivery.camera or '-':<8} {line}")

    def _clock(self, at: datetime) -> str:
        return at.astimezone(self.zone).strftime("%H:%M:%S.%f")[:10]

    def _text(self, sentence: wire.Sentence) -> str:
        return sentence.vi if self.language == "vi" else sentence.en

    def summary(self, seconds: float) -> str:
        """Return the closing table."""
        rows: list[tuple[str, str]] = [("ran for", f"{seconds:.0f} s")]
        for camera in self.cameras.values():
            rate = f"{camera.fps:.1f} of {camera.stream_fps:.1f} pictures/s analysed"
            kind = " PTZ" if camera.ptz else ""
            rows.append((f"camera {camera.id}", f"{camera.state}, {rate}, {camera.codec}{kind}"))
        for title, counter in (
            ("events", self.events),
            ("decisions", self.decisions),
            ("actions", self.deliveries),
        ):
            told = ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))
            rows.append((title, f"{counter.total()}" + (f" ({told})" if told else "")))
        if self.engine is not None:
            model = self.engine.model or "none: objects are reported as “moving” (see `matthan models`)"
            rows.append(("detector", model))
            rows.append(("engine", f"{self.engine.cpu:.0%} of one core, {self.engine.rss / 2**20:.0f} MiB"))
            rows.append(("undelivered", f"{self.engine.outbox} waiting, {self.engine.dead} dead"))
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)
