"""Every way in which the virtual camera misbehaves ends in the sentence that a technician needs, and in no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from drivers.contract import Configurable, Login, Target, Value
from drivers.errors import DriverError
from drivers.logins import LoginBook
from drivers.onvif import driver
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.encoding import Encoding, ProfileSpec
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import CameraSpec
from engine.census.sighting import Expected, Identity
from engine.commission.checks.examination import examine
from engine.commission.record import CheckResult, Outcome
from engine.commission.standard import Standard
from engine.commission.subject import Pictures, Subject
from engine.runtime.clock import SystemClock
from tests.engine.examining import acceptance

LOGIN = Login("admin", "Mat-Khau-Tot-9")
SMALL = (ProfileSpec(encoding=Encoding((640, 360), 10.0, 384, 10)),)
#: What a sound virtual camera is found to be when nobody has set it yet.
UNSET = frozenset(
    {
        ("clock.ntp", "check.ntp_manual"), ("names.hostname", "check.name_bad"), ("names.overlay", "check.name_bad"),
        ("names.overlay_clock", "check.overlay_clock_missing"), ("network.https", "check.https_bad"),
        ("names.scope", "check.name_bad"),
    }
)  # fmt: skip
#: What is said of a camera with a quirk, beside that; nothing: it does no harm to whoever is not fooled by it.
SAID: Mapping[Quirk, frozenset[tuple[str, str]]] = {
    Quirk.WRONG_CLOCK: frozenset({("clock.offset", "check.clock_zone")}),
    Quirk.LOCAL_AS_UTC: frozenset({("clock.offset", "check.clock_zone")}),
    Quirk.DIGEST_ONLY: frozenset(),
    Quirk.NO_AUTH: frozenset({("login.required", "check.login_required_bad")}),
    Quirk.SLOW: frozenset({("reach.answer", "check.answer_bad"), ("network.rtt", "check.rtt_bad")}),
    Quirk.NO_MEDIA2: frozenset(),
    Quirk.NO_SNAPSHOT: frozenset({("reach.services", "check.services_bad")}),
    Quirk.LYING_ENCODER: frozenset(
        {
            ("stream.main.resolution", "check.lie"),
            ("stream.main.fps", "check.fps_bad"),
            ("stream.main.plan", "check.plan_bad"),
        }
    ),
    Quirk.LONG_GOP: frozenset({("stream.main.gop", "check.gop_longer"), ("stream.main.open", "check.open_bad")}),
    Quirk.DEAF_EVENTS: frozenset({("events.initial", "check.deaf")}),
}  # fmt: skip


@asynccontextmanager
async def opened(*quirks: Quirk) -> AsyncIterator[tuple[Subject, LoginBook, VirtualCamera]]:
    """A virtual camera with quirks, as a commissioning comes to look at it."""
    spec = CameraSpec(
        name="cong", username=LOGIN.username, password=LOGIN.password, discoverable=False, profiles=SMALL,
        quirks=frozenset(quirks),
    )  # fmt: skip
    async with VirtualCamera(spec) as camera:
        book = LoginBook(lambda: datetime.now(UTC).timestamp())
        target = Target(camera.onvif_url, logins=book)
        async with driver.open(target, LOGIN) as device:
            assert isinstance(device, Configurable)
            features = () if Quirk.SLOW in quirks else await device.configuration()
            info = device.info
            yield (
                Subject(
                    expected=Expected("gate", "Cổng UBND", serial=info.serial), driver=driver, target=target,
                    login=LOGIN, device=device, camera=device.cameras[0],
                    identity=Identity(info.manufacturer, info.model, info.serial, info.firmware), others={},
                    values=await _values(device, [each.id for each in features if each.readable]),
                    standard=STANDARD, clock=SystemClock(), pictures=Pictures(), features=features,
                ),
                book,
                camera,
            )  # fmt: skip


STREAM = {"codec": "h264", "width": 640, "height": 360, "fps": 10, "bitrate": 384}
STANDARD = Standard.model_validate({"main": STREAM, "sub": STREAM})


async def _values(device: Configurable, ids: Sequence[str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for each in ids:
        try:
            found[each] = await device.read(each)
        except DriverError:
            continue
    return found


async def looked(*quirks: Quirk, thorough: bool = False) -> tuple[dict[str, CheckResult], LoginBook]:
    """What is found of a camera with quirks. Only the clock, groups of pictures and the deaf need their time."""
    async with opened(*quirks) as (subject, book, _):
        brief = acceptance(
            durations={
                "clock": 1.1,
                "stream": 5.5 if Quirk.LONG_GOP in quirks else 1.5,
                "events": 1,
                "bitrate": 60,
                "patience": 20,
            },
            stream={"open": {"most": 3 if Quirk.LONG_GOP not in quirks else 0.001, "warn_most": 60}},
            reach={"answer": {"most": 1.9, "warn_most": 60}},
            network={"rtt": {"most": 1900}},
        )
        results = await examine(subject, brief, thorough, lambda group: None)
    return {each.check: each for each in results}, book


def bad(results: Mapping[str, CheckResult]) -> set[tuple[str, str]]:
    return {
        (each.check, each.reason.code)
        for each in results.values()
        if each.outcome in (Outcome.WARN, Outcome.FAIL)
    }


async def test_a_sound_camera_that_nobody_has_set() -> None:
    results, _ = await looked()
    assert bad(results) == UNSET


#: What takes half a minute is no part of every run.
EACH = [pytest.param(each, id=str(each), marks=[pytest.mark.soak] * (each is Quirk.SLOW)) for each in SAID]


@pytest.mark.parametrize("quirk", EACH)
async def test_a_quirk_ends_in_its_sentence(quirk: Quirk) -> None:
    results, book = await looked(quirk)
    assert bad(results) - UNSET == SAID[quirk]
    assert book.record.wrong == (), "a wrong login was sent"


async def test_what_is_not_come_to_in_its_time_is_not_tested_and_named() -> None:
    brief = acceptance(durations={"clock": 1.1, "stream": 1.5, "events": 1, "bitrate": 60, "patience": 20})
    async with opened() as (subject, _, __):
        whole = await examine(subject, brief, False, lambda group: None)
        late = await examine(replace(subject, within=0.0), brief, False, lambda group: None)
    assert [each.check for each in late] == [each.check for each in whole], "each known check has a result"
    found = {each.check: (each.outcome, each.reason.code) for each in late}
    asked = ("reach.answer", "login.required", "clock.offset", "stream.main.open", "events.initial")
    assert {found[each] for each in asked} == {(Outcome.NOT_TESTED, "check.out_of_time")}
    assert found["identity.planned"] == (Outcome.PASS, "check.planned"), "what is known already counts"


async def test_whoever_takes_any_password_is_found_by_the_long_set() -> None:
    async with opened(Quirk.NO_AUTH) as (subject, _, __):
        brief = acceptance(durations={"continuity": 1, "bitrate": 1, "patience": 20})
        found = {each.check: each for each in await examine(subject, brief, True, lambda group: None)}
    assert found["login.wrong"].reason.code == "check.wrong_taken"


async def test_the_long_set_costs_a_wrong_login_and_locks_nobody_out() -> None:
    async with opened() as (subject, book, camera):
        brief = acceptance(durations={"continuity": 1, "bitrate": 1, "patience": 20})
        found = {each.check: each for each in await examine(subject, brief, True, lambda group: None)}
        assert found["login.wrong"].reason.code == "check.wrong_refused"
        assert 1 <= len(book.record.wrong) <= 2  # the second where it may want another kind of login
        assert camera.usage["wrong_logins"] <= 2
        assert await asyncio.wait_for(subject.camera.snapshot(), 20)


async def test_nothing_of_the_password_is_in_what_was_found() -> None:
    results, _ = await looked()
    assert LOGIN.password not in repr(results)
