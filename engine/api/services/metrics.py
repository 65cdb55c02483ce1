"""The engine's figures for Prometheus: read from the rooms when they are asked for, kept nowhere.

One generator for each room. Labels are of few values that a site's configuration bounds: its cameras, its doors, names
that stand in this file. Rules, tracks, targets and peers are no labels.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from engine.duty.acts import MOST as ACTS
from engine.fleet.health.troubles import WORST
from engine.fleet.state import CameraState
from engine.identity.audit_log import MOST as AUDITS
from engine.identity.caller import Caller
from engine.identity.entry.attempts import ADDRESS, BEARER
from engine.severity import RANK

if TYPE_CHECKING:
    from engine.actions.outbox import Outbox
    from engine.api.services.preview import PreviewDoor
    from engine.api.services.state import SiteStateService
    from engine.duty.acts import Acts
    from engine.fleet.camera import CameraRunner
    from engine.fleet.inventory import Inventory
    from engine.identity.audit_log import AuditLog
    from engine.identity.entry.porter import Porter
    from engine.judging.judge import Judge
    from engine.runtime.clock import Clock
    from engine.runtime.liveness import Liveness
    from engine.store.db import Store
    from engine.vision.pool import DetectorPool
    from engine.web.connection_limit import ConnectionLimiter
    from engine.web.problems import Garbage

#: Gives figures; called whenever somebody asks.
Source = Callable[[], Iterable[Metric]]
#: How many, by the values of the labels.
Counted = Mapping[Any, float]


class MetricsService:
    """Implements `engine.api.resources.metrics.MetricsPort`; figures are read when they are asked for.

    Many who ask at once are answered together: nobody gets figures of before they asked, and no crowd holds the loop.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._process = ProcessCollector(registry=None)
        self._alone = asyncio.Lock()
        self._begun = self._made = 0
        self._text = b""

    async def exposition(self, caller: Caller) -> bytes:
        """Return every figure as it is now, in Prometheus' text format.

        Figures are read in the loop, where nothing changes meanwhile; the text, which costs more, is made beside it.
        """
        asked = self._begun
        async with self._alone:
            if self._made <= asked:  # what there is was read before
                self._begun += 1
                number, figures = self._begun, Reading([*self.figures(), *self._process.collect()])
                self._text = await asyncio.to_thread(generate_latest, figures)
                self._made = number
            return self._text

    def figures(self) -> Iterable[Metric]:
        """Return every figure; a queue or a drop stands in one family, whoever tells of it."""
        families: dict[str, Metric] = {}
        for source in self._sources:
            for family in source():
                known = families.setdefault(family.name, family)
                if known is not family:
                    known.samples.extend(family.samples)
        return families.values()


class Reading(Collector):
    """Figures as they were at one moment."""

    def __init__(self, figures: Sequence[Metric]) -> None:
        self._figures = figures

    def collect(self) -> Sequence[Metric]:
        """Return them."""
        return self._figures


def gauge(name: str, about: str, value: float | Counted, *labels: str) -> Metric:
    """Return what goes up and down."""
    return _filled(GaugeMetricFamily(f"matthan_{name}", about, labels=labels), value)


def counter(name: str, about: str, value: float | Counted, *labels: str) -> Metric:
    """Return what only goes up, since the start; its name ends in ``_total`` where it is told."""
    return _filled(CounterMetricFamily(f"matthan_{name}", about, labels=labels), value)


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, value: float | Counted
) -> GaugeMetricFamily | CounterMetricFamily:
    for by, each in value.items() if isinstance(value, Mapping) else [((), value)]:
        family.add_metric(by, each)
    return family


def queue(name: str, depth: float, size: float, dropped: float | None = None) -> Iterator[Metric]:
    """Yield how full a bounded queue is, and what did not fit; None: whoever finds it full waits, or is refused."""
    yield gauge("queue_depth", "Items that wait in a bounded queue.", {(name,): depth}, "queue")
    yield gauge("queue_capacity", "Items that a bounded queue holds at most.", {(name,): size}, "queue")
    if dropped is not None:
        yield drop(name, dropped)


def drop(name: str, count: float) -> Metric:
    """Return how many items were given up at one place."""
    return counter(
        "dropped", "Items given up because there was no room or no time.", {(name,): count}, "queue"
    )


