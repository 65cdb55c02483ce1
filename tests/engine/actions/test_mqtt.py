"""MQTT against a real mosquitto: delivery, restart of the broker, last will."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from engine.actions.contract import Job
from engine.actions.mqtt import Broker, Mqtt
from engine.errors import Again
from engine.runtime.supervisor import Backoff
from rules.model import Decision

pytestmark = pytest.mark.peer
MakeDecision = Callable[..., Decision]
PASSWORD = "s3cret"
QUICK = Backoff(first=0.05, most=0.2, later=0.2)
STATUS = "matthan/site/status"


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
    return str(found)


class Mosquitto:
    """A broker that can be stopped and started again on its port."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._config = folder / "mosquitto.conf"
        passwords = folder / "passwords"
        command = [_program("mosquitto_passwd"), "-b", "-c", str(passwords), "engine", PASSWORD]
        subprocess.run(command, check=True, capture_output=True)
        passwords.chmod(0o644)
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"persistence false\nuser root\n"
        )
        self._process: Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            _program("mosquitto"), "-c", str(self._config), stdout=PIPE, stderr=PIPE
        )
        async with asyncio.timeout(60):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    async def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.communicate()
            self._process = None


@pytest.fixture
async def broker(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path, free_port())
    await mosquitto.start()
    yield mosquitto
    await mosquitto.stop()


class Listener:
    """mosquitto_sub: a foreign subscriber."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def next(self) -> tuple[str, str]:
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            topic, _, payload = (await self._process.stdout.readline()).decode().rstrip("\n").partition(" ")
        return topic, payload


@asynccontextmanager
async def _listening(broker: Mosquitto, topic: str) -> AsyncIterator[Listener]:
    login = ["-u", "engine", "-P", PASSWORD]
    process = await asyncio.create_subprocess_exec(
        _program("mosquitto_sub"), "-p", str(broker.port), *login, "-q", "1", "-v", "-t", topic, stdout=PIPE
    )
    try:
        yield Listener(process)
    finally:
        process.kill()
        await process.communicate()


@asynccontextmanager
async def _connected(
    broker: Mosquitto, password: str = PASSWORD
) -> AsyncIterator[tuple[Mqtt, asyncio.Event]]:
    target = Broker("127.0.0.1", broker.port, "matthan", "engine", password, timeout=60.0)
    action, up = Mqtt("site", target, Random(1), QUICK), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(action.serve(up.set), name="mqtt")
        try:
            yield action, up
        finally:
            task.cancel()


def _job(made: Decision, **params: object) -> Job:
    return Job(1, f"{made.id}/0", 1, "mqtt", params, made, None)


async def test_publishes_and_says_that_it_is_there(broker: Mosquitto, make_decision: MakeDecision) -> None:
    async with _listening(broker, "#") as listener:
        async with _connected(broker) as (action, up):
            async with asyncio.timeout(60):
                await up.wait()
            assert await listener.next() == (STATUS, "online")
            assert await action.run(_job(make_decision(1))) == "matthan/site/gate/decision/night-gate"
            topic, payload = await listener.next()
            assert topic == "matthan/site/gate/decision/night-gate"
            assert json.loads(payload)["id"] == make_decision(1).id
            await action.run(_job(make_decision(2), topic="ward/7/alarm", retain=True))
            assert (await listener.next())[0] == "ward/7/alarm"
        assert await listener.next() == (STATUS, "offline")  # left in order
    async with _listening(broker, "ward/#") as late:  # retained for whoever comes later
        assert (await late.next())[0] == "ward/7/alarm"


async def test_hears_what_rules_wait_for(broker: Mosquitto) -> None:
    heard = asyncio.Queue[tuple[str, bytes, bool]]()

    async def hear(topic: str, payload: bytes, retained: bool) -> None:
        await heard.put((topic, payload, retained))

    async def say(topic: str, payload: str, *more: str) -> None:
        login = ["-u", "engine", "-P", PASSWORD, "-q", "1"]
        program = _program("mosquitto_pub")
        process = await asyncio.create_subprocess_exec(
            program, "-p", str(broker.port), *login, "-t", topic, "-m", payload, *more
        )
        assert await process.wait() == 0

    await say("door/1", "shut", "-r")
    target = Broker("127.0.0.1", broker.port, "matthan", "engine", PASSWORD, timeout=60.0)
    action = Mqtt("site", target, Random(1), QUICK)
    await action.listen(["door/+"], hear)
    async with asyncio.TaskGroup() as group, asyncio.timeout(60):
        task = group.create_task(action.serve(lambda: None), name="mqtt")
        assert await heard.get() == ("door/1", b"shut", True)
        await say("window/1", "open")
        await say("door/2", "open")
        assert await heard.get() == ("door/2", b"open", False)
        await action.listen(["window/+"], hear)  # other rules wait for other things
        await say("door/3", "open")
        await say("window/2", "open")
        assert await heard.get() == ("window/2", b"open", False)
        task.cancel()


async def test_comes_back_after_the_broker_did(
    broker: Mosquitto, make_decision: MakeDecision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.actions.mqtt.PATIENCE", 60.0)
    async with _connected(broker) as (action, up):
        async with asyncio.timeout(60):
            await up.wait()
        await broker.stop()
        async with asyncio.timeout(60):
            while action._client is not None:
                await asyncio.sleep(0.02)
        up.clear()
        waiting = asyncio.ensure_future(action.run(_job(make_decision(1))))  # noqa: TID251 - a test's own
        await broker.start()
        async with asyncio.timeout(60):
            await up.wait()
            assert await waiting == "matthan/site/gate/decision/night-gate"
        async with _listening(broker, STATUS) as listener:
            assert await listener.next() == (STATUS, "online")


async def test_dead_engine_is_told_by_the_broker(broker: Mosquitto) -> None:
    async with _listening(broker, STATUS) as listener, _connected(broker) as (action, up):
        async with asyncio.timeout(60):
            await up.wait()
        assert await listener.next() == (STATUS, "online")
        assert action._client is not None
        held = action._client._client.socket()
        assert held is not None
        with socket.socket(fileno=os.dup(held.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)  # as a crash would: no DISCONNECT
        assert await listener.next() == (STATUS, "offline")
        assert await listener.next() == (STATUS, "online")  # and it is back by itself


async def test_refused_login_is_tried_again_and_not_told(
    broker: Mosquitto,
    make_decision: MakeDecision,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("engine.actions.mqtt.PATIENCE", 0.2)
    async with _connected(broker, password="wr0ng-canary") as (action, up):
        with pytest.raises(Again, match="not connected") as caught:
            await action.run(_job(make_decision(1)))
        assert not up.is_set()
        told = str(caught.value) + repr(action._broker)
        async with asyncio.timeout(60):
            while "mqtt.lost" not in (told := told + "".join(capsys.readouterr())):
                await asyncio.sleep(0.02)
    assert "wr0ng-canary" not in told + "".join(capsys.readouterr())


async def test_no_broker_at_all(
    make_decision: MakeDecision, dead_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.actions.mqtt.PATIENCE", 0.1)
    action = Mqtt("site", Broker("127.0.0.1", dead_port, "matthan"), Random(1), QUICK)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(action.serve(lambda: None), name="mqtt")
        with pytest.raises(Again, match="not connected"):
            await action.run(_job(make_decision(1)))
        task.cancel()
