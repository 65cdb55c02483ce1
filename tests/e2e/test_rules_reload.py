"""Rules edited under a running engine: good ones at once, bad ones not at all, and everybody is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.api import wire
from engine.api.client import Client

Programs = Any  # the class is in conftest.py

OLD = "  - {name: no-car, when: {absent: {object: car, cameras: c1}, for: 1s}}\n"
NEW = "  - {name: no-dog, when: {absent: {object: dog, cameras: c1}, for: 1s}}\n"
LAST = "  - {name: no-cat, when: {absent: {object: cat, cameras: c1}, for: 1s}}\n"
BAD = "  - {name: no-cow, when: {absent: {object: cow, cameras: c7}, for: 1s}}\n"


@pytest.fixture
def site() -> Iterator[Path]:
    """A folder with a short path: a socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="mt-") as folder:
        document = {
            "site": "reloads",
            "language": "en",
            "state": f"{folder}/state",
            "rules": ["rules.yaml"],
            # Nobody looks through it, and nothing is ever told of it: an absence counts, and is never held up.
            "cameras": [{"id": "c1", "url": "rtsp://127.0.0.1:9/none", "enabled": False}],
            "preview": {"enabled": False},
        }
        (Path(folder) / "matthan.yaml").write_text(json.dumps(document))
        (Path(folder) / "rules.yaml").write_text("rules:\n" + OLD)
        yield Path(folder)


async def said(programs: Programs, *words: str) -> tuple[int, str]:
    """Return the exit code of a command, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "engine", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "MATTHAN_LANG": "en"},
    )  # fmt: skip
    async with asyncio.timeout(programs.patience):
        told, _ = await process.communicate()
    return int(process.returncode or 0), told.decode()


async def once(programs: Programs, client: Client, ready: Callable[[wire.State], bool]) -> wire.State:
    """Return the engine's state as soon as it is as it should be."""
    async with asyncio.timeout(programs.patience):
        while not ready(state := await client.state()):
            await asyncio.sleep(0.05)
        return state


def fired(rule: str) -> Callable[[wire.State], bool]:
    return lambda state: any(made.rule == rule and made.phase == "firing" for made in state.decisions)


@pytest.mark.timeout(900)
async def test_rules_edited_while_the_engine_runs(programs: Programs, site: Path) -> None:
    config, rules, log = site / "matthan.yaml", site / "rules.yaml", site / "log"
    socket = site / "state" / "api.sock"
    reload = ("rules", "reload", "--socket", str(socket))
    assert (await said(programs, *reload))[0] == 3, "no engine answers yet"

    async with programs.matthan("run", "--config", str(config), log=log) as engine:
        await programs.until("it runs", lambda: "running" in log.read_text(), log.read_text)
        async with Client.connect(socket) as client:
            await once(programs, client, fired("no-car"))
            armed = len((await client.state()).decisions)

            rules.write_text("rules:\n" + OLD + NEW)
            code, told = await said(programs, *reload)
            assert (code, "+ no-dog" in told) == (0, True), told
            assert "2 rules are judged by now; 1 of them go on with what they remember" in told
            state = await once(programs, client, fired("no-dog"))
            again = [made for made in state.decisions if made.rule == "no-car"]
            assert len(again) == armed == 1, "a rule that did not change fires on, and not again"
            code, told = await said(programs, *reload, "--json")
            assert (code, json.loads(told)["adopted"], json.loads(told)["ok"]) == (0, False, True)

            rules.write_text("rules:\n" + OLD + BAD)
            code, told = await said(programs, *reload)
            assert code == 1
            assert f"{rules}:3:" in told
            assert "error[unknown_camera]" in told
            assert "^" in told
            code, told = await said(programs, *reload, "--json")
            assert (code, json.loads(told.partition("\n")[2])["ok"]) == (1, False)
            code, told = await said(programs, "status", "--socket", str(socket))
            assert code == 0
            assert f"1 problem, the first at {rules}:3:" in told
            health = await client.health()
            assert (health.status, [each.code for each in health.problems if "rules" in each.code]) == (
                "degraded",
                ["rules.refused"],
            )
            assert (await client.state()).engine.rules == 2, "the old ones go on"
            assert log.read_text().count("rules refused") == 2

            rules.write_text("rules:\n" + OLD + LAST)
            engine.send_signal(signal.SIGHUP)
            state = await once(programs, client, fired("no-cat"))
            assert not [each for each in state.engine.problems if each.code.startswith("rules.")]
            gone = [made.phase for made in state.decisions if made.rule == "no-dog"]
            assert gone == ["resolved", "firing"], "newest first"
            adoptions = [event for event in state.events if event.label == "engine.rules"]
            assert [event.facts["rules"] for event in adoptions] == [2, 2, 1]

            document = json.loads(config.read_text())
            document["cameras"].append({**document["cameras"][0], "id": "c7"})
            config.write_text(json.dumps(document))
            rules.write_text("rules:\n" + OLD + BAD)
            code, told = await said(programs, *reload)
            assert (code, "+ camera c7" in told, "+ no-cow" in told) == (0, True, True), told
            assert [camera.id for camera in (await client.state()).cameras] == ["c1", "c7"]
            document["cameras"].pop()
            config.write_text(json.dumps(document))
            code, told = await said(programs, *reload)
            assert (code, "unknown_camera" in told) == (1, True), "a rule names it: all or nothing"
            assert [camera.id for camera in (await client.state()).cameras] == ["c1", "c7"]
            rules.write_text("rules:\n" + OLD + LAST)
            code, told = await said(programs, *reload)
            assert (code, "- camera c7" in told) == (0, True), told
            state = await once(programs, client, lambda state: [each.id for each in state.cameras] == ["c1"])
            changes = [event.facts["names"] for event in state.events if event.label == "engine.cameras"]
            assert changes == ["c7", "c7"]

        engine.send_signal(signal.SIGTERM)
        assert await programs.ended(engine) == 0
    assert "Traceback" not in log.read_text()

    code, told = await said(programs, "rules", "replay", "--config", str(config), "--json")
    body = json.loads(told.splitlines()[0])
    assert (code, body["gone"], body["new"]) == (0, [], []), told
    assert body["same"] >= 4
