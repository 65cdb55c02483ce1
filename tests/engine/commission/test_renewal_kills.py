"""A program that sets a password is killed (SIGKILL) at any moment: some file has the password, and nothing locks."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from drivers.virtual.accounts import Account, Level, Lockout
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.encoding import SINGLE
from drivers.virtual.spec import CameraSpec

ROOT = Path(__file__).parents[3]


async def program(folder: Path, url: str) -> asyncio.subprocess.Process:
    """A program that is about to begin."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.engine.commission.renewing", str(folder), url,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert made.stdout is not None
    assert await made.stdout.readline() == b"ready\n"
    return made


async def whole(folder: Path, url: str) -> tuple[str, float]:
    """A program that lives: what it says, and how long it took."""
    clock = asyncio.get_running_loop().time
    running, begun = await program(folder, url), clock()
    said, errors = await running.communicate()
    assert running.returncode == 0, errors.decode()
    return said.decode().strip(), clock() - begun


async def killed(folder: Path, url: str, after: float) -> None:
    running = await program(folder, url)
    await asyncio.sleep(after)
    if running.returncode is None:
        running.send_signal(signal.SIGKILL)
    await running.communicate()


def passwords(folder: Path) -> set[str]:
    """What the files have."""
    files: Sequence[Path] = [*(folder / "secrets").glob("*"), folder / "default"]
    return {path.read_text().strip() for path in files if path.exists()}


def of(camera: VirtualCamera) -> str:
    return camera.accounts.all["admin"].password


async def kill_and_go_on(folder: Path, kills: int) -> list[str]:
    """Kill that many programs, each on a site of its own; return which password each left the camera with."""
    random, left = Random(20261130), []
    spec = CameraSpec(password="admin", discoverable=False, profiles=SINGLE, lockout=Lockout.EVERYBODY)
    async with VirtualCamera(spec) as camera:
        (site := folder / "whole").mkdir()
        said, took = await whole(site, camera.onvif_url)
        assert said == "done done"
        for number in range(kills):
            camera.accounts.change([Account("admin", "admin", Level.ADMINISTRATOR)])
            (site := folder / f"site-{number}").mkdir()
            await killed(site, camera.onvif_url, random.uniform(0, 1.1 * took))
            assert of(camera) in {*passwords(site), "admin"}, number
            left.append("old" if of(camera) == "admin" else "new")
            before = camera.accounts.wrong_logins
            said, _ = await whole(site, camera.onvif_url)
            assert said in ("done done", "done skipped"), (number, said)
            assert (site / "secrets" / "cong").read_text().strip() == of(camera) != "admin", number
            assert not (site / "secrets" / "cong.pending").exists(), number
            assert "secrets/cong" in (site / "matthan.yaml").read_text(), number
            assert camera.accounts.wrong_logins - before <= 1, number
            assert camera.usage["locked"] == 0, number
    return left


async def test_killed_three_times(tmp_path: Path) -> None:
    await kill_and_go_on(tmp_path, 3)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_killed_fifty_times(tmp_path: Path) -> None:
    left = await kill_and_go_on(tmp_path, 50)
    assert {"old", "new"} == set(left), "no kill came late enough, or early enough"
