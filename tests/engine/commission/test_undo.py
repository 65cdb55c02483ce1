"""What was changed is taken back: the last first, the password too; again after a kill; and what cannot is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.commission.record import CameraRecord, Risk
from engine.commission.tools import Options
from engine.commission.work.undo import Undo
from engine.errors import Refusal
from tests.engine.commission.commissioning import YES, Village, village
from tests.engine.commission.killing import Reaper, until_killed
from tests.fakes.devices import Box, values


async def undone(site: Village, options: Options = YES) -> CameraRecord:
    tools = site.tools()
    job = tools.jobs.with_changes("cam-0")
    assert job is not None
    with tools.jobs.open(job.id) as journal:
        return await Undo(tools, options, journal, "cam-0").run()


def troubles(camera: CameraRecord) -> dict[str, str]:
    return {each.feature: each.trouble.code for each in camera.changes if each.trouble}


async def test_all_is_as_it_was(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    await site.commission()
    assert box.password != "admin"
    camera = await undone(site)
    assert box.values | {"time.mode": "manual"} == values(box.sources, box.mac)
    assert troubles(camera) == {"time.clock": "commission.no_before"}
    assert (box.password, site.password("cam-0"), box.wrong) == ("admin", "admin", 0)
    writes = len([call for call in box.calls if call.startswith("write")])
    await undone(site)
    assert len([call for call in box.calls if call.startswith("write")]) == writes
    await site.commission()  # and forth again
    assert box.password == site.password("cam-0") != "admin"


async def test_what_somebody_else_changed_since_is_left(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    await site.commission()
    box.values["scopes.name"] = "theirs"
    box.values["network.hostname"] = "ipcam"  # as it was
    box.refuses = {"osd.VS1.name"}
    camera = await undone(site)
    assert box.values["scopes.name"] == "theirs"
    assert troubles(camera)["scopes.name"] == "commission.changed_since"
    assert troubles(camera)["osd.VS1.name"] == "driver.unsupported"
    assert next(each for each in camera.changes if each.feature == "network.hostname").undone is not None


async def test_what_restarts_needs_a_yes(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    await site.commission()
    camera = await undone(site, Options())
    assert box.values["encoder.VS1-a.fps"] == 15
    asked = {
        each.feature
        for each in camera.changes
        if each.trouble and each.trouble.code == "commission.needs_yes"
    }
    assert asked == {each.feature for each in camera.changes if each.risk is Risk.RESTARTS}


async def test_another_device_is_left_alone(tmp_path: Path) -> None:
    site = village(tmp_path, Box())
    await site.commission()
    other = Box(serial="S9", password=site.boxes["fake:0"].password)
    site.boxes["fake:0"] = other
    with pytest.raises(Refusal, match="Another device"):
        await undone(site)
    assert not [call for call in other.calls if call.startswith("write")]


async def test_killed_at_each_place_and_done_again(tmp_path: Path, reaper: Reaper) -> None:
    def made(name: str) -> Village:
        (tmp_path / name).mkdir()
        site = village(tmp_path / name, Box())
        site.tick = reaper.tick
        return site

    reaper.arm(-1)
    whole = made("whole")
    await whole.commission()
    reaper.arm(-1)
    await undone(whole)
    places = reaper.count
    assert places > 50
    for at in range(places):
        site = made(f"at-{at}")
        reaper.arm(-1)
        await site.commission()
        reaper.arm(at)
        assert await until_killed(lambda site=site: undone(site)) is None  # type: ignore[misc]
        reaper.arm(-1)
        await undone(site)
        box = site.boxes["fake:0"]
        assert box.values == whole.boxes["fake:0"].values, at
        assert (box.password, site.password("cam-0")) == ("admin", "admin"), at
        assert box.wrong <= 1
