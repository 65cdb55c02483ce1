"""Logins at an ONVIF device: every challenge, every clock, and how many wrong ones it gets to see."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web
from multidict import CIMultiDict

from drivers.contract import Login, Target
from drivers.errors import DriverError, Forbidden, Refused, Unreachable
from drivers.kit.challenge import parse
from drivers.logins import MOST, LoginBook
from drivers.onvif import driver
from drivers.onvif.addresses import DeviceAddress
from drivers.onvif.device import read_info
from drivers.onvif.soap import login_guard
from drivers.onvif.soap.http_session import HttpSession

LOGIN = Login("operator", "Chim-7f3a")
JPEG = b"\xff\xd8picture\xff\xd9"
DIGEST = 'Digest realm="cam", nonce="n0", qop="auth", algorithm=MD5'
SHA = 'Digest realm="cam", nonce="n1", qop="auth", algorithm=SHA-256'
NOW = 1_800_000_000.0


@pytest.fixture
def book() -> LoginBook:
    return LoginBook(lambda: NOW)


async def error_of(scripted: Any, login: Login | None = LOGIN, **options: object) -> DriverError:
    with pytest.raises(DriverError) as caught:
        async with driver.open(Target(scripted.url, options), login):
            pass
    return caught.value


# -- challenges --------------------------------------------------------------------------------------


def right(authorization: str, method: str, challenges: list[str], login: Login = LOGIN) -> bool:
    """Judge an answer to one of the challenges as a device would."""
    told = dict(parse([authorization])[0].parameters) if authorization.startswith("Digest ") else {}
    if f'nonce="{told.get("nonce")}"' not in ", ".join(challenges):
        return False
    kind = "sha256" if "256" in told.get("algorithm", "") else "md5"

    def hashed(text: str) -> str:
        return hashlib.new(kind, text.encode(), usedforsecurity=False).hexdigest()

    key = hashed(f"{login.username}:{told['realm']}:{login.password}")
    middle = f"{told['nc']}:{told['cnonce']}:{told['qop']}"
    asked = hashed(f"{method}:{told['uri']}")
    return told["response"] == hashed(f"{key}:{told['nonce']}:{middle}:{asked}")


def guarded(scripted: Any, challenges: list[str]) -> list[str]:
    """Put everything that needs a login behind some challenges; return the schemes that were used."""
    used: list[str] = []
    scripted.answers["GetSnapshotUri"] = scripted.uri("GetSnapshotUri", f"{scripted.root}/still.jpg")

    def judge(asked: Any, answer: Callable[[], Any]) -> Any:
        given = asked.headers.get("Authorization", "")
        method = "GET" if asked.path.endswith(".jpg") else "POST"
        if given:
            used.append(parse([given])[0].parameters.get("algorithm", given.partition(" ")[0]))
        if right(given, method, challenges):
            return answer()
        head = CIMultiDict([("WWW-Authenticate", each) for each in challenges])
        return web.Response(status=401, headers=head, text="<html>no</html>")

    scripted.answers["GetDeviceInformation"] = lambda asked: judge(
        asked, lambda: scripted.default("GetDeviceInformation")
    )
    scripted.answers["/still.jpg"] = lambda asked: judge(asked, lambda: web.Response(body=JPEG))
    return used


@pytest.mark.parametrize(
    ("challenges", "taken"),
    [
        (['Basic realm="cam"', DIGEST], "MD5"),
        ([DIGEST, 'Basic realm="cam"'], "MD5"),
        ([f'Basic realm="cam", {DIGEST}'], "MD5"),
        (['Bearer realm="cam", scope="x y"', DIGEST], "MD5"),
        (["Negotiate", "NTLM", DIGEST], "MD5"),
        ([DIGEST, SHA], "SHA-256"),
        ([f"{SHA}, {DIGEST}"], "SHA-256"),
        (['Digest realm="cam", nonce="n9", algorithm=SHA-1024', DIGEST], "MD5"),
    ],
)
async def test_the_strongest_of_all_challenges(scripted: Any, challenges: list[str], taken: str) -> None:
    used = guarded(scripted, challenges)
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert device.info.model == "M1"
        assert await device.cameras[0].snapshot() == JPEG
    assert set(used) == {taken}


async def test_basic_alone_is_not_answered(scripted: Any, book: LoginBook) -> None:
    used = guarded(scripted, ['Basic realm="cam"'])
    with pytest.raises(Refused) as caught:
        async with driver.open(Target(scripted.url, logins=book), LOGIN):
            pass
    assert caught.value.code == "driver.basic"
    assert used == []
    assert book.record.wrong == ()  # nothing was sent, so nothing was wrong


async def test_basic_is_answered_where_a_person_said_so(scripted: Any) -> None:
    guarded(scripted, ['Basic realm="cam"'])
    scripted.answers["GetDeviceInformation"] = lambda asked: (
        scripted.default("GetDeviceInformation")
        if asked.headers.get("Authorization", "").startswith("Basic ")
        else web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="cam"'})
    )
    async with driver.open(Target(scripted.url, {"basic": True}), LOGIN) as device:
        assert device.info.model == "M1"


async def test_basic_never_goes_to_another_host(scripted: Any) -> None:
    guarded(scripted, ['Basic realm="cam"'])
    there = f"http://localhost:{scripted.port}/still.jpg"
    session = HttpSession(DeviceAddress.at(scripted.url, trust_hosts=True), LOGIN, basic=True)
    try:
        with pytest.raises(Refused) as caught:
            await session.get(there)
    finally:
        await session.close()
    assert caught.value.code == "driver.basic"


# -- what is no wrong login ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
async def test_a_busy_device_answers(scripted: Any, status: int) -> None:
    scripted.answers["GetDeviceInformation"] = lambda _: web.Response(status=status)
    error = await error_of(scripted)
    assert isinstance(error, Unreachable)
    assert (error.code, error.values["detail"]) == ("driver.busy", f"HTTP {status}")


async def test_a_missing_right_is_no_wrong_login(scripted: Any, onvif: Any, book: LoginBook) -> None:
    scripted.answers["GetStreamUri"] = lambda _: onvif.fault("ter:NotAuthorized")
    real = scripted.default("GetDeviceInformation")
    scripted.answers["GetDeviceInformation"] = lambda asked: (
        real if "Security" in asked.body else onvif.fault("ter:NotAuthorized")
    )
    async with driver.open(Target(scripted.url, logins=book), LOGIN) as device:
        for _ in range(2 * MOST):
            with pytest.raises(Forbidden):
                await device.cameras[0].open_stream("main")
    assert book.record.wrong == ()


async def test_a_device_that_lets_anyone_in_at_first_knows_nothing_of_the_login(
    scripted: Any, onvif: Any, book: LoginBook
) -> None:
    """GetDeviceInformation answered to all, GetProfiles to nobody: that is a wrong login, and is counted."""
    scripted.answers["GetProfiles"] = lambda _: onvif.fault("ter:NotAuthorized")
    with pytest.raises(Refused) as caught:
        async with driver.open(Target(scripted.url, logins=book), LOGIN):
            pass
    assert caught.value.code == "driver.refused"
    assert len(book.record.wrong) == 1


async def test_forbidden_at_first(scripted: Any, book: LoginBook) -> None:
    for operation in ("GetDeviceInformation", "GetProfiles"):
        scripted.answers[operation] = lambda _: web.Response(status=403)
    with pytest.raises(Forbidden):
        async with driver.open(Target(scripted.url, logins=book), LOGIN):
            pass
    assert book.record.wrong == ()


# -- one book for all who knock ------------------------------------------------------------------------


async def test_sixteen_cameras_with_a_wrong_login(
    scripted: Any, onvif: Any, book: LoginBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder's cameras start together: the device sees three wrong logins, not sixteen."""
    monkeypatch.setattr(login_guard, "SOON", 0.01)
    scripted.answers["GetDeviceInformation"] = lambda _: onvif.fault("ter:NotAuthorized")
    told: list[str] = []

    async def one() -> None:
        try:
            async with driver.open(Target(scripted.url, logins=book), LOGIN):
                pass
        except Refused as error:
            told.append(error.code)

    async with asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(one())
    assert scripted.operations().count("GetDeviceInformation") == MOST
    assert sorted(told) == ["driver.held"] * (16 - MOST) + ["driver.refused"] * MOST


