"""Whether a device is called what the site's sheet says, in the network and in the picture."""

from __future__ import annotations

from engine.commission.checks.look import Look, step
from engine.commission.record import CheckResult

CHECKS = ("names.scope", "names.hostname", "names.overlay", "names.overlay_clock")


async def names(look: Look) -> list[CheckResult]:
    """Compare the configuration's names; nothing is asked."""
    wanted, source = look.subject.standard.names, look.subject.camera.source
    osd = f"osd.{step(source)}"
    return [
        _named(look, "names.scope", "scopes.name", wanted.name),
        _named(look, "names.hostname", "network.hostname", wanted.hostname),
        _named(look, "names.overlay", f"{osd}.name", wanted.overlay),
        _clock(look, f"{osd}.clock", wanted=wanted.clock),
    ]


def filled(pattern: str, id_: str, name: str) -> str:
    """Return what a pattern of the standard says of a camera; what has no name is called by its id."""
    return pattern.replace("{id}", id_).replace("{name}", name or id_)


def _named(look: Look, check: str, feature: str, pattern: str) -> CheckResult:
    wanted = filled(pattern, look.subject.expected.id, look.subject.expected.name)
    told = look.value(feature)
    if not pattern:
        return look.untested(check, "check.not_wanted")
    if told is None:
        return look.untested(check, "check.untold", feature=feature)
    if str(told).strip() != wanted:
        return look.bad(check, "check.name_bad", str(told), told=str(told) or "–", wanted=wanted)
    return look.good(check, "check.name", str(told), told=wanted)


def _clock(look: Look, feature: str, *, wanted: bool) -> CheckResult:
    check, told = "names.overlay_clock", look.value(feature)
    if told is None:
        return look.untested(check, "check.untold", feature=feature)
    if told is not wanted:
        return look.bad(check, "check.overlay_clock_missing" if wanted else "check.overlay_clock_there", told)
    return look.good(check, "check.overlay_clock", told)
