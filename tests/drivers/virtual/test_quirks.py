"""Each quirk as a client meets it; one that is not asked for is not there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drivers.contract import Login
from drivers.virtual import camera as camera_module
from drivers.virtual.accounts import WRONG_LOGINS
from drivers.virtual.camera import MOTION, VirtualCamera
from drivers.virtual.encoding import PAIR
from drivers.virtual.onvif import server as server_module
from drivers.virtual.onvif.soap import Element, el
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import WRONG_BY, CameraSpec
from tests.drivers.virtual.caller import Caller, Told

PLAIN = CameraSpec("odd", password="secret", discoverable=False, profiles=PAIR)
Odd = Callable[..., AbstractAsyncContextManager[tuple[VirtualCamera, Caller]]]


@pytest.fixture
def odd() -> Odd:
    @asynccontextmanager
    async def made(*quirks: Quirk, **other: object) -> AsyncIterator[tuple[VirtualCamera, Caller]]:
        spec = replace(PLAIN, quirks=frozenset(quirks), **other)  # type: ignore[arg-type]
        async with VirtualCamera(spec) as camera:
            yield camera, Caller(camera)

    return made


def encoding(prefix: str, size: tuple[int, int], configuration: str = "encoder0") -> tuple[Element, ...]:
    width, height = (str(each) for each in size)
    return (
        el(
            f"{prefix}:Configuration",
            el("tt:Encoding", "H264"),
            el("tt:Resolution", el("tt:Width", width), el("tt:Height", height)),
            token=configuration,
        ),
    )


def test_each_has_a_sentence_and_a_test() -> None:
    assert all(len(quirk.sentence) > 20 for quirk in Quirk)
    here = Path(__file__).read_text("utf-8")
    untested = [quirk for quirk in Quirk if f"Quirk.{quirk.name}" not in here]
    assert untested == []


async def test_without_a_quirk_all_is_well(odd: Odd) -> None:
    async with odd() as (_, caller):
        for name in ("tds:GetNTP", "tr2:GetMasks", "trt:GetOSDs", "tds:GetUsers"):
            assert (await caller.ask(name)).status == 200
        assert (await caller.ask("tds:GetUsers", how="nobody")).status == 401
        stranger = Caller(caller._camera, Login("admin", "wrong"))
        assert (await stranger.ask("tds:GetUsers")).fault == "ter:NotAuthorized"


async def test_wrong_clock(odd: Odd) -> None:
    async with odd(Quirk.WRONG_CLOCK) as (camera, caller):
        assert (await caller.ask("tds:GetUsers")).fault == "ter:NotAuthorized"
        late = Caller(camera, offset=WRONG_BY)
        assert (await late.ask("tds:GetUsers")).status == 200
        kind = el("tds:DateTimeType", "NTP"), el("tds:DaylightSavings", "false")
        assert (await late.ask("tds:SetSystemDateAndTime", *kind)).status == 200
        async with asyncio.timeout(30):
            while (await caller.ask("tds:GetUsers")).status != 200:
                await asyncio.sleep(0.2)
        assert camera.accounts.wrong_logins == 0, "a late token is no wrong password"


async def test_local_as_utc(odd: Odd) -> None:
    async with odd(Quirk.LOCAL_AS_UTC) as (_, caller):
        told = await caller.ask("tds:GetSystemDateAndTime", how="nobody")
        utc, local = (told.one(f"tt:{each}DateTime/tt:Time/tt:Hour") for each in ("UTC", "Local"))
        assert utc == local
        assert (await caller.ask("tds:GetUsers")).status == 200
        ahead = Caller(caller._camera, offset=timedelta(hours=7))
        assert (await ahead.ask("tds:GetUsers")).fault == "ter:NotAuthorized"


@pytest.mark.parametrize(
    ("quirk", "lost", "left"),
    [
        (Quirk.NO_NTP, "tds:GetNTP", "tds:GetSystemDateAndTime"),
        (Quirk.NO_MEDIA2, "tr2:GetProfiles", "trt:GetProfiles"),
        (Quirk.NO_OSD, "trt:GetOSDs", "trt:GetProfiles"),
        (Quirk.NO_OSD, "tr2:GetOSDs", "tr2:GetProfiles"),
    ],
)
async def test_what_is_missing(odd: Odd, quirk: Quirk, lost: str, left: str) -> None:
    async with odd(quirk) as (_, caller):
        assert (await caller.ask(lost)).fault == "ter:ActionNotSupported"
        assert (await caller.ask(left)).status == 200
        services = (await caller.ask("tds:GetServices")).text
        assert ("ver20/media" in services) == (quirk is not Quirk.NO_MEDIA2)


async def test_no_snapshot(odd: Odd) -> None:
    async with odd(Quirk.NO_SNAPSHOT) as (camera, caller):
        for prefix in ("trt", "tr2"):
            told = await caller.ask(f"{prefix}:GetSnapshotUri", el(f"{prefix}:ProfileToken", "main"))
            assert told.fault == "ter:ActionNotSupported"
        assert (await caller.still(f"{camera.http_url}onvif/snapshot"))[0] == 404


async def test_digest_only(odd: Odd) -> None:
    async with odd(Quirk.DIGEST_ONLY) as (_, caller):
        refused = await caller.ask("tds:GetUsers")
        assert refused.status == 401
        assert "<title>Access Error" in refused.text
        assert (await caller.ask("tds:GetUsers", how="digest")).status == 200
        capabilities = (await caller.ask("tds:GetServiceCapabilities")).found("tds:Security")
        assert capabilities[0].get("UsernameToken") == "false"


async def test_weak_digest_nonce(odd: Odd) -> None:
    async with odd(Quirk.WEAK_DIGEST_NONCE) as (camera, caller):
        nonces = {camera._onvif._digest.challenge(now) for now in (0.0, 1e6)}
        assert len(nonces) == 1
        assert (await caller.ask("tds:GetUsers", how="digest")).status == 200
    async with odd() as (camera, _):
        assert camera._onvif._digest.challenge(0.0) != camera._onvif._digest.challenge(1e6)


async def test_no_auth(odd: Odd) -> None:
    async with odd(Quirk.NO_AUTH) as (camera, _):
        stranger = Caller(camera, Login("anybody", "whatever"))
        for how in ("token", "digest", "nobody"):
            assert (await stranger.ask("tds:GetUsers", how=how)).status == 200
        assert (await stranger.still(f"{camera.http_url}onvif/snapshot"))[0] == 200
        assert (await stranger.stream("/sub", 3)).size == (640, 360)


async def test_default_password(odd: Odd) -> None:
    async with odd(Quirk.DEFAULT_PASSWORD) as (camera, _):
        assert (await Caller(camera, Login("admin", "admin")).ask("tds:GetUsers")).status == 200
        assert (await Caller(camera, Login("admin", "secret")).ask("tds:GetUsers")).status == 400


async def test_locks_everybody(odd: Odd) -> None:
    async with odd(Quirk.LOCKS_EVERYBODY) as (camera, caller):
        for number in range(WRONG_LOGINS):
            await Caller(camera, Login(f"stranger{number}", "wrong")).ask("tds:GetUsers")
        assert (await caller.ask("tds:GetUsers")).fault == "ter:NotAuthorized"
        assert (await caller.still(f"{camera.http_url}onvif/snapshot"))[0] == 401
        assert (camera.usage["wrong_logins"], camera.usage["locked"]) == (WRONG_LOGINS, 1)


async def test_slow(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("drivers.virtual.onvif.server.asyncio.sleep", sleep)
    async with odd(Quirk.SLOW) as (_, caller):
        await caller.ask("tds:GetHostname", how="nobody")
    assert server_module.SLOW in slept


async def test_html_errors(odd: Odd) -> None:
    async with odd(Quirk.HTML_ERRORS) as (_, caller):
        told = await caller.ask("tds:GetDPAddresses")
        assert (told.status, told.content is None or told.content.tag) == (500, "html")


async def test_wrong_address(odd: Odd) -> None:
    async with odd(Quirk.WRONG_ADDRESS) as (_, caller):
        services = (await caller.ask("tds:GetServices")).found("tds:XAddr")
        stream = await caller.ask("tr2:GetStreamUri", el("tr2:ProfileToken", "main"))
        for address in (*(each.text or "" for each in services), stream.one("tr2:Uri")):
            assert address.split("/")[2].startswith(f"{server_module.ELSEWHERE}:")


def test_same_uuid() -> None:
    specs = [CameraSpec(name, quirks=frozenset({Quirk.SAME_UUID})) for name in ("a", "b")]
    assert specs[0].discovery_identity == specs[1].discovery_identity
    assert specs[0].identity != specs[1].identity
    assert CameraSpec("a").discovery_identity == CameraSpec("a").identity


async def test_lying_encoder(odd: Odd) -> None:
    async with odd(Quirk.LYING_ENCODER) as (_, caller):
        changed = await caller.ask("tr2:SetVideoEncoderConfiguration", *encoding("tr2", (320, 180)))
        assert changed.status == 200
        for prefix, path in (("trt", "tt:VideoEncoderConfiguration"), ("tr2", "tr2:VideoEncoder")):
            told = await caller.ask(f"{prefix}:GetProfiles", *([el("tr2:Type", "All")] * (prefix == "tr2")))
            assert told.one(f"{path}/tt:Resolution/tt:Width") == "1920"
            assert told.one(f"{path}/tt:RateControl/tt:FrameRateLimit") == "25"
        seen = await caller.stream("/main")
        assert (seen.size, round(seen.fps)) == ((640, 360), 8)


async def test_long_gop(odd: Odd) -> None:
    async with odd(Quirk.LONG_GOP) as (_, caller):
        seen = await caller.stream("/sub", 60)
        assert len(seen.keyframes) == 1


async def test_reboots_on_set(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_module, "REBOOT_SECONDS", 0.5)
    async with odd(Quirk.REBOOTS_ON_SET) as (camera, caller):
        await caller.ask("trt:SetVideoEncoderConfiguration", *encoding("trt", (640, 360)))
        async with asyncio.timeout(60):
            for listens in (False, True):
                while (camera._onvif._runner is not None) != listens:
                    await asyncio.sleep(0.02)
        told = await caller.ask("trt:GetProfiles")
        assert told.one("tt:Resolution/tt:Width") == "640", "what was set is kept"


async def test_few_streams(odd: Odd) -> None:
    async with odd(Quirk.FEW_STREAMS) as (camera, _):
        host, port = camera.rtsp_url.split("/")[2].split(":")
        lines = [await asyncio.open_connection(host, int(port)) for _ in range(3)]
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await lines[2][0].readexactly(1)
        lines[0][1].write(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        assert await lines[0][0].readline() == b"RTSP/1.0 200 OK\r\n"
        for _, writer in lines:
            writer.close()


async def pulled(caller: Caller, odd_camera: VirtualCamera) -> Told:
    made = await caller.ask("tev:CreatePullPointSubscription")
    key = made.one("wsa:Address").rpartition("/")[2]
    subscription = odd_camera.broker.subscriptions[key]
    odd_camera.set_input(True)
    await asyncio.sleep(0.3)
    return Told(made.status, None, str(len(subscription.waiting)))


async def test_deaf_events(odd: Odd) -> None:
    async with odd(Quirk.DEAF_EVENTS) as (camera, caller):
        told = await pulled(caller, camera)
        assert (told.status, told.text) == (200, "0")
    async with odd() as (camera, caller):
        assert int((await pulled(caller, camera)).text) > 3


async def test_stuck_motion(odd: Odd) -> None:
    async with odd(Quirk.STUCK_MOTION) as (camera, _):
        heard = camera.broker.subscribe("k", frozenset({MOTION.topic}), camera.clock.monotonic(), 100.0)
        assert heard is not None
        for moves in (True, False, True, False):
            camera._tell_motion(moves)
        assert [notice.state for notice in heard.waiting] == [True]


async def test_runaway_ptz(odd: Odd) -> None:
    velocity = el("tptz:Velocity", el("tt:PanTilt", x="0.1", y="0"))
    for quirks, runs in (((Quirk.RUNAWAY_PTZ,), True), ((), False)):
        async with odd(*quirks, ptz=True) as (camera, caller):
            move = el("tptz:ProfileToken", "sub"), velocity, el("tptz:Timeout", "PT0.1S")
            assert (await caller.ask("tptz:ContinuousMove", *move)).status == 200
            assert camera.ptz_unit is not None
            assert camera.ptz_unit.moving(camera.clock.monotonic() + 1.0)[0] == runs
