"""Values of the engine in the API's words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import text
from engine.api import wire
from engine.store.model import Acknowledgement
from rules.geometry import standing_in
from rules.model import Decision, Event, Sentence

if TYPE_CHECKING:
    from engine.camera import CameraRunner  # heavy, and the command line has none


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
