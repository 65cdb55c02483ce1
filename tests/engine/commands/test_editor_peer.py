"""What an editor shows of rule files: yaml-language-server, with the modelines of the samples and our schemas."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SERVER = "yaml-language-server@1.19.2"

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]  # the first run installs the server


def absent(reason: str) -> None:
    """Skip, except under CI, where every judge must sit."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def command() -> list[str]:
    """The server, installed once into build/peers-editor; a registry out of reach is as a missing program."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        absent("node and npm are not installed")
    folder = ROOT / "build" / "peers-editor"
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / f".{SERVER}"
    with marker.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be at it
        if not marker.exists():
            flags = ["--no-audit", "--no-fund", "--prefix", str(folder)]
            install = [str(npm), "install", *flags, SERVER]
            done = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                absent(f"npm: {done.stderr[-500:]}")
            marker.touch()
    server = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    return [str(node), str(server), "--stdio"]


class Editor:
    """Speaks the language server protocol: as much of it as an editor needs to open a file and ask."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._out, self._in = process.stdin, process.stdout
        self._asked = 0

    def say(self, method: str, params: Mapping[str, Any], **more: object) -> None:
        self._write({"method": method, "params": params, **more})

    def _write(self, told: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **told}).encode()
        self._out.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def _read(self) -> dict[str, Any]:
        head = (await self._in.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line.partition(":")[2]) for line in head.split("\r\n") if "Length" in line)
        told: dict[str, Any] = json.loads(await self._in.readexactly(length))
        return told

    async def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        self._asked += 1
        self.say(method, params, id=self._asked)
        return (await self.until(lambda told: told.get("id") == self._asked and "method" not in told))[
            "result"
        ]

    async def until(self, wanted: Any) -> dict[str, Any]:
        """Return the first message that is wanted; questions of the server are answered with nothing."""
        async with asyncio.timeout(120):
            while not wanted(told := await self._read()):
                if "method" in told and "id" in told:
                    asked = told["params"].get("items", []) if isinstance(told.get("params"), dict) else []
                    self._write(
                        {"id": told["id"], "result": [SETTINGS.get(each.get("section")) for each in asked]}
                    )
            return told

    async def open(self, uri: str, text: str) -> list[str]:
        """Open a document; return what is wrong with it."""
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.say("textDocument/didOpen", {"textDocument": document})

        def checked(told: Mapping[str, Any]) -> bool:
            return told.get("method") == "textDocument/publishDiagnostics" and told["params"]["uri"] == uri

        return [each["message"] for each in (await self.until(checked))["params"]["diagnostics"]]

    async def at(self, what: str, uri: str, text: str, words: str) -> Any:
        """Ask about the place right after some words of a document."""
        before = text[: text.index(words) + len(words)]
        place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        return await self.ask(f"textDocument/{what}", {"textDocument": {"uri": uri}, "position": place})


SETTINGS: Mapping[str | None, object] = {
    "yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}},
}


@pytest.fixture
async def editor(command: list[str]) -> AsyncIterator[Editor]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        editor = Editor(process)
        able = {"workspace": {"configuration": True}, "textDocument": {"completion": {}, "hover": {}}}
        await editor.ask("initialize", {"processId": None, "rootUri": ROOT.as_uri(), "capabilities": able})
        editor.say("initialized", {})
        yield editor
    finally:
        process.kill()
        await process.wait()


HEAD = "# yaml-language-server: $schema=../schema/rules.schema.json\n"
TEXT = f"""{HEAD}rules:
  - name: a
    when:
      object: person
      dwell: 30s
      z
    severity: critical
    s
    do:
      - snapshot: {{width: 640}}
      - 
"""  # noqa: W291 - the cursor stands behind the blank


async def test_an_editor_explains_and_completes(editor: Editor) -> None:
    uri = (ROOT / "configs" / "rules" / "draft.yaml").as_uri()
    await editor.open(uri, TEXT)

    async def hovered(words: str) -> str:
        return str((await editor.at("hover", uri, TEXT, words))["contents"]["value"]).replace("\\", "")

    async def completed(words: str) -> dict[str, str]:
        found = (await editor.at("completion", uri, TEXT, words))["items"]
        return {each["label"]: str(each.get("documentation")) for each in found}

    assert "How urgent it is" in await hovered("sever")
    assert "Label(s) as the detector gives them" in await hovered("obje")
    assert "for this long altogether" in await hovered("dwel")
    assert "Keep a picture of the camera" in await hovered("snapsh")
    assert "Most pixels wide" in await hovered("{wid")
    keys = await completed("\n    s")
    assert "PTZ head moves" in keys["suspend_while_ptz_moves"]
    assert "foot point" in (await completed("\n      z"))["zone"]
    assert {"info", "warning", "critical"} <= set(await completed("severity: "))
    actions = await completed("\n      - ")
    assert "Write a line into the engine's log" in actions["log"]
    assert {"webhook", "mqtt", "ptz"} <= set(actions)


async def test_an_editor_finds_nothing_in_the_samples_and_a_mistake_in_a_wrong_one(editor: Editor) -> None:
    for path in sorted((ROOT / "configs" / "rules").glob("*.yaml")):
        assert await editor.open(path.as_uri(), path.read_text("utf-8")) == [], path.name
    wrong = (ROOT / "configs" / "rules" / "wrong.yaml").as_uri()
    text = f"{HEAD}rules:\n  - name: a\n    when: {{object: person, zon: cong}}\n    severity: urgent\n"
    told = await editor.open(wrong, text)
    assert len(told) >= 2
    assert any("zon" in each for each in told)
