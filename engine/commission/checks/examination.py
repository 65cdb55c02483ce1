"""All checks of one camera: each known one yields a result, also where it was not run.

Three lanes go side by side, so that the quick set takes as long as its streams: what is asked by calls, what comes as
streams, what comes as events. Within a lane one waits for the other: cameras have few sessions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from drivers.contract import Configurable
from engine.commission.acceptance import Acceptance
from engine.commission.checks import (
    clock,
    events,
    identity,
    login,
    names,
    network,
    people,
    picture,
    reach,
    streams,
)
from engine.commission.checks.look import FAULTS, Look
from engine.commission.record import CheckResult
from engine.commission.subject import Subject

#: Groups in the order in which people read them; the first word of a check's id.
GROUPS = (
    "reach", "identity", "login", "clock", "names", "stream", "picture", "network", "events", "io", "ptz",
    "storage", "privacy", "reboot",
)  # fmt: skip

Lane = Callable[[], Awaitable[list[CheckResult]]]


async def examine(
    subject: Subject,
    acceptance: Acceptance,
    thorough: bool,
    progress: Callable[[str], None],
) -> tuple[CheckResult, ...]:
    """Examine an open camera; pictures go to `subject.pictures`.

    Args:
        thorough: Run the long set too: minutes a camera, and a wrong login or two.
        progress: Told the group that begins.

    Returns:
        A result for each known check, in the order of `GROUPS`; a fault of one is its result, and no exception.
    """
    within = subject.within
    until = None if within is None else asyncio.get_running_loop().time() + within
    look = Look(subject, acceptance, thorough, progress, until=until)
    async with asyncio.TaskGroup() as group:
        lanes = [
            group.create_task(lane(look), name=f"check[{subject.expected.id}].{lane.__name__}")
            for lane in (_calls, _pictures, _events)
        ]
    found = [result for lane in lanes for result in lane.result()]
    return tuple(sorted(found, key=lambda each: GROUPS.index(each.check.split(".")[0])))


async def _calls(look: Look) -> list[CheckResult]:
    found = await look.each("reach", reach.CHECKS, reach.reach)
    await _ask_features(look)
    found += await look.each("identity", identity.CHECKS, identity.identity)
    found += await look.each("login", login.CHECKS, login.login)
    found += await look.each("clock", clock.CHECKS, clock.clock)
    found += await look.each("names", names.CHECKS, names.names)
    found += await look.each("network", network.CHECKS, network.network)
    return found + await look.each("people", people.CHECKS, people.people)


async def _ask_features(look: Look) -> None:
    """Ask what the configuration has, once for all checks, where nobody has: it costs a device a dozen calls."""
    device, known = look.subject.device, look.subject.features
    try:
        if known is None and isinstance(device, Configurable):
            async with asyncio.timeout(look.acceptance.durations.patience):
                known = await device.configuration()
    except FAULTS as error:
        look.mute = error  # each check that needs to know says so
    look.features = {each.id: each for each in known or ()}


async def _pictures(look: Look) -> list[CheckResult]:
    found = await look.each("stream", streams.checks(look), streams.streams)
    return found + await look.each("picture", picture.CHECKS, picture.picture)


async def _events(look: Look) -> list[CheckResult]:
    return await look.each("events", events.CHECKS, events.events)


def outcomes(results: Sequence[CheckResult]) -> dict[str, int]:
    """Return how many results there are of each outcome."""
    found: dict[str, int] = {}
    for each in results:
        found[each.outcome.value] = found.get(each.outcome.value, 0) + 1
    return found
