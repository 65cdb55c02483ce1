"""Values of the engine in the API's words. Pure."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Literal

from engine.api import wire
from engine.api.resources.cameras import tracked
from engine.api.resources.deliveries import Letter
from engine.fleet.health.troubles import WORST
from engine.fleet.tracked import tracked as standing
from engine.store.model import DeliveryState
from engine.web.refusals import in_file, refusal

if TYPE_CHECKING:  # commands put values into words, too, and load none of these rooms
    from engine.actions.delivery import Delivery
    from engine.duty.alerts import Alert
    from engine.fleet.camera import CameraRunner
    from engine.judging.reload import ReloadOutcome
    from engine.store.model import Acknowledgement, Pending
    from engine.vision.rest.trust import Trust
    from rules.model import Decision, Event, Sentence

_STATE: dict[DeliveryState, Literal["done", "again", "dead"]] = {
    DeliveryState.DUE: "again",
    DeliveryState.DONE: "done",
    DeliveryState.DEAD: "dead",
}


def sentence(sentence: Sentence) -> wire.Sentence:
    """Return a sentence in both languages."""
    return wire.Sentence.of(sentence)


def event(happened: Event) -> wire.Event:
    """Return an event as clients see it."""
    return wire.Event(
        id=happened.id,
        site=happened.site,
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
    decision = dead.decision
    return Letter(
        id=dead.id,
        decision=decision.id,
        action=dead.action,
        target=str(dead.params.get("target", "")),
        camera=decision.camera,
        rule=decision.rule,
        severity=decision.severity,
        phase=decision.phase,
        at=decision.at,
        attempts=dead.attempts,
        detail=dead.detail,
    )


def delivery(delivery: Delivery) -> wire.Delivery:
    """Return what became of one try of an action."""
    return wire.Delivery(
        id=delivery.id,
        decision=delivery.decision,
        action=delivery.action,
        camera=delivery.camera,
        at=delivery.at,
        state=_STATE[delivery.state],
        attempts=delivery.attempts,
        detail=delivery.detail,
    )


def decision(
    decision: Decision, acknowledged: Acknowledgement | None = None, site: str = ""
) -> wire.Decision:
    """Return a decision as clients see it, with who takes care of it."""
    return wire.Decision(
        id=decision.id,
        site=site,
        alert=decision.alert,
        rule=decision.rule,
        phase=decision.phase,
        key=decision.key,
        camera=decision.camera,
        at=decision.at,
        since=decision.since,
        cause=decision.cause,
        severity=decision.severity,
        title=dict(decision.title),
        reason=sentence(decision.reason),
        actions=tuple(call.name for call in decision.actions),
        message=dict(decision.message),
        what_to_do=dict(decision.what_to_do),
        dedup=decision.dedup_key,
        dry_run=decision.dry_run,
        acknowledged=acknowledgement(acknowledged) if acknowledged else None,
    )


def acknowledgement(by: Acknowledgement) -> wire.Acknowledgement:
    """Return who takes care of a decision, as clients see it."""
    return wire.Acknowledgement(by=by.by, at=by.at, note=by.note)


def alert(alert: Alert, site: str = "") -> wire.Alert:
    """Return an alert as clients see it."""
    return wire.Alert(
        id=alert.id,
        site=site,
        decision=decision(alert.decision, alert.acknowledged, site),
        holds=alert.holds,
        escalated=alert.escalated,
        ended=alert.ended,
        seen=alert.seen,
        over=alert.over,
    )


def reloaded(outcome: ReloadOutcome) -> wire.RulesReloaded:
    """Return what came of reading the rules again.

    Raises:
        HttpProblem: They are bad; with every problem.
    """
    problems = tuple(map(in_file, outcome.problems))
    if (changes := outcome.changes) is None:
        errors = sum(each.severity == "error" for each in problems)
        raise refusal(422, "rules.not_adopted", problems, count=errors)
    return wire.RulesReloaded(
        adopted=outcome.adopted,
        rules=outcome.rules,
        added=changes.added,
        removed=changes.removed,
        changed=changes.changed,
        edited=changes.edited,
        kept=len(changes.kept),
        remembered=outcome.remembered,
        warnings=problems,
        restart=outcome.restart,
        cameras_added=outcome.cameras.added,
        cameras_changed=outcome.cameras.changed,
        cameras_removed=outcome.cameras.removed,
    )


def _signal(trust: Trust) -> wire.MotionSignal | None:
    known = trust.hits or trust.missed
    return wire.MotionSignal(trusted=trust.trusted, hits=trust.hits, missed=trust.missed) if known else None


def camera(runner: CameraRunner, now: float, site: str = "") -> wire.Camera:
    """Return one camera's state."""
    status, seen, settings = runner.status, runner.seen, runner.settings
    codec, profile, analyzer, eye = status.codec, status.profile, runner.analyzer, runner.eye
    features = tuple(sorted(each.id for each in runner.features))
    troubles = sorted(dict(runner.conditions.standing).items(), key=lambda each: WORST.index(each[0]))
    why = status.reason or next((trouble.sentence for _, trouble in troubles), None)
    return wire.Camera(
        id=runner.id,
        site=site,
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
        resting=eye.resting if eye else False,
        wakeful=sentence(runner.wakeful) if runner.wakeful else None,
        keyframes=round(eye.spacing, 1) if eye and isfinite(eye.spacing) else None,
        signal=_signal(runner.trust),
        skipped=analyzer.skipped if analyzer else 0,
        motion=round(float(seen.sight.motion.share), 3) if seen else 0.0,
        ptz="ptz" in features,
        features=features,
        preview=codec is not None,
        tracks=tracked(standing(seen.sight, settings.zones)) if seen else (),
        zones={name: tuple(points) for name, points in settings.zones.items()},
        last_event=status.last_event,
        last_event_kind=status.last_event_kind,
        troubles=tuple(
            wire.Trouble(label=label, since=each.since, said=sentence(each.sentence))
            for label, each in troubles
        ),
        advice=sentence(status.advice) if status.advice else None,
        retry=status.retry,
        clock_offset=runner.clock_offset,
        watched=tuple(wire.Watcher(name=each.name, since=each.since) for each in runner.watchers.now()),
    )
