"""Everything that can be asked of a site: the one list of resources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.api.recording import Recorder
from engine.api.resources import (
    acts,
    alerts,
    audit,
    availability,
    cameras,
    decisions,
    deliveries,
    doors,
    events,
    features,
    health,
    metrics,
    people,
    preview,
    probes,
    rules,
    sessions,
    state,
    tokens,
    vision,
)
from engine.api.resources.commissioning import aim, drawing, jobs
from engine.api.resources.past import history, search
from engine.api.routes import Api
from engine.api.services import metrics as figures
from engine.api.services.acts import ActService, SilenceService
from engine.api.services.aim import AimService
from engine.api.services.audit import AuditService
from engine.api.services.availability import AvailabilityService
from engine.api.services.cameras import CameraService
from engine.api.services.commissioning import CommissioningService
from engine.api.services.decisions import DecisionService
from engine.api.services.deliveries import DeliveryService
from engine.api.services.doors import DoorService
from engine.api.services.drawing import DrawingService
from engine.api.services.events import EventService
from engine.api.services.features import FeatureService
from engine.api.services.past.looking import Looking
from engine.api.services.past.searching import PastService
from engine.api.services.people import PeopleService, Places
from engine.api.services.preview import PreviewDoor, PreviewService
from engine.api.services.rules import RuleService
from engine.api.services.sessions import SessionService
from engine.api.services.state import SiteStateService
from engine.api.services.vision import VisionService
from engine.commission.aim.shelf import Shelf
from engine.duty.acknowledgement import Acknowledgements
from engine.duty.acts import Acts
from engine.duty.silencing import Silencing
from engine.duty.verdicts import Verdicts
from engine.identity.callers import Callers
from engine.identity.entry.porter import Porter
from engine.judging.reload import ReloadOutcome
from engine.runtime.clock import Clock
from engine.web.problems import Garbage

if TYPE_CHECKING:
    from engine.actions.outbox import Outbox
    from engine.commission.foreman import Foreman
    from engine.fleet.camera import CameraRunner
    from engine.fleet.inventory import Inventory
    from engine.identity.audit_log import AuditLog
    from engine.judging.judge import Judge
    from engine.runtime.liveness import Liveness
    from engine.store.db import Store
    from engine.store.search.search import Search
    from engine.vision.pool import DetectorPool
    from engine.web.connection_limit import ConnectionLimiter
    from engine.web.tls import Encryption


@dataclass(frozen=True, slots=True)
class Rooms:
    """What of a site the API is made over.

    Attributes:
        state: What clients follow.
        acts: What operators do, on its way to the judge.
        reload: Reads the rules again, see `engine.judging.reload`.
        wake: Says that there is more to be sent.
        preview: Returns the preview; None: there is none now.
        zone: In which people there read a time.
        garbage: Counts what is malformed, at all doors.
        limiters: Returns who counts the connections of the doors that are open.
        encryption: How they are encrypted.
        auditor: Keeps who did what; `asks_why`: deeds of which it must be said why.
        porter: Lets people in; `callers`: says who asks.
        groups: Returns the groups of cameras by name.
        config: The configuration's file.
        references: The folder of reference pictures.
        foreman: Commissions cameras.
        search: Looks back over the log.
        ready: Returns what must be well for the engine to do its work.
    """

    state: SiteStateService
    cameras: Mapping[str, CameraRunner]
    store: Store
    judge: Judge
    acts: Acts
    reload: Callable[[], Awaitable[ReloadOutcome]]
    wake: Callable[[], None]
    preview: Callable[[], PreviewDoor | None]
    clock: Clock
    zone: ZoneInfo
    garbage: Garbage
    limiters: Callable[[], Iterable[ConnectionLimiter]]
    encryption: Encryption
    outbox: Outbox
    pool: DetectorPool | None
    inventory: Inventory
    liveness: Liveness
    ready: Callable[[], Mapping[str, bool]]
    quota_mb: int
    auditor: AuditLog
    asks_why: frozenset[str]
    porter: Porter
    callers: Callers
    groups: Callable[[], Mapping[str, Sequence[str]]]
    config: Path
    references: Path
    database: Path
    foreman: Foreman
    search: Search


def api_of(site: Rooms) -> Api:
    """Return what a site's server answers; a new resource has its line here."""
    name, book = site.state.settings.site, site.porter.book
    acknowledgements = Acknowledgements(site.store, site.acts, site.clock)
    registered = PeopleService(book, Places(lambda: site.cameras, lambda: site.groups().keys()), site.zone)
    looking = Looking(site.search, site.store, site.cameras, site.groups, site.clock, site.zone)
    past = PastService(looking, name)
    resources = (
        state.resource(site.state),
        events.resource(EventService(site.store, site.cameras, looking)),
        decisions.resource(
            DecisionService(
                site.store,
                acknowledgements,
                Verdicts(site.store, site.acts),
                site.state.passed_on,
                site.cameras,
                name,
                looking,
            )
        ),
        search.resource(past),
        history.resource(past),
        alerts.resource(site.state),
        deliveries.resource(DeliveryService(site.store, site.wake)),
        acts.resource(ActService(site.acts, site.cameras)),
        acts.silences(
            SilenceService(
                Silencing(site.state.memory, site.acts, site.clock),
                site.judge,
                site.cameras,
                site.groups,
                site.clock,
            )
        ),
        rules.resource(
            RuleService(
                site.judge, site.cameras, site.clock, site.zone, site.reload, site.store, site.database
            )
        ),
        cameras.resource(CameraService(site.cameras, site.clock, site.zone, name)),
        features.resource(FeatureService(site.cameras)),
        vision.resource(VisionService(site.cameras, site.pool, site.clock)),
        aim.resource(AimService(site.cameras, Shelf(site.references), site.clock.monotonic)),
        jobs.resource(CommissioningService(site.foreman)),
        drawing.resource(DrawingService(site.cameras, site.config, site.reload)),
        availability.resource(AvailabilityService(site.store, site.cameras, site.clock, site.zone)),
        audit.resource(AuditService(site.store)),
        preview.resource(PreviewService(site.cameras, site.preview)),
        health.resource(site.state, site.garbage),
        doors.resource(DoorService(site.limiters, site.encryption)),
        metrics.resource(figures.MetricsService(sources(site))),
        probes.resource(site.liveness.checks, site.ready),
        people.resource(registered),
        tokens.resource(registered),
        sessions.resource(SessionService(site.porter)),
    )
    recorder = Recorder(site.auditor, site.asks_why)
    return Api(resources, site.garbage, recorder, site.callers, site.porter)


def sources(site: Rooms) -> Sequence[figures.Source]:
    """Return where figures come from; a room that has some has its line here."""
    return (
        lambda: figures.engine_figures(site.state, site.inventory, site.liveness),
        lambda: figures.judge_figures(site.judge, site.acts),
        lambda: figures.audit_figures(site.auditor),
        lambda: figures.camera_figures(site.cameras, site.clock, site.pool),
        lambda: figures.outbox_figures(site.outbox, site.state),
        lambda: figures.store_figures(site.store, site.quota_mb),
        lambda: figures.duty_figures(site.state),
        lambda: figures.door_figures(site.state, site.limiters(), site.garbage),
        lambda: figures.people_figures(site.porter),
        lambda: figures.preview_figures(site.preview()),
    )
