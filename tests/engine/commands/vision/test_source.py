"""Logins: whoever has the turn at the cameras has the count of wrong ones."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from drivers.contract import Login
from drivers.errors import Refused
from drivers.logins import mark
from engine.commands.vision.source import Source, _book, source_of
from engine.commission.turn import Turn
from engine.errors import Refusal

LOGIN = Login("admin", "right")
URL = "http://192.0.2.1/onvif/device_service"


@pytest.fixture
def gate(tmp_path: Path) -> Source:
    site = tmp_path / "matthan.yaml"
    site.write_text(f"site: x\nstate: {tmp_path / 'state'}\ncameras: [{{id: gate, url: '{URL}'}}]\n", "utf-8")
    return source_of("gate", site, "en")


def known(gate: Source, **record: object) -> Path:
    """Let a device be known by what it said to logins."""
    assert gate.site is not None
    gate.site.paths.prepare()
    devices = {"192.0.2.1": {"wrong": [], "worked": None, **record}}
    gate.site.paths.logins.write_text(json.dumps({"version": 1, "devices": devices}))
    return gate.site.paths.state


def test_where_nobody_is_the_count_is_kept_for_the_engine(gate: Source) -> None:
    with _book(gate, LOGIN) as book:
        assert book is not None
        with pytest.raises(Refused), book.begin(LOGIN, "gate"):
            raise Refused("driver.refused", host="gate", user="admin")
    assert gate.site is not None
    kept = json.loads(gate.site.paths.logins.read_text())
    assert len(kept["devices"]["192.0.2.1"]["wrong"]) == 1
    assert Turn(gate.site.paths.state).take()  # it was given back


def test_beside_an_engine_a_proven_login_is_sent_once(gate: Source) -> None:
    state = known(gate, worked=mark(LOGIN))
    before = (state / "logins.json").read_text()
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(state / "api.sock"))
        engine.listen()
        with _book(gate, LOGIN) as book:
            assert book is not None
            book.begin(LOGIN, "gate").wrong()
            with pytest.raises(Refused):
                book.begin(LOGIN, "gate")
    assert (state / "logins.json").read_text() == before


@pytest.mark.parametrize(
    "record", [{}, {"worked": mark(Login("admin", "old"))}, {"worked": mark(LOGIN), "wrong": [1e12]}]
)
def test_beside_another_command_no_other_is_sent(gate: Source, record: dict[str, object]) -> None:
    turn = Turn(known(gate, **record))
    turn.claim()
    with pytest.raises(Refusal, match="gate"), _book(gate, LOGIN):
        pass
    turn.give()


def test_without_a_login_nobody_is_asked(gate: Source) -> None:
    with _book(gate, None) as book:
        assert book is None
