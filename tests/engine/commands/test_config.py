from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from engine.commands import config, rules
from engine.commands.output import report

ROOT = Path(__file__).parents[3]
HEAVY = (
    "numba",
    "av",
    "ai_edge_litert",
    "tflite_runtime",
    "zeep",
    "onvif",
    "aiortc",
    "textual",
    "aiohttp",
    "numpy",
)
BAD = """\
cameras:
  - id: c1
    url: rtsp://u:hunter2@10.0.0.1/s
    login: {username: u, password: hunter2}
    fps: fast
"""


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "matthan.yaml"
    path.write_text(BAD)
    return path


def run(app: typer.Typer, *arguments: str, env: dict[str, str] | None = None) -> Result:
    told: dict[str, str | None] = {
        "LANG": "C.UTF-8",
        "LC_ALL": None,
        "MATTHAN_LANG": None,
        "MATTHAN_CONFIG": None,
    }
    return CliRunner().invoke(app, list(arguments), env=told | (env or {}))


def test_problems_are_shown_with_their_line_and_no_secret(bad: Path) -> None:
    done = run(config.app, "check", str(bad))
    assert done.exit_code == 1
    assert (
        f"{bad}:5:10: error[number]: cameras.0.fps: must be a number\n        fps: fast\n             ^\n"
        in done.stdout
    )
    assert f"{bad}:3:10: error[url_login]: cameras.0.url: holds a user name or password" in done.stdout
    assert "3 errors, 0 warnings" in done.output
    assert "hunter2" not in done.output
    assert "\x1b" not in done.output


def test_vietnamese(bad: Path) -> None:
    for arguments, env in (
        (["--lang", "vi"], {}),
        ([], {"MATTHAN_LANG": "vi"}),
        ([], {"LANG": "vi_VN.UTF-8"}),
    ):
        done = run(config.app, "check", str(bad), *arguments, env=env)
        assert "lỗi[number]: cameras.0.fps: phải là số" in done.stdout, done.output


def test_json(bad: Path) -> None:
    done = run(config.app, "check", str(bad), "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ok"], len(told["problems"])) == (1, False, 3)
    assert told["problems"][2] | {"source": ""} == {
        "source": "",
        "line": 5,
        "column": 10,
        "key": "cameras.0.fps",
        "severity": "error",
        "code": "problem.number",
        "values": {},
        "suggestion": "",
        "sentence": "must be a number",
    }
    assert "hunter2" not in done.output


def test_github_annotations(bad: Path) -> None:
    done = run(config.app, "check", str(bad), "--github")
    assert (
        f"::error file={bad},line=5,col=10,title=problem.number::cameras.0.fps: must be a number"
        in done.stdout
    )
    assert "hunter2" not in done.output


def test_a_good_configuration_says_so(tmp_path: Path) -> None:
    path = tmp_path / "matthan.yaml"
    path.write_text("site: xa\ncameras: [{id: c1, url: 'rtsp://10.0.0.1/s'}]\n")
    done = run(config.app, "check", str(path))
    assert (done.exit_code, done.stderr) == (0, "")
    assert "no problems" in done.stdout
    assert run(config.app, "check", str(path), "--github").output == ""


def test_the_sample_lacks_its_secrets_and_nothing_else() -> None:
    done = run(config.app, "check", str(ROOT / "configs/matthan.yaml"), "--json")
    assert done.exit_code == 0
    assert {each["code"] for each in json.loads(done.stdout)["problems"]} == {"problem.secret_unreadable"}


def test_what_cannot_be_read_exits_2(tmp_path: Path) -> None:
    done = run(config.app, "check", str(tmp_path / "none.yaml"))
    assert done.exit_code == 2
    assert "cannot be read: No such file or directory" in done.stdout


def test_show_fills_in_defaults_and_keeps_references() -> None:
    from engine.config.configuration import load
    from engine.config.settings import Settings
    from rules.document.source import parse
    from rules.document.validation import validate

    path = ROOT / "configs/matthan.yaml"
    done = run(config.app, "show", str(path))
    assert done.exit_code == 0
    settings, problems = validate(Settings, parse(done.stdout, "shown"))
    assert problems == []
    assert settings == load(path).settings
    assert run(config.app, "show", str(path.parent / "none.yaml")).exit_code == 2


def test_the_path_and_the_schemas(tmp_path: Path) -> None:
    assert run(config.app, "path", env={"MATTHAN_CONFIG": "/x/y.yaml"}).stdout == "/x/y.yaml\n"
    for app, name in ((config.app, "matthan"), (rules.app, "rules")):
        printed = run(app, "schema").stdout
        assert printed == (ROOT / f"configs/schema/{name}.schema.json").read_text("utf-8")


def test_rules_check(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text("rules:\n  - name: r\n    when: {object: person, zone: gat}\n    do: [lgo]\n")
    alone = run(rules.app, "check", str(file))
    assert alone.exit_code == 1
    told = "there is no action “lgo”; there are: log, mqtt, ptz, snapshot, webhook (did you mean “log”?)"
    assert told in alone.stdout
    assert "zone" not in alone.stdout.replace("zone: gat", "")
    site = tmp_path / "matthan.yaml"
    site.write_text("cameras: [{id: c, url: 'file:x', zones: {gate: [[0, 0], [1, 0], [1, 1]]}}]\n")
    named = run(rules.app, "check", str(file), "--config", str(site))
    assert "none of its cameras has a zone “gat” (did you mean “gate”?)" in named.stdout
    file.write_text("rules: []\n")
    assert run(rules.app, "check", str(file), "--config", str(site)).exit_code == 0
    assert run(rules.app, "check", str(tmp_path / "none.yaml")).exit_code == 2


def test_rules_check_of_the_whole_site() -> None:
    done = run(rules.app, "check", "--config", str(ROOT / "configs/matthan.yaml"))
    assert done.exit_code == 0
    assert "no problems in 6 files" in done.stdout  # the configuration and its five rule files


def test_a_broken_site_is_told_before_its_rules(bad: Path, tmp_path: Path) -> None:
    done = run(rules.app, "check", "--config", str(bad))
    assert done.exit_code == 1
    assert "cameras.0.fps" in done.stdout


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them() -> None:
    assert report.coloured(_Terminal(), {})
    assert not report.coloured(_Terminal(), {"NO_COLOR": "1"})
    assert not report.coloured(io.StringIO(), {})


@pytest.mark.parametrize("arguments", [["config", "check", "configs/matthan.yaml"], ["rules", "schema"]])
def test_nothing_heavy_is_loaded(arguments: list[str]) -> None:
    program = (
        "import sys; from engine.commands import config, rules; import typer; root = typer.Typer();\n"
        "root.add_typer(config.app); root.add_typer(rules.app)\n"
        f"try: root({arguments!r}, standalone_mode=False)\n"
        f"finally: sys.stderr.write('loaded ' + ' '.join(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env=dict(os.environ, LANG="C.UTF-8"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == "loaded ", done.stderr
    assert done.stdout
