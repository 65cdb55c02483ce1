"""Everything that can be asked of a site: the one list of resources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.api.resources import (
    acts,
    alerts,
    cameras,
    decisions,
    deliveries,
    events,
    health,
    preview,
    rules,
    state,
)
from engine.api.routes import Api
from engine.api.services.acts import ActService
from engine.api.services.cameras import CameraService
from engine.api.services.decisions import DecisionService
from engine.api.services.deliveries import DeliveryService
from engine.api.services.events import EventService
from engine.api.services.preview import Links, PreviewService
from engine.api.services.rules import RuleService
from engine.api.services.state import SiteStateService
from engine.duty.acknowledgement import Acknowledgements
from engine.duty.acts import Acts
from engine.judging.reload import ReloadOutcome
from engine.runtime.clock import Clock
from engine.web.problems import Garbage

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner
    from engine.judging.judge import Judge
    from engine.store.db import Store


@dataclass(frozen=True, slots=True)
class Rooms:
    """What of a site the API is made over.

    Attributes:
        state: What clients follow.
        acts: What operators do, on its way to the judge.
        reload: Reads the rules again, see `engine.judging.reload`.
        wake: Says that there is more to be sent.
        links: Returns what gives links to the preview; None: there is no preview now.
        zone: In which people there read a time.
        garbage: Counts what is malformed, at all doors.
    """

    state: SiteStateService
    cameras: Mapping[str, CameraRunner]
    store: Store
    judge: Judge
    acts: Acts
    reload: Callable[[], Awaitable[ReloadOutcome]]
    wake: Callable[[], None]
    links: Callable[[], Links | None]
    clock: Clock
    zone: ZoneInfo
    garbage: Garbage


def api_of(site: Rooms) -> Api:
    """Return what a site's server answers; a new resource has its line here."""
    acknowledgements = Acknowledgements(site.store, site.acts, site.clock)
    resources = (
        state.resource(site.state),
        events.resource(EventService(site.store)),
        decisions.resource(DecisionService(site.store, acknowledgements)),
        alerts.resource(site.state),
        deliveries.resource(DeliveryService(site.store, site.wake)),
        acts.resource(ActService(site.acts, site.cameras)),
        rules.resource(RuleService(site.judge, site.cameras, site.clock, site.zone, site.reload)),
        cameras.resource(CameraService(site.cameras, site.clock, site.zone)),
        preview.resource(PreviewService(site.cameras, site.links)),
        health.resource(site.state, site.garbage),
    )
    return Api(resources, site.garbage)
