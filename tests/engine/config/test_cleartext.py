"""What goes or lies in the clear is told where the configuration is checked, at its line, without the secret."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.commands import backup, config
from engine.config.cleartext import SHORTEST
from engine.config.configuration import check
from engine.runtime.clock import SystemClock
from engine.store.db import open_store

CANARY = "c4n4ry-pw"
CAMERA = "cameras:\n  - id: cong\n    url: rtsp://192.0.2.7/main\n    options: {%s}\n"


def told(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    path = tmp_path / "m.yaml"
    path.write_text(text, "utf-8")
    found = check(path, here=True)
    assert CANARY not in repr(found.problems)
    hidden = {"problem.secret_unset"}
    return [
        (each.code.removeprefix("problem."), each.key) for each in found.problems if each.code not in hidden
    ]


MQTT = "actions:\n  mqtt: {host: %s, login: {username: u, password: env:X}%s}\n"
HOOK = "actions:\n  webhooks:\n    w: {url: '%s'%s}\n"


#: One token for everybody, which is told whenever there is one.
SHARED = ("shared_token", "api.token")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (MQTT % ("192.0.2.5", ""), [("clear_login", "actions.mqtt.login")]),
        (MQTT % ("broker.lan", ""), [("clear_login", "actions.mqtt.login")]),
        (MQTT % ("192.0.2.5", ", tls: true"), []),
        (MQTT % ("127.0.0.1", ""), []),
        (MQTT % ("localhost", ""), []),
        ("actions:\n  mqtt: {host: 192.0.2.5}\n", []),
        (HOOK % ("http://192.0.2.5/h", ", secret: env:X"), [("clear_bearer", "actions.webhooks.w.secret")]),
        (HOOK % ("https://192.0.2.5/h", ", secret: env:X"), []),
        (HOOK % ("http://[::1]:9/h", ", secret: env:X"), []),
        (HOOK % (f"http://192.0.2.5/h?token={CANARY}", ""), [("url_login", "actions.webhooks.w.url")]),
        (HOOK % ("http://192.0.2.5/h", ""), []),
        ("preview: {host: 0.0.0.0}\n", []),  # with a certificate that the engine makes
        ("preview: {host: 0.0.0.0, tls: off}\n", [("clear_door", "preview.tls")]),
        ("preview: {host: '::', tls: off}\n", [("clear_door", "preview.tls")]),
        ("preview: {host: 192.0.2.1, tls: off}\n", [("clear_door", "preview.tls")]),
        ("preview: {host: 0.0.0.0, enabled: false, tls: off}\n", []),
        ("preview: {host: 127.0.0.1, tls: off}\n", []),
        ("api: {tcp: '0.0.0.0:8581', token: env:X, tls: off}\n", [SHARED, ("clear_door", "api.tls")]),
        ("api: {tcp: '0.0.0.0:8581', token: env:X}\n", [SHARED]),
        ("api: {tcp: '[::1', token: env:X, tls: off}\n", [SHARED, ("clear_door", "api.tls")]),
        ("api: {tcp: '127.0.0.1:8581', token: env:X, tls: off}\n", [SHARED]),
        (CAMERA % f"sub: 'rtsp://admin:{CANARY}@192.0.2.7/s'", [("option_login", "cameras.0.options.sub")]),
        (CAMERA % f"web_password: {CANARY}", [("option_login", "cameras.0.options.web_password")]),
        (CAMERA % "sub: rtsp://192.0.2.7/s", []),
    ],
)
def test_it_is_told_at_its_place(tmp_path: Path, text: str, found: list[tuple[str, str]]) -> None:
    assert told(tmp_path, text) == found


@pytest.mark.parametrize(("token", "found"), [("x", 1), ("x" * (SHORTEST - 1), 1), ("x" * SHORTEST, 0)])
def test_a_token_that_can_be_guessed(tmp_path: Path, token: str, found: int) -> None:
    secret = tmp_path / "token"
    secret.touch(0o600)
    secret.write_text(token, "utf-8")
    guessed = [("short_secret", "api.token")] * found
    shared = ("shared_token", "api.token")
    assert sorted(told(tmp_path, "api: {token: 'file:token'}\n")) == sorted([*guessed, shared])


def test_its_line_is_not_shown_and_it_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(CAMERA % f"web_password: {CANARY}", "utf-8")
    shown = CliRunner().invoke(config.app, ["check", str(path), "--lang", "en"])
    assert (shown.exit_code, CANARY in shown.output) == (0, False)
    assert "warning[option_login]" in shown.output


def test_a_backup_of_it_says_so(tmp_path: Path) -> None:
    path, state = tmp_path / "m.yaml", tmp_path / "state"

    async def make() -> None:
        async with open_store(state / "matthan.db", quota_mb=64, clock=SystemClock()):
            pass

    asyncio.run(make())
    path.write_text(f"state: {state}\n" + CAMERA % f"sub: 'rtsp://a:{CANARY}@192.0.2.7/s'", "utf-8")
    words = ["backup", str(tmp_path / "b.tar.gz"), "--config", str(path), "--lang", "en"]
    shown = CliRunner().invoke(backup.app, words)
    assert shown.exit_code == 0, shown.output
    assert "cameras.0.options.sub of the configuration holds a password" in shown.output
    assert CANARY not in shown.output