async def test_sixteen_cameras_with_the_right_one(
    scripted: Any, book: LoginBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_guard, "SOON", 0.01)
    devices: list[str] = []

    async def one() -> None:
        async with driver.open(Target(scripted.url, logins=book), LOGIN) as device:
            devices.append(device.info.model)

    async with asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(one())
    assert devices == ["M1"] * 16
    assert book.proven(LOGIN)
    assert book.record.wrong == ()


async def test_refused_stills_count_and_are_not_sent_again(scripted: Any, book: LoginBook) -> None:
    scripted.answers["GetSnapshotUri"] = scripted.uri("GetSnapshotUri", f"{scripted.root}/still.jpg")
    scripted.answers["/still.jpg"] = lambda _: web.Response(status=401)
    async with driver.open(Target(scripted.url, logins=book), LOGIN) as device:
        for _ in range(3):
            with pytest.raises(Refused):
                await device.cameras[0].snapshot()
    assert len(book.record.wrong) == 1


async def test_a_refusal_after_all_went_well_is_counted_and_tried_once_more(
    scripted: Any, book: LoginBook
) -> None:
    scripted.answers["GetUsers"] = lambda _: web.Response(status=401)
    session = HttpSession(DeviceAddress.at(scripted.url), LOGIN, logins=book)
    try:
        await session.post(scripted.url, b"<Body><GetServices/></Body>", {})
        for _ in range(5):
            with pytest.raises(Refused):
                await session.post(scripted.url, b"<Body><GetUsers/></Body>", {})
    finally:
        await session.close()
    assert scripted.operations().count("GetUsers") == 2
    assert len(book.record.wrong) == 2


