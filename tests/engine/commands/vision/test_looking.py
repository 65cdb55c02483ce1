"""`matthan vision bench` and `vision watch`, as a person runs them: on any clip, at the screen and without one."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.commands.vision import app
from engine.text import LANGUAGES
from tests.engine.tuning import clip_of, yard


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of a wall; somebody walks by after twelve seconds."""
    return clip_of(yard(seed=100, leaves=False), tmp_path_factory.mktemp("clip") / "yard.mp4")


def run(*words: str | Path, lang: str = "en") -> Result:
    return CliRunner().invoke(app, ["vision", *map(str, words), "--lang", lang])


def test_bench_tells_programs_what_it_costs(clip: Path) -> None:
    done = run("bench", clip, "--detector", "none", "--rounds", "1", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["detector"] == "none"
    assert told["packets"] == 150
    spent = told["ms_per_second"]
    assert 0 < spent["decode"] < spent["everything"] * 2
    assert sum(told["stages_ms_per_second"].values()) <= spent["engine"] * 1.5
    counted = told["counters"]
    assert counted["spared"] + counted["decoded"] >= 100
    assert told["reckoned"]["streams"] > 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_bench_tells_people_in_both_languages(clip: Path, lang: str) -> None:
    done = run("bench", clip, "--detector", "none", "--rounds", "1", "--for", "10", lang=lang)
    assert done.exit_code == 0, done.output
    assert {"en": "Reckoned:", "vi": "Ước tính:"}[lang] in done.stdout
    assert "\x1b" not in done.output


@pytest.mark.parametrize("command", ["bench", "watch"])
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("nowhere.mp4",), 2, "nowhere.mp4"),
        (("{clip}", "--detector", "nobody"), 2, "nobody"),
        (("{broken}",), 1, ""),
        (("rtsp://u:p@127.0.0.1/x",), 2, "user name or password"),
        (("rtsp://127.0.0.1:9/x",), 1, "127.0.0.1:9"),
        (("nonsense://x",), 2, "nonsense"),
    ],
)
def test_what_cannot_be_looked_at_is_said_in_one_line(
    clip: Path, tmp_path: Path, command: str, words: tuple[str, ...], status: int, said: str
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 99)
    done = run(command, *(each.format(clip=clip, broken=broken) for each in words))
    assert done.exit_code == status, done.output
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_watch_without_a_screen_says_who_comes_and_goes(clip: Path) -> None:
    done = run("watch", clip, "--detector", "none")
    assert done.exit_code == 0, done.output
    came, went = done.stdout.splitlines()[:2]
    assert "+ moving #1" in came
    assert "- moving #1" in went
    assert 12 <= float(came.split(" s")[0]) <= 15


def test_watch_for_programs_writes_each_picture(clip: Path) -> None:
    told = [
        json.loads(each) for each in run("watch", clip, "--detector", "none", "--json").stdout.splitlines()
    ]
    assert {"at", "motion", "tracks", "resting", "impaired", "share"} == set(told[0])
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)
    assert any(each["tracks"] for each in told)


def test_watch_from_a_moment_on_tells_nothing_of_before(clip: Path) -> None:
    done = run("watch", clip, "--detector", "none", "--json", "--from", "20")
    assert min(json.loads(each)["at"] for each in done.stdout.splitlines()) >= 20


def screen(clip: Path, *typed: str) -> tuple[str, int]:
    """Run it at a terminal and type; return what it showed and how it ended."""
    ours, theirs = pty.openpty()
    command = (
        sys.executable,
        "-m",
        "engine",
        "vision",
        "watch",
        str(clip),
        "--detector",
        "none",
        "--lang",
        "en",
    )
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    env.pop("NO_COLOR", None)
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    shown, waiting, until = b"", list(typed), time.monotonic() + 60
    try:
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError):  # it has ended
                if select.select([ours], [], [], 0.2)[0]:
                    shown += os.read(ours, 65536)
            if waiting and b"space: stop" in shown and (waiting[0] != "q" or b"stopped" in shown):
                os.write(ours, waiting.pop(0).encode())
        return shown.decode(errors="replace"), process.wait(10)
    finally:
        process.kill()
        os.close(ours)


def test_watch_at_a_screen_draws_stops_and_ends_when_asked(clip: Path) -> None:
    shown, status = screen(clip, " ", "q")
    assert status == 0
    assert "▀" in shown
    assert "stopped" in shown
    assert shown.rstrip().endswith("\x1b[?1049l")
