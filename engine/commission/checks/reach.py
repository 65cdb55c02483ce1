"""Whether a device answers, how quickly, and what it offers."""

from __future__ import annotations

import asyncio

from drivers.contract import Configurable, Feature
from engine.commission.checks.clock import west
from engine.commission.checks.look import Look
from engine.commission.checks.round_trips import asked
from engine.commission.record import CheckResult, Outcome

CHECKS = ("reach.answer", "reach.services", "clock.offset", "network.rtt")
#: What a camera should offer besides its streams.
_WANTED = (Feature.SIGNALS, Feature.SNAPSHOT)


async def reach(look: Look) -> list[CheckResult]:
    """Ask it many times; the first answer counts here, all of them for its clock and the way to it."""
    durations, subject = look.acceptance.durations, look.subject
    async with asyncio.timeout(durations.patience + durations.clock):
        trips = look.trips = await asked(subject.device, durations.clock, subject.clock.monotonic)
    if _is_mute(look):
        return [look.untested("reach.answer", "check.no_question"), _services(look), *_ways(look)]
    answer = look.measured("reach.answer", trips.seconds[0], "check.answer", "check.answer_bad")
    return [answer, _services(look), *_ways(look)]


def _is_mute(look: Look) -> bool:
    """Return whether a device is its streams alone: no time was asked of it, however quickly none came back."""
    told = look.trips is not None and look.trips.offset is not None
    return not told and not isinstance(look.subject.device, Configurable)


def _services(look: Look) -> CheckResult:
    offered = [each.id for each in _WANTED if each in look.subject.camera.features]
    missing = [each.id for each in _WANTED if each.id not in offered]
    if missing:
        names = ", ".join(missing)
        return look.bad("reach.services", "check.services_bad", ", ".join(offered), missing=names)
    return look.good("reach.services", "check.services", ", ".join(offered))


def _ways(look: Look) -> list[CheckResult]:
    return [_offset(look), _rtt(look)]


def _offset(look: Look) -> CheckResult:
    trips = look.trips
    assert trips is not None  # noqa: S101 - `reach` has just asked
    found = trips.offset
    if found is None:
        return look.untested("clock.offset", "check.no_clock")
    if trips.stepped:
        return look.bad("clock.offset", "check.clock_stepped", round(found.seconds, 2))
    return _judged(look, found.seconds, found.doubt)


def _judged(look: Look, seconds: float, doubt: float) -> CheckResult:
    """Return what an offset is worth; one that may be good as well as bad was not found out."""
    limit = look.acceptance.clock.offset
    values: dict[str, str | float] = {"offset": spoken(seconds), "doubt": round(doubt, 2)}
    best, worst_ = limit.judged(max(0.0, abs(seconds) - doubt)), limit.judged(abs(seconds) + doubt)
    outcome = limit.judged(abs(seconds))
    if best is not worst_ and doubt > _FINE:
        return look.untested("clock.offset", "check.clock_doubt", round(seconds, 2), **values)
    if outcome is not Outcome.PASS and (zone := _zone_of(look)) and abs(abs(seconds) - abs(zone)) < _ZONE:
        return look.said("clock.offset", outcome, "check.clock_zone", round(seconds, 2), **values)
    code = "check.clock" if outcome is Outcome.PASS else "check.clock_bad"
    return look.said("clock.offset", outcome, code, round(seconds, 2), **values)


def _zone_of(look: Look) -> int:
    """Return the seconds that the site is from UTC; 0: it is there, or that is not known."""
    return 60 * (west(look.subject.standard.time.zone) or 0)


#: Seconds of doubt that nobody minds; seconds within which a clock is off by just its time zone.
_FINE, _ZONE = 0.15, 60.0


def spoken(seconds: float) -> str:
    """Return an offset as people read it in any language: ``+0.02 s``, from a minute on ``+07:00:00``."""
    sign, size = "-" if seconds < 0 else "+", abs(seconds)
    if size < 60:
        return f"{sign}{size:.2f} s"
    whole = round(size)
    return f"{sign}{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _rtt(look: Look) -> CheckResult:
    trips = look.trips
    assert trips is not None  # noqa: S101 - `reach` has just asked
    if _is_mute(look):
        return look.untested("network.rtt", "check.no_question")
    count, most = len(trips.seconds), round(max(trips.seconds) * 1000, 1)
    milliseconds = trips.typical * 1000
    return look.measured("network.rtt", milliseconds, "check.rtt", "check.rtt_bad", count=count, most=most)
