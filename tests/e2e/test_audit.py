"""The whole engine and its audit log: what people and commands did is there, over kills, edits, backups and restore."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner, Result

from engine.commands import backup, config
from engine.commands.audit import app as audit
from engine.commands.client import app as client

PATIENCE = 60.0
CONFIG = "site: ngo-12\nlanguage: vi\nstate: {state}\npreview: {{enabled: false}}\ncameras: []\nrules: []\n"


def invoke(app: typer.Typer, *words: object) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


@contextmanager
def running(site: Path, how: signal.Signals = signal.SIGTERM) -> Iterator[Path]:
    """Run the engine; it ends by a signal."""
    socket = site / "state" / "api.sock"
    with (site / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", "run", "--config", site / "matthan.yaml"], stdout=log, stderr=log,
            env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        try:
            _until(
                lambda: (
                    process.poll() is None and invoke(client, "status", "--socket", socket).exit_code == 0
                ),
                site,
            )
            yield socket
        finally:
            process.send_signal(how)
            process.wait(PATIENCE)


def _until(so: Any, site: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < end, (site / "log").read_text()
        time.sleep(0.1)


def told(socket: Path, *words: str) -> list[dict[str, Any]]:
    listed = invoke(audit, "audit", "list", "--json", "--socket", socket, *words)
    assert listed.exit_code == 0, listed.output
    return [json.loads(line) for line in listed.stdout.splitlines()]


def verified(*words: object) -> dict[str, Any]:
    done = invoke(audit, "audit", "verify", "--json", *words)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_was_done_is_told_whatever_happens(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    file, archive = site / "matthan.yaml", tmp_path / "b.tar.gz"
    file.write_text(CONFIG.format(state=site / "state"))
    with running(site, signal.SIGKILL) as socket:
        assert invoke(client, "events", "--socket", socket).exit_code == 0
        deeds = [(each["deed"], each["basis"]) for each in told(socket)]
        assert deeds == [("configure", "engine"), ("history", "owner")]
        # Before its first head nothing vouches for the log.
        _until((site / "state/heads/heads.jsonl").exists, site)
    # Killed: what was answered is there. Meanwhile one change by a command, and one by an editor.
    assert invoke(config.app, "set", "store.keep_days", "40", "--config", file).exit_code == 0
    assert verified("--config", file)["whole"]
    with running(site) as socket:
        _until(lambda: len(told(socket, "--what", "configure")) == 2, site)
        by_command = told(socket, "--what", "configure")[1]
        assert (by_command["means"], by_command["about"]["how"]) == ("command", "command")
        assert by_command["about"]["configuration_before"] == deeds_of(socket)[0]["about"]["configuration"]
        assert invoke(backup.app, "backup", archive, "--config", file).exit_code == 0
        _until(lambda: told(socket, "--what", "export"), site)
    file.write_text(file.read_text().replace("keep_days: 40", "keep_days: 50"))
    with running(site) as socket:
        _until(lambda: len(told(socket, "--what", "configure")) == 3, site)
        by_nobody = told(socket, "--what", "configure")[2]
        assert (by_nobody["who"], by_nobody["about"]["unwatched"]) == ("", True)
    found = verified("--config", file)
    assert found["head"]["seq"] == found["last"]  # the end in order sealed it
    _named(site / "state")
    _restored(
        tmp_path, archive, key=json.loads((site / "state/heads/heads.jsonl").read_text().splitlines()[0])
    )


def _named(state: Path) -> None:
    """The page on privacy names every file that a site really has."""
    page = (Path(__file__).parents[2] / "docs" / "guide" / "privacy.md").read_text("utf-8")
    named = set(re.findall(r"`([^`\n]+)`", page))
    strangers = {each.name for each in state.iterdir()} - named
    assert strangers == set()


def deeds_of(socket: Path) -> list[dict[str, Any]]:
    return told(socket, "--what", "configure")


def _restored(tmp_path: Path, archive: Path, key: dict[str, Any]) -> None:
    """On an empty machine the log of the backup verifies, and that it was restored is on record."""
    new = tmp_path / "new"
    new.mkdir()
    fingerprint = key["signature"]["key"]
    assert verified("--db", archive)["whole"]
    done = invoke(
        backup.app, "restore", archive, "--config", new / "matthan.yaml", "--state", new / "state",
        "--fingerprint", fingerprint,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert verified("--db", new / "state" / "matthan.db", "--fingerprint", fingerprint)["whole"]
    file = new / "matthan.yaml"
    file.write_text(file.read_text().replace(str(tmp_path / "site"), str(new)))
    with running(new) as socket:
        _until(lambda: told(socket, "--what", "restore"), new)
        (restore,) = told(socket, "--what", "restore")
        assert restore["about"]["file"] == str(archive)
    assert verified("--config", file, "--fingerprint", fingerprint)["whole"]
