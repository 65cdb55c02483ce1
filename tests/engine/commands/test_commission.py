"""`matthan commission` as a person runs it, on cameras in memory and on files."""

from __future__ import annotations

import errno
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from engine.commands.commission import app
from engine.commission.keeping.entry import Entry
from engine.commission.keeping.journal import Journal
from tests.fakes.devices import Box, FakeDriver

SHEET = "id,name,url,driver\ncam-0,Cổng,fake:0,onvif\ncam-1,Chợ,fake:1,onvif\n"
STANDARD = "passwords: {defaults: [{username: admin, password: 'file:default'}]}\n"


@pytest.fixture
def boxes() -> dict[str, Box]:
    return {"fake:0": Box(), "fake:1": Box(serial="S2", mac="02:1f:aa:00:00:02")}


@pytest.fixture
def run(tmp_path: Path, boxes: dict[str, Box], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A site's folder with a sheet of two cameras; returns what runs the command there."""
    (tmp_path / "matthan.yaml").write_text(f"site: xa\nstate: {tmp_path / 'state'}\n")
    (tmp_path / "cams.csv").write_text(SHEET)
    (tmp_path / "commissioning.yaml").write_text(STANDARD)
    (tmp_path / "default").write_text("admin")
    (tmp_path / "default").chmod(0o600)
    driver = FakeDriver(boxes)
    monkeypatch.setattr("drivers.registry.load", lambda _: driver)
    monkeypatch.chdir(tmp_path)

    def command(*words: str, lang: str = "en") -> Result:
        return CliRunner().invoke(
            app, ["commission", *words, "--config", "matthan.yaml"], env={"MATTHAN_LANG": lang}
        )

    return command


#: The checks open streams, which cameras in memory have none of.
STEPS = ("--steps", "time,names,streams,password,adopt")


def test_a_dry_run_changes_nothing_and_keeps_nothing(
    run: Callable[..., Result], boxes: dict[str, Box], tmp_path: Path
) -> None:
    done = run("cams.csv", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "encoder.VS1-b.resolution: 704x576 → 640x360  (restarts the camera or its streams)" in done.output
    assert "2 cameras, 30 changes. Nothing was changed." in done.output
    assert not [call for box in boxes.values() for call in box.calls if call.startswith("write")]
    assert not (tmp_path / "state" / "commissioning").exists()


def test_a_job_its_list_its_record_and_its_undo(
    run: Callable[..., Result], boxes: dict[str, Box], tmp_path: Path
) -> None:
    done = run("cams.csv", *STEPS)
    assert (done.exit_code, "? streams: Waits for your yes (`--yes restarts`)" in done.output) == (1, True), (
        done.output
    )
    assert "2 waiting for a yes" in done.output
    assert "resume" in done.output
    done = run("resume", "--yes", "restarts")
    assert done.exit_code == 0, done.output
    assert boxes["fake:0"].values["encoder.VS1-b.resolution"] == "640x360"
    assert boxes["fake:0"].password not in done.output
    listed = run("list", lang="vi").output
    assert "2 camera" in listed
    shown = run("show").output
    assert "network.hostname: ipcam → cam-1" in shown
    job = json.loads(run("show", "--json").output)
    assert [each["id"] for each in job["cameras"]] == ["cam-0", "cam-1"]
    assert (
        json.loads((tmp_path / "state/commissioning" / job["id"] / "record.json").read_text())["id"]
        == job["id"]
    )
    undone = run("undo", "cam-1", "--yes", "restarts")
    assert "time.clock" in undone.output
    assert "cannot be taken back" in undone.output
    assert (undone.exit_code, boxes["fake:1"].password, boxes["fake:0"].password) != (0, "admin", "admin")
    assert boxes["fake:1"].password == "admin"


def test_json_is_lines_of_json(run: Callable[..., Result]) -> None:
    done = run("cams.csv", *STEPS, "--yes", "restarts", "--json")
    lines = [json.loads(each) for each in done.stdout.splitlines()]
    assert lines[-1]["cameras"][0]["id"] == "cam-0"
    assert {each["step"]["step"] for each in lines if "step" in each} >= {"find", "password", "adopt"}


def test_a_sheet_with_mistakes_is_told_and_nothing_is_done(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "cams.csv").write_text("id,host,mac\nA B,192.0.2.1,\nb,,zz\n")
    done = run("cams.csv")
    assert done.exit_code == 2
    assert "cams.csv:2:1: error[slug]" in done.output
    assert "cams.csv:3:4: error[mac]" in done.output
    as_json = json.loads(run("cams.csv", "--json").stdout)
    assert [each["code"] for each in as_json["problems"]] == ["problem.slug", "problem.mac"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("none.csv",), 2, "cannot be read"),
        (("cams.csv", "--only", "cam-9"), 1, "There is no camera “cam-9” in the sheet; it has: cam-0, cam-1"),
        (("cams.csv", "--yes", "everything"), 2, "restarts, moves"),
        (("cams.csv", "--steps", "paint"), 2, "find, identify, time"),
        (("cams.csv", "--standard", "none.yaml"), 2, "cannot be read"),
        (("show", "2020"), 1, "There is no job “2020”"),
        (("undo", "cam-0"), 1, "Nothing that a job changed of “cam-0” is known."),
    ],
)
def test_what_is_wrong_is_a_sentence(
    run: Callable[..., Result], words: tuple[str, ...], code: int, told: str
) -> None:
    done = run(*words)
    assert (done.exit_code, told in " ".join(done.output.split())) == (code, True), done.output


