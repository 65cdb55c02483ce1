"""Whether a device says what it could tell, and tells it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial

from drivers.contract import Signal, Topical
from drivers.errors import Unsupported
from engine.commission.checks.look import Look, text
from engine.commission.record import CheckResult

CHECKS = ("events.topics", "events.initial")
#: Topics that a result names.
_SHOWN = 3
#: Calls that a subscription takes until it can tell something, and one more: a slow device is not a deaf one.
_CALLS = 4


async def events(look: Look) -> list[CheckResult]:
    """Subscribe once, for a moment: a walk test is a person's."""
    monotonic = look.subject.clock.monotonic
    begun = monotonic()
    topics = await look.one("events.topics", _topics)
    took = monotonic() - begun  # one call: to subscribe takes a few
    return [topics, await look.one("events.initial", partial(_initial, calls=_CALLS * took))]


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


async def _initial(look: Look, calls: float) -> CheckResult:
    seconds = look.acceptance.durations.events
    monotonic = look.subject.clock.monotonic
    begun = monotonic()
    try:
        first = await _first(look, seconds + min(calls, look.acceptance.durations.patience))
    except Unsupported:
        return look.untested("events.initial", "check.no_events")
    if first is None:
        return look.bad("events.initial", "check.deaf", seconds=seconds)
    took = round(monotonic() - begun, 2)
    return look.good("events.initial", "check.initial", took, topic=text(first.topic), seconds=took)


async def _first(look: Look, seconds: float) -> Signal | None:
    """Return the first thing that is told; None: nothing was, in time."""
    try:
        async with asyncio.timeout(seconds), aclosing(look.subject.device.signals()) as told:
            async for signal in told:
                if signal is not None:
                    return signal
    except TimeoutError:
        return None
    return None
