"""A site whose file is wrong in places; what this machine lacks of what a configuration names."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config.configuration import check, load
from rules.document.source import Gravity

SITE = """\
rules: [r.yaml]
groups: {g: [c1]}
cameras:
  - {id: c1, url: "rtsp://10.0.0.1/s", zones: {gate: [[0, 0], [1, 0], [1, 1]]}}
  - {id: c2, url: "rtsp://10.0.0.2/s", zones: {yard: [[0, 0], [1, 0], [1, 1]]}}
"""
RULES = """\
rules:
  - {name: a, when: {object: person, cameras: c1, zone: gat}}
  - {name: b, when: {object: person, cameras: c3}}
  - {name: c, when: {object: person, groups: h}}
  - {name: d, when: {object: person, cameras: c2, zone: yrad}}
  - {name: e, when: {object: person, cameras: c2, zone: yard}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "r.yaml").write_text(RULES)
    return tmp_path / "matthan.yaml"


def told(path: Path, text: str, *, here: bool = False) -> list[str]:
    path.write_text(text)
    return [
        f"{Path(each.source).name[0]}:{each.line} {each.code[8:]}" for each in check(path, here=here).problems
    ]


NAMES = ["r:2 unknown_zone", "r:3 unknown_camera", "r:4 unknown_group", "r:5 unknown_zone"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", NAMES),
        ("rules:", "stroe: {}\nrules:", ["m:1 unknown_key", *NAMES]),
        ('url: "rtsp://10.0.0.2/s"', 'url: "rtsp://10.0.0.2/s", fps: fast', ["m:5 number", *NAMES]),
        ('url: "rtsp://10.0.0.2/s", ', "", ["m:5 missing", *NAMES]),
        ("id: c2", "id: C2", ["m:5 slug", NAMES[0], NAMES[2]]),  # c2 and c3 may be that one
        ("id: c2, ", "", ["m:5 missing", NAMES[0], NAMES[2]]),
        ("{yard: [[0, 0], [1, 0], [1, 1]]}", "yard", ["m:5 mapping", *NAMES[:3]]),
        ("{yard: [[0, 0], [1, 0], [1, 1]]}", "{yard: [[0, 0]]}", ["m:5 too_short", *NAMES]),
        ('s", zones: {yard', 's", zone: {yard', ["m:5 unknown_key", *NAMES[:3]]),
        ("cameras:", "camera:", ["m:3 unknown_key", NAMES[2]]),
        ("groups: {g: [c1]}", "groups: g", ["m:2 mapping", *NAMES[:2], NAMES[3]]),
        ("[c1]", "[c9]", ["m:2 unknown_camera", *NAMES]),
    ],
)
def test_names_are_checked_as_far_as_the_site_can_be_read(
    site: Path, old: str, new: str, expected: list[str]
) -> None:
    assert told(site, SITE.replace(old, new, 1)) == expected


def test_a_driver_that_is_not_installed_is_told_with_those_that_are(site: Path) -> None:
    text = 'cameras:\n  - {id: c1, url: "rtsp://10.0.0.1/s", driver: rtps}\n'
    site.write_text(text)
    (problem,) = check(site, here=True).problems
    assert (problem.line, problem.column, problem.severity) == (2, 48, Gravity.ERROR)
    assert problem.suggestion == "rtsp"
    assert "onvif" in str(problem.values["known"])
    assert load(site).settings.cameras[0].driver == "rtps"  # the other cameras are watched all the same


@pytest.mark.parametrize(
    ("content", "mode", "expected"),
    [
        (b"geheim\n", 0o600, []),
        (b"geheim\n", 0o640, ["m:2 secret_open"]),
        (b"", 0o600, ["m:2 secret_content"]),
        (b"a\nb\n", 0o600, ["m:2 secret_content"]),
        (None, 0, ["m:2 secret_unreadable"]),
    ],
)
def test_secret_files_are_looked_at(
    site: Path, content: bytes | None, mode: int, expected: list[str]
) -> None:
    secret = site.parent / "secret"
    if content is not None:
        secret.write_bytes(content)
        secret.chmod(mode)
    login = "login: {username: u, password: file:secret}"
    text = f'cameras:\n  - {{id: c1, url: "rtsp://10.0.0.1/s", {login}}}\n'
    assert told(site, text, here=True) == expected
    assert told(site, text) == []
    assert told(site, text.replace("id: c1", "id: c1, enabled: false"), here=True) == []


def test_other_secrets(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("MATTHAN_TEST_SECRET", "geheim-genug-fuer-alle")
    text = "api: {token: env:MATTHAN_TEST_SECRET}\nactions: {webhooks: {w: {url: 'https://x/', secret: env:NOT_SET}}}\n"
    assert told(site, text, here=True) == ["m:1 shared_token", "m:2 secret_unset"]
    shared = ["m:1 shared_token"]
    assert (
        told(site, "api: {token: 'credential:token'}\n", here=True) == shared
    )  # only the service can have it
