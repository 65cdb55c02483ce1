"""The demo without a terminal UI: every event, decision and action as a line, then a summary."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.api import wire
from engine.api.client import Disconnected, Message
from engine.text import Language, catalogue, render

#: Object events that only repeat what is known are counted, not printed.
SILENT = {("object", "goes_on")}
#: Decisions remembered as told; a state repeats the newest hundred.
REMEMBERED = 1000


@dataclass(slots=True)
class Show:
    """Prints what a client hears and keeps the tally for the summary."""

    write: Callable[[str], None]
    language: Language
    zone: ZoneInfo
    events: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    deliveries: Counter[str] = field(default_factory=Counter)
    cameras: dict[str, wire.Camera] = field(default_factory=dict)
    engine: wire.Engine | None = None
    missed: int = 0
    _seq: int = 0
    _told: OrderedDict[str, None] = field(default_factory=OrderedDict)

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
                reason = catalogue(self.language).get(message.cause, message.reason)
                self.write(f"{'':<10} {self.say('demo.lost_link', reason=reason)}")

    def say(self, code: str, **values: object) -> str:
        """Return a sentence of the demo."""
        return render(code, values, self.language)

    def _word(self, word: str) -> str:
        """Return a word of the engine's in this language; one that has no translation as it is."""
        return catalogue(self.language).get(f"demo_word.{word}", word)

    def _state(self, state: wire.State) -> None:
        self.engine = state.engine
        for camera in state.cameras:
            self._camera(camera)
        # After a gap or an outage much of it is known already: what was told is not told or counted again.
        for event in sorted(state.events, key=lambda each: each.seq):
            if event.seq > self._seq:
                self._event(event)
        for decision in reversed(state.decisions):
            if decision.id not in self._told:
                self._decision(decision)

    def _camera(self, camera: wire.Camera) -> None:
        before = self.cameras.get(camera.id)
        self.cameras[camera.id] = camera
        if before is None or before.state is not camera.state:
            why = f": {self._text(camera.reason)}" if camera.reason else ""
            self._line(None, "demo.camera", camera.id, self._word(camera.state) + why)

    def _event(self, event: wire.Event) -> None:
        self._seq = max(self._seq, event.seq)
        what = catalogue(self.language).get(f"demo_event.{event.kind}_{event.change}")
        what = what or f"{event.kind} {event.change}"
        self.events[what] += 1
        if (event.kind, event.change) in SILENT:
            return
        known = {event.kind, event.label or event.kind}
        which = "" if any(word in event.subject for word in known) else event.subject
        told = " ".join(filter(None, (self._label(event), which)))
        told = f"{what}: {told}" if told else what
        score = f" {event.score:.2f}" if event.score else ""
        zones = self.say("demo.where", zones=", ".join(event.zones)) if event.zones else ""
        self._line(event.at, "demo.event", event.camera, told + score + zones)

    def _label(self, event: wire.Event) -> str:
        if event.label is None:
            return ""
        known = catalogue(self.language).get(f"label.{event.label}")
        return known or self._word(event.label)

    def _decision(self, decision: wire.Decision) -> None:
        self._told[decision.id] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        phase = self._word(decision.phase)
        self.decisions[f"{decision.rule} {phase}"] += 1
        title = decision.title.get(self.language) or decision.rule
        because = self.say("demo.because", reason=self._text(decision.reason))
        told = f"{phase}: {title}\n{'':<22}{because}"
        self._line(decision.at, "demo.decision", decision.camera, told)

    def _delivery(self, delivery: wire.Delivery) -> None:
        told = f"{delivery.action} {self._word(delivery.state)}"
        self.deliveries[told] += 1
        self._line(delivery.at, "demo.action", delivery.camera, f"{told}: {delivery.detail}")

    def _line(self, at: datetime | None, what: str, camera: str | None, told: str) -> None:
        clock = at.astimezone(self.zone).strftime("%H:%M:%S.%f")[:10] if at else ""
        self.write(f"{clock:<10} {self.say(what):<10} {camera or '-':<8} {told}")

    def _text(self, sentence: wire.Sentence) -> str:
        return sentence.vi if self.language == "vi" else sentence.en

    def summary(self, seconds: float) -> str:
        """Return the closing table."""
        rows = list(self._rows(seconds))
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)

    def _rows(self, seconds: float) -> Iterator[tuple[str, str]]:
        yield self.say("demo.ran_for"), self.say("demo.seconds", seconds=seconds)
        for camera in self.cameras.values():
            state, told = self._word(camera.state), " PTZ" if camera.ptz else ""
            rate = self.say(
                "demo.rate", state=state, fps=camera.fps, stream=camera.stream_fps, codec=camera.codec
            )
            yield self.say("demo.which_camera", id=camera.id), rate + told
        yield self.say("demo.events"), _tally(self.events)
        yield self.say("demo.decisions"), _tally(self.decisions)
        yield self.say("demo.actions"), _tally(self.deliveries)
        if self.engine is not None:
            yield from self._engine_rows(self.engine)

    def _engine_rows(self, engine: wire.Engine) -> Iterator[tuple[str, str]]:
        yield self.say("demo.detector"), engine.model or self.say("demo.no_detector")
        yield self.say("demo.the_cost"), self.say("demo.cost", cpu=engine.cpu, megabytes=engine.rss / 2**20)
        yield (
            self.say("demo.outbox"),
            self.say("demo.undelivered", waiting=engine.outbox, dead=engine.dead),
        )


def _tally(counter: Counter[str]) -> str:
    told = ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))
    return f"{counter.total()}" + (f" ({told})" if told else "")
