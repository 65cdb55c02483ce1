"""The onvif driver through conformance, on a virtual PTZ camera."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from drivers import onvif
from drivers.conformance import PATIENCE, DriverConformance
from drivers.contract import Device, Driver, Login, PtzVector, Scope, Target
from drivers.errors import DriverError
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec


class TestOnvifConforms(DriverConformance):
    @pytest.fixture
    def driver(self) -> Driver:
        return onvif.driver

    @pytest.fixture
    def target(self, ptz_camera: Any) -> Target:
        return Target(ptz_camera.onvif_url)

    @pytest.fixture
    def login(self, ptz_camera: Any) -> Login:
        login: Login = ptz_camera.spec.login
        return login

    @pytest.fixture
    def dead_target(self, dead_port: int) -> Target:
        return Target(f"http://127.0.0.1:{dead_port}/onvif/device_service")

    @pytest.fixture
    def scope(self) -> Scope:
        return Scope(interfaces=("127.0.0.1",))


async def test_a_closing_device_stops_its_head(ptz_camera: Any) -> None:
    async with onvif.driver.open(Target(ptz_camera.onvif_url), ptz_camera.spec.login) as device:
        head = device.cameras[0].ptz
        assert head is not None
        await head.move(PtzVector(pan=-0.2), timeout=PATIENCE)
        assert (await head.status()).moving
    async with onvif.driver.open(Target(ptz_camera.onvif_url), ptz_camera.spec.login) as device:
        head = device.cameras[0].ptz
        assert head is not None
        assert not (await head.status()).moving


@pytest.fixture
async def beside() -> AsyncIterator[VirtualCamera]:
    """A camera on the test's own loop, so that the test can reach into it."""
    async with VirtualCamera(CameraSpec(name="beside", ptz=True, password="p", discoverable=False)) as camera:
        yield camera


async def test_a_closing_device_leaves_no_subscription(beside: VirtualCamera) -> None:
    async with onvif.driver.open(Target(beside.onvif_url), beside.spec.login) as device:
        signals = device.signals()
        await anext(signals)
        assert len(beside.broker.subscriptions) == 1
    assert len(beside.broker.subscriptions) == 0


async def test_the_input_is_told_and_comes_back(beside: VirtualCamera) -> None:
    told: list[bool | None] = []
    async with (
        onvif.driver.open(Target(beside.onvif_url), beside.spec.login) as device,
        asyncio.timeout(PATIENCE),
    ):
        async for signal in device.signals():
            if signal is None or signal.topic != "Device/Trigger/DigitalInput":
                continue
            assert (signal.source, signal.about) == ("", (("InputToken", "input0"),))
            if not signal.initial:
                told.append(signal.state)
            if told[-1:] == [False]:
                break
            beside.set_input(not told)
    assert told == [True, False]


async def test_a_subscription_that_the_device_forgot_ends_with_our_error(beside: VirtualCamera) -> None:
    async def listen(device: Device) -> None:
        async for _ in device.signals():
            beside.broker.clear()  # as after a reboot

    async with onvif.driver.open(Target(beside.onvif_url), beside.spec.login) as device:
        with pytest.raises(DriverError):
            await listen(device)
