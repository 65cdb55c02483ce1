"""Whether a device says what it could tell, and tells it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from drivers.contract import Signal, Topical
from drivers.errors import Unsupported
from engine.commission.checks.look import Look, text
from engine.commission.record import CheckResult

CHECKS = ("events.topics", "events.initial")
#: Topics that a result names.
_SHOWN = 3


async def events(look: Look) -> list[CheckResult]:
    """Subscribe once, for a moment: a walk test is a person's."""
    return [await look.one("events.topics", _topics), await look.one("events.initial", _initial)]


async def _topics(look: Look) -> CheckResult:
    device = look.subject.device
    if not isinstance(device, Topical):
        return look.untested("events.topics", "check.topics_untold")
    try:
        async with asyncio.timeout(look.acceptance.durations.patience):
            found = await device.topics()
    except Unsupported:
        return look.untested("events.topics", "check.no_events")
    if not found:
        return look.bad("events.topics", "check.topics_bad", 0)
    names = text(", ".join(found[:_SHOWN]))
    return look.good("events.topics", "check.topics", len(found), count=len(found), names=names)


async def _initial(look: Look) -> CheckResult:
    seconds = look.acceptance.durations.events
    monotonic = look.subject.clock.monotonic
    begun = monotonic()
    try:
        first = await _first(look, seconds)
    except Unsupported:
        return look.untested("events.initial", "check.no_events")
    if first is None:
        return look.bad("events.initial", "check.deaf", seconds=seconds)
    took = round(monotonic() - begun, 2)
    return look.good("events.initial", "check.initial", took, topic=text(first.topic), seconds=took)


async def _first(look: Look, seconds: float) -> Signal | None:
    """Return the first thing that is told; None: nothing was, in time.

    The time runs from the subscription on: how long that took is the device's slowness, not its deafness.
    """
    patience = look.acceptance.durations.patience
    try:
        async with (
            asyncio.timeout(patience + seconds) as limit,
            aclosing(look.subject.device.signals()) as told,
        ):
            async for signal in told:
                if signal is not None:
                    return signal
                limit.reschedule(min(limit.when() or 0.0, asyncio.get_running_loop().time() + seconds))
    except TimeoutError:
        return None
    return None
