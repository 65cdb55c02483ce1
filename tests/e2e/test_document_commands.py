"""Every command line of both READMEs and of the guides is run: a fresh folder, an empty home, a running engine.

A person's part (an editor, a file that is "changed", a name in place of a placeholder) is played by this test; what
cannot be run here stands in `NOT_RUN` with its reason. Pages in `ELSEWHERE` are run by tests of their own.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.vi.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]
#: A block of commands; of one without a language those with a prompt.
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: Languages of blocks that hold commands, and of those that hold none.
SHELL = ("", "sh")
OTHERS = ("yaml", "csv", "json", "text", "python", "toml")
#: Page -> the test that runs it.
ELSEWHERE = {
    "access.md": "tests/engine/commands/test_access.py",
    "audit.md": "tests/engine/store/test_audit_by_hand.py; its first block is much like that of the README",
    "author.md": "tests/engine/commands/test_author_guide.py",
    "bundle.md": "tests/test_bundle.py",
}
#: Beginning of a line -> why it is not run.
NOT_RUN = {
    "make demo": "makes an environment; the demo itself: tests/engine/demo/test_demo.py",
    "make test": "is what runs this test",
    "$EDITOR": "the person's part, see `edit`",
    "matthan tui [": "a synopsis",
    "matthan access setup CODE": "a code is printed once, and asks for a password: tests/e2e/test_access.py",
    "matthan discover --subnet": "sweeps the reader's network: tests/e2e/test_discover_networks.py",
    "matthan commission cameras.xlsx": "wants the cameras of the sheet: tests/engine/commands/test_commission.py",
    "matthan commission report": "wants a job that was done: tests/engine/commands/commission",
    "matthan commission verify": "wants what that left: tests/engine/commands/commission",
    "matthan commission diff": "wants two of them: tests/engine/commands/commission",
    "matthan commission undo": "takes back what was done: tests/engine/commands/test_commission.py",
    "matthan camera aim": "looks until it is stopped: tests/engine/commands/aim",
    "matthan camera reference": "wants a picture: tests/engine/commands/aim",
    "matthan models compare": "wants two models and labelled pictures: tests/engine/commands/test_models_compare.py",
    "matthan judge": "wants an alert: tests/engine/duty/test_alerts.py",
    "matthan vision collect": "wants pictures that rules kept: tests/engine/commands/vision/test_collect.py",
    "matthan vision missed": "wants a camera that shows something: tests/engine/commands/vision/test_collect.py",
    "make train": "makes an environment of 2 GB and takes an hour",
    "matthan vision bench": "measures a clip of the reader's: tests/engine/commands/vision/test_looking.py",
    "matthan vision watch": "shows a clip of the reader's: tests/engine/commands/vision/test_looking.py",
    "matthan vision tune": "watches a camera, or a clip of the reader's: tests/engine/commands/vision",
    "matthan sim --video car-detection.mp4": "that clip is not here; clips: tests/drivers/virtual/test_command.py",
    "curl": "of the camera that plays that clip",
    "ffprobe": "a foreign program; foreign players: tests/drivers/virtual/rtsp",
}  # fmt: skip
#: Placeholders, what a reader puts for them.
GIVEN = {" FILE...": " {site}/rules/commune.yaml", " FILE": " {site}/matthan.yaml"}
#: More than is written, so that a test stays on this machine; ports that are free.
KEPT_HERE = {"matthan discover": "matthan discover --interface 127.0.0.1"}
SERVICES = ("matthan run", "matthan sim")
PATIENCE = 120


def lines_of(page: Path) -> Iterator[str]:
    """Yield the command lines of a page, without comments, continued ones in one."""
    for found in _BLOCK.finditer(page.read_text("utf-8")):
        if found[1].partition(" ")[0] not in SHELL:
            continue
        told = found[2].replace("\\\n", " ")
        prompts = [line.removeprefix("$ ") for line in told.splitlines() if line.startswith("$ ")]
        plain = [line for line in told.splitlines() if line.startswith("matthan ")]
        for line in told.splitlines() if found[1] else prompts or plain:
            if command := re.sub(r"\s+#.*$", "", line).strip():
                yield command


def why_not(line: str) -> str | None:
    return next((why for begins, why in NOT_RUN.items() if line.startswith(begins)), None)


def runnable() -> list[tuple[str, str]]:
    pages = [page for page in PAGES if page.name not in ELSEWHERE]
    return [(page.name, line) for page in pages for line in lines_of(page)]


def test_there_is_something_to_run_and_every_exception_is_needed() -> None:
    lines = [line for _, line in runnable()]
    assert sum(why_not(line) is None for line in lines) > 20
    assert all(any(line.startswith(begins) for line in lines) for begins in NOT_RUN)
    assert all(line.split()[0] in {"matthan", "cp"} for line in lines if why_not(line) is None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_command_hides_from_this_test(page: Path) -> None:
    """In a block of a language that is not looked at, or in one that is only indented."""
    text = page.read_text("utf-8")
    assert {found[1].partition(" ")[0] for found in _BLOCK.finditer(text)} <= {*SHELL, *OTHERS}
    beside = _BLOCK.sub("", text)
    assert (
        re.findall(r"^(?: {4,}|\t)(?:\$ )?(?:matthan|make|sudo|\S+/matthan) .*$", beside, re.MULTILINE) == []
    )


class Reader:
    """Somebody who follows a document in a folder of their own."""

    def __init__(self, folder: Path, services: ExitStack, free_port: Callable[[], int]) -> None:
        self.folder, self._services, self._free_port = folder, services, free_port
        self.site = "my-site"
        (folder / "home").mkdir()
        (folder / "bin").mkdir()
        shim = folder / "bin" / "matthan"
        shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m engine "$@"\n')
        shim.chmod(0o755)
        shutil.copytree(ROOT / "configs", folder / ".venv" / "share" / "matthan" / "configs")
        self.env = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(folder / "numba")),
            "MATTHAN_SOCKET": str(folder / "state" / "api.sock"),
        }

    def edit(self, rule: str) -> None:
        """Do what the document leaves to an editor: no camera there yet, a state of one's own, the rule it shows."""
        path = self.folder / self.site / "matthan.yaml"
        text = re.sub(
            r"^(  - id: .*)$", r"\1\n    enabled: false", path.read_text("utf-8"), flags=re.MULTILINE
        )
        text = re.sub(r"^    login:.*\n(      .*\n)*", "", text, flags=re.MULTILINE)
        text = text.replace("      cong: [[", "      gate: [[0, 0], [1, 0], [1, 1]]\n      cong: [[", 1)
        path.write_text(
            f"{text}\nstate: {self.folder / 'state'}\n".replace("port: 8580", "enabled: false"), "utf-8"
        )
        extra = "\nactions: {mqtt: {host: 127.0.0.1}}\n" if "mqtt" in rule else ""
        path.write_text(path.read_text("utf-8") + extra, "utf-8")
        (self.folder / self.site / "rules" / "mine.yaml").write_text(rule, "utf-8")
        for name in ("changed.yaml", "sua-doi.yaml"):
            (self.folder / name).write_text(rule.replace("0.5", "0.4"), "utf-8")

    def follow(self, line: str) -> None:
        for begins, kept in KEPT_HERE.items():
            line = line.replace(begins, kept, 1) if line.startswith(begins) else line
        for placeholder, given in GIVEN.items():
            line = re.sub(rf"{re.escape(placeholder)}$", given.format(site=self.site), line)
        line = re.sub(r"(--(?:onvif|rtsp)-port) \d+", lambda found: f"{found[1]} {self._pair()}", line)
        if line.startswith(SERVICES) and not line.endswith("--quirks"):  # which only tells, and ends
            self._serve(line)
        elif line.startswith("matthan tui"):
            self._look(line)
        else:
            done = subprocess.run(
                ["bash", "-c", line], cwd=self.folder, env=self.env, capture_output=True, text=True,
                timeout=PATIENCE, check=False,
            )  # fmt: skip
            told = f"$ {line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            assert done.returncode == 0, told
            assert "Traceback" not in told

    def _pair(self) -> int:
        """Return a port that is free, the next one too."""
        return min(self._free_port(), self._free_port())

    def _serve(self, line: str) -> None:
        """Start a service; it says when it runs, and ends in order when the reader has read on."""
        log = self._services.enter_context((self.folder / "service.log").open("w"))
        service = subprocess.Popen(
            shlex.split(line), cwd=self.folder, env=self.env, stdout=log, stderr=subprocess.STDOUT,
            executable=self.env["PATH"].partition(":")[0] + "/matthan",
        )  # fmt: skip
        self._services.callback(self._stop, service, line)
        for _ in range(PATIENCE * 10):
            told = (self.folder / "service.log").read_text()
            if '"running"' in told or "Ctrl-C" in told:
                return
            assert service.poll() is None, f"$ {line}\n{told}"
            select.select([], [], [], 0.1)
        pytest.fail(f"$ {line}\n{told}")

    @staticmethod
    def _stop(service: subprocess.Popen[bytes], line: str) -> None:
        service.send_signal(signal.SIGINT)
        assert service.wait(PATIENCE) == 0, line

    def _look(self, line: str) -> None:
        """Run it in a terminal, and leave it with `q` once it shows something."""
        here, there = pty.openpty()
        screen = subprocess.Popen(
            ["bash", "-c", f"stty cols 100 rows 30; {line}"], cwd=self.folder, env=self.env,
            stdin=there, stdout=there, stderr=there, start_new_session=True,
        )  # fmt: skip
        os.close(there)
        shown, pressed = b"", False
        try:
            while select.select([here], [], [], PATIENCE)[0]:
                try:
                    shown += os.read(here, 65536)
                except OSError:  # the other end is closed: it has ended
                    break
                if (not pressed and b"cong-ubnd" in shown.lower()) or "Cổng UBND".encode() in shown:
                    pressed = bool(os.write(here, b"q"))
        finally:
            os.close(here)
            if screen.poll() is None and not pressed:
                screen.kill()
        assert screen.wait(PATIENCE) == 0, shown[-2000:]


