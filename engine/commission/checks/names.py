"""Whether a device is called what the site's sheet says, in the network and in the picture."""

from __future__ import annotations

from engine.census.sighting import Expected
from engine.commission.checks.look import Look, step
from engine.commission.record import CheckResult
from rules.document.suggestions import slug

CHECKS = ("names.scope", "names.hostname", "names.overlay", "names.overlay_clock")
#: Signs of one label of a host name (RFC 1123).
LABEL = 63


async def names(look: Look) -> list[CheckResult]:
    """Compare the configuration's names; nothing is asked."""
    wanted, source = look.subject.standard.names, look.subject.camera.source
    osd, expected = f"osd.{step(source)}", look.subject.expected
    return [
        _own(look, "names.scope", "scopes.name", filled(wanted.name, expected)),
        _own(look, "names.hostname", "network.hostname", host_name(filled(wanted.hostname, expected))),
        _named(look, "names.overlay", f"{osd}.name", filled(wanted.overlay, expected)),
        _clock(look, f"{osd}.clock", wanted=wanted.clock),
    ]


def filled(pattern: str, expected: Expected) -> str:
    """Return what a pattern of the standard says of a camera."""
    return pattern.replace("{id}", expected.id).replace("{name}", expected.name or expected.id).strip()


def host_name(name: str) -> str:
    """Return a name as a host may have it."""
    return slug(name)[:LABEL].strip("-")


def _own(look: Look, check: str, feature: str, wanted: str) -> CheckResult:
    """Compare a name of the whole device: a recorder is not called by the name of one of its channels."""
    if len(look.subject.device.cameras) > 1:
        return look.untested(check, "check.recorder")
    return _named(look, check, feature, wanted)


def _named(look: Look, check: str, feature: str, wanted: str) -> CheckResult:
    told = look.value(feature)
    if not wanted:
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
