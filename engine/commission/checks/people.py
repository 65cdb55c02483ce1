"""What takes a person, a yes, or the night: named, so that nobody believes that it was done."""

from __future__ import annotations

from drivers.contract import FeatureCategory
from engine.commission.checks.look import Look
from engine.commission.record import CheckResult

CHECKS = (
    "picture.night", "picture.density", "picture.view", "events.walk", "io.relays", "io.inputs", "ptz.move",
    "ptz.presets", "ptz.watchdog", "storage.retention", "reboot.return", "privacy.masks",
)  # fmt: skip


async def people(look: Look) -> list[CheckResult]:
    """Say of each why it was not tested."""
    return [*_by_hand(look), *_io(look), *_ptz(look)]


def _by_hand(look: Look) -> list[CheckResult]:
    codes = {
        "picture.night": "check.night", "picture.density": "check.density", "picture.view": "check.view",
        "events.walk": "check.walk", "storage.retention": "check.storage", "reboot.return": "check.reboot",
        "privacy.masks": "check.masks",
    }  # fmt: skip
    return [look.untested(check, code) for check, code in codes.items()]


def _io(look: Look) -> list[CheckResult]:
    if look.mute is not None:
        return [look.broken(check, look.mute) for check in ("io.relays", "io.inputs")]
    ports = [each for each in look.features.values() if each.category is FeatureCategory.IO]
    relays, inputs = sum(each.writable for each in ports), sum(not each.writable for each in ports)
    return [
        look.untested("io.relays", "check.relays" if relays else "check.no_relays", relays, count=relays),
        look.untested("io.inputs", "check.inputs" if inputs else "check.no_inputs", inputs, count=inputs),
    ]


def _ptz(look: Look) -> list[CheckResult]:
    code = "check.ptz" if look.subject.camera.ptz else "check.no_ptz"
    return [look.untested(check, code) for check in ("ptz.move", "ptz.presets", "ptz.watchdog")]
