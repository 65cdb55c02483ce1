"""`matthan doctor`: finds what is broken, says what to do, and never breaks itself."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from importlib.metadata import EntryPoint, PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from drivers import registry
from engine import doctor as checkup
from engine.commands import doctor, installed
from engine.doctor import Grade
from engine.errors import ModelError

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests, the state is in a folder of theirs, and nothing is configured."""
    monkeypatch.setattr("engine.config.state_paths.SYSTEM", tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("MATTHAN_MODELS", str(tmp_path / "no-models"))
    monkeypatch.delenv("MATTHAN_CONFIG", raising=False)


def ask(*words: str) -> tuple[list[dict[str, str]], int]:
    result = RUNNER.invoke(doctor.app, ["--json", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout), result.exit_code


def about(findings: list[dict[str, str]], name: str) -> dict[str, str]:
    (found,) = [each for each in findings if each["about"] == name]
    return found


def test_a_sound_machine_is_fit() -> None:
    findings, code = ask()
    assert code == 0
    assert {each["grade"] for each in findings} <= {"ok", "warn"}
    assert "drivers.onvif:driver from matthan" in about(findings, "driver onvif")["found"]
    assert "numba" in about(findings, "packages")["found"]
    for each in findings:
        assert each["grade"] == "ok" or each["advice"], each


def test_people_get_a_line_per_finding_and_the_advice() -> None:
    result = RUNNER.invoke(doctor.app, [])
    assert "detector model" in result.stdout
    assert "→" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_broken_driver_is_named_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry._points()
    broken = EntryPoint("pelco", "no_such_module:driver", registry.GROUP)
    monkeypatch.setattr(registry, "_points", lambda: {**known, "pelco": broken})
    findings, code = ask()
    found = about(findings, "driver pelco")
    assert (code, found["grade"]) == (1, "fail")
    assert "no_such_module" in found["found"]
    assert about(findings, "driver rtsp")["grade"] == "ok"


def test_a_broken_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "gather", lambda app: ["command 'x' (y:z) cannot be loaded: no"])
    findings, code = ask()
    assert (code, about(findings, "command")["grade"]) == (1, "fail")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name in ("aiomqtt", "ai-edge-litert", "tflite-runtime"):
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(checkup, "version", version)
    findings, code = ask()
    assert code == 1
    assert about(findings, "package")["found"] == "aiomqtt is missing"
    assert about(findings, "detector runtime")["grade"] == "warn"


@pytest.mark.parametrize(
    ("free", "grade"), [(10 << 30, Grade.OK), (500 << 20, Grade.WARN), (1 << 20, Grade.FAIL), (0, Grade.FAIL)]
)
def test_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, grade: Grade) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    found = checkup.disk(tmp_path / "state" / "deep")
    assert found.grade is grade
    assert str(tmp_path) in found.found


def test_a_state_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert checkup.disk(tmp_path).grade is Grade.FAIL
    assert checkup.kernels({}).grade is Grade.WARN


