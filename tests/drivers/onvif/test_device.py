"""The onvif driver against a scripted device: what real ones do wrong, and what they do right."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from drivers.contract import Codec, Feature, Login, Target
from drivers.errors import DriverError, Malformed, Refused, Unsupported
from drivers.onvif import driver

LOGIN = Login("operator", "Chim-7f3a")
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"


async def opens(scripted: Any, login: Login | None = LOGIN) -> None:
    async with driver.open(Target(scripted.url), login):
        pass


async def error_of(scripted: Any, login: Login | None = LOGIN) -> DriverError:
    with pytest.raises(DriverError) as caught:
        await opens(scripted, login)
    return caught.value


# -- what is told ----------------------------------------------------------------------------------


async def test_info_cameras_and_profiles(scripted: Any, onvif: Any) -> None:
    told = "".join(
        onvif.PROFILE.format(token=token, source=source, width=width, height=360, more="")
        for token, source, width in [("a", "s1", 640), ("b", "s2", 640), ("c", "s1", 1280)]
    )
    scripted.answers["GetProfiles"] = onvif.envelope(
        f"<trt:GetProfilesResponse>{told}</trt:GetProfilesResponse>"
    )
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert device.info.model == "M1"
        assert [camera.source for camera in device.cameras] == ["s1", "s2"]
        first = device.cameras[0]
        assert [profile.token for profile in first.profiles] == ["c", "a"]  # the largest first
        assert first.profiles[0].codec is Codec.H264
        assert first.profiles[0].fps == 25.0
        assert first.profiles[0].bitrate == 0  # 2147483647 means that it does not tell
        assert first.features == (Feature.SNAPSHOT,)
        assert first.ptz is None


@pytest.mark.parametrize(("gives", "asked"), [(0, 1), (3, 4), (None, 4)])
async def test_a_recorder_is_asked_for_stills_until_it_gives_one(
    scripted: Any, onvif: Any, gives: int | None, asked: int
) -> None:
    """It is opened once for each camera: asked for each source each time it had 256 requests to answer."""
    told = "".join(
        onvif.PROFILE.format(token=f"p{number}.", source=f"s{number}", width=640, height=360, more="")
        for number in range(16)
    )
    scripted.answers["GetProfiles"] = onvif.envelope(
        f"<trt:GetProfilesResponse>{told}</trt:GetProfilesResponse>"
    )
    good = scripted.default("GetSnapshotUri")
    scripted.answers["GetSnapshotUri"] = lambda each: (
        good if f">p{gives}.<" in each.body else onvif.fault("ter:NoProfile")
    )
    async with driver.open(Target(scripted.url), LOGIN) as device:
        have = [Feature.SNAPSHOT in camera.features for camera in device.cameras]
    assert have == [gives is not None and number >= gives for number in range(16)]
    assert scripted.operations().count("GetSnapshotUri") == asked


async def test_stream_address_is_led_to_the_host_we_reached(scripted: Any) -> None:
    async with driver.open(Target(scripted.url), LOGIN) as device:
        stream = await device.cameras[0].open_stream("main")
        by_name = await device.cameras[0].open_stream("main name")
    for each in (stream, by_name):
        assert each._source.url == "rtsp://127.0.0.1:5554/live?a=1"  # type: ignore[attr-defined]  # no network here
        assert each._source.login == LOGIN  # type: ignore[attr-defined]  # likewise


async def test_snapshot_by_http_digest(scripted: Any) -> None:
    scripted.answers["GetSnapshotUri"] = scripted.uri("GetSnapshotUri", f"{scripted.root}/still.jpg")
    scripted.answers["/still.jpg"] = digest_only(web.Response(body=b"\xff\xd8picture"))
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert await device.cameras[0].snapshot() == b"\xff\xd8picture"


async def test_a_still_that_is_none(scripted: Any) -> None:
    scripted.answers["GetSnapshotUri"] = scripted.uri("GetSnapshotUri", f"{scripted.root}/still.jpg")
    scripted.answers["/still.jpg"] = "<html>busy</html>"
    async with driver.open(Target(scripted.url), LOGIN) as device:
        with pytest.raises(Malformed):
            await device.cameras[0].snapshot()


async def test_an_rtsp_still_address_is_no_snapshot(scripted: Any) -> None:
    scripted.answers["GetSnapshotUri"] = scripted.uri("GetSnapshotUri", "rtsp://10.0.0.1/x")
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert Feature.SNAPSHOT not in device.cameras[0].features
        with pytest.raises(Unsupported):
            await device.cameras[0].snapshot()


# -- services --------------------------------------------------------------------------------------


async def test_services_and_capabilities_are_united(scripted: Any) -> None:
    """GetServices without Events and PTZ (peer C of ONVIF.md): the library would drop both."""
    scripted.answers["GetCapabilities"] = scripted.capabilities(
        {"Media": "http://10.9.9.9/wrong", "Events": f"{scripted.root}/events"}
    )
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert Feature.SIGNALS in device.cameras[0].features
    assert "/media" in {asked.path for asked in scripted.asked}  # GetServices goes before


@pytest.mark.parametrize(
    "missing", ["GetServices", "GetCapabilities", "GetDeviceInformation", "GetSnapshotUri"]
)
@pytest.mark.parametrize("how", ["fault", "empty", "400", "404", "html500"])
async def test_a_missing_operation_is_never_fatal(scripted: Any, onvif: Any, missing: str, how: str) -> None:
    scripted.answers[missing] = {
        "fault": onvif.fault("ter:ActionNotSupported", "Receiver"),
        "empty": b"",
        "400": web.Response(status=400),
        "404": web.Response(status=404, text="<html>not here</html>"),
        "html500": web.Response(status=500, text="<html>error</html>"),
    }[how]
    await opens(scripted)


async def test_no_media_service(scripted: Any) -> None:
    scripted.answers["GetServices"] = scripted.services({})
    scripted.answers["GetCapabilities"] = scripted.capabilities({})
    error = await error_of(scripted)
    assert isinstance(error, Unsupported)


async def test_ports_that_lead_nowhere_are_replaced_by_the_one_we_reached(
    scripted: Any, dead_port: int
) -> None:
    """A port forwarding: the device announces its LAN address and the port that it has there."""
    there = f"http://192.168.1.64:{dead_port}/media"
    scripted.answers["GetServices"] = scripted.services({MEDIA: there})
    scripted.answers["GetCapabilities"] = scripted.capabilities({"Media": there})
    await opens(scripted)
    assert "GetProfiles" in scripted.operations()


async def test_media2_goes_first(scripted: Any, onvif: Any) -> None:
    scripted.answers["GetServices"] = scripted.services(
        {MEDIA: f"{scripted.root}/media", MEDIA2: f"{scripted.root}/media2"}
    )
    told = (
        '<tr2:Profiles token="p1"><tr2:Name>main</tr2:Name><tr2:Configurations><tr2:VideoSource token="c1">'
        "<tt:SourceToken>s1</tt:SourceToken></tr2:VideoSource><tr2:VideoEncoder><tt:Encoding>H265</tt:Encoding>"
        "<tt:Resolution><tt:Width>2560</tt:Width><tt:Height>1440</tt:Height></tt:Resolution><tt:RateControl>"
        "<tt:FrameRateLimit>12.5</tt:FrameRateLimit><tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>"
        "</tr2:VideoEncoder></tr2:Configurations></tr2:Profiles>"
    )

    def profiles(asked: Any) -> Any:
        if ":Type>" in asked.body:  # peer A of ONVIF.md crashes on it
            return web.Response(status=500, text="<html>crash</html>")
        return onvif.envelope(f"<tr2:GetProfilesResponse>{told}</tr2:GetProfilesResponse>")

    scripted.answers["GetProfiles"] = profiles
    scripted.answers["GetStreamUri"] = lambda asked: (
        onvif.envelope(
            "<tr2:GetStreamUriResponse><tr2:Uri>rtsp://x/h265</tr2:Uri></tr2:GetStreamUriResponse>"
        )
        if asked.path == "/media2"
        else web.Response(status=500)
    )
    async with driver.open(Target(scripted.url), LOGIN) as device:
        (profile,) = device.cameras[0].profiles
        assert (profile.codec, profile.width, profile.bitrate) == (Codec.H265, 2560, 4096)
        assert profile.fps == 12.5
        await device.cameras[0].open_stream("p1")
    signed = [asked for asked in scripted.asked if asked.path == "/media2"]
    assert all("PasswordDigest" in asked.body for asked in signed)


async def test_media1_where_media2_does_not_answer(scripted: Any, onvif: Any) -> None:
    scripted.answers["GetServices"] = scripted.services(
        {MEDIA: f"{scripted.root}/media", MEDIA2: f"{scripted.root}/media2"}
    )
    profiles = scripted.default("GetProfiles")
    scripted.answers["GetProfiles"] = lambda asked: (
        profiles if asked.path == "/media" else onvif.fault("ter:ActionNotSupported")
    )
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert [profile.token for profile in device.cameras[0].profiles] == ["main", "sub"]


@pytest.mark.parametrize("operation", ["GetServices", "GetCapabilities"])
async def test_half_a_list_of_services_is_no_missing_service(scripted: Any, operation: str) -> None:
    """Cut before its media service, and the other operation lacks: later it may be whole."""
    told = scripted.services({EVENTS: f"{scripted.root}/events", MEDIA: f"{scripted.root}/media"})
    scripted.answers["GetServices"] = scripted.answers["GetCapabilities"] = web_response(501)
    scripted.answers[operation] = told[: told.index(f"Namespace>{MEDIA}") + 9]
    error = await error_of(scripted)
    assert isinstance(error, Malformed)
    assert error.values["detail"] == "cut off"


async def test_half_a_list_of_services_serves_for_what_it_names(scripted: Any) -> None:
    told = scripted.services({MEDIA: f"{scripted.root}/media", EVENTS: f"{scripted.root}/events"})
    scripted.answers["GetCapabilities"] = web_response(501)
    scripted.answers["GetServices"] = told[: told.index(f"Namespace>{EVENTS}")]
    await opens(scripted)


async def test_profiles_before_a_cut_serve(scripted: Any) -> None:
    told = scripted.default("GetProfiles")
    scripted.answers["GetProfiles"] = told[: told.index('token="main"') + 40]
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert [profile.token for profile in device.cameras[0].profiles] == ["sub"]


async def test_profiles_in_any_order_and_dress(scripted: Any, onvif: Any) -> None:
    """Makers reverse the schema's order, leave parts out and forget to declare prefixes."""
    encoder = (
        "<acme:VideoEncoderConfiguration><acme:RateControl><acme:BitrateLimit>512</acme:BitrateLimit>"
        "<acme:FrameRateLimit>12.5</acme:FrameRateLimit></acme:RateControl><acme:Resolution>"
        "<acme:Height>360</acme:Height><acme:Width> 640 </acme:Width></acme:Resolution>"
        "<acme:Encoding>H264</acme:Encoding></acme:VideoEncoderConfiguration>"
    )
    source = (
        '<acme:VideoSourceConfiguration token="c"><acme:SourceToken>s</acme:SourceToken><acme:Name>not me'
        "</acme:Name></acme:VideoSourceConfiguration>"
    )
    scripted.answers["GetProfiles"] = onvif.envelope(
        f'<R><P token="none"/><acme:Profiles token="p">{encoder}{source}<acme:Name>main</acme:Name></acme:Profiles></R>'
    )
    async with driver.open(Target(scripted.url), LOGIN) as device:
        (camera,) = device.cameras
        (profile,) = camera.profiles
    assert (camera.source, profile.name, profile.codec) == ("s", "main", Codec.H264)
    assert (profile.width, profile.height, profile.fps, profile.bitrate) == (640, 360, 12.5, 512)


