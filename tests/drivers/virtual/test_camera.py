"""One whole virtual camera on loopback: addresses, login over HTTP, faults, restart, end."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from drivers.contract import Login, Target
from drivers.errors import Unsupported
from drivers.onvif import driver as onvif
from drivers.virtual import camera as camera_module
from drivers.virtual import driver, read_url
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.onvif import soap
from drivers.virtual.spec import CameraSpec

PASSWORD = "canary-7f3a"
ENVELOPE = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{}</s:Body></s:Envelope>'
OPEN = '<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
LOCKED = '<GetUsers xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
LOGIN = Login("admin", PASSWORD)


@pytest.fixture
async def camera(free_port: Callable[[], int]) -> AsyncIterator[VirtualCamera]:
    spec = CameraSpec(
        ptz=True, password=PASSWORD, discoverable=False, onvif_port=free_port(), rtsp_port=free_port()
    )
    async with VirtualCamera(spec) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as session:
        yield session


def digest(password: str = PASSWORD) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(middlewares=(aiohttp.DigestAuthMiddleware("admin", password),))


async def post(http: aiohttp.ClientSession, url: str, body: str | bytes) -> tuple[int, str, str]:
    """Return status, body and WWW-Authenticate."""
    data = ENVELOPE.format(body).encode() if isinstance(body, str) else body
    async with http.post(url, data=data) as answer:
        return answer.status, await answer.text(), answer.headers.get("WWW-Authenticate", "")


async def test_what_onvif_allows_before_login_is_allowed_and_nothing_else(
    camera: VirtualCamera, http: aiohttp.ClientSession
) -> None:
    assert (await post(http, camera.onvif_url, OPEN))[0] == 200
    status, text, challenge = await post(http, camera.onvif_url, LOCKED)
    assert status == 401
    assert "ter:NotAuthorized" in text
    assert challenge.startswith("Digest ")
    async with digest() as known:
        assert (await post(known, camera.onvif_url, LOCKED))[0] == 200
    async with digest("wrong") as stranger:
        assert (await post(stranger, camera.onvif_url, LOCKED))[0] == 401


async def test_a_snapshot_needs_the_login(camera: VirtualCamera, http: aiohttp.ClientSession) -> None:
    url = camera.onvif_url.replace("device_service", "snapshot")
    async with http.get(url) as refused:
        assert refused.status == 401
    async with digest() as known, known.get(url) as answer:
        assert answer.status == 200
        assert answer.content_type == "image/jpeg"
        assert (await answer.read()).startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("body", "status", "subcode"),
    [
        ('<MakeCoffee xmlns="http://www.onvif.org/ver10/device/wsdl"/>', 500, "ter:ActionNotSupported"),
        ('<GetProfiles xmlns="http://www.onvif.org/ver10/media/wsdl"/>', 500, "ter:ActionNotSupported"),
        (b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/'><a/>", 400, "ter:WellFormed"),
        (b"", 400, "ter:WellFormed"),
        (b"x" * (soap.LIMIT + 1), 413, "ter:WellFormed"),
    ],
)
async def test_what_it_cannot_answer_becomes_a_fault(
    camera: VirtualCamera, http: aiohttp.ClientSession, body: str | bytes, status: int, subcode: str
) -> None:
    told, text, _ = await post(http, camera.onvif_url, body)
    assert told == status
    assert subcode in text


GZIP = b"POST /onvif/device_service HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nContent-Encoding: gzip\r\n\r\n"


@pytest.mark.parametrize("data", [b"\x16\x03\x01" * 50, b"GET\r\n\r\n", GZIP + b"x" * 9])
async def test_garbage_is_answered_counted_and_not_logged(
    camera: VirtualCamera, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    host, port = camera.onvif_url.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    answer = await reader.readline()
    writer.close()
    assert b" 400 " in answer
    assert camera._onvif.garbage == 1
    assert "Traceback" not in caplog.text


async def test_a_client_that_went_away_takes_no_message_with_it(camera: VirtualCamera) -> None:
    topics = frozenset({camera_module.INPUT.topic})
    heard = camera.broker.subscribe("key", topics, camera.clock.monotonic(), 1000.0)
    assert heard is not None
    url = camera.onvif_url.replace("device_service", "subscription/key")
    pull = (
        '<PullMessages xmlns="http://www.onvif.org/ver10/events/wsdl">'
        "<Timeout>PT60S</Timeout><MessageLimit>9</MessageLimit></PullMessages>"
    )

    async def waiters(wanted: int) -> bool:
        return heard.waiters == wanted

    async with digest() as known, asyncio.TaskGroup() as group:
        pulling = group.create_task(post(known, url, pull), name="pull")
        await eventually(lambda: waiters(1))
        pulling.cancel()
        await eventually(lambda: waiters(0))
    camera.set_input(True)
    assert [notice.state for notice in heard.waiting] == [True]


async def test_a_host_that_cannot_be_one_is_not_repeated(
    camera: VirtualCamera, http: aiohttp.ClientSession
) -> None:
    body = ENVELOPE.format('<GetServices xmlns="http://www.onvif.org/ver10/device/wsdl"/>').encode()
    for host, shown in (("nat.example:81", "nat.example:81"), ("<b>evil", camera.onvif_url.split("/")[2])):
        async with http.post(camera.onvif_url, data=body, headers={"Host": host}) as answer:
            assert f"http://{shown}/onvif/media_service" in await answer.text()


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await check():
            await asyncio.sleep(0.02)


async def reachable(url: str) -> bool:
    host, _, port = url.split("/")[2].partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True


async def test_refuse_is_as_without_power_and_recovery_is_at_the_same_address(
    camera: VirtualCamera, http: aiohttp.ClientSession
) -> None:
    url = camera.onvif_url
    assert (await post(http, url, OPEN))[0] == 200
    await camera.fault("refuse")
    with pytest.raises(aiohttp.ClientError):
        await post(http, url, OPEN)
    await camera.fault(None)
    assert camera.onvif_url == url
    assert (await post(http, url, OPEN))[0] == 200


async def test_stall_answers_nothing_until_it_ends(
    camera: VirtualCamera, http: aiohttp.ClientSession
) -> None:
    await camera.fault("stall")
    assert await reachable(camera.onvif_url)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(post(http, camera.onvif_url, OPEN), name="stalled call")
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await camera.fault(None)
    assert waiting.result()[0] == 200


async def test_a_reboot_drops_subscriptions_and_comes_back(
    camera: VirtualCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_module, "REBOOT_SECONDS", 0.0)
    url, fault = camera.onvif_url, camera.fault
    went: list[tuple[str | None, bool, int]] = []

    async def noted(kind: camera_module.FaultKind | None) -> None:
        await fault(kind)
        went.append((kind, await reachable(url), len(camera.broker.subscriptions)))

    monkeypatch.setattr(camera, "fault", noted)
    assert camera.broker.subscribe("key", frozenset(), 0.0, 1e9) is not None
    async with digest() as known:
        status, _, _ = await post(
            known, url, '<SystemReboot xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
        )
    assert status == 200

    async def back() -> bool:
        return len(went) == 2

    await eventually(back)
    assert went == [("refuse", False, 0), (None, True, 0)]


async def test_motion_and_input_are_told(camera: VirtualCamera) -> None:
    topics = frozenset({camera_module.MOTION.topic, camera_module.INPUT.topic})
    heard = camera.broker.subscribe("key", topics, camera.clock.monotonic(), 100.0)
    assert heard is not None
    camera.set_input(True)
    camera.set_input(True)
    found = [(notice.about.topic, notice.state) for notice in await heard.pull(10, 10.0)]
    assert found.count((camera_module.INPUT.topic, True)) == 1
    assert camera_module.INPUT in camera.broker.properties


async def test_it_ends_while_clients_wait_and_leaves_nothing(
    caplog: pytest.LogCaptureFixture, free_port: Callable[[], int]
) -> None:
    caplog.set_level(logging.DEBUG)
    before = asyncio.all_tasks()
    spec = CameraSpec(password=PASSWORD, discoverable=False, onvif_port=free_port(), rtsp_port=free_port())
    async with aiohttp.ClientSession() as http, VirtualCamera(spec) as camera:
        await camera.fault("stall")
        hanging = asyncio.gather(
            *(post(http, camera.onvif_url, OPEN) for _ in range(3)), return_exceptions=True
        )
        await asyncio.sleep(0.1)
        onvif, rtsp = camera.onvif_url, camera.rtsp_url
    assert all(isinstance(each, aiohttp.ClientError) for each in await hanging)
    assert not await reachable(onvif)
    assert not await reachable(rtsp)
    assert {task.get_name() for task in asyncio.all_tasks() - before} == set()
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(spec)


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        spec = CameraSpec(password=PASSWORD, onvif_port=taken.getsockname()[1], discoverable=False)
        with pytest.raises(OSError, match="in use"):
            async with VirtualCamera(spec):
                pass
    assert all("virtual" not in task.get_name() for task in asyncio.all_tasks())


async def test_many_cameras_live_in_one_process() -> None:
    specs = [CameraSpec(name=f"c{n}", seed=n, password=PASSWORD, discoverable=False) for n in range(3)]
    async with VirtualCamera(specs[0]) as a, VirtualCamera(specs[1]) as b, VirtualCamera(specs[2]) as c:
        cameras = (a, b, c)
        assert len({camera.onvif_url for camera in cameras} | {camera.rtsp_url for camera in cameras}) == 6
        assert len({camera.spec.identity for camera in cameras}) == 3
        assert len({camera.spec.info.serial for camera in cameras}) == 3
        assert len({camera.spec.hardware_address for camera in cameras}) == 3


def test_an_identity_is_stable() -> None:
    assert CameraSpec("a", 1).identity == CameraSpec("a", 1, ptz=True, host="127.0.0.2").identity
    assert CameraSpec("a", 1).identity != CameraSpec("a", 2).identity
    assert CameraSpec("a", serial="X1").info.serial == "X1"


# -- the driver of the registry ------------------------------------------------------------------------


async def test_the_driver_opens_a_camera_through_onvif() -> None:
    async with driver.open(Target("virtual://street?ptz=1&seed=4"), LOGIN) as device:
        assert device.info.model == "Virtual PTZ"
        (camera,) = device.cameras
        assert camera.ptz is not None
        assert [preset.name for preset in await camera.ptz.presets()] == ["home", "gate", "road"]
        assert (await camera.snapshot()).startswith(b"\xff\xd8")


def test_its_address_is_read() -> None:
    spec = read_url("virtual://street?seed=5&ptz=1&night=1&name=x", LOGIN)
    assert (spec.name, spec.seed, spec.ptz, spec.night, spec.video) == ("x", 5, True, True, None)
    assert (spec.username, spec.password, spec.discoverable) == ("admin", PASSWORD, False)
    assert str(read_url("virtual:///tmp/a%20b.mp4", LOGIN).video) == "/tmp/a b.mp4"


@pytest.mark.parametrize(
    "url",
    [
        "virtual://lane",
        "virtual://",
        "virtual://street?seed=x",
        "virtual://street?ptz=yes",
        "virtual://street?zoom=1",
        "virtual://street/clip.mp4",
        "virtual:///clip.mp4?ptz=1",
        "http://street",
    ],
)
def test_an_address_that_is_not_understood_is_refused(url: str) -> None:
    with pytest.raises(Unsupported):
        read_url(url, LOGIN)


async def test_the_driver_discovers_nothing() -> None:
    from drivers.contract import Scope

    assert [found async for found in driver.discover(Scope(("127.0.0.1",)), 0.1)] == []


async def test_a_recorder_has_a_source_and_a_stream_for_each_channel() -> None:
    async with VirtualCamera(CameraSpec(password=PASSWORD, discoverable=False, channels=3)) as recorder:
        async with onvif.open(Target(recorder.onvif_url), LOGIN) as device:
            assert [each.source for each in device.cameras] == ["source0", "source1", "source2"]
            assert [each.profiles[0].token for each in device.cameras] == ["main", "main1", "main2"]
            stream = await device.cameras[2].open_stream("main2")
            try:
                await asyncio.to_thread(stream.start)
                await asyncio.to_thread(stream.read)
            finally:
                stream.close()
        used = {"openings": 1, "subscriptions": 0, "streams": 1, "plays": 1, "wrong_logins": 0, "locked": 0}
        assert recorder.usage == used


@pytest.mark.parametrize("spec", [{"channels": 0}, {"channels": 2, "ptz": True}])
def test_no_such_recorder(spec: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="recorder"):
        CameraSpec(**spec)  # type: ignore[arg-type]
