"""Foreign ONVIF clients as judges: how each is installed into an environment of its own, and is asked."""

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drivers.virtual.camera import VirtualCamera

ROOT = Path(__file__).parents[4]
SCRIPTS = Path(__file__).parent / "peers"
PASSWORD = "canary-e91b"
NODE_CLIENT = "onvif@0.8.3"
#: The PyPI clients by the name of their environment below build/: two call their package `onvif`, as ours does.
PYPI_CLIENTS = {
    "py": "onvif-python==0.4.7",
    "zeep": "onvif-zeep==0.2.12",
    "onveef": "onveef==0.6.0",
    "wsd": "WSDiscovery==2.1.2",
}
#: A command and its environment.
Peer = tuple[list[str], dict[str, str]]


def absent(reason: str) -> None:
    """Skip, except under CI, where every judge must sit."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        absent(f"{name} is not installed")
    return str(found)


def install(marker: Path, *commands: list[str]) -> None:
    """Run the commands unless an earlier run did; a registry out of reach is as a missing program."""
    marker.parent.mkdir(parents=True, exist_ok=True)
    with marker.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be at it
        if marker.exists():
            return
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                absent(f"{command[0]}: {done.stderr[-500:]}")
        marker.touch()


def node_client(script: str) -> Peer:
    """Return the npm client with a script, installed once into build/peers-node."""
    npm, node = program("npm"), program("node")
    folder = ROOT / "build" / "peers-node"
    folder.mkdir(parents=True, exist_ok=True)
    flags = ["--no-audit", "--no-fund", "--prefix", str(folder)]
    install(folder / f".{NODE_CLIENT}", [npm, "install", *flags, NODE_CLIENT])
    return [node, str(SCRIPTS / script)], {"NODE_PATH": str(folder / "node_modules")}


def python_client(name: str, script: str) -> Peer:
    """Return a PyPI client with a script, installed once into an environment of its own."""
    folder, client = ROOT / "build" / f"peers-{name}", PYPI_CLIENTS[name]
    interpreter = str(folder / "bin" / "python")
    pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", client]
    install(folder / f".{client}", [sys.executable, "-m", "venv", str(folder)], pip)
    return [interpreter, str(SCRIPTS / script)], {}


async def judge(peer: Peer, camera: VirtualCamera, mode: str) -> Mapping[str, Any]:
    """Run a client against the camera and return what it saw."""
    command, environment = peer
    host, port = camera.onvif_url.split("/")[2].split(":")
    process = await asyncio.create_subprocess_exec(
        *command,
        host,
        port,
        mode,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PASSWORD": PASSWORD}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode == 0, errors.decode()
    saw: Mapping[str, Any] = json.loads(out.splitlines()[-1])
    return saw
