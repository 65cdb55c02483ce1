"""``matthan discover``: what it prints where, and how it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from typer.testing import CliRunner

from drivers.contract import Found, Scope
from drivers.errors import DriverError, Unreachable, Unsupported
from engine.commands.discover import app

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
        (("--subnet", "192.0.2.8-9", "--host", "cam"), Scope((), ("cam", "192.0.2.8", "192.0.2.9"), sweep=True)),
    ],
)
def test_where_it_looks(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], scope: Scope) -> None:
    finder = Finder(GATE)
    assert run(monkeypatch, finder, *words).exit_code == 0
    assert finder.scopes == [scope]
