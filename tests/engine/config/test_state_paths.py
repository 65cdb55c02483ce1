"""Where state lives; telling systemd; children that die with their parent."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.config.settings import ApiSettings, Settings, StoreSettings
from engine.config.state_paths import SYSTEM, StatePaths, state_paths
from engine.errors import StoreError
from engine.runtime import child_process
from engine.runtime.systemd import notify


@pytest.mark.parametrize("root", [True, False])
def test_the_default_depends_on_who_runs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, root: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    found = state_paths(Settings())
    assert found.state == (SYSTEM if root else tmp_path / "matthan")
    assert found.socket == found.state / "api.sock"
    assert found.database == found.state / "matthan.db"


def test_what_is_configured_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = state_paths(Settings(state="~/s", api=ApiSettings(socket="/run/matthan/x.sock")))
    assert (found.state, found.socket) == (tmp_path / "s", Path("/run/matthan/x.sock"))
    assert (found.heads, found.heads_elsewhere) == (tmp_path / "s" / "heads", None)
    found = state_paths(Settings(state="~/s", store=StoreSettings(heads="~/usb")))
    assert (found.heads, found.heads_elsewhere) == (tmp_path / "usb", tmp_path / "usb")


def test_the_folder_is_made_for_its_owner_and_group(tmp_path: Path) -> None:
    where = StatePaths(tmp_path / "a" / "state", tmp_path / "run" / "api.sock")
    where.prepare()
    where.prepare()
    assert stat.S_IMODE(where.state.stat().st_mode) & 0o007 == 0
    assert where.socket.parent.is_dir()


def test_a_folder_that_cannot_be_had_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(StoreError, match="file/state"):
        StatePaths(file / "state", tmp_path / "api.sock").prepare()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StoreError, match="not writable"):
        StatePaths(tmp_path, tmp_path / "api.sock").prepare()


def test_a_socket_path_that_linux_cannot_take_is_told_before_anything_is_made(tmp_path: Path) -> None:
    state = tmp_path / ("deep" * 30)
    with pytest.raises(StoreError, match=r"api\.socket"):
        StatePaths(state, state / "api.sock").prepare()
    assert not state.exists()


@pytest.mark.parametrize("abstract", [True, False])
def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    name = f"@matthan-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name[1:] if abstract else name)
        heard.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1")
        assert heard.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")


def test_a_manager_that_is_gone_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("STOPPING=1")


SCRIPT = "import os, sys; from engine.runtime.child_process import VARIABLE, tie; tie(); print(VARIABLE in os.environ)"


@pytest.mark.parametrize(
    ("parent", "printed"),
    [(str(os.getpid()), "False\n"), ("", "False\n"), ("1", "")],
    ids=["ours", "none", "gone"],
)
def test_a_child_whose_parent_is_gone_does_not_begin(parent: str, printed: str) -> None:
    """The variable is taken away, so that grandchildren are not tied to their grandparent."""
    env = {**os.environ, child_process.VARIABLE: parent}
    if not parent:
        del env[child_process.VARIABLE]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == (printed, 0), done.stderr