def test_without_a_standard_that_is_said(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "commissioning.yaml").unlink()
    assert "There is no standard" in run("cams.csv", "--dry-run").output


def test_two_commands_at_once_are_one_too_many(run: Callable[..., Result], tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "state").mkdir()
    with (tmp_path / "state" / "commissioning.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Somebody else is at work" in run("cams.csv").output


@pytest.mark.parametrize(("lang", "told"), [("vi", "Ổ đĩa hoặc hệ thống"), ("en", "disk or system says no")])
def test_a_disk_that_is_full_is_a_sentence_and_the_same_command_goes_on(
    run: Callable[..., Result], boxes: dict[str, Box], monkeypatch: pytest.MonkeyPatch, lang: str, told: str
) -> None:
    note, left = Journal.note, 20

    async def full(journal: Journal, *entries: Entry) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device", "journal.jsonl")
        await note(journal, *entries)

    with monkeypatch.context() as disk:
        disk.setattr(Journal, "note", full)
        done = run("cams.csv", "--yes", "restarts", *STEPS, lang=lang)
    assert (done.exit_code, told in done.output) == (1, True), done.output
    assert "journal.jsonl No space left on device" in done.output
    again = run("cams.csv", "--yes", "restarts", *STEPS)
    assert again.exit_code == 0, again.output
    assert [box.wrong for box in boxes.values()] == [0, 0]


def test_what_is_tried_again_is_told_as_it_ended_and_once(
    run: Callable[..., Result], boxes: dict[str, Box]
) -> None:
    boxes["fake:1"].away = True
    first = run("cams.csv", *STEPS)
    assert "? streams" in first.output
    assert first.output.count("✗ log in") >= 1
    boxes["fake:1"].away = False
    again = run("resume", "--yes", "restarts")
    assert again.exit_code == 0, again.output
    assert "✗" not in again.output
    assert "? streams" not in again.output
    assert [again.output.count(f"{each} ") for each in ("cam-0", "cam-1")] == [1, 1]


def test_new_writes_a_sheet_and_a_standard_once(tmp_path: Path) -> None:
    def new() -> Result:
        return CliRunner().invoke(
            app, ["commission", "new", str(tmp_path / "x.xlsx")], env={"MATTHAN_LANG": "vi"}
        )

    assert new().exit_code == 0
    assert {each.name for each in tmp_path.iterdir()} == {"x.xlsx", "commissioning.yaml"}
    assert new().exit_code == 1


def test_ctrl_c_says_how_to_go_on(
    run: Callable[..., Result], boxes: dict[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stopped(*_: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("tests.fakes.devices.FakeDevice.write_together", stopped)
    done = run("cams.csv", *STEPS, "--only", "cam-0")
    assert done.exit_code == 130
    assert "matthan commission resume" in done.output
    monkeypatch.undo()