async def test_an_address_with_a_bare_ampersand(scripted: Any) -> None:
    scripted.answers["GetStreamUri"] = scripted.uri(
        "GetStreamUri", "rtsp://10.9.8.7:5554/live?a=1&b=2&amp;c=3"
    )
    async with driver.open(Target(scripted.url), LOGIN) as device:
        stream = await device.cameras[0].open_stream("main")
    assert stream._source.url == "rtsp://127.0.0.1:5554/live?a=1&b=2&c=3"  # type: ignore[attr-defined]  # as above


async def test_only_a_head_needs_the_library(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from drivers.onvif.soap.client import SoapClient

    async def never(*_: object) -> Any:
        raise AssertionError

    monkeypatch.setattr(SoapClient, "service", never)
    scripted.answers["GetServices"] = scripted.services(
        {MEDIA: f"{scripted.root}/media", PTZ: f"{scripted.root}/ptz"}
    )
    await opens(scripted)  # a service for heads, and no profile with one


def web_response(status: int) -> Any:
    return lambda _: web.Response(status=status)


# -- logins ----------------------------------------------------------------------------------------


def wsse(body: str) -> tuple[str, str, bytes, str]:
    """Return user, digest, nonce and created of a signed request."""
    found = [
        re.search(rf"<(?:\w+:)?{name}\b[^>]*>([^<]*)<", body)
        for name in ("Username", "Password", "Nonce", "Created")
    ]
    user, digest, nonce, created = (match[1] if match else "" for match in found)
    return user, digest, base64.b64decode(nonce), created


def md5(text: bytes) -> Any:
    return hashlib.md5(text, usedforsecurity=False)  # the protocol's


def digest_only(answer: web.Response, password: str = LOGIN.password) -> Callable[[Any], web.Response]:
    """Answer only to HTTP digest (Hikvision >= 5.7.13: HTML 401 to everything else)."""

    def judge(asked: Any) -> web.Response:
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', asked.headers.get("Authorization", "")))
        one = md5(f"{LOGIN.username}:r:{password}".encode()).hexdigest()
        method = "GET" if asked.path.endswith(".jpg") else "POST"
        two = md5(f"{method}:{asked.path}".encode()).hexdigest()
        right = md5(f"{one}:n0:{given.get('nc')}:{given.get('cnonce')}:auth:{two}".encode()).hexdigest()
        if given.get("response") != right:
            head = {"WWW-Authenticate": 'Digest realm="r", qop="auth", nonce="n0", algorithm=MD5'}
            return web.Response(status=401, text="<html>Access Error</html>", headers=head)
        return web.Response(body=answer.body, content_type=answer.content_type)

    return judge


def all_digest(scripted: Any, password: str = LOGIN.password) -> None:
    operations = ("GetDeviceInformation", "GetServices", "GetCapabilities", "GetProfiles", "GetSnapshotUri")
    for operation in operations:
        told = scripted.default(operation).encode()
        answer = web.Response(body=told, content_type="application/soap+xml")
        scripted.answers[operation] = digest_only(answer, password)


async def test_http_digest_is_tried_and_remembered(scripted: Any) -> None:
    all_digest(scripted)
    await opens(scripted)
    unasked = [asked for asked in scripted.asked if "Authorization" not in asked.headers]
    # the clock, and the one call that was challenged; from then on it signs unasked
    assert [asked.operation for asked in unasked] == ["GetSystemDateAndTime", "GetDeviceInformation"]


async def test_a_wrong_password_is_refused_after_one_try(scripted: Any) -> None:
    all_digest(scripted, "another")
    error = await error_of(scripted)
    assert isinstance(error, Refused)
    assert error.values == {"host": f"127.0.0.1:{scripted.port}", "user": "operator"}
    # one call: unasked, then in answer to the challenge
    assert scripted.operations() == ["GetSystemDateAndTime", "GetDeviceInformation", "GetDeviceInformation"]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
@pytest.mark.parametrize("declared", [True, False])
async def test_not_authorized_in_any_dress_is_a_refusal(
    scripted: Any, onvif: Any, status: int, declared: bool
) -> None:
    told = onvif.fault("ter:NotAuthorized")
    if not declared:  # zeep: "No namespace defined for 'ter'"
        told = told.replace('xmlns:ter="http://www.onvif.org/ver10/error"', "")
    scripted.answers["GetDeviceInformation"] = lambda _: web.Response(status=status, text=told)
    assert isinstance(await error_of(scripted), Refused)


async def test_a_refused_login_is_not_sent_again(scripted: Any, onvif: Any) -> None:
    """The device object stops by itself: cameras lock accounts."""
    from drivers.onvif.addresses import DeviceAddress
    from drivers.onvif.soap.http_session import HttpSession

    scripted.answers["GetUsers"] = web.Response(status=401)
    session = HttpSession(DeviceAddress.at(scripted.url), LOGIN)
    try:
        for _ in range(3):
            with pytest.raises(Refused):
                await session.post(scripted.url, b"<Body><GetUsers/></Body>", {})
    finally:
        await session.close()
    assert scripted.operations() == ["GetUsers"]


async def test_a_right_that_lacks_for_one_call_does_not_stop_the_others(scripted: Any) -> None:
    from drivers.onvif.addresses import DeviceAddress
    from drivers.onvif.soap.http_session import HttpSession

    scripted.answers["SetUser"] = lambda _: web.Response(status=403)
    session = HttpSession(DeviceAddress.at(scripted.url), LOGIN)
    try:
        await session.post(scripted.url, b"<Body><GetServices/></Body>", {})
        with pytest.raises(Refused):
            await session.post(scripted.url, b"<Body><SetUser/></Body>", {})
        await session.post(scripted.url, b"<Body><GetServices/></Body>", {})
    finally:
        await session.close()
    assert scripted.operations() == ["GetServices", "SetUser", "GetServices"]


async def test_refused_stills_do_not_stop_the_rest(scripted: Any) -> None:
    scripted.answers["GetSnapshotUri"] = scripted.uri("GetSnapshotUri", f"{scripted.root}/still.jpg")
    scripted.answers["/still.jpg"] = lambda _: web.Response(status=401)
    async with driver.open(Target(scripted.url), LOGIN) as device:
        for _ in range(3):
            with pytest.raises(Refused):
                await device.cameras[0].snapshot()
        await device.cameras[0].open_stream("main")
    assert scripted.operations().count("/still.jpg") == 1


@pytest.mark.parametrize("set_back", [True, False])
async def test_a_clock_that_was_set_meanwhile(scripted: Any, onvif: Any, set_back: bool) -> None:
    """A camera boots in 2000, then meets its NTP server: our signatures must follow, without a person."""
    ahead = [timedelta(days=-9000)]

    def tell(_: Any) -> str:
        told = onvif.moment("UTCDateTime", datetime.now(UTC) + ahead[0])
        return str(
            onvif.envelope(f"<tds:GetSystemDateAndTimeResponse>{told}</tds:GetSystemDateAndTimeResponse>")
        )

    def judge(asked: Any) -> Any:
        created = datetime.fromisoformat(wsse(asked.body)[3].replace("Z", "+00:00"))
        late = abs(datetime.now(UTC) + ahead[0] - created) > timedelta(seconds=20)
        return (
            onvif.fault("ter:NotAuthorized")
            if late or (not set_back and ahead[0])
            else scripted.default(asked.operation)
        )

    scripted.answers["GetSystemDateAndTime"] = tell
    scripted.answers["GetStreamUri"] = judge
    async with driver.open(Target(scripted.url), LOGIN) as device:
        if set_back:
            ahead[0] = timedelta()
            await device.cameras[0].open_stream("main")
        else:
            with pytest.raises(Refused):
                await device.cameras[0].open_stream("main")
    # a second try only where the clock was the reason
    assert scripted.operations().count("GetStreamUri") == (2 if set_back else 1)


async def test_a_kept_connection_that_the_device_closed(serve: Any, scripted: Any) -> None:
    """It answers once per connection and then closes without a word; every call must pass."""
    bodies: list[str] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(re.search(r"Content-Length: (\d+)", head)[1])  # type: ignore[index]  # always there
        bodies.append((await reader.readexactly(length)).decode())
        told = scripted.default("GetDeviceInformation").encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(told) + told
        )
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()

    from drivers.onvif.addresses import DeviceAddress
    from drivers.onvif.soap.http_session import HttpSession

    session = HttpSession(DeviceAddress.at(f"http://127.0.0.1:{await serve(once)}"), LOGIN)
    try:
        for _ in range(4):
            await session.post(session.reached.url, b"<x/>", {})
    finally:
        await session.close()
    assert len(bodies) == 4


