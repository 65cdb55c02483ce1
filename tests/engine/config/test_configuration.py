from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from engine.config.configuration import check, default_path, load
from engine.config.settings import Settings, json_schema
from engine.errors import ConfigError
from rules.document.source import Gravity, parse
from rules.document.validation import validate
from rules.language.schema import RuleFile

ROOT = Path(__file__).parents[3]
RULE = "rules:\n  - name: r\n    when: {object: person, zone: gate}\n"
GOOD = """\
site: xa
rules: [rules/*.yaml]
cameras:
  - id: c1
    url: rtsp://10.0.0.1/s
    login: {username: u, password: file:secret}
    zones: {gate: [[0, 0], [1, 0], [1, 1]]}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yaml").write_text(RULE)
    (tmp_path / "rules/a.trial.yaml").write_text("not: a rule\n")
    path = tmp_path / "matthan.yaml"
    path.write_text(GOOD)
    return path


def told(path: Path) -> list[str]:
    return [str(problem).replace(f"{path.parent}/", "") for problem in check(path).problems]


def test_a_good_configuration(site: Path) -> None:
    configuration = load(site)
    assert configuration.settings.cameras[0].id == "c1"
    assert configuration.rules_files == ((str(site.parent / "rules/a.yaml"), RULE),)
    assert [rule.name for rule in configuration.rules.rules] == ["r"]
    assert configuration.path == site


def test_every_problem_of_every_file_at_once(site: Path) -> None:
    (site.parent / "rules/b.yaml").write_text("rules:\n  - name: r\n    when: {object: person, zone: gat}\n")
    (site.parent / "rules/c.yaml").write_text("rules: [\n")
    site.write_text(
        GOOD
        + "  - id: c1\n    url: ftp://10.0.0.2/\ntimezone: Asia/Hanoi\nstroe: {}\npreview: {port: '80'}\n"
    )
    assert told(site) == [
        "matthan.yaml:8:9: cameras.1.id: another camera has the id “c1” (line 4)",
        "matthan.yaml:9:10: cameras.1.url: no driver takes “ftp:”; known: clip, file, http, https, rtsp, rtsps, "
        "virtual",
        "matthan.yaml:10:11: timezone: there is no time zone “Asia/Hanoi” (did you mean “Asia/Ho_Chi_Minh”?)",
        "matthan.yaml:11:1: stroe: there is no key “stroe” here (did you mean “store”?)",
        "matthan.yaml:12:17: preview.port: must be a whole number (did you mean “80”?)",
        "rules/b.yaml:2:11: rules.0.name: another rule has the name “r” (rules/a.yaml:2)",
        "rules/b.yaml:3:34: rules.0.when.zone: none of its cameras has a zone “gat” (did you mean “gate”?)",
        "rules/c.yaml:2:1: is not YAML: did not find expected node content",
    ]
    with pytest.raises(ConfigError) as caught:
        load(site)
    assert len(caught.value.problems) == 8


def test_rules_are_checked_against_the_site(site: Path) -> None:
    (site.parent / "rules/a.yaml").write_text(RULE.replace("gate", "gat") + "    do: [mqtt]\n")
    assert told(site) == [
        "rules/a.yaml:3:34: rules.0.when.zone: none of its cameras has a zone “gat” (did you mean “gate”?)",
        "rules/a.yaml:4:10: rules.0.do.0: there is no action “mqtt”; there are: log, ptz, snapshot",
    ]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("rtsp://admin:hunter2@10.0.0.1/s", "problem.url_login"),
        ("rtsp://admin@10.0.0.1/s", "problem.url_login"),
        ("rtsp://10.0.0.1/user=a_password=hunter2_ch=1", "problem.url_login"),
        ("http://10.0.0.1/?pwd=hunter2", "problem.url_login"),
        ("10.0.0.1", "problem.url"),
        ("rtsp://10.0.0.1:99999/", "problem.url"),
        ("rtsp://[::1/", "problem.url"),
        ("gopher://10.0.0.1/", "problem.url_scheme"),
    ],
)
def test_addresses_that_are_refused_without_repeating_a_password(site: Path, url: str, code: str) -> None:
    site.write_text(GOOD.replace("rtsp://10.0.0.1/s", json.dumps(url)))
    (problem,) = check(site).problems
    assert (problem.code, problem.line, problem.key) == (code, 5, "cameras.0.url")
    assert "hunter2" not in f"{problem} {problem!r} {problem.sentence('vi')}"


def test_a_named_driver_may_take_any_scheme(site: Path) -> None:
    site.write_text(GOOD.replace("rtsp://10.0.0.1/s", "gopher://10.0.0.1/\n    driver: gopher"))
    assert told(site) == []


def test_a_password_in_clear_is_refused_without_repeating_it(site: Path) -> None:
    site.write_text(GOOD.replace("file:secret", "hunter2"))
    (problem,) = check(site).problems
    assert problem.code == "problem.secret"
    assert "hunter2" not in f"{problem} {problem!r}"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[1, 1]]", "[1, 2]]", "cameras.0.zones.gate.2.1"),
        ("[1, 1]]", "[1, '1']]", "cameras.0.zones.gate.2.1"),
        (", [1, 1]]", "]", "cameras.0.zones.gate"),
        ("gate:", "Cổng:", "cameras.0.zones.Cổng"),
        ("id: c1", "id: Cổng", "cameras.0.id"),
    ],
)
def test_strictness(site: Path, old: str, new: str, key: str) -> None:
    site.write_text(GOOD.replace(old, new))
    assert [problem.key for problem in check(site).problems] == [key]


def test_unreadable_files_are_named(site: Path, tmp_path: Path) -> None:
    assert [problem.code for problem in check(tmp_path / "no.yaml").problems] == ["problem.unreadable"]
    (site.parent / "rules/a.yaml").write_bytes(b"rules: []\n# \xff\n")
    (site.parent / "rules/d.yaml").mkdir()
    assert told(site) == [
        "rules/a.yaml:1:1: is not UTF-8 text (byte 12)",
        "rules/d.yaml:1:1: cannot be read: Is a directory",
    ]


def test_a_pattern_without_files_is_told(site: Path) -> None:
    site.write_text(GOOD.replace("rules/*.yaml", "rulez/*.yaml"))
    assert told(site) == ["matthan.yaml:2:9: rules.0: matches no file"]


def test_an_empty_file_and_nonsense(site: Path) -> None:
    site.write_text("")
    assert told(site) == ["matthan.yaml:1:1: must be a mapping (key: value)"]
    site.write_text("[" * 5000)
    assert told(site) == ["matthan.yaml:1:21: is nested deeper than 20 levels"]


def test_the_default_path(tmp_path: Path) -> None:
    assert default_path({"MATTHAN_CONFIG": str(tmp_path / "x.yaml")}) == tmp_path / "x.yaml"
    assert default_path({}).name == "matthan.yaml"


def test_the_samples_have_no_problem() -> None:
    report = check(ROOT / "configs/matthan.yaml")
    assert [str(problem) for problem in report.problems] == []
    assert report.configuration is not None
    assert not [each for each in report.problems if each.severity is Gravity.WARNING]
    assert len(report.configuration.rules.rules) >= 5


@pytest.mark.parametrize(
    "path", [*ROOT.glob("configs/*.yaml"), *ROOT.glob("configs/rules/*.yaml")], ids=os.path.basename
)
def test_samples_name_their_schema(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).is_file()


def test_the_checked_in_schema_is_current() -> None:
    stored = json.loads((ROOT / "configs/schema/matthan.schema.json").read_text("utf-8"))
    assert stored == json_schema(), "matthan config schema > configs/schema/matthan.schema.json"


def test_the_schema_explains_every_key() -> None:
    schema = json_schema()
    definitions = {"Settings": schema, **schema["$defs"]}
    silent = [
        (name, key)
        for name, definition in definitions.items()
        for key, about in definition.get("properties", {}).items()
        if "description" not in about
    ]
    assert silent == []


_EXAMPLES = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/guide/configure.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", _EXAMPLES, ids=lambda text: text.partition(":")[0])
def test_the_examples_of_the_guide_have_no_problem(text: str) -> None:
    model = RuleFile if text.startswith("rules:") else Settings
    assert [str(problem) for problem in validate(model, parse(text, "guide"))[1]] == []


def test_the_guide_has_examples() -> None:
    assert len(_EXAMPLES) >= 2
