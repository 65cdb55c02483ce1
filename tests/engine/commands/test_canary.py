"""Whatever devices and messages say, no command hands it to a terminal as it is; as JSON it is exact."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from lxml import etree
from typer import Typer
from typer.testing import CliRunner, Result

from engine.api import explanation, wire
from engine.api.printable import is_clean
from engine.api.resources.availability import AvailabilityGap, AvailabilityPeriod, CameraAvailability
from engine.api.resources.features import Feature
from engine.commands.installed import gather
from engine.fleet.stills import Source, Still
from engine.identity.caller import Caller
from engine.web.refusals import refusal
from rules.model import Sentence
from tests.engine.serving import served

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


def _poison_letters(service: Any) -> None:
    names = ("decision", "action", "target", "camera", "rule", "severity", "detail")
    service.dead = [each.model_copy(update=dict.fromkeys(names, CANARY)) for each in service.dead]
    wrong = wire.FileProblem(source=CANARY, line=1, column=1, key=CANARY, code="problem.slug", values={"word": CANARY},
                             suggestion=CANARY, vi=CANARY, en=CANARY, severity="warning")  # fmt: skip
    service.reloads = [
        wire.RulesReloaded(adopted=True, rules=1, added=(CANARY,), removed=(CANARY,), changed=(CANARY,),
                           edited=(CANARY,), restart=(CANARY,), warnings=(wrong,)),
        refusal(422, "rules.not_adopted", (wrong.model_copy(update={"severity": "error"}),)),
    ]  # fmt: skip


@pytest.fixture
def engine(service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server in a loop of its own, whose every text is a canary."""
    _poison(service)

    async def presets(caller: Caller, camera: str) -> list[wire.Preset]:
        return [wire.Preset(token=CANARY, name=CANARY)]

    async def ptz(caller: Caller, camera: str, command: wire.PtzCommand) -> None:
        raise refusal(502, "driver.fault", detail=CANARY, host=CANARY)

    def rules(caller: Caller) -> list[wire.Rule]:
        return [wire.Rule(name=CANARY, severity="warning", error=CANARY)]

    async def explain(caller: Caller, rule: str, camera: str | None) -> explanation.Explanation:
        return explanation.Explanation(rule=CANARY, lines=(explanation.Told(before=CANARY, said=SAID),))

    async def still(caller: Caller, camera: str, width: int, best: bool) -> Still:
        return Still(
            b"jpeg", Source.ANALYSIS, 1, 1, Sentence("driver.fault", {"detail": CANARY, "host": CANARY})
        )

    def preview_link(caller: Caller, camera: str) -> wire.PreviewLink:
        return wire.PreviewLink(url=f"http://{CANARY}", expires=NOON)

    async def availability(*_: object) -> list[CameraAvailability]:
        gap = AvailabilityGap(since=NOON, until=NOON, seconds=1.0, cause=CANARY, reason=CANARY)
        day = AvailabilityPeriod(name=CANARY, since=NOON, until=NOON, share=None, seconds={CANARY: 1.0})
        told = CameraAvailability(camera=CANARY, since=NOON, until=NOON, share=1.0, seconds={}, longest=gap)
        return [told.model_copy(update={"gaps": (gap,), "left_out": 1, "periods": (day,)})]

    async def features(caller: Caller, camera: str) -> list[Feature]:
        told = Feature(id=CANARY, kind=CANARY, category=CANARY, unit=CANARY, range=CANARY, readable=True)
        return [
            told.model_copy(update=also) for also in ({"value": CANARY}, {"fault": SAID}, {"category": "io"})
        ]

    async def set_feature(caller: Caller, camera: str, feature: str, value: object) -> Feature:
        return (await features(caller, camera))[value == CANARY]

    for made in (features, set_feature, presets, ptz, rules, explain, still, preview_link, availability):
        monkeypatch.setattr(service, made.__name__, made)
    _poison_letters(service)
    with served(service.api(), tmp_path / "s") as doors:
        yield doors.socket


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
    ("doors",),
    ("doors", "trust", CANARY),
    ("doors", "forget", CANARY),
    ("events",),
    ("decisions",),
    ("search", CANARY),
    ("decisions", "--firing"),
    ("ptz", "cong", "presets"),
    ("ptz", "cong", "goto"),
    ("ptz", "cong", "goto", "1"),
    ("acknowledge", "d1"),
    ("act", "ring"),
    ("judge", "d1", "false", "--note", CANARY),
    ("judge", CANARY, "true"),
    ("seen", CANARY),
    ("seen", "--all-ended", "--by", CANARY),
    ("silence", "list"),
    ("silence", "start", "--camera", "cong", "--tag", "x", "--for", "1h", "--why", CANARY, "--by", CANARY),
    ("silence", "end", CANARY),
    ("camera", "retry", "cong"),
    ("camera", "retry", "--all"),
    ("camera", "retry", CANARY),
    ("camera", "availability", "cong"),
    ("camera", "availability", "--by", "day", "--since", "2026-02-01"),
    ("camera", "availability", "cong", "--since", CANARY),
    ("camera", "features", "cong"),
    ("camera", "features", CANARY),
    ("camera", "set", "cong", "x", "on"),
    ("camera", "set", "cong", "output.1", "on"),
    ("camera", "set", "cong", CANARY, CANARY),
    ("deliveries",),
    ("deliveries", "--dead"),
    ("deliveries", "retry", "9"),
    ("deliveries", "retry", "--all"),
    ("rules", "explain", "x"),
    ("rules", "top", "--live"),
    ("rules", "reload"),
    ("still", "cong", "-o", "/nowhere/x.jpg"),
    ("preview", "cong"),
    ("acknowledge", "d1", "--undo"),
    ("acknowledge", "--rule", CANARY),
]