async def test_no_login_where_one_is_wanted(scripted: Any, onvif: Any) -> None:
    scripted.answers["GetDeviceInformation"] = onvif.fault("ter:NotAuthorized")
    error = await error_of(scripted, None)
    assert isinstance(error, Refused)
    assert error.code == "driver.no_login"


@pytest.mark.parametrize("hours", [0, -3, 26])
async def test_signed_with_the_devices_clock(scripted: Any, onvif: Any, hours: int) -> None:
    ahead = timedelta(hours=hours)
    told = onvif.moment("UTCDateTime", datetime.now(UTC) + ahead)
    scripted.answers["GetSystemDateAndTime"] = onvif.envelope(
        f"<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>{told}</tds:SystemDateAndTime>"
        "</tds:GetSystemDateAndTimeResponse>"
    )
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert device.clock_offset is not None
        assert abs(device.clock_offset - ahead) < timedelta(seconds=30)
    clock, info, *_ = scripted.asked
    assert "Security" not in clock.body
    user, digest, nonce, created = wsse(info.body)
    assert user == LOGIN.username
    assert created.endswith("Z")  # Hikvision refuses +00:00
    signed = datetime.fromisoformat(created.replace("Z", "+00:00"))
    assert abs(signed - datetime.now(UTC) - ahead) < timedelta(seconds=30)
    made = hashlib.sha1(nonce + created.encode() + LOGIN.password.encode(), usedforsecurity=False).digest()
    assert base64.b64decode(digest) == made
    assert all(LOGIN.password not in asked.body for asked in scripted.asked)


async def test_a_device_without_clock_is_signed_with_ours(scripted: Any) -> None:
    scripted.answers["GetSystemDateAndTime"] = web.Response(status=500, text="no")
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert device.clock_offset is None
