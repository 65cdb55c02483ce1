"""What is logged in with: the count of wrong logins is the engine's while it runs, and kept for it meanwhile."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import typer

from drivers.contract import Found, Login
from drivers.errors import Refused
from engine.census.sighting import Sighting
from engine.commands.discover import keys
from engine.commission.turn import Turn
from engine.runtime.clock import SystemClock
from rules.model import Sentence

SITE = """site: x
state: {state}
cameras:
  - {{id: a, url: "http://192.0.2.1/onvif/device_service", login: {{username: admin, password: "env:OWN"}}}}
  - {{id: b, url: "http://192.0.2.2/onvif/device_service", login: {{username: other, password: "env:OTHER"}}}}
"""
STANDARD = "credentials:\n  - {username: admin, password: 'env:COMMON'}\n  - {username: x, password: 'env:NOT_THERE'}\n"


@dataclass
class Place:
    folder: Path
    config: Path
    standard: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name, value in (("OWN", "own-canary"), ("OTHER", "other-canary"), ("COMMON", "common-canary")):
        monkeypatch.setenv(name, value)
    found = Place(tmp_path, tmp_path / "site.yaml", tmp_path / "standard.yaml")
    found.config.write_text(SITE.format(state=found.state))
    found.standard.write_text(STANDARD)
    return found


@pytest.fixture
def engine(place: Place) -> Iterator[None]:
    """An engine that answers at the state folder's socket."""
    place.state.mkdir()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(place.state / "api.sock"))
        sock.listen()
        yield


def seen(number: int) -> Sighting:
    address = f"192.0.2.{number}"
    return Sighting(address, (Found("onvif", f"http://{address}/onvif/device_service", "", address),))


def made(place: Place, standard: bool = True) -> keys.Bunch:
    return keys.bunch(keys.site_of(place.config, "en"), place.standard if standard else None, "en")


def passwords(logins: object) -> list[str]:
    assert isinstance(logins, list)
    return [each.password for each in logins]


def wrong(bunch: keys.Bunch, url: str) -> int:
    """Return how many wrong logins a device may be sent."""
    sent = 0
    book = bunch.book_of(url)
    try:
        while True:
            with book.begin(Login("a", f"p{sent}"), "h") as attempt:
                attempt.wrong()
            sent += 1
    except Refused:
        return sent


def test_a_cameras_own_login_comes_before_the_sites(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    bunch = made(place)
    assert passwords(bunch.logins_for(seen(1))) == ["own-canary", "common-canary"]
    assert passwords(bunch.logins_for(seen(9))) == ["common-canary"]
    told = capsys.readouterr().err
    assert "NOT_THERE" in told  # what cannot be had is told, and the others are used
    assert "canary" not in told + repr(bunch)


def test_without_a_standard_the_configurations_logins_are_tried_elsewhere(place: Place) -> None:
    assert passwords(made(place, standard=False).logins_for(seen(9))) == ["own-canary", "other-canary"]


def test_three_wrong_ones_are_kept_for_the_engine(place: Place) -> None:
    assert wrong(made(place), seen(1).url) == 3
    assert wrong(made(place), seen(1).url) == 0  # the next run knows
    assert len(json.loads((place.state / "logins.json").read_text())["devices"]["192.0.2.1"]["wrong"]) == 3


@pytest.mark.usefixtures("engine")
def test_an_engines_cameras_are_left_alone_and_others_are_sent_one(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    bunch = made(place)
    assert bunch.logins_for(seen(1)) == ()
    explained = bunch.explained(seen(1)).trouble
    assert explained is not None
    assert explained.code == "census.engine_has_it"
    assert bunch.explained(seen(9)).trouble is None
    held = replace(
        seen(9), trouble=Sentence("driver.held", {"host": "x", "user": "u", "most": 3, "minutes": 30})
    )
    told = bunch.explained(held).trouble  # three were not sent: what is left was not this command's to send
    assert told == Sentence("census.held")
    assert passwords(bunch.logins_for(seen(9))) == ["common-canary"]
    assert wrong(bunch, seen(9).url) == 1
    assert not (place.state / "logins.json").exists()  # the engine's own: nobody else writes it
    assert "An engine or another command" in capsys.readouterr().err


@pytest.mark.usefixtures("engine")
def test_what_the_engine_knows_of_a_device_counts(place: Place) -> None:
    now = SystemClock().now().wall.timestamp()
    record: dict[str, object] = {"wrong": [now, now, now], "worked": None, "habits": {}}
    (place.state / "logins.json").write_text(json.dumps({"version": 1, "devices": {"192.0.2.9": record}}))
    before = (place.state / "logins.json").read_text()
    assert wrong(made(place), seen(9).url) == 0
    assert (place.state / "logins.json").read_text() == before


def test_where_nothing_can_be_kept_one_is_sent(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.state.write_text("a file where the folder should be")
    assert wrong(made(place), seen(9).url) == 1
    assert "cannot be kept" in capsys.readouterr().err


def test_nothing_to_log_in_with_is_wrong_usage(place: Place) -> None:
    place.config.write_text("site: x\n")
    with pytest.raises(typer.Exit) as left:
        made(place, standard=False)
    assert left.value.exit_code == 2
    place.standard.write_text("credentialz: []\n")
    with pytest.raises(typer.Exit) as left:
        made(place)
    assert left.value.exit_code == 2


def test_a_configuration_that_is_wrong_ends_it_only_where_it_was_named(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.config.write_text("sight: x\n")
    with pytest.raises(typer.Exit):
        keys.site_of(place.config, "en")
    monkeypatch.setenv("MATTHAN_CONFIG", str(place.config))
    assert keys.site_of(None, "en") is None
    assert "nothing is compared with it" in capsys.readouterr().err
    monkeypatch.setenv("MATTHAN_CONFIG", str(place.folder / "none.yaml"))
    assert keys.site_of(None, "en") is None
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("engine")
def test_a_camera_that_is_configured_by_name_is_the_engines_by_address_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.config.write_text(place.config.read_text().replace("192.0.2.1", "Cam.example"))

    async def addresses(hosts: list[str]) -> dict[str, str]:
        return {host: "192.0.2.5" if host == "cam.example" else host for host in hosts}

    monkeypatch.setattr(keys, "addresses", addresses)
    assert made(place).logins_for(seen(5)) == ()
    monkeypatch.setattr(keys, "engine_runs", lambda paths: False)
    bunch = made(place)
    assert passwords(bunch.logins_for(seen(5))) == ["own-canary", "common-canary"]
    assert wrong(bunch, seen(5).url) == 3
    assert list(json.loads((place.state / "logins.json").read_text())["devices"]) == ["cam.example"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_has_counted_the_engine_can_read(place: Place) -> None:
    place.state.mkdir()
    os.chown(place.state, 12345, 12346)
    bunch = made(place)
    bunch.hand_over()  # nothing was counted yet
    assert wrong(bunch, seen(1).url) == 3
    bunch.hand_over()
    about = (place.state / "logins.json").stat()
    assert (about.st_uid, about.st_gid) == (12345, 12346)


def test_beside_another_command_each_device_is_sent_one_login_at_most(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.state.mkdir()
    other = Turn(place.state)
    other.claim()
    try:
        assert made(place).limited
        assert "another command" in capsys.readouterr().err
    finally:
        other.give()
    free = made(place)
    assert not free.limited
    free.hand_over()
