"""Foreign ONVIF clients as judges: npm `onvif` and PyPI `onvif-python` against the virtual camera."""

from collections.abc import AsyncIterator

import pytest

from drivers.virtual.camera import VirtualCamera
from drivers.virtual.onvif.picture_alarms import properties
from drivers.virtual.spec import CameraSpec
from tests.drivers.virtual.onvif.judges import PASSWORD, Peer, judge, node_client, python_client

pytestmark = [pytest.mark.peer, pytest.mark.timeout(900)]  # the first of them installs the clients


@pytest.fixture(scope="session")
def node() -> Peer:
    return node_client("onvif_client.js")


@pytest.fixture(scope="session")
def python() -> Peer:
    return python_client("py", "onvif_client.py")


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with VirtualCamera(CameraSpec(name="judged", ptz=True, password=PASSWORD)) as running:
        yield running


@pytest.mark.parametrize("mode", ["wsse", "digest"])
async def test_npm_onvif(node: Peer, camera: VirtualCamera, mode: str) -> None:
    saw = await judge(node, camera, mode)
    assert saw["information"]["serialNumber"] == camera.spec.info.serial
    assert saw["users"] == [{"username": "admin", "userLevel": "Administrator"}]
    assert saw["profiles"] == [{"token": "main", "resolution": {"width": 640, "height": 360}, "ptz": True}]
    assert saw["stream"] == saw["streamUdp"] == camera.rtsp_url
    assert saw["snapshot"] == camera.onvif_url.replace("device_service", "snapshot")
    assert saw["nodes"] == ["node0"]
    assert list(saw["presets"]) == ["home", "gate", "road"]
    assert saw["atGate"] == {"x": -0.7, "y": -0.2, "zoom": 0.4}
    assert saw["newPreset"] == "4"
    assert saw["moving"] == "MOVING"
    assert saw["afterTimeout"]["x"] == pytest.approx(-0.6)
    assert saw["atHome"] == {"x": 0, "y": 0, "zoom": 0}
    topics = {message["topic"] for message in saw["messages"]}
    assert topics == {
        f"tns1:{each}"
        for each in (
            "VideoSource/MotionAlarm",
            "Device/Trigger/DigitalInput",
            "Device/Trigger/Relay",
            *(about.topic for about in properties(0)),
        )
    }
    refusal = "Digest authentication failed" if mode == "digest" else "Sender not authorized"
    assert refusal in saw["wrongPassword"]
    assert camera.onvif_url in saw["discovered"]


@pytest.mark.parametrize("mode", ["wsse", "digest"])
async def test_pypi_onvif_python(python: Peer, camera: VirtualCamera, mode: str) -> None:
    saw = await judge(python, camera, mode)
    assert saw["model"] == "Virtual PTZ"
    assert saw["profiles"] == ["main"]
    assert saw["stream"] == camera.rtsp_url
    assert saw["snapshot"] == camera.onvif_url.replace("device_service", "snapshot")
    assert saw["presets"] == {"home": "1", "gate": "2", "road": "3"}
    assert saw["at_gate"] == pytest.approx([-0.7, -0.2, 0.4])
    assert saw["moving"] == "MOVING"
    assert saw["after_timeout"] == pytest.approx([-0.6, -0.2, 0.4])
    assert set(saw["sources"]) == {"InputToken", "RelayToken", "Source", "VideoSourceConfigurationToken"}
    assert "let in" not in saw["wrong_password"]
    assert int(camera.onvif_url.split("/")[2].split(":")[1]) in saw["discovered"]
