"""The real command on cameras in a process of their own: killed with ``kill -9`` again and again, and resumed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from drivers import registry
from drivers.contract import Login, Target
from drivers.logins import LoginBook
from engine.config.configuration import load

Programs = Any  # the class is in conftest.py
STEPS = "time,names,streams,password,adopt"
#: Lines of the journal after which the program is killed.
KILLS = (9, 24, 31, 36, 41, 60)


def site(folder: Path, urls: list[str]) -> None:
    (folder / "matthan.yaml").write_text(f"site: xa\nstate: {folder / 'state'}\n")
    (folder / "default").write_text("admin1234")
    (folder / "default").chmod(0o600)
    standard = (
        "passwords: {defaults: [{username: admin, password: 'file:default'}]}\ntime: {ntp: 127.0.0.1}\n"
    )
    (folder / "commissioning.yaml").write_text(standard)
    rows = "".join(f"cam-{n},Cổng {n},{url}\n" for n, url in enumerate(urls))
    (folder / "cams.csv").write_text(f"id,name,url\n{rows}")


def lines(folder: Path) -> int:
    return sum(
        path.read_bytes().count(b"\n") for path in (folder / "state").glob("commissioning/*/journal.jsonl")
    )


async def killed_after(programs: Programs, folder: Path, words: tuple[str, ...], count: int) -> bool:
    """Run the command until its journal has so many lines more, then kill it; return whether it lived to be killed."""
    before = lines(folder)
    async with programs.matthan(*words, log=folder / "log") as process:
        while process.returncode is None and lines(folder) - before < count:
            await asyncio.sleep(0.002)
        if process.returncode is None:
            process.kill()
        return bool(await programs.ended(process))


async def lets_in(url: str, password: str) -> None:
    login = Login("admin", password)
    async with registry.load("onvif").open(Target(url, logins=LoginBook(lambda: 0.0)), login) as device:
        assert device.cameras


async def test_killed_again_and_again_nobody_is_locked_out(programs: Programs, tmp_path: Path) -> None:
    password = tmp_path / "sim.password"
    password.write_text("admin1234")
    password.chmod(0o600)
    sim = ("sim", "--json", "--no-discovery", "--cameras", "2", "--password-file", str(password))
    async with programs.matthan(*sim, log=tmp_path / "sim.log") as cameras:
        told = json.loads(await asyncio.wait_for(cameras.stdout.readline(), programs.patience))
        urls = [each["onvif"] for each in told["cameras"]]
        site(tmp_path, urls)
        config = str(tmp_path / "matthan.yaml")
        words = (
            "commission", str(tmp_path / "cams.csv"), "--config", config, "--yes", "restarts", "--steps", STEPS,
        )  # fmt: skip
        kills = [await killed_after(programs, tmp_path, words, count) for count in KILLS]
        assert sum(kills) >= 3
        async with programs.matthan(*words, "--json", log=tmp_path / "log") as process:
            out, _ = await asyncio.wait_for(process.communicate(), programs.patience)
        log = (tmp_path / "log").read_text()
        job = json.loads(out.splitlines()[-1])
        assert [each["id"] for each in job["cameras"]] == ["cam-0", "cam-1"], log
        for camera in load(Path(config)).settings.cameras:
            assert camera.login is not None
            secret = (tmp_path / camera.login.password.removeprefix("file:")).read_text().strip()
            assert secret != "admin1234"
            await lets_in(camera.url, secret)
        logins = json.loads((tmp_path / "state" / "logins.json").read_text())["devices"].values()
        assert all(len(each["wrong"]) < 3 for each in logins)
        assert (
            len(list((tmp_path / "secrets").iterdir())) == 4
        )  # of each the present and the old one, none pending
