"""What ``matthan rules check`` prints, for whom, and how it ends: run as people and programs run it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.commands.output.report import coloured, for_github
from rules.document.problem import Problem
from rules.document.source import MAX_CHARACTERS

GOOD = "rules:\n  - name: a\n    when: {object: person}\n"
WARNED = GOOD + "    do: [snapshot]\n"
BROKEN = GOOD + "    fro: 5s\n"
#: What would change what is printed.
ALIEN = frozenset({"NO_COLOR", "LC_ALL", "MATTHAN_CONFIG"})
ENV = {"LANG": "C.UTF-8", "MATTHAN_LANG": "en", "XDG_CONFIG_HOME": "/nonexistent"}


def check(
    *words: object, text: str | None = None, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if key not in ALIEN}
    return subprocess.run(
        [sys.executable, "-m", "engine", "rules", "check", *map(str, words)],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=cwd,
        env={**inherited, **ENV, **env},
    )


def on_terminal(path: Path, **env: str) -> str:
    """Return what a terminal gets."""
    reader, writer = pty.openpty()
    command = [sys.executable, "-m", "engine", "rules", "check", str(path)]
    inherited = {key: value for key, value in os.environ.items() if key not in ALIEN}
    done = subprocess.run(
        command, stdout=writer, stderr=subprocess.DEVNULL, check=False, env={**inherited, **ENV, **env}
    )
    os.close(writer)
    assert done.returncode == 1
    try:
        return os.read(reader, 100_000).decode()
    finally:
        os.close(reader)


def test_text_has_a_caret_line_and_colours_on_a_terminal_only(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(BROKEN)
    piped = check(path)
    assert piped.returncode == 1
    head, line, caret = piped.stdout.splitlines()
    assert head.startswith(f"{path}:4:5: error[unknown_key]: rules.0.fro: ")
    assert (line, caret) == ("        fro: 5s", "        ^")
    assert "1 error, 0 warnings" in piped.stderr
    assert "\x1b" not in piped.stdout + piped.stderr
    assert "\x1b[1;31merror[unknown_key]\x1b[0m" in on_terminal(path)
    assert "\x1b" not in on_terminal(path, NO_COLOR="1")


def test_no_color_is_what_its_convention_says() -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    assert coloured(Terminal(), {})
    assert coloured(Terminal(), {"NO_COLOR": ""})  # an empty one does not count: no-color.org
    assert not coloured(Terminal(), {"NO_COLOR": "0"})


def test_exit_codes_of_files_folders_and_the_input(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "w.yml").write_text(WARNED)
    (tmp_path / "g.yaml").write_text(GOOD.replace("name: a", "name: g").replace("person", "car"))
    warned = check(tmp_path)
    assert warned.returncode == 0
    assert "warning[no_cooldown]" in warned.stdout
    assert "0 errors, 1 warning" in warned.stderr
    (tmp_path / "b.yaml").write_text(BROKEN.replace("name: a", "name: b").replace("person", "animal"))
    several = check(tmp_path / "g.yaml", tmp_path / "b.yaml", tmp_path / "deep")
    assert several.returncode == 1
    assert re.findall(r"(\w)\.ya?ml:\d+:\d+", several.stdout) == ["b", "w"]
    given = check("-", text=BROKEN)
    assert given.returncode == 1
    assert given.stdout.startswith("-:4:5: error[unknown_key]")
    assert check("-", text=GOOD).stdout == "no problems in 1 file\n"


def test_what_cannot_be_read_is_told_with_the_rest(tmp_path: Path) -> None:
    bytes_, huge, bad = (tmp_path / name for name in ("bytes.yaml", "huge.yaml", "bad.yaml"))
    bytes_.write_bytes(b"rules:\n  - name: \xff\n")
    huge.write_text("#" * (MAX_CHARACTERS + 1))
    bad.write_text(BROKEN)
    told = check(bytes_, huge, bad)
    assert told.returncode == 1
    assert sorted(re.findall(r"error\[(\w+)\]", told.stdout)) == ["not_utf8", "size", "unknown_key"]
    missing = check(tmp_path / "none.yaml", bad)
    assert missing.returncode == 2
    assert "[unreadable]" in missing.stdout
    assert "[unknown_key]" in missing.stdout


def test_without_a_configuration_it_says_what_to_name(tmp_path: Path) -> None:
    told = check(cwd=tmp_path)
    assert told.returncode == 2
    assert "matthan rules check ." in told.stderr


def test_programs_get_one_object_of_a_stable_shape(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(BROKEN + "    do: [snapshot]\n")
    done = check(path, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert told["ok"] is False
    (problem,) = told["problems"]
    assert problem == {
        "source": str(path), "line": 4, "column": 5, "key": "rules.0.fro", "severity": "error",
        "code": "problem.unknown_key", "values": {"key": "fro"}, "suggestion": "for",
        "sentence": "there is no key “fro” here (did you mean “for”?)",
    }  # fmt: skip
    assert json.loads(check("-", "--json", text=GOOD).stdout) == {"ok": True, "problems": []}


def test_github_gets_annotations_that_nothing_in_a_text_can_break(tmp_path: Path) -> None:
    path = tmp_path / "a,b:c%.yaml"
    path.write_text('rules:\n  - name: a\n    when: {object: person}\n    "100%\\n::error::x": 1\n')
    done = check(path, "--github")
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    where = str(tmp_path / "a%2Cb%3Ac%25.yaml")
    assert line.startswith(f"::error file={where},line=4,col=5,title=problem.unknown_key::")
    assert "100%25%0A::error::x" in line
    assert check("-", "--github", text=GOOD).stdout == ""
    assert check("-", "--github", text=WARNED).stdout.startswith("::warning file=-,line=4,col=5,")


def test_an_annotation_undone_is_what_was_said() -> None:
    problem = Problem("a,b:%.yaml", 1, 2, "x", "problem.unknown_key", {"key": "a\r\n%,:b"})
    told = for_github(problem, "en")
    assert "\n" not in told
    properties, _, message = told.removeprefix("::error ").partition("::")
    file = properties.split(",")[0].removeprefix("file=")
    for sign, code in ((",", "%2C"), (":", "%3A"), ("\r", "%0D"), ("\n", "%0A"), ("%", "%25")):
        file, message = file.replace(code, sign), message.replace(code, sign)
    assert file == "a,b:%.yaml"
    assert message == f"x: {problem.sentence('en')}"


def test_help_tells_the_exit_codes() -> None:
    told = " ".join(check("--help").stdout.split())
    assert "Exit codes: 0 good (warnings allowed), 1 problems, 2 a file cannot be read." in told


def test_control_c_ends_it_quietly(tmp_path: Path) -> None:
    pipe = tmp_path / "waits.yaml"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "rules", "check", str(pipe)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **ENV},
    )  # fmt: skip
    with pipe.open("wb"):  # opens when it reads: from then on it waits for us
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in errors


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_others(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    path.chmod(0)
    assert check(path).returncode == 2
