"""Features of a virtual camera, through the real driver, the fleet, the server and the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drivers import onvif
from drivers.contract import Feature, FeatureKind
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec
from engine.api.client import ApiError, Client
from engine.api.recording import Recorder
from engine.api.resources import features
from engine.api.resources.features import FEATURES, SET_FEATURE, SWITCH
from engine.api.routes import Api
from engine.api.server import serve
from engine.api.services.features import FeatureService, on_wire
from engine.config.settings import ApiSettings
from engine.fleet.camera import CameraRunner
from engine.fleet.features import FeatureState
from engine.web.problems import Garbage
from tests.fakes.engine import FakeEngine

Stage = Any  # the class is in conftest.py


@asynccontextmanager
async def asking(path: Path, *runners: CameraRunner) -> AsyncIterator[Client]:
    engine = FakeEngine()
    resources = [features.resource(FeatureService({each.id: each for each in runners}))]
    api = Api(resources, Garbage(), Recorder(engine.auditor), engine.callers, engine.porter)
    async with serve(api, ApiSettings(), socket=path) as doors, Client.connect(doors.socket) as client:
        yield client


async def refused(client: Client, feature: str, value: Any, camera: str = "gate") -> tuple[int, str, str]:
    with pytest.raises(ApiError) as told:
        await client.ask(SET_FEATURE, camera, feature, body={"value": value})
    return told.value.status, told.value.code, told.value.message


async def features_when_back(client: Client) -> list[features.Feature]:
    """Ask for features until the camera's stream is there again: another encoding lets its watchers go."""
    while True:
        try:
            return await client.ask(FEATURES, "gate")
        except ApiError as error:
            if error.code != "camera.offline":
                raise
            await asyncio.sleep(0.05)


async def test_a_virtual_camera_is_read_and_set(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with VirtualCamera(CameraSpec(name="set", password="p", ptz=True, discoverable=False)) as camera:
        runner = stage.runner(stage.script(), url=camera.onvif_url)
        made = runner.device
        monkeypatch.setattr(made, "_driver", lambda: onvif.driver)
        monkeypatch.setattr(made, "_login", lambda: camera.spec.login)
        async with asking(tmp_path / "s", runner) as client:
            assert (await refused(client, "time.ntp", "x"))[:2] == (409, "camera.offline")
            stage.start(runner)
            await stage.until(lambda: runner.features)
            told = {each.id: each for each in await client.ask(FEATURES, "gate")}
            assert {"ptz", "signals", "time.clock", "encoder.main.bitrate", "output.relay0"} <= told.keys()
            assert not [each for each in told.values() if each.fault]
            rate = told["encoder.main.bitrate"]
            assert (rate.kind, rate.category, rate.unit, rate.least, rate.most, rate.range, rate.writable) == (
                "number", "encoder", "kbit/s", 64, 8192, "64..8192 kbit/s", True,
            )  # fmt: skip
            assert isinstance(rate.value, int)
            assert datetime.fromisoformat(str(told["time.clock"].value)).tzinfo is not None
            now = await client.ask(SET_FEATURE, "gate", "encoder.main.bitrate", body={"value": "1024"})
            assert (now.value, now.fault) == (1024, None)
            again = {each.id: each.value for each in await features_when_back(client)}
            assert again["encoder.main.bitrate"] == 1024
            for on in (True, False):
                assert (await client.ask(SWITCH, "gate", "relay0", body={"on": on})).id == "output.relay0"
            with pytest.raises(ApiError, match="output"):
                await client.ask(SWITCH, "gate", "none", body={"on": True})
            status, code, said = await refused(client, "encoder.main.bitrate", 9)
            assert (status, code) == (422, "driver.value")
            assert "64..8192 kbit/s" in said
            client.language = "vi"
            assert "không đặt được" in (await refused(client, "encoder.main.bitrate", 9))[2]
            assert (await refused(client, "input.input0", True))[:2] == (422, "feature.read_only")
            assert (await refused(client, "no.such", True))[:2] == (404, "driver.no_feature")
            assert (await refused(client, "time.ntp", "x", camera="none"))[:2] == (404, "camera.unknown")
            assert (await refused(client, "network.hostname", "no <host> name"))[0] == 502
            assert (await refused(client, "encoder.main.bitrate", "9" * 1001))[0] == 400
            assert (await refused(client, "encoder.main.bitrate", 10**30))[0] == 422


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (True, True), (5, 5), (2.5, 2.5), (float("nan"), None), ("a\udc80b", "a?b"),
        (datetime(2026, 11, 30, 8, tzinfo=UTC), "2026-11-30T08:00:00Z"), (b"x", "b'x'"),
    ],
)  # fmt: skip
def test_whatever_a_driver_hands_over_can_be_sent(value: Any, sent: object) -> None:
    told = on_wire(FeatureState(Feature("x\udc80", FeatureKind.TEXT), value))
    assert (told.value, type(told.value), told.id) == (sent, type(sent), "x?")
    assert told.model_dump_json()


def test_who_may_look_may_not_set() -> None:
    assert (FEATURES.needs, SET_FEATURE.needs) == ("state", "configure")
    assert (SWITCH.needs, SWITCH.deed) == ("relay", "relay")  # an officer may, and it is on record as that
