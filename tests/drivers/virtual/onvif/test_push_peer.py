"""A foreign judge of the virtual camera's calls: the manager by which Home Assistant is told of events."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from aiohttp import web
from onvif import ONVIFCamera

from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec

PATIENCE = 60.0


async def test_home_assistants_manager_is_called() -> None:
    came: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await came.put(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    spec = CameraSpec(name="judged", password="p-1234", discoverable=False)
    try:
        async with asyncio.timeout(PATIENCE), VirtualCamera(spec) as camera:
            port = int(camera.onvif_url.split(":")[2].partition("/")[0])
            client = ONVIFCamera("127.0.0.1", port, spec.username, spec.password)
            await client.update_xaddrs()
            manager = await client.create_notification_manager(url, timedelta(minutes=1), lambda: None)
            try:
                told = await _topics(manager, came)
                camera.set_input(True)
                assert "tns1:Device/Trigger/DigitalInput" in await _topics(manager, came)
            finally:
                await manager.stop()
                await client.close()
            assert not camera.broker.subscriptions
    finally:
        await runner.cleanup()
    assert {"tns1:VideoSource/MotionAlarm", "tns1:Device/Trigger/DigitalInput"} <= told


async def _topics(manager: Any, came: asyncio.Queue[bytes]) -> set[str]:
    """Return the topics of the next call, as the manager reads it."""
    message = manager.process(await came.get())
    return {each.Topic._value_1 for each in message.NotificationMessage}
