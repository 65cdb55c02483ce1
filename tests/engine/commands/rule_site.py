"""A small site with one rule and its trial, and its author at the command line."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from engine.commands.rules import app

RULES = """\
rules:
  - name: night
    title: {vi: Có người ở cổng, en: Somebody at the gate}
    when: {object: person, cameras: c1, zone: gate, score: {above: 0.5}}
    between: 22:00-05:00
    for: 2s
    do: [log]
"""
TRIAL = """\
camera: c1
trials:
  - name: somebody at the gate at night
    events:
      - track: {label: person, zone: gate, from: 22:01:00, to: 22:01:10}
    expect:
      - {fires: night, at: 22:01:02}
"""
CONFIG = """\
site: s
language: en
state: state
rules: [rules/*.yaml]
cameras:
  - {id: c1, url: "rtsp://10.0.0.1/s", zones: {gate: [[0, 0], [1, 0], [1, 1]]}}
  - {id: c2, url: "rtsp://10.0.0.2/s"}
"""


def run(*arguments: object, lang: str = "en", text: str | None = None) -> Result:
    env = {"LANG": "C.UTF-8", "LC_ALL": None, "MATTHAN_LANG": lang, "MATTHAN_CONFIG": None}
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env, input=text)


def lay_out(place: Path) -> Path:
    """Write the site's files; return its configuration."""
    folder = place / "rules"
    folder.mkdir()
    (folder / "night.yaml").write_text(RULES)
    (folder / "night.trial.yaml").write_text(TRIAL)
    path = place / "matthan.yaml"
    path.write_text(CONFIG.replace("state: state", f"state: {place / 'state'}"))
    return path