# -- clocks ----------------------------------------------------------------------------------------------


class Clock:
    """A device that tells one time and checks signatures by another."""

    def __init__(
        self, scripted: Any, onvif: Any, tells: timedelta, checks: timedelta, zone: str = ""
    ) -> None:
        self.refused = 0
        self._scripted, self._onvif = scripted, onvif
        self._tells, self._checks, self._zone = tells, checks, zone
        scripted.answers["GetSystemDateAndTime"] = self._tell
        for operation in ("GetDeviceInformation", "GetProfiles"):
            scripted.answers[operation] = self._judge

    def _tell(self, _: Any) -> str:
        told = self._onvif.moment("UTCDateTime", datetime.now(UTC) + self._tells)
        zone = f"<tt:TimeZone><tt:TZ>{self._zone}</tt:TZ></tt:TimeZone>"
        answer = f"<tds:GetSystemDateAndTimeResponse>{zone}{told}</tds:GetSystemDateAndTimeResponse>"
        return str(self._onvif.envelope(answer))

    def _judge(self, asked: Any) -> Any:
        found = re.search(r"Created[^>]*>([^<]*)<", asked.body)
        created = datetime.fromisoformat(found[1]) if found else datetime.min.replace(tzinfo=UTC)
        if abs(datetime.now(UTC) + self._checks - created) < timedelta(minutes=5):
            return self._scripted.default(asked.operation)
        self.refused += 1
        return self._onvif.fault("ter:NotAuthorized")


H7 = timedelta(hours=7)


