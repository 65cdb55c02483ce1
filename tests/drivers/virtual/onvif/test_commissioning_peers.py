"""Foreign clients commission a virtual camera: encoders, writing, clock, accounts, restart, as each of them does it."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from drivers.contract import Codec
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.encoding import PAIR
from drivers.virtual.spec import CameraSpec
from drivers.virtual.street.h264 import can_encode
from tests.drivers.virtual.onvif.judges import PASSWORD, judge, node_client, python_client

pytestmark = [pytest.mark.peer, pytest.mark.timeout(900)]  # the first of them installs the clients
SPEC = CameraSpec(name="set by others", password=PASSWORD, profiles=PAIR, discoverable=False)
hevc = pytest.mark.skipif(not can_encode(Codec.H265), reason="FFmpeg cannot encode H.265 here")


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with VirtualCamera(SPEC) as running:
        yield running


def reached(camera: VirtualCamera) -> None:
    """Compare what the camera is set to with what each client asked for."""
    sub = camera.encoders.encodings["sub"]
    assert (sub.codec, sub.size, sub.fps, sub.bitrate, sub.gop) == (Codec.H265, (320, 180), 8.0, 300, 16)


@hevc
async def test_npm_onvif(camera: VirtualCamera) -> None:
    saw = await judge(node_client("commission_client.js"), camera, "wsse")
    reached(camera)
    assert saw["media2"]
    assert saw["encoder"]["encoding"] == "H265"
    assert saw["stream"] == camera.rtsp_url.replace("/main", "/sub")
    assert "gate 3" in saw["osds"]
    assert "vn.pool.ntp.org" in saw["ntp"]
    assert camera.spec.hardware_address in saw["mac"]
    assert camera.clock.follows
    assert saw["imaging"]["brightness"] == 60
    assert camera.imaging["source0"].focus == "MANUAL"
    assert camera.imaging["source0"].position(float("inf")) == 0.3
    assert "Sender not authorized" in saw["oldPassword"]
    assert saw["users"] == [{"username": "admin", "userLevel": "Administrator"}]


@hevc
@pytest.mark.parametrize("mode", ["wsse", "digest"])
async def test_pypi_onvif_python_by_the_second_media_service(camera: VirtualCamera, mode: str) -> None:
    saw = await judge(python_client("py", "media2_client.py"), camera, mode)
    reached(camera)
    assert saw["encoder"] == {
        "profile": "sub", "offered": ["H264", "H265"], "told": ["H265", 320, 8.0, 16],
    }  # fmt: skip
    assert saw["osd"] == ["Cổng trước", "UpperLeft", "UpperRight", "LowerLeft", "LowerRight", "Custom"]
    assert [(each.text, each.x, each.y) for each in camera.osd.of()] == [("Cổng trước", 0.5, -0.5)]
    assert saw["masks"] == []
    assert saw["uris"] == [
        camera.rtsp_url.replace("/main", "/sub"),
        f"{camera.http_url}onvif/snapshot/sub",
    ]
    assert saw["ntp"] == "vn.pool.ntp.org"
    assert "admin" not in saw["old_password"]
    assert saw["users"] == [["admin", "Administrator"]]


async def test_pypi_onvif_zeep_by_the_first_media_service(camera: VirtualCamera) -> None:
    saw = await judge(python_client("zeep", "onvif_zeep_client.py"), camera, "wsse")
    assert saw["encoder"] == {"size": [960, 540], "rate": [12, 900, 24]}
    main = camera.encoders.encodings["main"]
    assert (main.codec, main.size, main.fps, main.gop) == (Codec.H264, (960, 540), 12.0, 24)
    assert saw["osd"] == ["Cổng trước"]
    assert saw["clock"] == {"servers": ["vn.pool.ntp.org", "192.0.2.7"], "kind": "NTP", "zone": "ICT-7"}
    assert saw["mac"] == camera.spec.hardware_address
    assert saw["protocols"] == ["HTTP", "HTTPS", "RTSP"]
    assert "Sender not authorized" in saw["old_password"]
    assert saw["users"] == [["admin", "Administrator"], ["op", "Operator"]]
    assert saw["after_reboot"] == "Virtual Fixed"


async def test_pypi_onveef(camera: VirtualCamera) -> None:
    saw = await judge(python_client("onveef", "onveef_client.py"), camera, "wsse")
    assert set(saw["services"]) == {"device", "events", "media", "media2", "imaging", "deviceio"}
    assert saw["options"][0]["gop"] == {"min": 1.0, "max": 100.0}
    told = {each["token"]: each["video_encoder"] for each in saw["profiles"]}
    assert (told["main"]["width"], told["main"]["fps_limit"], told["main"]["gop"]) == (640, 8, 16)
    assert [(each["plain_text"], each["position_type"]) for each in saw["osds"]] == [
        ("Cổng sau", "LowerLeft")
    ]
    assert saw["osds_left"] == []
    assert "ICT-7" in saw["clock"]
    assert saw["interfaces"][0]["hardware_address"] == camera.spec.hardware_address
    assert {"Exposure", "Focus", "IrCutFilterModes"} <= set(saw["imaging"])
    assert saw["still"] == ["image/jpeg", "ffd8"]
    assert saw["old_password"].endswith("Sender not authorized")
    assert "longer password" in saw["short_password"]
    assert saw["after_reboot"] == [{"username": "admin", "user_level": "Administrator"}]


async def test_pypi_wsdiscovery_finds_it() -> None:
    async with VirtualCamera(replace(SPEC, discoverable=True)) as camera:
        saw = await judge(python_client("wsd", "wsdiscovery_client.py"), camera, "any")
        (told, *_) = saw["found"]
        assert told[:2] == [camera.spec.identity.urn, camera.onvif_url]
        assert "onvif://www.onvif.org/name/set by others" in told
        assert json.dumps(told).count("http://") == 1
