"""Values of the engine in the API's words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from engine import text
from engine.api import wire
from engine.api.letters import Letter
from engine.store.model import Acknowledgement, Pending
from rules.geometry import standing_in
from rules.model import Decision, Event, Sentence

if TYPE_CHECKING:
    from engine.camera import CameraRunner  # heavy, and the command line has none
    from engine.vision.model import Track
    from rules.geometry import Polygon


#: Cameras that one sentence names.
NAMED = 5
#: What may be the matter with a camera, the worst first.
_WORST = ("blind", "deaf", "noisy", "clock")


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
        engine=happened.judged,
    )


def letter(dead: Pending) -> Letter:
    """Return a dead letter as clients see it."""
    made = dead.decision
    return Letter(
        id=dead.id,
        decision=made.id,
        action=dead.action,
        target=str(dead.params.get("target", "")),
        camera=made.camera,
        rule=made.rule,
        severity=made.severity,
        phase=made.phase,
        at=made.at,
        attempts=dead.attempts,
        detail=dead.detail,
    )


def decision(made: Decision, acknowledged: Acknowledgement | None = None) -> wire.Decision:
    """Return a decision as clients see it, with who takes care of it."""
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
        message=dict(made.message),
        dedup=made.dedup_key,
        dry_run=made.dry_run,
        acknowledged=acknowledgement(acknowledged) if acknowledged else None,
    )


def acknowledgement(told: Acknowledgement) -> wire.Acknowledgement:
    """Return who takes care of a decision, as clients see it."""
    return wire.Acknowledgement(by=told.by, at=told.at, note=told.note)


def troubled(runners: Iterable[CameraRunner]) -> Iterator[Sentence]:
    """Yield what is the matter with cameras, each kind with the names of those that it is about."""
    about: dict[str, list[str]] = {}
    for runner in runners:
        if runner.status.state is wire.CameraState.REFUSED:
            about.setdefault("refused", []).append(runner.id)
        for label in list(runner.conditions.standing):
            about.setdefault(label, []).append(runner.id)
    for label in ("refused", *_WORST):
        if names := about.get(label):
            more = f", … (+{len(names) - NAMED})" if len(names) > NAMED else ""
            told = ", ".join(names[:NAMED]) + more
            yield Sentence(f"cameras.{label}", {"count": len(names), "cameras": told})


def tracked(tracks: Iterable[Track], zones: Mapping[str, Polygon]) -> tuple[wire.Tracked, ...]:
    """Return the objects of one picture."""
    return tuple(
        wire.Tracked(
            track=track.id,
            label=track.label,
            score=round(float(track.score), 2),
            box=track.box,
            zones=standing_in(track.box, zones),
        )
        for track in tracks
    )


def camera(runner: CameraRunner, now: float) -> wire.Camera:
    """Return one camera's state."""
    status, seen, settings = runner.status, runner.seen, runner.settings
    codec, profile, look = status.codec, status.profile, runner.look
    troubles = sorted(dict(runner.conditions.standing).items(), key=lambda each: _WORST.index(each[0]))
    why = status.reason or next((trouble.said for _, trouble in troubles), None)
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
        tracks=tracked(seen.sight.tracks, settings.zones) if seen else (),
        zones={name: tuple(points) for name, points in settings.zones.items()},
        last_event=status.last_event,
        last_event_kind=status.last_event_kind,
        troubles=tuple(
            wire.Trouble(label=label, since=each.since, said=sentence(each.said)) for label, each in troubles
        ),
        advice=sentence(status.advice) if status.advice else None,
        retry=status.retry,
        clock_offset=runner.clock_offset,
    )
