"""Cameras that are known by their hardware alone: found by a sweep of the network that was named, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.contract import Login
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec
from engine.census.sighting import Expected
from engine.commission.login.approach import place_of
from engine.commission.sheet.row import Row
from engine.commission.work.hardware import HardwareSearch
from engine.errors import Refusal
from tests.engine.commission.commissioning import Village, row

#: One of this machine's addresses, so that the ports of cameras are free there.
HOST = "127.0.77.5"


def wanted(**expected: str) -> Row:
    return Row(Expected("cong", **expected))


async def test_a_camera_is_found_by_its_serial_number_or_address(tmp_path: Path) -> None:
    spec = CameraSpec(password="admin", host=HOST, onvif_port=8080, discoverable=False, serial="DS-1")
    async with VirtualCamera(spec) as camera:
        tools = Village(tmp_path, {}, []).tools()
        look = HardwareSearch([HOST], [Login("admin", "admin")], tools.books)
        tools = replace(tools, look=look)
        assert await place_of(tools, wanted(serial="DS-1")) == camera.onvif_url
        found = (await look())[0].identity
        assert found is not None
        assert await place_of(tools, wanted(mac=found.macs[0])) == camera.onvif_url
        with pytest.raises(Refusal, match="Nobody with mac"):
            await place_of(tools, wanted(serial="DS-2"))
        assert camera.usage["wrong_logins"] == 0


async def test_nobody_is_looked_for_where_no_network_was_named(tmp_path: Path) -> None:
    tools = Village(tmp_path, {}, []).tools()
    with pytest.raises(Refusal, match="--subnet"):
        await place_of(tools, wanted(serial="DS-1"))
    assert await place_of(tools, row("cam-0", "fake:0")) == "fake:0"


async def test_what_is_no_network_is_a_sentence(tmp_path: Path) -> None:
    tools = Village(tmp_path, {}, []).tools()
    with pytest.raises(Refusal):
        await HardwareSearch(["10.0.0.0/8"], [], tools.books)()
