"""Whether a device is who it should be, and the only one of that name."""

from __future__ import annotations

from engine.census.sighting import Identity
from engine.commission.checks.look import Look, text
from engine.commission.record import CheckResult

CHECKS = ("identity.planned", "identity.serial", "identity.firmware", "identity.mixed")


async def identity(look: Look) -> list[CheckResult]:
    """Compare what the device said when it was opened; nothing is asked."""
    return [_planned(look), _serial(look), _firmware(look), _mixed(look)]


def _planned(look: Look) -> CheckResult:
    expected, found = look.subject.expected, look.subject.identity
    if not expected.serial and not expected.mac:
        return look.untested("identity.planned", "check.no_plan")
    if expected.serial and expected.serial.strip() != found.serial.strip():
        told = text(found.serial) or "–"
        return look.bad("identity.planned", "check.planned_bad", told, told=told, wanted=expected.serial)
    if expected.mac and expected.mac not in found.macs:
        told = text(", ".join(found.macs)) or "–"
        return look.bad("identity.planned", "check.planned_bad", told, told=told, wanted=expected.mac)
    told = text(expected.serial or expected.mac)
    return look.good("identity.planned", "check.planned", told, told=told)


def _serial(look: Look) -> CheckResult:
    """Judge a serial number: channels of one recorder share theirs, other devices must not."""
    serial = text(look.subject.identity.serial)
    if not serial:
        return look.bad("identity.serial", "check.serial_none")
    channel, found = bool(look.subject.expected.source), look.subject.identity
    twins = [id_ for id_, other in look.subject.others.items() if _is_twin(found, other, channel=channel)]
    if twins:
        return look.bad("identity.serial", "check.serial_twice", serial, serial=serial, others=_listed(twins))
    return look.good("identity.serial", "check.serial", serial, serial=serial)


def _is_twin(one: Identity, other: Identity, *, channel: bool) -> bool:
    """Return whether another device has our serial number: known by its hardware address, where both tell theirs.

    Args:
        channel: Whether we are one source of several, which are one device.
    """
    if other.serial != one.serial:
        return False
    if one.macs and other.macs:
        return not set(one.macs) & set(other.macs)
    return not channel


def _firmware(look: Look) -> CheckResult:
    found = look.subject.identity
    model = f"{found.manufacturer} {found.model}".strip()
    wanted, told = _baseline(look.subject.standard.firmware, model), text(found.firmware)
    if not wanted:
        return look.untested("identity.firmware", "check.no_baseline", told, model=text(model) or "–")
    if told != wanted:
        return look.bad("identity.firmware", "check.firmware_bad", told, firmware=told or "–", wanted=wanted)
    return look.good("identity.firmware", "check.firmware", told, firmware=told)


def _baseline(firmware: dict[str, str], model: str) -> str:
    """Return the version that a site wants of a model; makers do not mind capitals."""
    return next((each for name, each in firmware.items() if name.casefold() == model.casefold()), "")


def _mixed(look: Look) -> CheckResult:
    found = look.subject.identity
    same = [
        (id_, other.firmware)
        for id_, other in look.subject.others.items()
        if (other.manufacturer, other.model) == (found.manufacturer, found.model) and other.firmware
    ]
    if not same or not found.firmware:
        return look.untested("identity.mixed", "check.alone")
    other = [f"{id_} {firmware}" for id_, firmware in same if firmware != found.firmware]
    told = text(found.firmware)
    if other:
        return look.bad("identity.mixed", "check.mixed_bad", told, firmware=told, others=_listed(other))
    return look.good("identity.mixed", "check.mixed", told, firmware=told, count=len(same) + 1)


def _listed(names: list[str]) -> str:
    """Return some names, and how many more there are."""
    shown = text(", ".join(names[:3]))
    return f"{shown} (+{len(names) - 3})" if len(names) > 3 else shown
