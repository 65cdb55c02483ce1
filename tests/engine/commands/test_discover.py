"""``matthan discover``: what it prints where, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from drivers.contract import Found, Scope
from drivers.errors import DriverError, Unreachable, Unsupported
from drivers.kit.neighbours import Neighbour
from engine.commands.discover import app
from engine.identity.spool import Spool

GATE = Found("finder", "http://192.0.2.7/onvif/device_service", "urn:1", "192.0.2.7", "Cổng", "M1")
THERE = {"lo": ("127.0.0.1",), "eth0": ("192.0.2.2", "198.51.100.2")}


class Finder:
    name = "finder"

    def __init__(self, *finds: Found | Exception) -> None:
        self.finds, self.scopes = finds, list[Scope]()

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        self.scopes.append(scope)
        for each in self.finds:
            if isinstance(each, Exception):
                raise each
            yield each


class Interrupted(Finder):
    """Somebody presses Ctrl-C once something was found."""

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        async for each in super().discover(scope, wait):
            yield each
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()


def run(monkeypatch: pytest.MonkeyPatch, finder: Finder, *words: str) -> Any:
    monkeypatch.setattr("drivers.registry.names", lambda: ("finder", "broken"))

    def load(name: str) -> Finder:
        if name == "broken":
            raise Unsupported("driver.broken", name=name, value="x:y", error="no module")
        return finder

    monkeypatch.setattr("drivers.registry.load", load)
    monkeypatch.setattr("engine.commands.discover.looking.own_addresses", lambda: THERE)
    monkeypatch.setenv("MATTHAN_CONFIG", "/nowhere/matthan.yaml")
    return CliRunner().invoke(app, words)


def test_each_camera_is_a_line_and_json_is_an_array(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Finder(GATE))
    assert done.exit_code == 0
    assert done.stdout.split() == ["192.0.2.7", "Cổng", "M1", GATE.url]
    done = run(monkeypatch, Finder(GATE), "--json")
    assert [each["name"] for each in json.loads(done.stdout)] == ["Cổng"]


def test_nobody_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Finder(), "--interface", "lo", "--host", "::1", "--lang", "en")
    assert done.exit_code == 1
    assert "127.0.0.1, ::1" in done.stderr
    assert json.loads(run(monkeypatch, Finder(), "--json").stdout) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unreachable("driver.answers_lost", places="", lost=7, most=0), "7 answers were lost"),
        (Unreachable("driver.not_probed", places="x (no)", lost=0, most=0), "Not asked: x (no)"),
        (KeyError("XAddrs"), "KeyError"),
    ],
)
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_what_went_wrong_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, error: DriverError | KeyError, said: str, words: tuple[str, ...]
) -> None:
    done = run(monkeypatch, Finder(GATE, error), "--lang", "en", *words)
    assert done.exit_code == 0
    assert said in done.stderr
    assert "no module" in done.stderr  # a driver that cannot be asked at all
    assert all(line.startswith("matthan: ") for line in done.stderr.splitlines())
    assert "Cổng" in done.stdout


@pytest.mark.parametrize("name", ["nosuch0", "203.0.113.9", "", "::1", "192.0.2.0/24"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_interface_that_is_not_there_is_named_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch, name: str, language: str
) -> None:
    finder = Finder(GATE)
    done = run(monkeypatch, finder, "--interface", name, "--lang", language)
    assert done.exit_code == 2
    assert f"“{name}”" in done.stderr
    assert "lo (127.0.0.1), eth0 (192.0.2.2, 198.51.100.2)" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert finder.scopes == []


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        ((), Scope(("127.0.0.1", "192.0.2.2", "198.51.100.2"))),
        (("--interface", "eth0"), Scope(("192.0.2.2", "198.51.100.2"))),
        (("--interface", "192.0.2.2", "--interface", "eth0"), Scope(("192.0.2.2", "198.51.100.2"))),
        (("--host", "cam.example"), Scope((), ("cam.example",))),
        (("--host", "::1", "--interface", "lo"), Scope(("127.0.0.1",), ("::1",))),
        (("--subnet", "192.0.2.0/30"), Scope((), ("192.0.2.1",), sweep=True)),  # .2 is this machine itself
        (
            ("--subnet", "192.0.2.8-9", "--host", "cam"),
            Scope((), ("cam", "192.0.2.8", "192.0.2.9"), sweep=True),
        ),
    ],
)
def test_where_it_looks(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], scope: Scope) -> None:
    finder = Finder(GATE, camera(1), camera(8))
    assert run(monkeypatch, finder, *words).exit_code == 0
    assert finder.scopes == [scope]


# -- lists, configurations, files -------------------------------------------------------------------


def camera(number: int, name: str = "") -> Found:
    url = f"http://192.0.2.{number}/onvif/device_service"
    return Found("finder", url, f"urn:{number}", f"192.0.2.{number}", name, "M1", (url,))


def test_a_list_decides_how_it_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("id,host\ngate-1,192.0.2.1\ngate-3,192.0.2.3\n")
    finder = Finder(camera(1), camera(9))
    done = run(monkeypatch, finder, "--expect", str(listed), "--lang", "en")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "1 of 2 found, missing: gate-3"
    assert "unexpected" in done.stdout
    done = run(monkeypatch, Finder(camera(1), camera(3)), "--expect", str(listed), "--json", "--lang", "en")
    assert done.exit_code == 0
    assert [each["state"] for each in json.loads(done.stdout)] == ["new", "new"]
    assert "2 of 2 found" in done.stderr
    listed.write_text("id,host\nGate 1,192.0.2.1\ngate-3,not a host\n")
    wrong = run(monkeypatch, finder, "--expect", str(listed), "--lang", "en")
    assert wrong.exit_code == 2
    assert f"{listed}:2:1: error[slug]" in wrong.stderr
    assert f"{listed}:3:8: error[host]" in wrong.stderr


@pytest.mark.parametrize("content", ["", "id,host\n", "gate-1,192.0.2.1\ngate-2,192.0.2.2\n", "192.0.2.1\n"])
def test_a_list_of_nobody_is_no_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    """Else "all are there" would be said of nobody: a file cut short, or one without its headings."""
    listed = tmp_path / "list.csv"
    listed.write_text(content)
    done = run(monkeypatch, Finder(camera(1)), "--expect", str(listed), "--lang", "en")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "names no camera" in done.stderr
    assert "id, name, url, host" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_who_is_in_no_list_is_not_taken_in_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listed, site = tmp_path / "list.csv", tmp_path / "xa.yaml"
    listed.write_text("id,host\ngate-1,192.0.2.1\n")
    words = ("--expect", str(listed), "--write", str(site), "--lang", "en")
    done = run(monkeypatch, Finder(camera(1), camera(8), camera(9)), *words)
    assert "2 devices (192.0.2.8, 192.0.2.9)" in done.stderr
    assert site.read_text().count("url:") == 1
    again = run(monkeypatch, Finder(camera(1), camera(9)), *words)
    assert "nothing was taken in" in again.stdout
    assert "every camera" not in again.stdout


def test_a_sweep_tells_only_of_what_it_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device may answer a probe from another address that it has: nobody named that one."""
    finder = Finder(camera(1), GATE)
    done = run(monkeypatch, finder, "--subnet", "192.0.2.1", "--json", "--lang", "en")
    assert [each["address"] for each in json.loads(done.stdout)] == ["192.0.2.1"]
    assert "1 address that nobody asked (192.0.2.7)" in done.stderr
    both = run(monkeypatch, finder, "--subnet", "192.0.2.1", "--interface", "eth0", "--json")
    assert len(json.loads(both.stdout)) == 2


