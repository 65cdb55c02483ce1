"""`matthan camera show`, `clock`, `reboot`, `login` and `undo` without an engine, on a camera in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.commands.camera import app
from tests.fakes.devices import Box, FakeDriver

CONFIG = """\
site: xa
state: {state}
cameras:
  - id: gate
    url: fake:0
    driver: onvif
    login: {{username: admin, password: file:gate}}
"""


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def run(tmp_path: Path, box: Box, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    (tmp_path / "matthan.yaml").write_text(CONFIG.format(state=tmp_path / "state"))
    (tmp_path / "gate").write_text("admin")
    (tmp_path / "gate").chmod(0o600)
    monkeypatch.setattr("drivers.registry.load", lambda _: FakeDriver({"fake:0": box}))
    monkeypatch.chdir(tmp_path)

    def command(*words: str, lang: str = "en") -> Result:
        return CliRunner().invoke(
            app, ["camera", *words, "--config", "matthan.yaml"], env={"MATTHAN_LANG": lang}
        )

    return command


def test_show(run: Callable[..., Result]) -> None:
    shown = run("show", "gate")
    assert shown.exit_code == 0, shown.output
    assert "Fake Model, serial number S1" in shown.output
    assert "stream VS1-a: 1280x720" in shown.output
    assert "3600.0 s ahead" in shown.output
    assert "admin" not in json.loads(run("show", "gate", "--json").output)["said"][0]
    assert "There is no" not in run("show", "gate", lang="vi").output


@pytest.mark.parametrize(
    ("offset", "said"), [(-4.04, "4.0 s behind"), (0.0, "0.0 s ahead"), (9.0, "9.0 s ahead")]
)
def test_a_clock_is_ahead_or_behind_and_never_minus(
    run: Callable[..., Result], box: Box, offset: float, said: str
) -> None:
    box.offset = offset
    told = run("clock", "gate").output
    assert said in told
    assert "-" not in told


def test_the_clock_is_set_on_the_word(run: Callable[..., Result], box: Box) -> None:
    run("clock", "gate")
    assert box.offset == 3600.0
    assert run("clock", "gate", "--set").exit_code == 0
    assert abs(box.offset) < 2
    assert box.values["time.zone"] == "ICT-7"


def test_a_reboot_is_agreed_to_first(run: Callable[..., Result], box: Box) -> None:
    refused = run("reboot", "gate")
    assert (refused.exit_code, box.reboots, "nobody said yes" in refused.output) == (1, 0, True)
    assert run("reboot", "gate", "--yes").exit_code == 0
    assert box.reboots == 1


def test_a_new_password_and_the_old_one_again(run: Callable[..., Result], box: Box, tmp_path: Path) -> None:
    done = run("login", "gate", "--yes")
    assert done.exit_code == 0, done.output
    assert box.password == (tmp_path / "secrets/gate").read_text().strip() != "admin"
    assert "file:secrets/gate" in (tmp_path / "matthan.yaml").read_text()
    assert box.password not in done.output
    first = box.password
    assert run("login", "gate", "--yes").exit_code == 0
    assert box.password != first
    undone = run("undo", "gate")
    assert undone.exit_code == 0, undone.output
    assert box.password == first == (tmp_path / "secrets/gate").read_text().strip()
    assert box.wrong == 0


def test_a_password_that_was_set_elsewhere_is_taken_over_once_it_is_let_in(
    run: Callable[..., Result], box: Box, tmp_path: Path
) -> None:
    box.password = "elsewhere"
    typed = tmp_path / "typed"
    typed.write_text("wrong one")
    typed.chmod(0o600)
    refused = run("login", "gate", "--new-password-file", "typed")
    assert (refused.exit_code, (tmp_path / "secrets").exists()) == (1, False)
    typed.write_text("elsewhere")
    assert run("login", "gate", "--new-password-file", "typed").exit_code == 0
    assert (tmp_path / "secrets/gate").read_text().strip() == "elsewhere"
    assert run("show", "gate").exit_code == 0
    assert box.wrong == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "cam-9"), "no camera “cam-9”; it has: gate"),
        (("login", "gate", "--new-password-file", "none"), "none"),
    ],
)
def test_what_is_wrong_is_a_sentence(run: Callable[..., Result], words: tuple[str, ...], told: str) -> None:
    done = run(*words)
    assert (done.exit_code, told in done.output) == (1, True), done.output
