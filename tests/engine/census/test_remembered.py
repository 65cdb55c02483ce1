"""What cameras are known again by: learnt where it is sure, kept over runs, never guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drivers.contract import Found
from engine.census.compare import Configured, State, compare
from engine.census.remembered import BYTES, Marks, learnt, read, recalled, write
from engine.census.sighting import Identity, Sighting

GATE = Configured("gate", url="http://192.0.2.1/onvif/device_service")


def seen(number: int, serial: str = "", reference: str = "", neighbour: str = "") -> Sighting:
    address = f"192.0.2.{number}"
    found = Found("onvif", f"http://{address}/onvif/device_service", reference, address)
    return Sighting(address, (found,), Identity(serial=serial) if serial else None, neighbour=neighbour)


def test_a_camera_is_followed_at_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    known = learnt(compare([seen(1, "s1", "urn:1", "02:00:00:00:00:01")], configured=[GATE]), {})
    write(path, known)
    assert read(path) == {"gate": Marks("s1", ("02:00:00:00:00:01",), "urn:1")}
    later = recalled([GATE, Configured("other")], read(path))
    census = compare([seen(7, reference="urn:1")], configured=later)  # nobody logged in this time
    assert next((each.id, each.state) for each in census.entries) == ("gate", State.MOVED)
    assert learnt(census, known)["gate"].serial == "s1"  # not forgotten


def test_what_several_show_is_not_learnt() -> None:
    proxy = [seen(number, neighbour="02:00:00:00:00:09", reference="urn:same") for number in (1, 2)]
    assert learnt(compare(proxy, configured=[GATE]), {})["gate"] == Marks()
    assert learnt(compare([seen(2, "s")], configured=[GATE]), {"gate": Marks("s1")}) == {"gate": Marks("s1")}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 2, "cameras": {}}',
        b'{"version": 1, "cameras": 3}',
        b"x" * (BYTES + 1),
    ],
)
def test_a_file_that_is_none_of_ours_is_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "seen.json"
    path.write_bytes(content)
    assert read(path) == {}
    assert read(tmp_path / "none") == {}


def test_nonsense_in_it_is_cut(tmp_path: Path) -> None:
    told = {"serial": "s" * 5000, "macs": ["nonsense", 3, "02:00:00:00:00:01"], "reference": None}
    (tmp_path / "seen.json").write_text(json.dumps({"version": 1, "cameras": {"a": told}}))
    assert read(tmp_path / "seen.json")["a"] == Marks("s" * 200, ("02:00:00:00:00:01",), "None")