def test_where_kernels_are_kept(tmp_path: Path) -> None:
    found = checkup.kernels({"NUMBA_CACHE_DIR": str(tmp_path / "new")})
    assert (found.grade, found.found) == (Grade.OK, str(tmp_path / "new"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "192.0.2.1", "no-such-host.invalid"], ids=["in use", "not ours", "unknown"]
)
def test_a_port_that_cannot_be_had(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = checkup.port("preview port", host, server.getsockname()[1])
    assert found.grade is (Grade.WARN if host == "127.0.0.1" else Grade.FAIL)
    assert found.advice


def test_a_port_that_can_be_had(free_port: Callable[[], int]) -> None:
    assert checkup.port("preview port", "127.0.0.1", free_port()).grade is Grade.OK
    assert checkup.port("preview port", "127.0.0.1", 0).grade is Grade.OK


@pytest.mark.parametrize(
    ("answer", "grade"),
    [("yes\n", Grade.OK), ("no\n", Grade.WARN), (subprocess.TimeoutExpired("timedatectl", 5), Grade.WARN)],
    ids=["synchronised", "not synchronised", "no answer"],
)
def test_the_clock(monkeypatch: pytest.MonkeyPatch, answer: Any, grade: Grade) -> None:
    def run(*words: object, **options: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(stdout=answer)

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", run)
    assert checkup.clock().grade is grade


def test_a_machine_without_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert checkup.clock().grade is Grade.WARN


def test_a_damaged_model_is_told_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str | None) -> None:
        raise ModelError("the model nano is damaged")

    monkeypatch.setattr("engine.models.find", find)
    findings, code = ask()
    found = about(findings, "detector model")
    assert (code, found["grade"], found["found"]) == (1, "fail", "the model nano is damaged")


def test_the_model_of_the_configuration_is_looked_at(tmp_path: Path) -> None:
    config = tmp_path / "matthan.yaml"
    told = {}
    for model in ("none", "yolox-nano", "null"):
        config.write_text(
            f"state: {tmp_path}/here\npreview: {{enabled: false}}\ndetector: {{model: {model}}}\n"
        )
        told[model] = about(ask("--config", str(config))[0], "detector model")
    assert {model: found["grade"] for model, found in told.items()} == {
        "none": "ok",
        "yolox-nano": "fail",
        "null": "ok",
    }
    assert "motion only" in told["none"]["found"]
    assert "yolox-nano is not installed" in told["yolox-nano"]["found"]
    assert told["null"]["found"].startswith("matthan-nano ")


def test_a_configuration_is_looked_at(tmp_path: Path) -> None:
    config = tmp_path / "matthan.yaml"
    config.write_text(f"state: {tmp_path}/here\npreview: {{enabled: false}}\n")
    findings, code = ask("--config", str(config))
    assert code == 0
    assert str(tmp_path) in about(findings, "disk")["found"]
    assert not [each for each in findings if each["about"] == "preview port"]
    assert about(findings, "configuration")["found"] == str(config)
    config.write_text("cameras: 7\nlanguage: fr\n")
    findings, code = ask("--config", str(config))
    assert (code, about(findings, "configuration")["grade"]) == (1, "fail")


def test_pictures_are_shown_as_the_terminal_ui_itself_says() -> None:
    findings, _ = ask()  # no terminal here
    assert about(findings, "terminal pictures")["found"].startswith("half-blocks")


def test_without_a_word_the_configuration_of_the_other_commands_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.config.configuration.SYSTEM", tmp_path / "etc" / "matthan.yaml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    findings, code = ask()
    assert (code, about(findings, "configuration")["grade"]) == (0, "ok")
    assert "none yet" in about(findings, "configuration")["found"]
    own = tmp_path / "matthan" / "matthan.yaml"
    own.parent.mkdir()
    own.write_text("preview: {enabled: false}\n")
    assert about(ask()[0], "configuration")["found"] == str(own)
    monkeypatch.setenv("MATTHAN_CONFIG", str(tmp_path / "named.yaml"))
    findings, code = ask()
    assert (code, about(findings, "configuration")["grade"]) == (1, "fail")
    (tmp_path / "named.yaml").write_text("cameras: []\n")
    assert about(ask()[0], "configuration")["found"] == str(tmp_path / "named.yaml")


def test_secrets_are_tried_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "matthan.yaml"
    config.write_text(
        "actions:\n  mqtt: {host: localhost, login: {username: u, password: 'env:MATTHAN_TEST_MQTT'}}\n"
        "cameras:\n"
        + "".join(
            f"  - {{id: {name}, url: 'rtsp://h/x', login: {{username: u, password: 'file:{name}'}}}}\n"
            for name in ("good", "open", "none")
        )
    )
    for name, mode in (("good", 0o600), ("open", 0o644)):
        (tmp_path / name).write_text("canary-pw\n")
        (tmp_path / name).chmod(mode)
    monkeypatch.delenv("MATTHAN_TEST_MQTT", raising=False)
    findings, code = ask("--config", str(config))
    told = {each["found"]: each["grade"] for each in findings if each["about"] == "secret"}
    assert (code, sorted(told.values())) == (1, ["fail", "fail", "warn"])
    assert any("chmod 600" in each for each in told)
    assert about(findings, "secrets")["found"] == "1 can be read"
    assert "canary-pw" not in json.dumps(findings)


def test_multicast_is_heard_on_loopback_and_not_on_a_strangers_address() -> None:
    assert checkup.discovery("127.0.0.1").grade is Grade.OK
    for wrong in ("192.0.2.1", "no address"):
        found = checkup.discovery(wrong)
        assert (found.grade, wrong in found.found) == (Grade.FAIL, True)


def test_multicast_that_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "ECHO_SECONDS", 0.01)
    monkeypatch.setattr(socket.socket, "sendto", lambda *words: 0)
    found = checkup.discovery("127.0.0.1")
    assert (found.grade, "firewall" in found.advice) == (Grade.FAIL, True)


@pytest.mark.parametrize(("encoding", "grade"), [("UTF-8", Grade.OK), ("ANSI_X3.4-1968", Grade.WARN)])
def test_terminal_text(monkeypatch: pytest.MonkeyPatch, encoding: str, grade: Grade) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda setlocale: encoding)
    assert checkup.terminal().grade is grade