@pytest.mark.parametrize(
    ("tells", "checks", "zone", "wrong"),
    [
        (timedelta(), timedelta(), "ICT-7", 0),
        (H7, timedelta(), "ICT-7", 0),  # local time told as UTC, true time checked (OpenIPC)
        (H7, H7, "ICT-7", 1),  # local time told as UTC, and gone by
        (timedelta(), H7, "ICT-7", 1),  # UTC told, local time gone by
        (H7, H7, "", 0),
        (H7, timedelta(), "", 1),
        (-H7, timedelta(), "ICT-7", 1),  # the zone taken away twice
        (timedelta(days=-9000), timedelta(days=-9000), "ICT-7", 0),
        (timedelta(days=-9000), timedelta(), "ICT-7", 1),
    ],
)
async def test_the_other_reading_of_a_clock(
    scripted: Any, onvif: Any, book: LoginBook, tells: timedelta, checks: timedelta, zone: str, wrong: int
) -> None:
    clock = Clock(scripted, onvif, tells, checks, zone)
    for _ in range(MOST + 2):  # the next times what worked is known
        async with driver.open(Target(scripted.url, logins=book), LOGIN) as device:
            assert device.info.model == "M1"
            assert device.clock_offset is not None
            assert abs(device.clock_offset - tells) < timedelta(seconds=30)
    assert clock.refused == len(book.record.wrong) == wrong


@pytest.mark.parametrize(("logins", "sent"), [(1, 2), (2, 1)])
async def test_where_others_are_to_be_tried_too_a_login_is_sent_once(
    scripted: Any, onvif: Any, book: LoginBook, logins: int, sent: int
) -> None:
    """The clock is right, and a zone is told: another reading is likelier wrong than the password is."""
    clock = Clock(scripted, onvif, timedelta(), timedelta(days=1), "ICT-7")
    with book.spare(logins), pytest.raises(Refused):
        async with driver.open(Target(scripted.url, logins=book), LOGIN):
            pass
    assert clock.refused == len(book.record.wrong) == sent
    assert not book.sparing


async def test_a_clock_that_is_wrong_in_every_reading_is_named(
    scripted: Any, onvif: Any, book: LoginBook
) -> None:
    clock = Clock(scripted, onvif, timedelta(hours=-3), timedelta(hours=5))
    with pytest.raises(Refused) as caught:
        async with driver.open(Target(scripted.url, logins=book), LOGIN):
            pass
    assert caught.value.code == "driver.refused_clock"
    assert caught.value.counts
    assert re.fullmatch(r"-0(3:00:0\d|2:59:5\d)", str(caught.value.values["off"]))
    assert clock.refused == len(book.record.wrong) == 2


async def test_a_wrong_password_where_the_clock_is_right_is_sent_once(scripted: Any, onvif: Any) -> None:
    clock = Clock(scripted, onvif, timedelta(), timedelta(days=1))
    assert (await error_of(scripted)).code == "driver.refused"
    assert clock.refused == 1


async def test_a_refused_http_digest_is_no_matter_of_clocks(scripted: Any, onvif: Any) -> None:
    Clock(scripted, onvif, timedelta(hours=-3), timedelta())
    guarded(scripted, [DIGEST])
    assert (await error_of(scripted, Login("operator", "wrong"))).code == "driver.refused"
    assert scripted.operations().count("GetDeviceInformation") == 2  # unasked, and by digest


@pytest.mark.parametrize(("tells", "checks"), [(timedelta(), timedelta()), (H7, H7)])
async def test_a_clock_that_is_set_again_and_again(
    scripted: Any, onvif: Any, book: LoginBook, tells: timedelta, checks: timedelta
) -> None:
    """Each time it costs one refusal, which is no wrong login; whichever reading works goes on to work."""
    clock = Clock(scripted, onvif, tells, checks, "ICT-7")
    opened: Any
    async with driver.open(Target(scripted.url, logins=book), LOGIN) as opened:
        wrong, before = len(book.record.wrong), clock.refused + 1  # and asked once whether it lets anyone in
        for count, hours in enumerate((1, 0, -20, 0), 1):
            clock._tells, clock._checks = tells + timedelta(hours=hours), checks + timedelta(hours=hours)
            await read_info(opened.soap)
            assert clock.refused == before + count
    assert len(book.record.wrong) == wrong


