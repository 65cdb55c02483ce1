"""PTZ over the wire: heads that refuse what others take, by their rebuilt answers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.contract import Ptz, PtzVector, Target
from drivers.errors import Unsupported
from drivers.onvif import driver

FIXTURES = Path(__file__).parents[3] / "fixtures"
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
HEAD = (
    '<tt:PTZConfiguration token="ptz0"><tt:Name>ptz0</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:NodeToken>PtzNode0</tt:NodeToken></tt:PTZConfiguration>"
)
Open = Callable[..., Any]


def fixture(name: str) -> str:
    return (FIXTURES / name).read_text("utf-8")


@pytest.fixture
def head(scripted: Any, onvif: Any) -> Open:
    """Open a scripted device with a head; `refuses` says which fixture answers an operation with some text in it."""

    @asynccontextmanager
    async def opened(node: str = "", **refuses: tuple[str, str]) -> AsyncIterator[Ptz]:
        root = scripted.root
        media = {"http://www.onvif.org/ver10/media/wsdl": f"{root}/media", PTZ: f"{root}/ptz"}
        profile = onvif.PROFILE.format(token="p0", source="s0", width=640, height=360, more=HEAD)
        scripted.answers |= {
            "GetServices": scripted.services(media),
            "GetProfiles": onvif.envelope(f"<trt:GetProfilesResponse>{profile}</trt:GetProfilesResponse>"),
            "GetNode": fixture(node)
            if node.endswith(".xml")
            else node or onvif.fault("ter:ActionNotSupported"),
            "GetPresets": onvif.envelope(
                '<tptz:GetPresetsResponse><tptz:Preset token="1"><tt:Name>gate</tt:Name></tptz:Preset>'
                "<tptz:Preset><tt:Name>no token</tt:Name></tptz:Preset></tptz:GetPresetsResponse>"
            ),
            "GetStatus": onvif.envelope("<tptz:GetStatusResponse><tptz:PTZStatus/></tptz:GetStatusResponse>"),
        }
        for operation in ("ContinuousMove", "Stop", "GotoPreset"):
            done = onvif.envelope(f"<tptz:{operation}Response/>")
            pattern, answer = refuses.get(operation, ("$^", ""))

            def answers(asked: Any, pattern: str = pattern, answer: str = answer, done: str = done) -> str:
                return (fixture(answer) if answer else done) if re.search(pattern, asked.body) else done

            scripted.answers[operation] = answers
        async with driver.open(Target(scripted.url), None) as device:
            (camera,) = device.cameras
            assert camera.ptz is not None
            yield camera.ptz

    return opened


def sent(scripted: Any, operation: str) -> list[str]:
    return [asked.body for asked in scripted.asked if asked.operation == operation]


REFUSED = "generic_no-stop_any/Stop.xml"


async def test_a_head_that_refuses_an_axis_it_does_not_have(head: Open, scripted: Any) -> None:
    async with head(
        "generic_pan-tilt-head_any/GetNode.xml", ContinuousMove=("Zoom", REFUSED), Stop=("Zoom", REFUSED)
    ) as ptz:
        await ptz.move(PtzVector(pan=-0.5), 5.0)
        await ptz.stop()
        with pytest.raises(Unsupported) as caught:
            await ptz.move(PtzVector(zoom=1), 5.0)
    assert caught.value.code == "driver.no_zoom"
    (move,), (stop,) = sent(scripted, "ContinuousMove"), sent(scripted, "Stop")
    assert 'x="-0.5"' in move
    assert "Zoom" not in move + stop


async def test_it_moves_as_well_where_its_node_says_nothing(head: Open, scripted: Any) -> None:
    async with head(ContinuousMove=("Zoom", REFUSED), Stop=("Zoom", REFUSED)) as ptz:
        await ptz.move(PtzVector(pan=-0.5), 5.0)
        await ptz.stop()
    assert "Zoom" not in sent(scripted, "ContinuousMove")[-1]
    assert "Zoom" not in sent(scripted, "Stop")[-1]


@pytest.mark.parametrize("node", ["generic_speed-dome_any/GetNode.xml"], ids=["speeds 1..7"])
async def test_left_goes_left(head: Open, scripted: Any, node: str) -> None:
    async with head(node) as ptz:
        await ptz.move(PtzVector(pan=-1, tilt=0.5, zoom=-1), 5.0)
        await ptz.stop()
    assert re.findall(r'[xy]="([^"]+)"', sent(scripted, "ContinuousMove")[0]) == ["-7.0", "3.5", "-7.0"]


async def test_the_generic_space_is_used(head: Open, scripted: Any) -> None:
    async with head("uniview_ipc672lr_any/GetNode.xml") as ptz:
        await ptz.move(PtzVector(pan=-1), 5.0)
        await ptz.stop()
    assert 'x="-1.0"' in sent(scripted, "ContinuousMove")[0]


async def test_a_head_without_timeout(head: Open, scripted: Any) -> None:
    async with head(ContinuousMove=("Timeout", "bosch_autodome_any/ContinuousMove.xml")) as ptz:
        for _ in range(2):
            await ptz.move(PtzVector(pan=1), 5.0)
            await ptz.stop()
    assert ["Timeout" in each for each in sent(scripted, "ContinuousMove")] == [True, False, False]


async def test_a_head_without_stop(head: Open, scripted: Any) -> None:
    async with head(Stop=("Stop", "generic_no-stop_any/Stop.xml")) as ptz:
        await ptz.move(PtzVector(pan=1), 5.0)
        await ptz.stop()
    assert set(re.findall(r'[xy]="([^"]+)"', sent(scripted, "ContinuousMove")[-1])) == {"0.0"}


async def test_a_preset_with_its_speed(head: Open, scripted: Any) -> None:
    async with head(
        GotoPreset=(r"PresetToken>\s*</(?:\w+:)?GotoPreset>", "generic_preset-speed_any/GotoPreset.xml")
    ) as ptz:
        assert [each.name for each in await ptz.presets()] == ["gate"]
        await ptz.goto("gate")
    assert ["Speed" in each for each in sent(scripted, "GotoPreset")] == [False, True]


@pytest.mark.parametrize("node", ["<html>busy</html>", "<a", "not XML at all", "<!DOCTYPE x []><x/>"])
async def test_a_node_that_cannot_be_read_costs_its_ranges_only(head: Open, scripted: Any, node: str) -> None:
    async with head(node) as ptz:
        await ptz.move(PtzVector(pan=-1), 5.0)
        await ptz.stop()
        status = await ptz.status()
    assert (status.position, status.moving) == (None, None)
    assert 'x="-1.0"' in sent(scripted, "ContinuousMove")[0]
