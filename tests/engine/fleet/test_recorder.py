"""A recorder with sixteen channels, over real sockets: one login, one subscription, sixteen streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from drivers.contract import Login
from drivers.virtual.camera import MOTION, VirtualCamera, motion_of
from drivers.virtual.spec import CameraSpec
from engine.config.settings import CameraSettings
from engine.fleet.fleet import Fleet, FleetParts
from engine.fleet.login_guard import LoginBooks
from engine.fleet.state import CameraState
from engine.runtime.clock import SystemClock
from engine.runtime.supervisor import Backoff
from rules.model import Kind

Stage = Any  # the class is in conftest.py
CHANNELS = 16
USED = {"openings": 1, "subscriptions": 1, "streams": CHANNELS, "wrong_logins": 0, "locked": 0}


def channel(peer: VirtualCamera, number: int) -> CameraSettings:
    source = f"source{number}"
    login = {"username": "admin", "password": "env:X"}
    written = {"id": f"ch{number}", "url": peer.onvif_url, "source": source, "fps": 2, "login": login}
    return CameraSettings.model_validate(written)


def make(stage: Stage, folder: Path, peer: VirtualCamera) -> Fleet:
    clock = SystemClock()
    parts = FleetParts(
        login=lambda _: Login("admin", "secret"),
        intake=stage.drafts,
        clock=clock,
        random=Random(1),
        logins=LoginBooks(folder / "logins.json", lambda: clock.now().wall.timestamp()),
        zone=ZoneInfo("UTC"),
        backoff=Backoff(first=0.05, most=0.1, later=0.1),
    )
    return Fleet([channel(peer, number) for number in range(CHANNELS)], parts)


async def test_a_recorder_that_is_cut_off_is_opened_by_one_and_back_for_all(
    stage: Stage, tmp_path: Path
) -> None:
    spec = CameraSpec(password="secret", channels=CHANNELS, discoverable=False)
    async with VirtualCamera(spec) as peer:
        fleet = make(stage, tmp_path, peer)
        running = asyncio.get_running_loop().create_task(fleet.run(), name="cameras")
        online = all_online(fleet)
        await stage.until(online)
        peer.broker.clear()  # as a cut of its power does
        await peer.fault("refuse")
        await stage.until(
            lambda: all(each.status.state is CameraState.LOST for each in fleet.cameras.values())
        )
        await peer.fault(None)
        await stage.until(online)
        await stage.until(lambda: len(peer.broker.subscriptions) == 1)
        for runner in fleet.cameras.values():
            told = stage.drafts.health(runner.id)
            assert told == ["online", "lost", "online"], "told once for each"
        assert peer.usage["openings"] <= 3, "not one for each channel"
        running.cancel()
        await asyncio.wait([running])


async def test_a_recorder_with_sixteen_channels(stage: Stage, tmp_path: Path) -> None:
    spec = CameraSpec(password="secret", channels=CHANNELS, discoverable=False)
    async with VirtualCamera(spec) as peer:
        fleet = make(stage, tmp_path, peer)
        running = asyncio.get_running_loop().create_task(fleet.run(), name="cameras")
        online = all_online(fleet)
        await stage.until(online)
        await stage.until(lambda: peer.usage["subscriptions"])
        assert peer.usage == USED | {"plays": CHANNELS}

        peer.broker.tell(MOTION, True, peer.clock.wall())
        third = motion_of(2)
        await stage.until(lambda: {"ch0", "ch2"} <= told(stage))
        peer.set_input(True)
        await stage.until(lambda: any(each.label == "Device/Trigger/DigitalInput" for each in stage.drafts))
        inputs = [each.camera for each in stage.drafts if each.label == "Device/Trigger/DigitalInput"]
        assert inputs == ["ch0"], "it is the device's own: told once"
        assert third.source == ("Source", "source2")

        await fleet.change([channel(peer, number) for number in range(CHANNELS) if number != 5])
        await fleet.change([channel(peer, number) for number in range(CHANNELS)])
        await stage.until(online)
        assert peer.usage == USED | {"plays": CHANNELS + 1}
        running.cancel()
        await asyncio.wait([running])
        assert not peer.broker.subscriptions, "it is given back"


def all_online(fleet: Fleet) -> Callable[[], bool]:
    return lambda: all(each.status.state is CameraState.ONLINE for each in fleet.cameras.values())


def told(stage: Stage) -> set[str]:
    return {str(each.camera) for each in stage.drafts if each.kind is Kind.SIGNAL}