def rule_of(page: Path) -> str:
    found = re.search(r"```yaml\n(rules:.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


_NAMES = {name for name, line in runnable() if why_not(line) is None}
FOLLOWED = [page for page in PAGES if page.name in _NAMES]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.name)
def test_every_command_of_a_document_works(page: Path, tmp_path: Path, free_port: Callable[[], int]) -> None:
    commands = list(lines_of(page))
    readme = page if page.name.startswith("README") else ROOT / "README.md"
    with ExitStack() as services:
        reader = Reader(tmp_path, services, free_port)
        if page == readme:  # there is a camera on the network
            reader.follow("matthan sim --cameras 1 --onvif-port 8081 --rtsp-port 8554 --name there")
        if page != readme and page.name != "sim.md":  # a guide begins where the README ends
            reader.follow("cp -r .venv/share/matthan/configs my-site")
            reader.edit(rule_of(readme))
            reader.follow("matthan run --config my-site/matthan.yaml")
            reader.env["MATTHAN_CONFIG"] = str(tmp_path / "my-site" / "matthan.yaml")
        for line in commands:
            if line.startswith("cp -r"):
                reader.site = line.split()[-1]
            if line.startswith("$EDITOR"):
                reader.edit(rule_of(readme))
            elif why_not(line) is None:
                reader.follow(line)
