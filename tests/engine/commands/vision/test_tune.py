"""`matthan vision tune`, as a person runs it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image
from typer.testing import CliRunner, Result

from drivers.errors import Refused, Unreachable
from engine.commands.vision import app, source
from engine.commands.vision.source import Watching
from engine.config.configuration import load
from engine.text import LANGUAGES
from engine.vision.tuner.film import Recorder
from tests.engine.filming import demuxed
from tests.engine.tuning import clip_of, yard

SITE = """\
site: x
state: {state}
detector: {{model: none}}
cameras:
  # the gate
  - id: gate   # stays
    name: Cổng trước
    url: "file:{clip}"
    login: {{username: admin, password: "env:TUNE_PASSWORD"}}
  - {{id: dead, url: "rtsp://127.0.0.1:9/x"}}
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip_of(yard(seed=100), tmp_path_factory.mktemp("clip") / "yard.mp4")


@pytest.fixture
def site(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNE_PASSWORD", "secret")
    file = tmp_path / "matthan.yaml"
    file.write_text(SITE.format(clip=clip, state=tmp_path / "state"), "utf-8")
    return file


def tune(*words: str | Path, lang: str = "en") -> Result:
    return CliRunner().invoke(app, ["vision", "tune", *map(str, words), "--lang", lang])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_clip_in_both_languages(clip: Path, lang: str) -> None:
    done = tune(clip, lang=lang)
    assert done.exit_code == 0, done.output
    name = {"en": "top-right", "vi": "tren-phai"}[lang]
    assert f"      ignore:\n        {name}: [[" in done.stdout
    assert {"en": "What passed at 00:12 is still told.", "vi": "Vật đi qua lúc 00:12 vẫn được báo."}[
        lang
    ] in (done.stdout)
    assert "\x1b" not in done.stdout  # no colours, and no pictures made of them, into a pipe
    rows = re.findall(r"^[*>] .* (\d+) +\d+ % +([\d.,]+) % +(\d/\d)$", done.stdout, re.MULTILINE)
    assert [(sensitivity, kept) for sensitivity, _, kept in rows] == [("50", "1/1"), ("50", "1/1")]
    now, then = (float(flickers.replace(",", ".")) for _, flickers, _ in rows)
    assert now > 10
    assert then <= 2


def test_for_programs(clip: Path) -> None:
    told = json.loads(tune(clip, "--json").stdout)
    assert (told["width"], told["height"], told["fps"]) == (640, 360, 5.0)
    assert [each["sensitivity"] for each in told["tried"]] == [20, 35, 50, 65, 80]
    assert told["proposed"]["changes"]
    assert told["proposed"]["flickers"] <= 0.02 < 0.1 < told["now"]["flickers"]
    assert [(each["at"], each["kept"]) for each in told["passed"]] == [("00:12", True)]
    assert list(told["proposed"]["motion"]) == ["sensitivity", "ignore"]


def test_the_proposal_is_written_and_nothing_else_changes(site: Path) -> None:
    before = site.read_text("utf-8")
    done = tune("gate", "--config", site, "--write")
    assert done.exit_code == 0, done.output
    assert "+        top-right: [[" in done.stdout
    assert "secret" not in done.stdout
    text = site.read_text("utf-8")
    added = [row for row in text.splitlines() if row not in before.splitlines()]
    assert [row.split(":")[0].strip() for row in added] == ["motion", "ignore", "top-right"]
    assert [row for row in text.splitlines() if row in before.splitlines()] == before.splitlines()
    motion = load(site).settings.cameras[0].motion
    assert (motion.sensitivity, motion.least, list(motion.ignore)) == (50, 0.0, ["top-right"])
    again = tune("gate", "--config", site, "--write")
    assert again.exit_code == 0
    assert "Leave it as it is" in again.stdout
    assert "says so already" in again.stdout
    assert site.read_text("utf-8") == text


def test_a_file_that_was_changed_meanwhile_is_left_alone(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Watching.run

    async def meanwhile(watching: Watching[Recorder]) -> None:
        site.write_text(site.read_text("utf-8") + "title: y\n", "utf-8")
        await run(watching)

    monkeypatch.setattr(Watching, "run", meanwhile)
    done = tune("gate", "--config", site, "--write")
    assert done.exit_code == 4
    assert "somebody else has changed it" in done.stderr
    assert "motion" not in site.read_text("utf-8")


def test_it_is_drawn(clip: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "yard.svg"
    assert tune(clip, "--plot", drawn, lang="vi").exit_code == 0
    root = etree.fromstring(drawn.read_bytes())
    kinds = [etree.QName(each).localname for each in root]
    assert kinds.count("image") == 4
    texts = [each.text or "" for each in root if etree.QName(each).localname == "text"]
    assert any("tren-phai" in each for each in texts)
    drawn = tmp_path / "yard.png"
    assert tune(clip, "--plot", drawn).exit_code == 0
    with Image.open(BytesIO(drawn.read_bytes())) as image:
        assert image.width == 1920
        assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 50
    assert tune(clip, "--plot", tmp_path / "none" / "x.svg").exit_code == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("nope", "--config", "{site}"), 2, "neither a camera of the configuration (gate, dead) nor a file"),
        (("{clip}", "--write"), 2, "nobody’s camera"),
        (("{clip}", "--plot", "x.jpg"), 2, ".svg or .png"),
        (("{clip}", "--seconds", "1"), 2, "--seconds"),
        (("gate", "--config", "{site}.not"), 2, "matthan.yaml.not"),
        (("dead", "--config", "{site}"), 1, "127.0.0.1:9"),
        (("{site}",), 1, "matthan.yaml"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said(
    words: tuple[str, ...], status: int, said: str, site: Path, clip: Path
) -> None:
    done = tune(*(each.format(site=site, clip=clip) for each in words))
    assert done.exit_code == status, done.output
    assert said in done.stderr
    assert "Traceback" not in done.output


def _seeing(clip: Path, count: int) -> Callable[[Watching[Recorder]], None]:
    """Let it see so many packets of a clip."""

    def see(watching: Watching[Recorder]) -> None:
        film = demuxed(clip)
        watching.recorder = watching.begin(film.codec)
        for packet in film.packets[:count]:
            watching.recorder.feed(packet)

    return see


@pytest.mark.parametrize(("count", "status"), [(100, 0), (20, 1)])
def test_ctrl_c_ends_it_with_what_was_seen(
    clip: Path, count: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    see = _seeing(clip, count)

    async def stopped(watching: Watching[Recorder]) -> None:
        see(watching)
        raise KeyboardInterrupt

    monkeypatch.setattr(Watching, "run", stopped)
    done = tune(clip)
    assert done.exit_code == status
    assert "Ended early" in done.stderr
    assert ("share" in done.stdout) == (status == 0)
    assert ("at least 30" in done.stderr) == (status == 1)


def test_ctrl_c_before_the_first_picture_is_the_end(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stopped(watching: Watching[Recorder]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Watching, "run", stopped)
    assert tune(clip).exit_code == 130


def test_a_stream_that_fails_after_a_while_counts_and_says_why(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    see = _seeing(clip, 100)

    async def fails(watching: Watching[Recorder]) -> None:
        see(watching)
        watching.cut = Unreachable("driver.stalled", host="gate", seconds=5)

    monkeypatch.setattr(Watching, "run", fails)
    done = tune(clip)
    assert done.exit_code == 0
    assert "gate" in done.stderr
    assert "share" in done.stdout


def test_a_login_that_is_refused_is_said_once(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(watching: Watching[Recorder]) -> None:
        raise Refused("driver.held", host="gate", user="admin", most=3, minutes=7)

    monkeypatch.setattr(Watching, "run", refused)
    done = tune("gate", "--config", site)
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "admin" in done.stderr


def test_a_clip_is_read_once_and_as_fast_as_it_can_be(site: Path) -> None:
    found = source.source_of("gate", site, "en")
    assert found.clip
    assert found.target(None).options == {"pace": False, "loop": False}
    assert not source.source_of("dead", site, "en").clip