def test_nobody_in_a_sweep_is_no_table_and_no_waiting_time(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Finder(), "--subnet", "192.0.2.0/24", "--lang", "en")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "253 addresses (192.0.2.0/24)" in done.stderr
    assert "within" not in done.stderr


def test_nobody_so_far_is_not_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Interrupted(), "--lang", "en")
    assert done.exit_code == 130
    assert "Interrupted" in done.stderr
    assert "No camera answered" not in done.stderr


def test_what_is_found_is_written_once_and_followed_when_it_moves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = tmp_path / "xa.yaml"
    shown = run(monkeypatch, Finder(camera(1, "Cổng")), "--write", str(site), "--dry-run", "--lang", "en")
    assert (shown.exit_code, site.exists()) == (0, False)
    assert "+  - id: cong" in shown.stdout
    assert "Nothing was written." in shown.stdout
    assert run(monkeypatch, Finder(camera(1, "Cổng")), "--write", str(site)).exit_code == 0
    (tmp_path / "state").mkdir()
    site.write_text(site.read_text() + f"state: {tmp_path / 'state'}  # kept\n")
    again = run(monkeypatch, Finder(camera(1, "Cổng")), "--write", str(site), "--lang", "en")
    assert "nothing to take in" in again.stdout
    assert "configured" in again.stdout
    # only its name says that it moved: told, and not written, for any device can take a name
    moved = replace(camera(7, "Cổng"), identity="urn:1")
    done = run(monkeypatch, Finder(moved), "--write", str(site), "--lang", "en", "--csv")
    assert done.exit_code == 0
    assert "moved" in done.stdout
    assert "only a name says so" in done.stderr
    assert "192.0.2.7" not in site.read_text()
    # once the neighbour table shows its card too it is followed
    (tmp_path / "state" / "cameras-seen.json").unlink()
    for at, name in ((1, "before"), (7, "after")):
        met = {f"192.0.2.{at}": Neighbour("02:00:00:00:00:01", "eth0")}
        monkeypatch.setattr("engine.census.search.neighbours", lambda met=met: met)
        there = replace(camera(at, "Cổng"), identity="")
        done = run(monkeypatch, Finder(there), "--write", str(site), "--lang", "en")
        assert done.exit_code == 0, name
    assert "url: http://192.0.2.7/onvif/device_service" in site.read_text()
    assert "# kept" in site.read_text()
    (record,) = Spool(tmp_path / "state").folder.iterdir()  # for the engine's audit log, at its next start
    assert "configuration_before" in record.read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("--dry-run",),
        ("--standard", "x.yaml"),
        ("--json", "--csv"),
        ("--subnet", "10.0.0.0/8"),
        ("--expect", "/nowhere/list.csv"),
        ("--config", "/nowhere/site.yaml"),
        ("--login",),
    ],
)
def test_wrong_usage_asks_nobody(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    finder = Finder(GATE)
    done = run(monkeypatch, finder, *words, "--lang", "en")
    assert done.exit_code == 2, done.stdout
    assert done.stderr
    assert finder.scopes == []


@pytest.mark.parametrize("words", [(), ("--json",), ("--csv",)])
def test_an_interrupt_prints_what_was_found_until_then(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    site = tmp_path / "site.yaml"
    finder = Interrupted(GATE)
    done = run(monkeypatch, finder, *words, "--write", str(site), "--lang", "en")
    assert done.exit_code == 130
    assert "Interrupted" in done.stderr
    assert "Cổng" in done.stdout
    assert not site.exists()


def test_too_many_answers_and_doubts_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    same = [replace(camera(number), identity="urn:same") for number in (1, 2)]
    flood = [replace(GATE, url=f"http://192.0.2.7:{port}/x") for port in range(1, 100)]
    done = run(monkeypatch, Finder(*same, *flood), "--lang", "en")
    assert done.exit_code == 0
    assert "2 devices call themselves urn:same" in done.stderr
    assert "35 of them are left out" in done.stderr


def test_files_are_no_cameras_that_could_be_gone_and_listed_hosts_are_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site, listed = tmp_path / "site.yaml", tmp_path / "list.yaml"
    site.write_text("cameras: [{id: clip, url: 'file:x.mp4'}]\n")
    listed.write_text("[{id: a, host: Cam.example}, {id: b, url: 'http://192.0.2.9/onvif/device_service'}]\n")
    finder = Finder(replace(camera(1), address="cam.example", url="http://cam.example/onvif/device_service"))
    done = run(monkeypatch, finder, "--config", str(site), "--expect", str(listed), "--json", "--wait", "0.2")
    assert [(each["id"], each["state"]) for each in json.loads(done.stdout)] == [
        ("a", "new"),
        ("b", "missing"),
    ]
    assert finder.scopes[0].hosts == ("Cam.example",)
    swept = Finder()
    run(monkeypatch, swept, "--subnet", "localhost", "--subnet", "127.0.0.1", "--host", "127.0.0.1")
    assert swept.scopes[0].hosts == ("127.0.0.1",)  # by name and by address it is one