def named(words: tuple[str, ...]) -> str:
    return ascii(" ".join(words))


@pytest.mark.parametrize("words", LIVE, ids=named)
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
        (("camera", "set", "cong", "x", "on"), lambda told: told["value"]),
        (("decisions",), lambda told: told["rule"]),
        (("decisions", "--firing"), lambda told: told["decision"]["reason"]["en"]),
    ],
)
def test_json_is_exact(engine: Path, words: tuple[str, ...], dig: Callable[[Any], str]) -> None:
    told = run(*words, "--socket", str(engine), "--json")
    assert dig(json.loads(told.stdout)) == CANARY
    harmless(told)


def test_rules_that_are_not_adopted(engine: Path) -> None:
    for words in ((), ("--json",), ("--github",)):
        run("rules", "reload", "--socket", str(engine))
        harmless(run("rules", "reload", "--socket", str(engine), *words))


# -- files -------------------------------------------------------------------------------------------

#: What a file may be called.
NAME = CANARY.replace("\x00", "")
TOLD = json.dumps(CANARY)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site whose files are called as badly as they can be, and say the worst that they may."""
    folder = tmp_path / NAME
    (folder / "rules" / "clean").mkdir(parents=True)
    base = folder / "rules" / NAME
    base.with_name(f"{NAME}.yaml").write_text(
        f"rules:\n  - {{name: quiet, title: {{vi: {TOLD}, en: {TOLD}}}, when: {{motion: started}}, do: [log]}}\n"
        f"  - {{name: told, when: {{mqtt: x, if: \"text('payload') == 'x'\"}}, do: [log]}}\n",
        "utf-8",
    )
    base.with_name(f"{NAME}.trial.yaml").write_text(
        f"trials:\n  - name: {TOLD}\n    events: [{{mqtt: {{topic: x, payload: {TOLD}, at: 10:00:00}}}}]\n"
        "    expect: [{fires: told, at: 10:00:00}]\n",
        "utf-8",
    )
    (folder / "rules" / "clean" / f"{NAME}.yaml").write_text(
        f"trials: [{{name: {TOLD}, events: [{{motion: {{camera: gate, from: 10:00:00, to: 10:01:00}}}}]}}]\n",
        "utf-8",
    )
    (folder / "matthan.yaml").write_text(
        f"site: x\ntitle: {TOLD}\nstate: {json.dumps(str(tmp_path / 'state'))}\nrules: ['rules/*.yaml']\n"
        f"detector: {{model: none}}\ncameras: [{{id: gate, name: {TOLD}, url: 'rtsp://192.0.2.1/x'}}]\n",
        "utf-8",
    )
    event = {"id": "e1", "seq": 1, "kind": "motion", "change": "began", "camera": CANARY, "at": NOON.isoformat(),
             "subject": CANARY, "label": CANARY, "facts": {CANARY: CANARY}, "engine": 1.0}  # fmt: skip
    (folder / "recording.jsonl").write_text(json.dumps(event) + "\n", "utf-8")
    (folder / f"{NAME}.tflite").write_bytes(b"no model")
    (folder / "models").mkdir()
    (folder / "models" / f"{NAME}.tflite").write_bytes(b"no model")
    monkeypatch.setenv("MATTHAN_MODELS", str(folder / "models"))
    return folder


FILES = [
    ("rules", "check", "{rules}"),
    ("rules", "check", "--config", "{site}/matthan.yaml"),
    ("rules", "test", "{rules}", "--diff", "--coverage", "--mutate"),
    ("rules", "test", "{rules}", "--json"),
    ("rules", "test", "{rules}", "--github"),
    ("rules", "clean", "{rules}/{name}.yaml"),
    ("rules", "route", "quiet", "{rules}/{name}.yaml"),
    ("rules", "calendar", "quiet", "{rules}/{name}.yaml", "--days", "2"),
    ("rules", "replay", "{site}/recording.jsonl", "--rules", "{rules}/{name}.yaml"),
    ("rules", "replay", "{site}/matthan.yaml", "--rules", "{rules}/{name}.yaml"),
    ("rules", "explain", "quiet", "--recording", "{site}/recording.jsonl", "--config", "{site}/matthan.yaml"),
    ("rules", "explain", "quiet", "--event", "e1", "--recording", "{site}/recording.jsonl",
     "--config", "{site}/matthan.yaml"),
    ("rules", "top", "{site}/recording.jsonl", "--config", "{site}/matthan.yaml"),
    ("rules", "fmt", "--check", "{rules}"),
    ("rules", "new", "good", "--in", "{site}/{name}"),
    ("rules", "new", "good", "--in", "{rules}"),
    ("config", "check", "{site}/matthan.yaml"),
    ("config", "set", "title", "{name}", "--config", "{site}/matthan.yaml"),
    ("config", "set", "title", "x", "--dry-run", "--config", "{site}/matthan.yaml"),
    ("config", "set", "cameras.{name}.fps", "x", "--config", "{site}/matthan.yaml"),
    ("config", "set", "cameras.gate.fps", "{name}", "--json", "--config", "{site}/matthan.yaml"),
    ("config", "unset", "{name}", "--config", "{site}/matthan.yaml"),
    ("config", "add-camera", "{name}", "rtsp://192.0.2.1/{name}", "--config", "{site}/matthan.yaml"),
    ("config", "add-camera", "yard", "rtsp://192.0.2.1/x", "--name", "{name}", "--config", "{site}/matthan.yaml"),
    ("audit", "verify", "--db", "{site}/{name}"),
    ("audit", "verify", "--config", "{site}/matthan.yaml"),
    ("backup", "{site}/{name}.tar.gz", "--config", "{site}/matthan.yaml"),
    ("restore", "{site}/recording.jsonl", "--config", "{site}/matthan.yaml"),
    ("doctor", "--config", "{site}/matthan.yaml"),
    ("doctor", "--config", "{site}/matthan.yaml", "--json"),
    ("models", "list"),
    ("models", "list", "--json"),
    ("models", "verify"),
    ("models", "card", "{name}"),
    ("models", "pull", "{name}"),
    ("models", "add", "{site}/{name}.tflite"),
    ("models", "add", "{site}/{name}.tflite", "--labels", "a,b", "--name", "{name}"),
    ("models", "bench"),
    ("drivers", "quirks", "{name}"),
]  # fmt: skip


@pytest.mark.parametrize("words", FILES, ids=named)
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_of_files(site: Path, words: tuple[str, ...], lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTHAN_LANG", lang)
    told = run(*(word.format(site=site, rules=site / "rules", name=NAME) for word in words))
    assert not told.exception or isinstance(told.exception, SystemExit), told.exception
    harmless(told)


def test_a_report_for_other_programs_stays_well_formed(site: Path) -> None:
    """XML has no place for control characters, not even escaped."""
    run("rules", "test", str(site / "rules"), "--junit", str(site / "j.xml"))
    assert etree.parse(site / "j.xml").getroot()[0].get("tests") == "1"


#: Commands that print nothing of others, or are looked at elsewhere.
ELSEWHERE = {
    "run": "logs: tests/engine/commands/output/test_terminal.py",
    "demo": "prints by tests/engine/demo/test_demo.py's show, through the same door",
    "sim": "tests/drivers/virtual/test_command.py",
    "tui": "tests/tui/test_harmless.py",
    "drivers list": "below",
    "discover": "below",
    "config schema": "JSON of our own",
    "config path": "a document: tests/engine/commands/output/test_terminal.py",
    "config show": "a document: tests/engine/commands/output/test_terminal.py",
    "rules schema": "JSON of our own",
    **dict.fromkeys(("vision bench", "vision watch", "vision top"), "tests/engine/commands/vision"),
    **dict.fromkeys(
        (
            "login", "logout", "access list", "access add", "access grant", "access revoke", "access disable",
            "access enable", "access remove", "access map", "access reset", "access tokens", "access token",
            "access sessions", "access end", "access explain", "access whoami", "access setup", "access password",
        ),
        "tests/engine/commands/test_access.py",
    ),
    **dict.fromkeys(("keys show", "keys rotate", "keys revoke"), "tests/engine/commands/test_keys.py"),
    **dict.fromkeys(("camera aim", "camera zones", "camera reference"), "tests/engine/commands/aim"),
    **dict.fromkeys(
        ("commission report", "commission verify", "commission diff", "keys technician"),
        "tests/engine/commands/commission",
    ),
    **dict.fromkeys(
        ("camera show", "camera clock", "camera login", "camera reboot", "camera undo", "camera still"),
        "tests/engine/commands/test_camera_acts.py",
    ),
    **dict.fromkeys(
        tuple(f"commission {each}" for each in ("run", "new", "list", "show", "resume", "undo")),
        "tests/engine/commands/test_commission.py",
    ),
    "vision tune": "below",
    **dict.fromkeys(("vision collect", "vision missed"), "tests/engine/commands/vision/test_collect.py"),
    "models compare": "tests/engine/commands/test_models_compare.py",
    **dict.fromkeys(("audit list", "audit report"), "tests/engine/commands/audit"),
    "rules record": "tests/engine/commands/test_record.py",
    "rules problem": "pages of our own: tests/engine/commands/test_problem.py",
}  # fmt: skip


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[str]:
    inside = getattr(command, "commands", {})
    if not inside or getattr(command, "invoke_without_command", False):
        yield " ".join(words)
    for name, each in inside.items():
        yield from leaves(each, (*words, name))


def test_every_command_is_looked_at() -> None:
    every = set(leaves(typer.main.get_command(program())))
    tried = {" ".join(words[:count]) for words in (*LIVE, *FILES) for count in (1, 2)}
    assert every - tried == ELSEWHERE.keys()


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

    monkeypatch.setattr("engine.fleet.inventory.probe", probe)
    harmless(run("discover", "--host", "192.0.2.1"))
    harmless(run("discover", "--host", "192.0.2.1", "--json"))


def test_drivers_and_doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    harmless(run("drivers", "list"))
    harmless(run("doctor", "--config", str(tmp_path / f"none{CANARY.replace(chr(0), '')}.yaml")))


def test_vision_tune(tmp_path: Path) -> None:
    """A clip whose name, and a file whose bytes, are hostile; a camera that nobody has."""
    clip = tmp_path / f"{CANARY.replace(chr(0), '').replace('/', '')[:60]}.mp4"
    clip.write_bytes(CANARY.encode() * 20)
    for words in ((), ("--json",)):
        harmless(run("vision", "tune", str(clip), *words))
        harmless(run("vision", "tune", CANARY.replace(chr(0), ""), *words))
