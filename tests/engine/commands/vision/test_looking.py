"""`matthan vision bench` and `vision watch`, as a person runs them: on any clip, at the screen and without one."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from typer.testing import CliRunner, Result

from drivers.contract import Codec, CodecParameters, Packet
from engine.commands.vision import app, weighing
from engine.commands.vision import player as playing
from engine.commands.vision.opening import watch
from engine.commands.vision.player import Player
from engine.commands.vision.reel import Reel
from engine.text import LANGUAGES
from engine.vision.analyzer import Analyzer
from engine.vision.model import Sight
from engine.vision.stages import STAGES
from tests.engine.tuning import FPS, HIGH, WIDE, clip_of, yard

if TYPE_CHECKING:
    from engine.commands.vision.source import Watching


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
    assert told["stream"]["codec"] == "h264"
    assert (told["stream"]["width"], told["stream"]["height"]) == (2 * WIDE, 2 * HIGH)
    assert told["stream"]["fps"] == FPS
    assert 0 < told["stream"]["keyframes"]["median"] <= told["stream"]["keyframes"]["longest"]
    spent = told["ms_per_second"]
    assert 0 < spent["decode"] < spent["everything"] * 2
    assert sum(told["stages_ms_per_second"].values()) <= spent["engine"] * 1.5
    counted = told["counters"]
    assert counted["spared"] + counted["decoded"] >= 100
    assert told["reckoned"]["streams"] > 0
    by_picture = spent["engine"] * told["seconds"] / counted["analysed"]
    assert told["ms_per_analysed"]["engine"] == pytest.approx(by_picture, abs=0.01)


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


class Spent:
    """An eye that sees nothing; each one has spent what comes next."""

    rounds: Iterator[float]

    def __init__(self, analyzer: Analyzer, *, thrifty: bool) -> None:
        self.analyzer = self.stages = self
        self.counters = {"analysed": 1, "looked": 0}
        self.seconds = dict.fromkeys(STAGES, next(self.rounds) if thrifty else 0.0)

    def feed(self, packet: Packet) -> Iterator[Sight]:
        return iter(())

    def close(self) -> None: ...


def test_what_a_stage_costs_is_the_median_of_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    Spent.rounds = iter((99.0, 0.01, 0.02, 7.0))  # the first compiles, the last one is disturbed
    monkeypatch.setattr(weighing, "Eye", Spent)
    reel = Reel(CodecParameters(Codec.H264, b"", Fraction(1)), 60)
    for at in range(2):
        reel.feed(Packet(b"", at, at, True, 0.0))
    assert weighing.weighed(reel, 5, None, 3, lambda _: None).stages == dict.fromkeys(STAGES, 20.0)


def test_who_no_longer_reads_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async def unread() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):  # which the command line ends without a word
        watch(cast("Watching[Any]", SimpleNamespace(recorder=object(), cut=None)), "en", unread)
    assert capsys.readouterr().err == ""


def test_watch_without_a_screen_says_who_comes_and_goes(clip: Path) -> None:
    done = run("watch", clip, "--detector", "none")
    assert done.exit_code == 0, done.output
    came, went = done.stdout.splitlines()[:2]
    assert "+ moving #1" in came
    assert "- moving #1" in went
    assert 12 <= float(came.split(" s")[0]) <= 15


def test_who_ends_it_at_the_first_picture_is_told_nothing(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Enough:
        def __init__(self, said: str) -> None: ...

        def tell(self, player: Player, sight: Sight) -> None:
            player.stop()

    monkeypatch.setattr(playing, "Lines", Enough)
    done = run("watch", clip, "--detector", "none")
    assert (done.exit_code, done.output) == (0, "")


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
