"""`matthan commission report`, `verify` and `diff`, `matthan keys technician`: what a person and a script get."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from engine.commands.commission.diff import diff_command
from engine.commands.commission.report import report_command
from engine.commands.commission.verify import verify_command
from engine.commands.keys import app as keys
from engine.commission.handover.technician import folder
from engine.commission.keeping.entry import Entry
from tests.engine.recording import AT, PICTURE, camera, job, lay, missing

app = typer.Typer()
app.command("report")(report_command)
app.command("verify")(verify_command)
app.command("diff")(diff_command)
Ask = Callable[..., Result]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*words: object, lang: str = "en", command: typer.Typer = app) -> Result:
        found = CliRunner().invoke(command, [*map(str, words), "--lang", lang], env={"COLUMNS": "200"})
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    return run


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A job's folder: a record that nobody has signed, its picture beside it."""
    return lay(tmp_path / "job", {"record.json": job().model_dump_json().encode(), "gate.jpg": PICTURE})


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_everything_is_handed_over_and_verifies(ask: Ask, record: Path, tmp_path: Path, lang: str) -> None:
    done = ask("report", record, "--out", "handover", lang=lang)
    assert done.exit_code == 0
    names = {
        f"handover/{name}"
        for name in ("record.json", f"report.{lang}.html", f"report.{lang}.pdf", "cameras.csv")
    }
    assert names <= set(done.output.split())
    assert (tmp_path / "handover" / "pictures" / "gate.jpg").read_bytes() == PICTURE
    key = json.loads(ask("keys", "technician", "--json", command=keys).stdout)["key"]
    assert key in done.output
    whole = ask("verify", "handover", "--fingerprint", key, lang=lang)
    assert (whole.exit_code, key in whole.output) == (0, True)
    html = (tmp_path / "handover" / f"report.{lang}.html").read_text("utf-8")
    assert key in html


def test_the_key_is_made_once_and_is_its_owners_alone(ask: Ask, record: Path) -> None:
    assert "Your signing key was made" in ask("report", record, "--json", "--out", "a").output
    assert "Your signing key was made" not in ask("report", record, "--json", "--out", "b").output
    private = folder() / "seal.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert Path("a/record.json").read_bytes() == Path("b/record.json").read_bytes()
    private.chmod(0o644)
    refused = ask("report", record, "--json", "--out", "c")
    assert (refused.exit_code, "chmod 600" in refused.output) == (1, True)
    assert not Path("c").exists()


def test_a_rotated_key_signs_from_then_on_and_the_old_record_still_verifies(ask: Ask, record: Path) -> None:
    ask("report", record, "--json", "--out", "a")
    old = json.loads(ask("keys", "technician", "--json", command=keys).stdout)["key"]
    new = json.loads(ask("keys", "technician", "--rotate", "--json", command=keys).stdout)["key"]
    ask("report", record, "--json", "--out", "b")
    assert old != new
    assert ask("verify", "a", "--fingerprint", old).exit_code == 0
    assert ask("verify", "b", "--fingerprint", new).exit_code == 0
    assert ask("verify", "a", "--fingerprint", new).exit_code == 1


def test_only_what_was_asked_for_is_written(ask: Ask, record: Path, tmp_path: Path) -> None:
    ask("report", record, "--csv", "--out", "x")
    assert [each.name for each in (tmp_path / "x").iterdir()] == ["cameras.csv"]


def test_a_signed_record_is_not_signed_anew(ask: Ask, record: Path) -> None:
    ask("report", record, "--json", "--out", "a")
    ask("keys", "technician", "--rotate", command=keys)
    ask("report", "a", "--json", "--out", "b")
    assert Path("a/record.json").read_bytes() == Path("b/record.json").read_bytes()


