"""`matthan config set`, `unset`, `add-camera`: what they print, write and leave with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.commands import config
from engine.config import writer
from engine.config.configuration import check
from engine.errors import Because, Refusal

SAMPLE = Path(__file__).parents[3] / "configs"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "matthan.yaml"
    text = (SAMPLE / "matthan.yaml").read_text("utf-8")
    file.write_text(text.replace("rules/*.yaml", "r.yaml"), "utf-8")
    (tmp_path / "r.yaml").write_text("rules: []\n")
    return file


def run(*words: str) -> Result:
    env = {"LANG": "C.UTF-8", "LC_ALL": None, "MATTHAN_LANG": None, "MATTHAN_CONFIG": None}
    return CliRunner().invoke(config.app, list(words), env=env)


def test_set_shows_what_changes_and_writes_it(path: Path) -> None:
    before = path.read_text("utf-8")
    words = ("set", "cameras.nga-tu-cho.ptz.home_after", "90", "--config", str(path))
    done = run(*words, "--dry-run")
    assert done.exit_code == 0
    assert "-      home_after: 120\n+      home_after: 90\n" in done.output
    assert path.read_text("utf-8") == before
    assert run(*words).exit_code == 0
    assert path.read_text("utf-8") == before.replace("home_after: 120", "home_after: 90")
    assert "says so already" in run(*words).output


def test_values_are_read_as_the_file_means_them(path: Path) -> None:
    for key, value in (
        ("title", "Xã: Gia Đông"),
        ("location", "{latitude: 21.1, longitude: 106.1}"),
        ("holidays", "[2027-01-01]"),
    ):
        assert run("set", key, value, "--config", str(path)).exit_code == 0
    report = check(path)
    assert report.configuration is not None
    settings = report.configuration.settings
    assert settings.title == "Xã: Gia Đông"
    assert settings.location is not None
    assert settings.location.latitude == 21.1


def test_a_camera_is_added_and_taken_away(path: Path) -> None:
    before = path.read_bytes()
    words = [
        "add-camera",
        "moi",
        "http://192.0.2.9/onvif/device_service",
        "--name",
        "Cổng mới",
        "--source",
        "src1",
    ]
    words += ["--username", "u", "--password", "file:s", "--profile", "sub", "--driver", "onvif", "--json"]
    done = run(*words, "--config", str(path))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ok"], told["written"]) == (0, True, True)
    assert told["after"] == writer.opened(path).revision != told["before"]
    report = check(path)
    assert report.configuration is not None
    made = report.configuration.settings.cameras[-1]
    assert (made.id, made.name, made.source, made.profile, made.driver) == (
        "moi",
        "Cổng mới",
        "src1",
        "sub",
        "onvif",
    )
    assert made.login is not None
    assert (made.login.username, made.login.password) == ("u", "file:s")
    assert run("unset", "cameras.moi", "--config", str(path)).exit_code == 0
    assert path.read_bytes() == before


def test_what_is_wrong_is_told_with_its_place_and_not_written(path: Path) -> None:
    before = path.read_bytes()
    done = run("add-camera", "Moi", "rtsp://u:hunter2@192.0.2.9/x", "--config", str(path))
    assert done.exit_code == 1
    assert f"{path}:54:9: error[slug]" in done.output
    assert "error[url_login]" in done.output
    assert "hunter2" not in done.output
    told = json.loads(run("set", "cameras.cong-ubnd.fps", "fast", "--json", "--config", str(path)).stdout)
    assert (told["ok"], told["problems"][0]["key"]) == (False, "cameras.0.fps")
    assert path.read_bytes() == before


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (("set", "cameras.nobody.fps", "3"), 1),
        (("set", "cameras.nga-tu-cho.login.username", "x"), 1),
        (("unset", "cameras.cong-ubnd"), 1),
        (("unset", "detector.model"), 1),
        (("set", "store..x", "1"), 1),
        (("set", "title.x", "1"), 1),
        (("set", "title", "x", "--if-revision", "0" * 64), 4),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    path: Path, lang: str, words: tuple[str, ...], exit_code: int
) -> None:
    before = path.read_bytes()
    done = run(*words, "--config", str(path), "--lang", lang)
    assert done.exit_code == exit_code
    assert done.output.startswith("matthan: ")
    assert "{" not in done.output
    assert path.read_bytes() == before
    told = json.loads(run(*words, "--config", str(path), "--lang", lang, "--json").stdout)
    assert (told["ok"], told["sentence"] in done.output) == (False, True)


def test_the_revision_that_was_shown_is_the_one_that_is_changed(path: Path) -> None:
    shown = json.loads(run("set", "title", "x", "--dry-run", "--json", "--config", str(path)).stdout)
    assert shown["written"] is False
    assert run("set", "title", "x", "--if-revision", shown["before"], "--config", str(path)).exit_code == 0
    assert run("set", "title", "y", "--if-revision", shown["before"], "--config", str(path)).exit_code == 4


def test_somebody_else_writes_between_reading_and_writing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(_: object) -> None:
        raise Refusal(Because.CONFLICT, "config.changed_meanwhile", path=str(path))

    monkeypatch.setattr(writer, "write", overtaken)
    done = run("set", "title", "x", "--config", str(path))
    assert done.exit_code == 4
    assert "somebody else has changed it" in done.output


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = run("set", "title", "x", "--config", str(tmp_path / "none.yaml"))
    assert done.exit_code == 2
    assert "unreadable" in done.output
