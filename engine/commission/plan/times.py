"""Clock, zone and server of a device. Pure."""

from __future__ import annotations

from datetime import datetime

from drivers.contract import Value
from engine.commission.plan.wish import Offer, Plan, Wish, same
from engine.commission.standard import TimeSettings
from rules.model import Sentence

#: Seconds that a clock may be off and is left alone: devices know whole seconds, and answers take their time.
OFF = 1.5


def plan_time(offer: Offer, wanted: TimeSettings, now: datetime, offset: float | None) -> Plan:
    """Return what is to be set: the zone, then the time, then whom the device asks for it from now on.

    Args:
        now: This machine's time.
        offset: Seconds that the device's clock is ahead; None: it does not tell.
    """
    wishes = [*_zone(offer, wanted.zone), *_clock(offer, now, offset), *_server(offer, wanted.ntp)]
    told = [] if not wanted.ntp or offer.find("time.ntp") else [Sentence("commission.no_ntp")]
    if offer.find("time.clock") is None and offer.find("time.ntp") is None:
        told = [Sentence("commission.no_clock")]
    return Plan(tuple(wishes), tuple(told))


def _zone(offer: Offer, wanted: str) -> list[Wish]:
    feature = offer.find("time.zone")
    return offer.wish(feature, wanted) if feature and wanted else []


def _clock(offer: Offer, now: datetime, offset: float | None) -> list[Wish]:
    """Return the wish for the right time, also where a server is to follow: until it answers, logins need it."""
    feature = offer.find("time.clock")
    if feature is None or (offset is not None and abs(offset) <= OFF):
        return []
    return [Wish(feature, now, offer.values.get(feature.id))]


def _server(offer: Offer, server: str | None) -> list[Wish]:
    ntp, mode = offer.find("time.ntp"), offer.find("time.mode")
    if ntp is None or not server:
        return []
    wishes = offer.wish(ntp, server)
    present: Value = offer.values.get("time.mode", "")
    if mode is not None and (wishes or not same(present, "ntp")):
        wishes.append(Wish(mode, "ntp", present or None))
    return wishes
