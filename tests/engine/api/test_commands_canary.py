"""Whatever devices and messages say, no command hands it to a terminal as it is; as JSON it is exact."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from engine.api import wire
from engine.api.printable import is_clean
from engine.api.problems import refusal
from engine.api.server import serve
from engine.cli import gather
from engine.settings import ApiSettings

CANARY = "a\x1b[2J\r\nforged\u202eevil\u2066\x9b31m\x1b]0;t\x07\u2028b"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAID = wire.Sentence(code="x", values={"detail": CANARY}, vi=CANARY, en=CANARY)


def _poison(service: Any) -> None:
    """Let everything that comes from elsewhere be foreign text of the worst kind."""
    trouble = wire.Trouble(label="clock", since=NOON, said=SAID)
    service.camera = service.camera.model_copy(
        update={
            "name": CANARY,
            "codec": CANARY,
            "model": CANARY,
            "reason": SAID,
            "advice": SAID,
            "troubles": (trouble,),
        }
    )
    service.problems = (SAID,)
    event = service.event(1).model_copy(
        update={
            "label": CANARY,
            "subject": CANARY,
            "zones": (CANARY,),
            "kind": "operator",
            "facts": {CANARY: CANARY},
        }
    )
    service.stored.append(event)
    who = wire.Acknowledgement(by=CANARY, at=NOON, note=CANARY)
    service.decide(1)
    service.decided[0] = service.decided[0].model_copy(
        update={"title": {"vi": CANARY, "en": CANARY}, "message": {"vi": CANARY, "en": CANARY}, "reason": SAID,
                "rule": CANARY, "acknowledged": who}
    )  # fmt: skip


@pytest.fixture
def engine(service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server in a loop of its own, whose every text is a canary."""
    _poison(service)

    async def presets(camera: str) -> list[wire.Preset]:
        return [wire.Preset(token=CANARY, name=CANARY)]

    async def ptz(camera: str, command: wire.PtzCommand) -> None:
        raise refusal(502, "driver.fault", detail=CANARY, host=CANARY)

    def rules() -> list[wire.Rule]:
        return [wire.Rule(name=CANARY, severity="warning", error=CANARY)]

    monkeypatch.setattr(service, "presets", presets)
    monkeypatch.setattr(service, "ptz", ptz)
    monkeypatch.setattr(service, "rules", rules)
    loop = asyncio.new_event_loop()
    stop, ready = asyncio.Event(), threading.Event()

    async def run() -> None:
        async with serve(service, ApiSettings(), socket=tmp_path / "s"):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(60)
    yield tmp_path / "s"
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


@cache
def program() -> Typer:
    """The whole command line; loading it takes a while."""
    made = Typer()
    gather(made)
    return made


def run(*words: str) -> Result:
    return CliRunner().invoke(program(), list(words))


def harmless(told: Result) -> None:
    assert told.output
    for line in told.output.split("\n"):
        assert is_clean(line), ascii(line)
        assert not line.startswith("forged")


LIVE = [
    ("status",),
    ("events",),
    ("decisions",),
    ("decisions", "--firing"),
    ("ptz", "cong", "presets"),
    ("ptz", "cong", "goto"),
    ("ptz", "cong", "goto", "1"),
    ("acknowledge", "d1"),
    ("act", "ring"),
    ("camera", "retry", "cong"),
]


@pytest.mark.parametrize("words", LIVE, ids=" ".join)
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_of_a_running_engine(engine: Path, words: tuple[str, ...], lang: str) -> None:
    told = run(*words, "--socket", str(engine), "--lang", lang)
    assert told.exit_code in (0, 1, 2), told.output
    assert not told.exception or isinstance(told.exception, SystemExit)
    harmless(told)


@pytest.mark.parametrize(
    ("words", "dig"),
    [
        (("status",), lambda told: told["cameras"][0]["name"]),
        (("events",), lambda told: told["label"]),
        (("decisions",), lambda told: told["rule"]),
        (("decisions", "--firing"), lambda told: told["decision"]["reason"]["en"]),
    ],
)
def test_json_is_exact(engine: Path, words: tuple[str, ...], dig: Callable[[Any], str]) -> None:
    told = run(*words, "--socket", str(engine), "--json")
    assert dig(json.loads(told.stdout)) == CANARY
    harmless(told)


def test_rules_check(tmp_path: Path) -> None:
    rules = tmp_path / "r.yaml"
    name = json.dumps(CANARY)
    rules.write_text(
        f"rules:\n  - {{name: {name}, when: {{object: {name}}}, fro: {name}, do: [{name}]}}\n", "utf-8"
    )
    for words in ((), ("--json",), ("--github",)):
        harmless(run("rules", "check", str(rules), *words))


def test_config_check(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    name = json.dumps(CANARY)
    path.write_text(
        f"site: {name}\n{name}: 1\ntimezone: {name}\ncameras: [{{id: {name}, url: {name}}}]\n", "utf-8"
    )
    for words in ((), ("--json",), ("--github",)):
        harmless(run("config", "check", str(path), *words))


def test_discover(monkeypatch: pytest.MonkeyPatch) -> None:
    from drivers.contract import Found

    async def probe(*_: object) -> Any:
        yield Found(
            driver="onvif", identity="i", url=f"http://x/{CANARY}", name=CANARY, model=CANARY, address=CANARY
        )

    monkeypatch.setattr("engine.inventory.probe", probe)
    harmless(run("discover", "--host", "192.0.2.1"))
    harmless(run("discover", "--host", "192.0.2.1", "--json"))


def test_drivers_and_doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    harmless(run("drivers", "list"))
    harmless(run("doctor", "--config", str(tmp_path / f"none{CANARY.replace(chr(0), '')}.yaml")))