def judge_figures(judge: Judge, acts: Acts) -> Iterator[Metric]:
    """Yield what is judged, and what waits for it."""
    intake = judge.intake
    yield counter("events", "Events kept.", judge.events)
    yield counter("decisions", "Decisions made.", judge.decisions)
    yield from queue("judge", len(intake), intake.size, intake.dropped)
    yield from queue("acts", acts.waiting, ACTS)
    yield gauge(
        "judge_lag_seconds", "How long the oldest event that waits to be judged has waited.", intake.lag()
    )
    yield counter(
        "judge_overloads", "Times that somebody waited long for room at the judge.", intake.overloads
    )
    yield gauge(
        "judge_writes", "1: the last verdict was kept. 0: it waits for room in the store.", judge.writes
    )
    yield gauge("rules", "Rules that are judged by.", len(judge.rules.rules))
    yield gauge("rules_failing", "Rules that raised since they were loaded.", len(judge.faults))
    yield gauge("rule_rows", "Rows that all rules remember.", len(judge.memory))
    evicted = sum(judge.evicted.values())
    yield counter("rule_rows_evicted", "Rows that rules gave up since they were loaded.", evicted)


def audit_figures(audit: AuditLog) -> Iterator[Metric]:
    """Yield what waits to be on record, and what could be kept nowhere."""
    yield from queue("audit", audit.waiting, AUDITS, audit.lost)


def camera_figures(
    cameras: Mapping[str, CameraRunner], clock: Clock, pool: DetectorPool | None
) -> Iterator[Metric]:
    """Yield how each camera does."""
    now, given_up = clock.monotonic(), pool.given_up() if pool else {}
    runners = list(cameras.values())

    def each(value: Callable[[CameraRunner], float]) -> Counted:
        return {(runner.id,): value(runner) for runner in runners}

    states = {(r.id, state.value): float(r.status.state is state) for r in runners for state in CameraState}
    yield gauge("camera_state", "1: the camera is in this state.", states, "camera", "state")
    troubles = {
        (r.id, trouble): float(trouble in standing)
        for r in runners
        for standing in (dict(r.conditions.standing),)
        for trouble in WORST
    }
    yield gauge("camera_trouble", "1: this is the matter with the camera.", troubles, "camera", "trouble")
    frames = each(lambda runner: runner.status.frames.per_second(now))
    yield gauge("camera_received_per_second", "Pictures received, over the last seconds.", frames, "camera")
    sights = each(lambda runner: runner.status.sights.per_second(now))
    yield gauge("camera_analysed_per_second", "Pictures analysed, over the last seconds.", sights, "camera")
    done = {
        (runner.id, what): float(count)
        for runner in runners
        if (eye := runner.eye) is not None
        for what, count in eye.counters.items()
    }
    about = "What became of pictures since the camera's stream began."
    yield counter("camera_pictures", about, done, "camera", "outcome")
    spent = {
        (runner.id, stage): seconds
        for runner in runners
        if runner.analyzer is not None
        for stage, seconds in runner.analyzer.stages.seconds.items()
    }
    about = "Seconds of a core that the camera's pictures cost since its stream began."
    yield counter("camera_cpu_seconds", about, spent, "camera", "stage")
    resting = each(lambda runner: float(runner.eye is not None and runner.eye.resting))
    yield gauge("camera_resting", "1: nothing moves, keyframes alone are decoded.", resting, "camera")
    about = "Looks of the detector that a busy machine gave up."
    yield counter("camera_detections_given_up", about, each(lambda r: given_up.get(r.id, 0)), "camera")
    about = "The camera's own events that were too many to be kept."
    yield counter("camera_signals_dropped", about, each(lambda r: r.signals_dropped), "camera")
    yield gauge(
        "camera_viewers", "Who takes the camera's packets now.", each(lambda r: r.tap.viewers), "camera"
    )
    about = "Packets that viewers were too slow for."
    yield counter("camera_packets_dropped", about, each(lambda r: r.tap.dropped), "camera")
    offsets = {(r.id,): r.clock_offset for r in runners if r.clock_offset is not None}
    about = "How far the camera's clock is ahead of the engine's; none: it does not tell."
    yield gauge("camera_clock_offset_seconds", about, offsets, "camera")


