"""Virtual cameras with their makers' habits, commissioned over real ONVIF: each habit ends in the right sentence."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import SystemRandom

import pytest

from drivers import registry
from drivers.virtual.accounts import Lockout
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.encoding import PAIR
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import CameraSpec
from engine.census.sighting import Expected
from engine.commission.record import CameraRecord, JobRecord, Step, StepState
from engine.commission.sheet.reading import Sheet
from engine.commission.sheet.row import Row
from engine.commission.standard import Standard
from engine.commission.tools import Options, Tools, driver_of
from engine.commission.work.batch import Batch, Head, begun
from engine.commission.work.undo import Undo
from engine.runtime.clock import SystemClock
from tests.engine.commission.commissioning import YES, Village, made, only, reason, states

DONE, FAILED = StepState.DONE, StepState.FAILED


def camera(*quirks: Quirk, **told: object) -> VirtualCamera:
    spec = CameraSpec(
        password="admin",
        discoverable=False,
        profiles=PAIR,
        quirks=frozenset(quirks),
        lockout=Lockout.EVERYBODY,
    )
    return VirtualCamera(replace(spec, **told))  # type: ignore[arg-type]


def tools(folder: Path, standard: Standard | None = None) -> Tools:
    """What a program has that commissions real devices from a folder."""
    site = Village(folder, {}, [])
    site.standard = standard or site.standard
    clock = SystemClock()
    fake = site.tools()
    books = type(fake.books)(folder / "logins.json", lambda: clock.now().wall.timestamp())
    return replace(fake, clock=clock, books=books, driver=driver_of, sleep=a_little, random=SystemRandom())


async def a_little(seconds: float) -> None:
    """Wait as long as a virtual camera takes to start anew."""
    await asyncio.sleep(min(seconds, 2.0))


async def commissioned(there: Tools, url: str, options: Options = YES, **expected: object) -> JobRecord:
    row = Row(Expected("cong", "Cổng UBND", url, **expected))  # type: ignore[arg-type]
    with begun(there) as journal:
        return await Batch(there, Sheet((row,), "digest"), Head("xa"), options, journal).run()


def known(there: Tools, device: VirtualCamera) -> bool:
    """Whether the file that counts has the password that the device has."""
    path = there.configuration.parent / "secrets" / "cong"
    kept = path.read_text().strip() if path.exists() else "admin"
    return device.accounts.password("admin", 0.0) == kept


async def test_a_camera_by_the_book_and_back(tmp_path: Path) -> None:
    async with camera() as device:
        there = tools(tmp_path)
        record = only((await commissioned(there, device.onvif_url)).cameras)
        assert {states(record)[step] for step in (Step.TIME, Step.NAMES, Step.STREAMS, Step.PASSWORD)} == {
            DONE
        }
        assert made(record)["encoder.main.resolution"] == "1920x1080"
        assert record.profile == "sub"
        assert known(there, device)
        assert device.accounts.password("admin", 0.0) != "admin"
        again = only((await commissioned(tools(tmp_path), device.onvif_url)).cameras)
        assert (again.changes, states(again)[Step.STREAMS]) == ((), StepState.SKIPPED)
        job = there.jobs.with_changes("cong")
        assert job is not None
        with there.jobs.open(job.id) as journal:
            await Undo(tools(tmp_path), YES, journal, "cong").run()
        assert device.accounts.password("admin", 0.0) == "admin"
        assert known(there, device)
        assert device.usage["wrong_logins"] == 0


HABITS = [
    (Quirk.WRONG_CLOCK, Step.TIME, DONE, ""),
    (Quirk.NO_NTP, Step.TIME, DONE, "commission.no_ntp"),
    (Quirk.NO_OSD, Step.NAMES, DONE, "commission.no_overlay"),
    (Quirk.NO_MEDIA2, Step.STREAMS, DONE, ""),
    (Quirk.DIGEST_ONLY, Step.PASSWORD, DONE, "commission.password_done"),
    (Quirk.LYING_ENCODER, Step.STREAMS, FAILED, "commission.lied_all"),
    (Quirk.LOCAL_AS_UTC, Step.TIME, FAILED, "commission.clock_zone"),
    (Quirk.SAME_UUID, Step.IDENTIFY, DONE, ""),
    (Quirk.FEW_STREAMS, Step.STREAMS, DONE, ""),
    (Quirk.LONG_GOP, Step.STREAMS, DONE, ""),
    (Quirk.STUCK_MOTION, Step.ADOPT, DONE, ""),
    (Quirk.DEAF_EVENTS, Step.ADOPT, DONE, ""),
    (Quirk.NO_SNAPSHOT, Step.ADOPT, DONE, ""),
    (Quirk.RUNAWAY_PTZ, Step.ADOPT, DONE, ""),
    (Quirk.NO_AUTH, Step.PASSWORD, DONE, "commission.password_done"),
    (Quirk.DEFAULT_PASSWORD, Step.PASSWORD, DONE, "commission.password_done"),
    (Quirk.LOCKS_EVERYBODY, Step.PASSWORD, DONE, "commission.password_done"),
    (Quirk.WEAK_DIGEST_NONCE, Step.PASSWORD, DONE, "commission.password_done"),
    (Quirk.REBOOTS_ON_SET, Step.STREAMS, DONE, ""),
    (Quirk.HTML_ERRORS, Step.PASSWORD, DONE, "commission.password_done"),
    (Quirk.WRONG_ADDRESS, Step.PASSWORD, DONE, "commission.password_done"),
]


#: Takes two seconds a question, and there are some eighty.
SLOW = pytest.param(Quirk.SLOW, Step.ADOPT, DONE, "", marks=[pytest.mark.soak, pytest.mark.timeout(900)])


def test_the_table_has_every_quirk() -> None:
    assert {each[0] for each in HABITS} | {Quirk.SLOW} == set(Quirk)


@pytest.mark.parametrize(("quirk", "step", "state", "code"), [*HABITS, SLOW], ids=lambda each: str(each))
async def test_every_habit_ends_in_the_right_sentence(
    quirk: Quirk, step: Step, state: StepState, code: str, tmp_path: Path
) -> None:
    async with camera(quirk) as device:
        there = tools(tmp_path)
        record = only((await commissioned(there, device.onvif_url)).cameras)
        assert (states(record)[step], reason(record, step).partition("@")[0]) == (state, code), _reasons(
            record
        )
        assert states(record)[Step.ADOPT] is DONE
        assert known(there, device)
        assert device.usage["locked"] == 0


async def test_a_recorder_is_one_device(tmp_path: Path) -> None:
    async with camera(channels=3) as device:
        there = tools(tmp_path)
        rows = tuple(
            Row(Expected(f"kenh-{n}", f"Kênh {n}", device.onvif_url, source=f"source{n}")) for n in range(3)
        )
        with begun(there) as journal:
            job = await Batch(there, Sheet(rows, "digest"), Head("xa"), YES, journal).run()
        assert [states(each)[Step.STREAMS] for each in job.cameras] == [DONE] * 3
        assert [reason(each, Step.TIME) for each in job.cameras[1:]] == ["commission.with_lead"] * 2
        assert {each.secret for each in job.cameras} == {"file:secrets/kenh-0"}
        assert device.usage["wrong_logins"] == 0


async def test_a_channel_that_a_recorder_does_not_have_costs_itself_alone(tmp_path: Path) -> None:
    async with camera(channels=2) as device:
        there = tools(tmp_path)
        rows = tuple(
            Row(Expected(f"kenh-{n}", f"Kênh {n}", device.onvif_url, source=f"source{n}")) for n in (0, 9, 1)
        )
        with begun(there) as journal:
            job = await Batch(there, Sheet(rows, "digest"), Head("xa"), YES, journal).run()
        first, absent, last = job.cameras
        assert (states(absent)[Step.IDENTIFY], reason(absent, Step.IDENTIFY)) == (FAILED, "camera.no_source")
        assert states(absent)[Step.ADOPT] is StepState.SKIPPED
        assert {states(each)[Step.ADOPT] for each in (first, last)} == {DONE}


async def test_another_camera_at_the_address_is_left_alone(tmp_path: Path) -> None:
    async with camera() as device:
        record = only((await commissioned(tools(tmp_path), device.onvif_url, serial="ANOTHER")).cameras)
        assert reason(record, Step.IDENTIFY) == "commission.another"
        assert device.accounts.password("admin", 0.0) == "admin"


async def test_nobody_at_the_address(tmp_path: Path) -> None:
    async with camera() as device:
        url = device.onvif_url
    record = only((await commissioned(tools(tmp_path), url)).cameras)
    assert reason(record, Step.FIND) == "commission.absent"


def test_the_driver_is_the_installed_one() -> None:
    assert driver_of("", "http://192.0.2.1/") is registry.load("onvif")


def _reasons(record: CameraRecord) -> list[str]:
    return [each.reason.en for each in record.steps if each.reason]
