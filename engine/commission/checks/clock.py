"""Who sets a device's clock, and in which zone it is."""

from __future__ import annotations

import re

from engine.commission.checks.look import Look, text
from engine.commission.record import CheckResult

CHECKS = ("clock.ntp", "clock.zone")
_POSIX = re.compile(
    r"(?:<[^>]{1,16}>|[A-Za-z]{0,16})(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::(?P<minutes>\d{2}))?(?::00)?$"
)


async def clock(look: Look) -> list[CheckResult]:
    """Read what the configuration says; the clock itself is measured with `reach`."""
    return [_ntp(look), _zone(look)]


def _ntp(look: Look) -> CheckResult:
    mode, server = look.value("time.mode"), text(look.value("time.ntp") or "")
    wanted = look.subject.standard.time.ntp or ""
    if mode is None:
        return look.untested("clock.ntp", "check.untold", feature="time.mode")
    if mode != "ntp":
        return look.bad("clock.ntp", "check.ntp_manual", str(mode))
    if wanted and server != wanted:
        return look.bad("clock.ntp", "check.ntp_other", server, server=server or "–", wanted=wanted)
    return look.good("clock.ntp", "check.ntp", server or "DHCP", server=server or "DHCP")


def _zone(look: Look) -> CheckResult:
    told, wanted = look.value("time.zone"), look.subject.standard.time.zone
    if told is None:
        return look.untested("clock.zone", "check.untold", feature="time.zone")
    ours, theirs = west(wanted), west(str(told))
    same = ours == theirs if ours is not None else told == wanted
    if not same:
        return look.bad("clock.zone", "check.zone_bad", str(told), zone=str(told) or "–", wanted=wanted)
    return look.good("clock.zone", "check.zone", str(told), zone=str(told))


def west(zone: str) -> int | None:
    """Return the minutes west of UTC of a POSIX time zone without summer time; None: it is another kind."""
    match = _POSIX.match(zone.strip())
    if match is None:
        return None
    minutes = 60 * int(match["hours"]) + int(match["minutes"] or 0)
    return -minutes if match["sign"] == "-" else minutes
