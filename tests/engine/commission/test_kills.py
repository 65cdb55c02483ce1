"""Killed at each place where anything outside could notice: the same result in the end, no password that nobody knows.

A kill is a `BaseException` before or after a call of a device, a line of the journal, a file of a password, the
configuration: after it nothing of that program works any more, as nothing of a dead one would.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.commission.keeping.jobs import Jobs
from engine.commission.record import JobRecord, StepState
from engine.commission.work.batch import begun
from engine.commission.work.one_camera import Act, OneCamera
from tests.engine.commission.commissioning import Village, village
from tests.engine.commission.killing import Reaper, until_killed
from tests.fakes.devices import Box


def result(site: Village, job: JobRecord) -> dict[str, Any]:
    """What is the same whenever it was done."""
    made = {
        (camera.id, each.feature): (each.before, each.after, each.made is None, each.trouble)
        for camera in job.cameras
        for each in camera.changes
        if each.feature != "time.clock"
    }
    steps = {
        (camera.id, each.step): each.state is not StepState.FAILED
        for camera in job.cameras
        for each in camera.steps
    }
    text = site.configuration.read_text()
    return {
        "made": made, "steps": steps, "configuration": text,
        "devices": [dict(box.values) for box in site.boxes.values()],
    }  # fmt: skip


def healthy(site: Village) -> None:
    """Nobody is locked out, and each password is where the configuration leads."""
    for row in site.rows:
        box = site.boxes[row.expected.url]
        assert not box.locked
        assert site.password(row.id) == box.password != "admin"
        assert not (site.folder / "secrets" / f"{row.id}.pending").exists()


def known_now(site: Village) -> None:
    """At every moment some file has the password that the device has."""
    files = [*(site.folder / "secrets").glob("*"), site.folder / "default"]
    there = {path.read_text().strip() for path in files}
    assert {box.password for box in site.boxes.values()} <= there


def _box(number: int = 0) -> Box:
    return Box(serial=f"S{number}", mac=f"02:1f:aa:00:00:0{number}")


async def test_killed_at_each_place_and_resumed(tmp_path: Path, reaper: Reaper) -> None:
    whole = village(tmp_path / _made(tmp_path, "whole"), _box())
    whole.tick = reaper.tick
    reaper.arm(-1)
    expected = result(whole, await whole.commission())
    places = reaper.count
    assert places > 100
    for at in range(places):
        site = village(tmp_path / _made(tmp_path, f"at-{at}"), _box())
        site.tick = reaper.tick
        reaper.arm(at)
        assert await until_killed(site.commission) is None
        known_now(site)
        reaper.arm(-1)
        job = await site.resume()
        assert result(site, job) == expected, at
        healthy(site)
        assert site.boxes["fake:0"].wrong <= 1
        assert len([each for each in Jobs.of(site.folder / "state").each() if each[1].ledger.job.ended]) == 1


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kills=st.lists(st.integers(0, 160), min_size=2, max_size=3),
    answer=st.sampled_from(["taken", "lost"]),
)
async def test_killed_several_times_and_resumed(kills: list[int], answer: str, reaper: Reaper) -> None:
    with TemporaryDirectory() as folder:
        site = village(Path(folder), _box(1), _box(2))
        site.boxes["fake:0"].answer = answer
        site.tick = reaper.tick
        for at in kills:
            reaper.arm(at)
            await until_killed(site.resume)
            known_now(site)
        site.clock.advance(
            1801
        )  # each try of a new password that was never set may have cost one wrong login
        reaper.arm(-1)
        await site.commission()  # a run that lived to its end may have told that it could not ask any more
        healthy(site)


def _made(tmp_path: Path, name: str) -> str:
    (tmp_path / name).mkdir()
    return name


async def test_a_second_password_of_ours_is_killed_at_each_place_too(tmp_path: Path, reaper: Reaper) -> None:
    """Where the old password is in the very file that is to have the new one, none of both may be mistaken."""

    def made(name: str) -> Village:
        site = village(tmp_path / _made(tmp_path, name), _box())
        site.tick = reaper.tick
        return site

    async def renewed(site: Village) -> None:
        tools = site.tools()
        with begun(tools) as journal:
            await OneCamera(tools, journal, tools.configured["cam-0"], Act.LOGIN).run()

    reaper.arm(-1)
    whole = made("whole")
    await whole.commission()
    reaper.arm(-1)
    await renewed(whole)
    places = reaper.count
    for at in range(places):
        site = made(f"at-{at}")
        reaper.arm(-1)
        await site.commission()
        first = site.boxes["fake:0"].password
        reaper.arm(at)
        await until_killed(lambda site=site: renewed(site))  # type: ignore[misc]
        known_now(site)
        reaper.arm(-1)
        await renewed(site)
        healthy(site)
        assert site.boxes["fake:0"].password != first
        assert site.boxes["fake:0"].wrong <= 1