@pytest.mark.parametrize("checks", [timedelta(), -H7])
async def test_a_device_that_tells_no_time_but_a_date(
    scripted: Any, onvif: Any, book: LoginBook, checks: timedelta
) -> None:
    clock = Clock(scripted, onvif, timedelta(), checks)
    date = format_datetime(datetime.now(UTC) - H7, usegmt=True)
    scripted.answers["GetSystemDateAndTime"] = lambda _: web.Response(
        body=onvif.fault("ter:NotAuthorized"), content_type="application/soap+xml", headers={"Date": date}
    )
    for _ in range(2):
        async with driver.open(Target(scripted.url, logins=book), LOGIN) as device:
            assert device.clock_offset is None
    assert clock.refused == len(book.record.wrong) == (1 if checks else 0)


async def test_a_clock_is_read_again_without_login(scripted: Any, onvif: Any) -> None:
    tells = [timedelta()]

    def tell(_: Any) -> Any:
        told = onvif.moment("UTCDateTime", datetime.now(UTC) + tells[0])
        return onvif.envelope(f"<tds:GetSystemDateAndTimeResponse>{told}</tds:GetSystemDateAndTimeResponse>")

    scripted.answers["GetSystemDateAndTime"] = tell
    async with driver.open(Target(scripted.url), LOGIN) as device:
        before = len(scripted.asked)
        tells[0] = timedelta(days=1)
        read = await device.read_clock()
        assert read is not None
        assert read == device.clock_offset
        assert abs(read - timedelta(days=1)) < timedelta(seconds=30)
        scripted.answers["GetSystemDateAndTime"] = lambda _: web.Response(status=500)  # it stops telling
        after = await device.read_clock()
        assert [after, device.clock_offset] == [None, None]
    new = scripted.asked[before:]
    assert [asked.operation for asked in new] == ["GetSystemDateAndTime"] * 2
    assert all("Security" not in asked.body and "Authorization" not in asked.headers for asked in new)


# -- where the login goes ----------------------------------------------------------------------------------


@pytest.fixture
def told_elsewhere(scripted: Any) -> Any:
    """A device that names another host for its streams and stills."""
    scripted.answers["GetSnapshotUri"] = scripted.uri("GetSnapshotUri", "http://127.0.0.9:1/still.jpg")
    scripted.answers["GetStreamUri"] = scripted.uri("GetStreamUri", "rtsp://127.0.0.9:1/live")
    return scripted


async def test_hosts_as_reached(told_elsewhere: Any) -> None:
    async with driver.open(Target(told_elsewhere.url), LOGIN) as device:
        stream = await device.cameras[0].open_stream("main")
        assert stream._source.url == "rtsp://127.0.0.1:1/live"  # type: ignore[attr-defined]  # no network here
        with pytest.raises(Unreachable) as still:
            await device.cameras[0].snapshot()
        with pytest.raises(Unreachable) as picture:
            await asyncio.to_thread(stream.start)
        stream.close()
    for caught in (still, picture):
        assert (caught.value.code, caught.value.values["told"]) == ("driver.elsewhere", "127.0.0.9:1")


async def test_hosts_as_told(told_elsewhere: Any) -> None:
    async with driver.open(Target(told_elsewhere.url, {"hosts": "told"}), LOGIN) as device:
        stream = await device.cameras[0].open_stream("main")
        assert stream._source.url == "rtsp://127.0.0.9:1/live"  # type: ignore[attr-defined]  # likewise
        with suppress(DriverError):
            await device.cameras[0].snapshot()
        stream.close()
    assert "/still.jpg" not in {asked.path for asked in told_elsewhere.asked}
