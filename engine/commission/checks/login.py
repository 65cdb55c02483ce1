"""Whether a device lets in whom it should, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from drivers.contract import Configurable, Device, FeatureCategory, Login, Stream, Value
from drivers.errors import DriverError, Forbidden, Refused
from engine.commission.checks.look import Look, text
from engine.commission.record import CheckResult, Outcome
from engine.runtime.thread import in_thread

CHECKS = ("login.required", "login.wrong", "login.default", "login.administrators")
#: A password that nobody has, for asking a device whether it looks at passwords at all.
NOBODYS = "khong-phai-mat-khau-7291"
#: Seconds that a stream's thread gets to end.
_STOP = 4.0


async def login(look: Look) -> list[CheckResult]:
    """Knock without a login, which is no wrong one; with a wrong one in the long set only."""
    required = await look.one("login.required", _required)
    return [
        required,
        await look.one("login.wrong", _wrong),
        _default(look, required),
        await look.one("login.administrators", _administrators),
    ]


async def _required(look: Look) -> CheckResult:
    """Ask as nobody for what needs rights: the device's profiles, its accounts, a stream."""
    subject = look.subject
    if getattr(subject.driver, "local", False):
        return look.untested("login.required", "check.no_host")
    told: list[str] = []
    try:
        async with asyncio.timeout(look.acceptance.durations.patience):
            async with subject.driver.open(replace(subject.target, logins=None), None) as device:
                told = await _given_away(device)
    except Refused:
        return look.good("login.required", "check.login_required")
    if told:
        return look.bad("login.required", "check.login_required_bad", ", ".join(told), what=", ".join(told))
    return look.good("login.required", "check.login_required")


async def _given_away(device: Device) -> list[str]:
    """Return what a stranger gets: words of ONVIF and RTSP, which are the same in any language.

    Raises:
        DriverError: It gave nothing, and did not refuse everything either: nothing is known of it.
    """
    asked: dict[str, Callable[[], Awaitable[None]]] = {}
    if isinstance(device, Configurable):
        asked["GetUsers"] = lambda: _accounts(device)
    if device.cameras:
        asked["RTSP"] = lambda: _streams(device)
    found = ["GetProfiles"] if isinstance(device, Configurable) else []
    fault: DriverError | None = None
    for name, ask in asked.items():
        try:
            await ask()
        except (Refused, Forbidden):
            continue
        except DriverError as error:
            fault = error
        else:
            found.append(name)
    if fault is not None and not found:
        raise fault
    return found


async def _accounts(device: Configurable) -> None:
    await device.read("users.count")


async def _streams(device: Device) -> None:
    camera = device.cameras[0]
    stream = await camera.open_stream(camera.profiles[-1].token)
    try:
        await in_thread("check.login", lambda: _started(stream), stream.close, _STOP)
    finally:
        stream.close()


def _started(stream: Stream) -> None:
    stream.start()


async def _wrong(look: Look) -> CheckResult:
    """Try one wrong password, where the site has asked for the long set: cameras lock whoever does so often."""
    subject = look.subject
    if subject.login is None:
        return look.untested("login.wrong", "check.no_login")
    if not look.thorough:
        return look.untested("login.wrong", "check.long_set_wrong")
    try:
        async with asyncio.timeout(look.acceptance.durations.patience):
            async with subject.driver.open(subject.target, Login(subject.login.username, NOBODYS)) as device:
                if not isinstance(device, Configurable):
                    await _streams(device)
    except Forbidden as error:
        return look.broken("login.wrong", error)
    except Refused as error:
        if not error.counts:  # held back by ourselves: the device was not asked
            return look.broken("login.wrong", error)
        return look.good("login.wrong", "check.wrong_refused")
    return look.bad("login.wrong", "check.wrong_taken", user=text(subject.login.username))


def _default(look: Look, required: CheckResult) -> CheckResult:
    """Judge the password that let us in; a device that asks nobody for one says nothing of it by that."""
    subject = look.subject
    if subject.login is None:
        return look.untested("login.default", "check.no_login")
    if subject.default_login:
        return look.bad("login.default", "check.default_there", user=text(subject.login.username))
    if not subject.standard.passwords.defaults and subject.renewed is None:
        return look.untested("login.default", "check.no_defaults")
    if required.reason.code == "check.login_required_bad":
        return look.untested("login.default", "check.default_unasked")
    return look.good("login.default", "check.default_gone")


async def _administrators(look: Look) -> CheckResult:
    """Count the accounts that may do everything."""
    levels = await _levels(look)
    if not levels:
        if look.mute is not None:
            return look.broken("login.administrators", look.mute)
        return look.untested("login.administrators", "check.untold", feature="user.*.level")
    found = [feature for feature, level in levels.items() if level == "administrator"]
    untold = _accounts_told(look) - len(levels)
    limit = look.acceptance.login.administrators
    if untold > 0 and limit.judged(len(found)) is Outcome.PASS:
        return look.untested(
            "login.administrators", "check.administrators_untold", len(found), count=len(found), untold=untold
        )
    names = text(", ".join(feature.split(".")[1] for feature in found)) or "–"
    return look.measured(
        "login.administrators", len(found), "check.administrators", "check.administrators_bad", names=names
    )


async def _levels(look: Look) -> dict[str, Value]:
    """Return what each account may, by the feature that tells it: as it was read, else asked now."""
    known = {name: level for name, level in look.subject.values.items() if _is_level(name)}
    device = look.subject.device
    if known or not isinstance(device, Configurable):
        return known
    async with asyncio.timeout(look.acceptance.durations.patience):
        return {
            each.id: await device.read(each.id)
            for each in look.features.values()
            if each.category is FeatureCategory.USERS and _is_level(each.id) and each.readable
        }


def _accounts_told(look: Look) -> int:
    """Return how many accounts there are: by what the device counts, and by those that it names."""
    count = look.subject.values.get("users.count", 0)
    named = sum(_is_level(each.id) and each.readable for each in look.features.values())
    return max(int(count) if isinstance(count, (int, float)) else 0, named)


def _is_level(feature: str) -> bool:
    return feature.startswith("user.") and feature.endswith(".level")
