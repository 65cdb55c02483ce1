"""The long set of checks at its full length: ten cameras of five makes, ten minutes of each stream."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

Programs = Any  # the class is in conftest.py
MAKES = ("north", "lotus", "bamboo", "harbour", "kite")

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


def site(folder: Path, cameras: list[dict[str, Any]]) -> None:
    (folder / "matthan.yaml").write_text(f"site: xa\nstate: {folder / 'state'}\n")
    logins = sorted({(each["username"], each["password"]) for each in cameras})
    defaults = []
    for number, (username, password) in enumerate(logins):
        secret = folder / f"default-{number}"
        secret.write_text(password)
        secret.chmod(0o600)
        defaults.append(f"{{username: {username}, password: 'file:default-{number}'}}")
    (folder / "commissioning.yaml").write_text(
        f"passwords: {{defaults: [{', '.join(defaults)}]}}\ntime: {{ntp: 127.0.0.1}}\n"
        "main: {width: 1280, height: 720, fps: 10, bitrate: 2048}\n"
    )
    which = [logins.index((each["username"], each["password"])) for each in cameras]
    rows = "".join(
        f"cam-{n},Cổng {n},{each['onvif']},{each['username']},file:default-{which[n]}\n"
        for n, each in enumerate(cameras)
    )
    (folder / "cams.csv").write_text(f"id,name,url,username,password\n{rows}")


async def test_the_long_set_measures_what_takes_minutes(programs: Programs, tmp_path: Path) -> None:
    makes = [word for make in MAKES for word in ("--make", make)]
    sim = ("sim", "--json", "--no-discovery", "--cameras", "10", *makes, "--default-password")
    async with programs.matthan(*sim, log=tmp_path / "sim.log") as cameras:
        told = json.loads(await asyncio.wait_for(cameras.stdout.readline(), programs.patience))
        site(tmp_path, told["cameras"])
        words = ("commission", str(tmp_path / "cams.csv"), "--config", str(tmp_path / "matthan.yaml"))
        log = tmp_path / "log"
        async with programs.matthan(*words, "--yes", "restarts", "--thorough", "--json", log=log) as process:
            out, _ = await process.communicate()
    job = json.loads(out.splitlines()[-1])
    assert job["thorough"]
    assert len(job["cameras"]) == 10
    for camera in job["cameras"]:
        found = {each["check"]: each["outcome"] for each in camera["results"]}
        for stream in ("main", "sub"):
            for check in ("bitrate", "continuity"):  # what a loaded machine drops is told, not passed over
                assert found[f"stream.{stream}.{check}"] != "not_tested", (camera["id"], found)