def outbox_figures(outbox: Outbox, state: SiteStateService) -> Iterator[Metric]:
    """Yield what is to be sent, and what came of it."""
    yield gauge("outbox", "Actions that are still to be carried out.", state.outbox.due)
    yield gauge(
        "dead_letters", "Actions that were given up, and that nobody has looked at.", state.outbox.dead
    )
    done = {"done": outbox.delivered, "failed": outbox.failed, "dead": outbox.dead}
    about = "Attempts: done, failed (tried again) or dead (given up)."
    yield counter("deliveries", about, {(by,): float(count) for by, count in done.items()}, "outcome")


def store_figures(store: Store, quota_mb: int) -> Iterator[Metric]:
    """Yield how large the store is, and what it could not keep."""
    yield gauge("store_size_bytes", "What the database takes on the disk.", store.bytes_used())
    yield gauge("store_quota_bytes", "What it may take.", quota_mb << 20)
    yield gauge("store_full", "1: the last write found no room.", store.full)
    yield counter("store_rows_forgotten", "Rows deleted early, for want of room.", store.forgotten)
    yield counter("store_unreadable_rows", "Rows met whose text is damaged.", store.unreadable)
    yield gauge("store_pages_wrong", "Pages that are not as they were written.", len(store.scrub.wrong))
    yield drop("outbox", store.given_up)


def duty_figures(state: SiteStateService) -> Iterator[Metric]:
    """Yield what needs a person."""
    alerts = state.shown()
    count = Counter(each.decision.severity for each in alerts)
    by = {(severity,): float(count[severity]) for severity in RANK}
    yield gauge("alerts", "Alerts that fire or wait for somebody.", by, "severity")
    waiting = sum(each.waits for each in alerts)
    yield gauge("alerts_unacknowledged", "Alerts of which nobody takes care.", waiting)
    yield gauge("alerts_left_out", "Alerts beyond the bound, which nobody is shown.", state.alerts_left_out)
    yield gauge("problems", "What a person should know about the engine now.", len(list(state.problems())))


def door_figures(
    state: SiteStateService, limiters: Iterable[ConnectionLimiter], garbage: Garbage
) -> Iterator[Metric]:
    """Yield who is at the doors, and who was turned away."""
    doors = list(limiters)
    inside = {(door.name,): float(door.inside) for door in doors}
    yield gauge("connections", "Connections that are open at a door.", inside, "door")
    away = {(door.name,): float(door.turned_away) for door in doors}
    yield counter("connections_turned_away", "Connections that found no room, or lost it.", away, "door")
    yield gauge("streams", "Clients that follow the stream.", len(state.hub))
    yield from queue("stream", state.hub.waiting, state.hub.size, state.hub.dropped)
    yield counter("http_garbage", "What was not HTTP, or came too slowly.", garbage.count)
    yield counter("http_refused", "Requests answered with 4xx.", garbage.refused)


def people_figures(porter: Porter) -> Iterator[Metric]:
    """Yield who is registered and logged in, and what was tried in vain."""
    book, tried = porter.book, porter.attempts
    yield gauge("people", "Persons who are registered.", sum(each.active for each in book.persons.values()))
    yield gauge("sessions", "Sessions that are open.", len(book.sessions))
    yield gauge("locked", "Names and addresses that are locked out now.", len(tried.locked()))
    yield counter("http_wrong_tokens", "Wrong tokens that were shown over TCP.", tried.wrong[BEARER])
    yield counter("login_wrong", "Passwords and codes that were wrong.", tried.wrong[ADDRESS])
    yield counter(
        "login_refused", "Tries that were not looked at, because there were too many.", tried.refused
    )


def preview_figures(preview: PreviewDoor | None) -> Iterator[Metric]:
    """Yield who watches; nothing where there is no preview."""
    if preview is None:
        return
    yield gauge("preview_viewers", "Browsers that watch.", preview.viewers)
    yield drop("reencode", preview.dropped)


def engine_figures(state: SiteStateService, inventory: Inventory, liveness: Liveness) -> Iterator[Metric]:
    """Yield what the engine is, and whether it moves."""
    info = InfoMetricFamily("matthan", "The engine.")
    info.add_metric((), {"version": state.version, "site": state.settings.site})
    yield info
    yield gauge("start_time_seconds", "When the engine started, in Unix time.", state.started.timestamp())
    ages = {(strand,): age for strand, age in liveness.ages().items()}
    yield gauge("strand_idle_seconds", "How long ago a strand of the engine moved.", ages, "strand")
    about = "Devices beyond the bound, when it was last looked for them."
    yield gauge("discovery_ignored", about, inventory.ignored)
