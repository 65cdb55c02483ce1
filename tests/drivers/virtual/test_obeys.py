"""What is set over ONVIF has its effect, everywhere at once, and is told when it is asked for; also after a restart."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from drivers.contract import Codec, Login
from drivers.virtual import camera as camera_module
from drivers.virtual.accounts import WRONG_LOGINS, Lockout
from drivers.virtual.camera import SYNCHRONIZED, VirtualCamera
from drivers.virtual.encoding import PAIR
from drivers.virtual.onvif.soap import Element, el
from drivers.virtual.spec import NTP_SECONDS, CameraSpec
from drivers.virtual.street.film import FilmLibrary
from drivers.virtual.street.h264 import can_encode
from tests.drivers.virtual.caller import Caller

SPEC = CameraSpec("obeys", password="secret", discoverable=False, profiles=PAIR)
NEW = Login("admin", "another one")


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with VirtualCamera(SPEC) as running:
        yield running


@pytest.fixture
def caller(camera: VirtualCamera) -> Caller:
    return Caller(camera)


def user(name: str, level: str, password: str = "") -> Element:
    parts = [el("tt:Username", name)]
    if password:
        parts.append(el("tt:Password", password))
    return el("tds:User", *parts, el("tt:UserLevel", level))


def size(width: int, height: int) -> Element:
    return el("tt:Resolution", el("tt:Width", str(width)), el("tt:Height", str(height)))


def rate(fps: int, bitrate: int) -> Element:
    return el("tt:RateControl", el("tt:FrameRateLimit", str(fps)), el("tt:BitrateLimit", str(bitrate)))


# -- accounts ------------------------------------------------------------------------------------------


async def test_a_new_password_holds_everywhere_at_once(camera: VirtualCamera, caller: Caller) -> None:
    told = await caller.ask("tds:SetUser", user("admin", "Administrator", NEW.password))
    assert told.status == 200
    still, now = f"{camera.http_url}onvif/snapshot", Caller(camera, NEW)
    for how, refused in (("token", 400), ("digest", 401)):
        assert (await caller.ask("tds:GetUsers", how=how)).status == refused
        assert (await now.ask("tds:GetUsers", how=how)).status == 200
    assert (await caller.still(still))[0] == 401
    assert (await now.still(still))[0] == 200
    with pytest.raises(av.error.HTTPUnauthorizedError):
        await caller.stream("/sub", 1)
    assert (await Caller(camera, replace(NEW, password="another%20one")).stream("/sub", 1)).codec == "h264"


async def test_a_short_password_is_refused_and_the_old_one_stays(caller: Caller) -> None:
    told = await caller.ask("tds:SetUser", user("admin", "Administrator", "abc"))
    assert "ter:PasswordTooWeak" in told.fault
    assert (await caller.ask("tds:GetUsers")).status == 200


async def test_everybody_may_do_what_their_level_says(camera: VirtualCamera, caller: Caller) -> None:
    people = user("op", "Operator", "long enough"), user("guard", "User", "long enough")
    assert (await caller.ask("tds:CreateUsers", *people)).status == 200
    level = user("guard", "Administrator")
    deeds = {
        "tds:GetDeviceInformation": (),
        "timg:SetImagingSettings": (el("timg:VideoSourceToken", "source0"), el("timg:ImagingSettings")),
        "tds:GetUsers": (),
        "tds:SetUser": (level,),
        "tds:SystemReboot": (),
    }
    done = {}
    for name, level_ in (("op", "Operator"), ("guard", "User")):
        person = Caller(camera, Login(name, "long enough"))
        answers = {each: await person.ask(each, *content) for each, content in deeds.items()}
        done[level_] = [each for each, told in answers.items() if told.fault != "ter:NotAuthorized"]
    assert done["User"] == ["tds:GetDeviceInformation"]
    assert "tds:SystemReboot" not in done["Operator"]
    assert "tds:SetUser" not in done["Operator"]
    assert "timg:SetImagingSettings" in done["Operator"]
    assert camera._restart is None


async def test_rtsp_and_soap_count_wrong_logins_together(camera: VirtualCamera, caller: Caller) -> None:
    wrong = Caller(camera, Login("admin", "wrong"))
    for _ in range(WRONG_LOGINS - 2):
        await wrong.ask("tds:GetUsers")
    await wrong.still(f"{camera.http_url}onvif/snapshot")
    assert (await Caller(camera).ask("tds:GetHostname")).status == 200
    assert camera.usage["wrong_logins"] == WRONG_LOGINS - 1
    with pytest.raises(av.error.HTTPUnauthorizedError):
        await wrong.stream("/sub", 1)
    assert camera.usage["wrong_logins"] == WRONG_LOGINS
    assert camera.usage["locked"] == 1
    assert (await caller.ask("tds:GetUsers")).fault == "ter:NotAuthorized"


async def test_where_nobody_is_locked_out_the_right_password_helps() -> None:
    async with VirtualCamera(replace(SPEC, lockout=Lockout.NOBODY)) as camera:
        for _ in range(2 * WRONG_LOGINS):
            await Caller(camera, Login("admin", "wrong")).ask("tds:GetUsers")
        assert (await Caller(camera).ask("tds:GetUsers")).status == 200


# -- encoders ------------------------------------------------------------------------------------------


async def test_the_first_media_service_sets_what_is_streamed(caller: Caller) -> None:
    group = el("tt:H264", el("tt:GovLength", "4"), el("tt:H264Profile", "Baseline"))
    wanted = el(
        "trt:Configuration", el("tt:Encoding", "H264"), size(320, 180), rate(8, 300), group, token="encoder0"
    )
    assert (await caller.ask("trt:SetVideoEncoderConfiguration", wanted)).status == 200
    seen = await caller.stream("/main", 14)
    assert (seen.codec, seen.size, round(seen.fps)) == ("h264", (320, 180), 8)
    assert [later - index for index, later in zip(seen.keyframes, seen.keyframes[1:], strict=False)][:2] == [
        4,
        4,
    ]
    told = await caller.ask("tr2:GetVideoEncoderConfigurations", el("tr2:ConfigurationToken", "encoder0"))
    assert told.one("tt:Width") == "320"
    assert told.found("tr2:Configurations")[0].get("GovLength") == "4"


async def test_the_second_media_service_sets_another_codec(caller: Caller) -> None:
    if not can_encode(Codec.H265):
        pytest.skip("FFmpeg cannot encode H.265 here")
    options = await caller.ask("tr2:GetVideoEncoderConfigurationOptions")
    assert [node.text for node in options.found("tt:Encoding")] == ["H264", "H265"]
    wanted = el(
        "tr2:Configuration",
        el("tt:Encoding", "H265"),
        size(640, 360),
        rate(10, 300),
        token="encoder_sub0",
        GovLength="10",
    )
    assert (await caller.ask("tr2:SetVideoEncoderConfiguration", wanted)).status == 200
    seen = await caller.stream("/sub", 12)
    assert (seen.codec, seen.size) == ("hevc", (640, 360))
    first = await caller.ask("trt:GetProfile", el("trt:ProfileToken", "sub"))
    assert first.one("tt:Encoding") == "H264", "the first service has no name for it"


async def test_who_watches_is_let_go_when_the_encoder_is_set(caller: Caller) -> None:
    began = threading.Event()
    watching = asyncio.get_running_loop().run_in_executor(None, caller.play, "/sub", 10_000, began.set)
    async with asyncio.timeout(60):
        await asyncio.to_thread(began.wait)
        wanted = el("tr2:Configuration", el("tt:Encoding", "H264"), size(320, 180), token="encoder_sub0")
        assert (await caller.ask("tr2:SetVideoEncoderConfiguration", wanted)).status == 200
        await watching  # FFmpeg saw the end of the stream
    assert (await caller.stream("/sub", 2)).size == (320, 180)


async def test_what_was_set_is_kept_over_a_restart(
    camera: VirtualCamera, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_module, "REBOOT_SECONDS", 0.1)
    wanted = el("tr2:Configuration", el("tt:Encoding", "H264"), size(320, 180), token="encoder0")
    await caller.ask("tr2:SetVideoEncoderConfiguration", wanted)
    await caller.ask("tds:SetUser", user("admin", "Administrator", NEW.password))
    now = Caller(camera, NEW)
    await now.ask("tds:SystemReboot")
    assert camera._restart is not None
    async with asyncio.timeout(60):
        await camera._restart
    assert (await now.ask("trt:GetProfiles")).one("tt:Width") == "320"


# -- picture -------------------------------------------------------------------------------------------


async def still(camera: VirtualCamera, caller: Caller, which: str = "") -> NDArray[np.int16]:
    status, data = await caller.still(f"{camera.http_url}onvif/snapshot{which}")
    assert status == 200
    return np.asarray(Image.open(io.BytesIO(data)).convert("L"), np.int16)


def sharpness(grey: NDArray[np.int16]) -> float:
    edges = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return float(edges.var())


async def test_the_focus_can_be_swept_and_there_is_one_best_place(
    camera: VirtualCamera, caller: Caller
) -> None:
    source = el("timg:VideoSourceToken", "source0")

    async def ask(name: str, *more: Element) -> Any:
        told = await caller.ask(name, el("timg:VideoSourceToken", "source0"), *more)
        assert told.status == 200, told.text
        return told

    move = el("timg:Focus", el("tt:Absolute", el("tt:Position", "0.2")))
    refused = await caller.ask("timg:Move", source, move)
    assert "ter:SettingsInvalid" in refused.fault, "it focuses by itself"
    sharp = sharpness(await still(camera, caller))
    manual = el("timg:ImagingSettings", el("tt:Focus", el("tt:AutoFocusMode", "MANUAL")))
    await ask("timg:SetImagingSettings", manual)
    scores = {}
    for position in ("0", "0.5", "0.62", "0.75", "1"):
        where = el("tt:Absolute", el("tt:Position", position), el("tt:Speed", "1"))
        await ask("timg:Move", el("timg:Focus", where))
        async with asyncio.timeout(30):
            while (await ask("timg:GetStatus")).one("tt:MoveStatus") == "MOVING":
                await asyncio.sleep(0.05)
        assert float((await ask("timg:GetStatus")).one("tt:Position")) == float(position)
        scores[position] = sharpness(await still(camera, caller))
    assert max(scores, key=lambda each: scores[each]) == "0.62"
    assert scores["0.62"] > 0.7 * sharp
    assert scores["0.5"] < 0.5 * sharp
    assert scores["0"] < scores["0.5"]


async def test_exposure_and_night_are_seen(camera: VirtualCamera, caller: Caller) -> None:
    before = (await still(camera, caller)).mean()
    exposure = el("tt:Exposure", el("tt:Mode", "MANUAL"), el("tt:ExposureTime", "1000"))
    settings = el("timg:ImagingSettings", exposure, el("tt:IrCutFilter", "OFF"))
    await caller.ask("timg:SetImagingSettings", el("timg:VideoSourceToken", "source0"), settings)
    assert (await still(camera, caller)).mean() < 0.3 * before
    _, data = await caller.still(f"{camera.http_url}onvif/snapshot/sub")
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)
    assert np.ptp(picture, axis=2).mean() < 3


def osd(text: str, source: str = "source_config0", prefix: str = "tr2") -> Element:
    return el(
        f"{prefix}:OSD",
        el("tt:VideoSourceConfigurationToken", source),
        el("tt:Type", "Text"),
        el("tt:Position", el("tt:Type", "LowerRight")),
        el("tt:TextString", el("tt:Type", "Plain"), el("tt:PlainText", text)),
    )


async def test_what_is_written_is_seen_and_told_by_both_services(
    camera: VirtualCamera, caller: Caller
) -> None:
    before = await still(camera, caller, "/sub")
    made = await caller.ask("tr2:CreateOSD", osd("Cổng số 3 ████"))
    assert made.one("tr2:OSDToken") == "osd1"
    for prefix in ("trt", "tr2"):
        assert (await caller.ask(f"{prefix}:GetOSDs")).one("tt:PlainText") == "Cổng số 3 ████"
    after = await still(camera, caller, "/sub")
    corner = np.s_[-40:, -200:]
    assert np.abs(after - before)[corner].mean() > 5 * np.abs(after - before)[:40, :200].mean()
    await caller.ask("trt:DeleteOSD", el("trt:OSDToken", "osd1"))
    assert (await caller.ask("tr2:GetOSDs")).found("tt:PlainText") == []


async def test_each_source_of_a_recorder_is_its_own() -> None:
    async with VirtualCamera(replace(SPEC, channels=3)) as recorder:
        caller = Caller(recorder)
        profiles = await caller.ask("trt:GetProfiles")
        tokens = [node.get("token") for node in profiles.found("trt:Profiles")]
        assert tokens == ["main", "sub", "main1", "sub1", "main2", "sub2"]
        await caller.ask("tr2:CreateOSD", osd("Kho", "source_config2"))
        asked = el("tr2:ConfigurationToken", "source_config1")
        assert (await caller.ask("tr2:GetOSDs", asked)).found("tt:PlainText") == []
        dark = el("timg:ImagingSettings", el("tt:Brightness", "0"))
        await caller.ask("timg:SetImagingSettings", el("timg:VideoSourceToken", "source1"), dark)
        uri = await caller.ask("trt:GetSnapshotUri", el("trt:ProfileToken", "sub2"))
        assert uri.one("tt:Uri") == f"{recorder.http_url}onvif/snapshot/sub2"
        means = [(await still(recorder, caller, f"/{each}")).mean() for each in ("sub1", "sub2")]
        assert means[0] < means[1] - 50
        wanted = el("tr2:Configuration", el("tt:Encoding", "H264"), size(320, 180), token="encoder_sub1")
        await caller.ask("tr2:SetVideoEncoderConfiguration", wanted)
        assert [(await caller.stream(f"/sub{each}", 1)).size[0] for each in ("", "1", "2")] == [640, 320, 640]


# -- clock, network, names -----------------------------------------------------------------------------


async def test_a_time_server_sets_the_clock_after_a_while_and_that_is_told(
    camera: VirtualCamera, caller: Caller
) -> None:
    heard = camera.broker.subscribe("k", frozenset({SYNCHRONIZED.topic}), camera.clock.monotonic(), 100.0)
    assert heard is not None
    zone = el("tds:TimeZone", el("tt:TZ", "UTC0"))
    kind = el("tds:DateTimeType", "NTP"), el("tds:DaylightSavings", "false"), zone
    assert (await caller.ask("tds:SetSystemDateAndTime", *kind)).status == 200
    notices = await heard.pull(1, NTP_SECONDS + 30)
    assert str(notices[0].state).endswith("Z")
    told = await caller.ask("tds:GetSystemDateAndTime")
    assert told.one("tt:DateTimeType") == "NTP"
    assert told.one("tt:TZ") == "UTC0"


async def test_what_it_is_called_is_what_discovery_tells() -> None:
    async with VirtualCamera(replace(SPEC, discoverable=True)) as camera:
        scopes = el("tds:Scopes", "onvif://www.onvif.org/name/gate-3")
        assert (await Caller(camera).ask("tds:SetScopes", scopes)).status == 200
        assert camera._announcer is not None
        assert b"/name/gate-3" in camera._announcer.hello("h")
        assert b"/name/obeys" not in camera._announcer.hello("h")


# -- less than a camera --------------------------------------------------------------------------------


async def test_what_speaks_rtsp_alone() -> None:
    async with VirtualCamera(replace(SPEC, only="rtsp")) as camera:
        assert (camera.onvif_url, camera.http_url) == ("", "")
        assert (await Caller(camera).stream("/sub", 1)).size == (640, 360)
        await camera.fault("refuse")
        await camera.fault(None)
        assert camera.usage["plays"] == 1


async def test_what_speaks_http_alone() -> None:
    async with VirtualCamera(replace(SPEC, only="http", manufacturer="<Kho>")) as camera:
        assert (camera.onvif_url, camera.rtsp_url) == ("", "")
        status, page = await Caller(camera).still(camera.http_url)
        assert (status, b"<title>&lt;Kho&gt; Virtual Fixed</title>" in page) == (200, True)
        status, _ = await Caller(camera).still(f"{camera.http_url}onvif/snapshot")
        assert status == 404


async def test_cameras_of_one_library_end_one_by_one() -> None:
    async with FilmLibrary() as library, VirtualCamera(SPEC, library=library) as one:
        async with VirtualCamera(replace(SPEC, name="other"), library=library) as two:
            await asyncio.gather(Caller(one).stream("/sub", 2), Caller(two).stream("/sub", 2))
            assert library.films == 1
        assert (await Caller(one).stream("/sub", 2)).size == (640, 360)