def test_no_report_is_made_of_what_was_tampered_with(ask: Ask, record: Path) -> None:
    ask("report", record, "--json", "--out", "a")
    signed = Path("a/record.json")
    signed.write_bytes(signed.read_bytes().replace(b'"fail"', b'"pass"', 1))
    refused = ask("report", "a", "--out", "b")
    assert (refused.exit_code, "does NOT hold" in refused.output) == (1, True)
    assert not Path("b").exists()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda at: (at / "record.json").write_bytes((at / "record.json").read_bytes()[:-9]), "cut"),
        (
            lambda at: (at / "record.json").write_bytes(
                (at / "record.json").read_bytes().replace(b"IPC", b"IPD")
            ),
            "changed",
        ),
        (lambda at: (at / "pictures" / "gate.jpg").unlink(), "picture_missing"),
        (lambda at: (at / "pictures" / "gate.jpg").write_bytes(PICTURE + b"x"), "picture_changed"),
        (lambda at: (at / "record.json").write_bytes(b"x" * 10), "cut"),
    ],
)
def test_verify_says_exactly_what_is_wrong(
    ask: Ask, record: Path, spoil: Callable[[Path], object], code: str
) -> None:
    ask("report", record, "--json", "--out", "a")
    key = json.loads(ask("keys", "technician", "--json", command=keys).stdout)["key"]
    spoil(Path("a"))
    found = ask("verify", "a", "--json", "--fingerprint", key)
    told = json.loads(found.stdout)
    assert (found.exit_code, told["good"]) == (1, False)
    assert [each["code"] for each in told["findings"]] == [code]
    assert ask("verify", "a", lang="vi").exit_code == 1


def test_what_is_not_there_is_told(ask: Ask, tmp_path: Path) -> None:
    for words in (("report", "gone"), ("verify", "gone"), ("diff", "gone", "gone")):
        found = ask(*words)
        assert (found.exit_code, "gone" in found.output) == (2, True)


def test_a_disk_that_says_no_is_told(ask: Ask, record: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    found = ask("report", record, "--csv", "--out", "file")
    assert (found.exit_code, "Cannot write" in found.output) == (1, True)


def test_a_job_of_this_site_is_found_by_its_name(ask: Ask, tmp_path: Path) -> None:
    begun = Entry(at=AT, began=AT, job=job())
    lay(tmp_path / "state" / "commissioning" / job().id, {
        "journal.jsonl": begun.model_dump_json().encode() + b"\n", "gate.jpg": PICTURE,
    })  # fmt: skip
    (tmp_path / "matthan.yaml").write_text(f"site: gate\nstate: {tmp_path / 'state'}\n")
    for name in ("", job().id[:11]):
        done = ask("report", *filter(None, [name]), "--json", "--out", f"x{name}", "--config", "matthan.yaml")
        assert done.exit_code == 0, done.output
        assert ask("verify", f"x{name}").exit_code == 0
    unknown = ask("report", "1999", "--config", "matthan.yaml")
    assert (unknown.exit_code, job().id in unknown.output) == (2, True)


def test_differences_are_told_to_people_and_scripts(ask: Ask, record: Path, tmp_path: Path) -> None:
    later = job(camera(url="http://192.0.2.5/"), camera("new"))
    lay(tmp_path / "later", {"record.json": later.model_dump_json().encode()})
    found = ask("diff", record, "later")
    assert found.exit_code == 1
    assert "http://192.0.2.1/onvif/device_service → http://192.0.2.5/" in found.output
    told = json.loads(ask("diff", record, "later", "--json").stdout)
    assert (told["new"], told["gone"]) == (["new"], ["market"])
    assert ask("diff", record, record).exit_code == 0


def test_a_report_tells_what_changed_since(ask: Ask, record: Path, tmp_path: Path) -> None:
    lay(tmp_path / "before", {"record.json": job(missing()).model_dump_json().encode()})
    ask("report", record, "--html", "--since", "before", "--out", "x")
    assert "Since the last time" in Path("x/report.en.html").read_text("utf-8")


def test_nothing_of_a_terminal_is_obeyed(ask: Ask, tmp_path: Path) -> None:
    hostile = job(camera(username="\x1b[2J", url="\x1b]0;x\x07"), site="\x1b[31m", technician="\x1b[2J")
    lay(tmp_path / "a", {"record.json": hostile.model_dump_json().encode(), "gate.jpg": PICTURE})
    lay(tmp_path / "b", {"record.json": job(camera()).model_dump_json().encode()})
    ask("report", "a", "--json", "--out", "signed")
    for words in (("verify", "signed"), ("diff", "a", "b")):
        assert "\x1b" not in ask(*words).output
