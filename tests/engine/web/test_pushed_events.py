"""A camera that calls the engine's own receiver: from the device's event to a signal, and given back at the end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from drivers import onvif
from drivers.contract import Target
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec
from engine.web.problems import Garbage
from engine.web.webhooks import WebhookReceiver

PATIENCE = 60.0


async def test_what_a_camera_calls_with_arrives_as_a_signal() -> None:
    receiver = WebhookReceiver(("127.0.0.1", 0), "", Garbage())
    spec = CameraSpec(name="calls", password="p-1234", discoverable=False)
    async with asyncio.timeout(PATIENCE), VirtualCamera(spec) as camera:
        target = Target(camera.onvif_url, {"events": "push"}, webhooks=receiver)
        async with onvif.driver.open(target, spec.login) as device, aclosing(device.signals()) as signals:
            inputs = (each async for each in signals if each and each.topic == "Device/Trigger/DigitalInput")
            assert (await anext(inputs)).state is False
            camera.set_input(True)
            assert (await anext(each async for each in inputs if not each.initial)).state is True
        assert not camera.broker.subscriptions
    assert (receiver.lost, receiver._runner) == (0, None)
