"""What was found becomes configuration: comments stay, ids are good and unique, nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.contract import Found
from engine.census.compare import Configured, compare
from engine.census.sighting import Expected, Identity, Sighting
from engine.census.site_file import draft, led, rebased, unique
from engine.config.configuration import load
from engine.config.settings import LoginSettings
from engine.errors import ConfigError, Refusal

SITE = """# the commune's cameras
site: xa
cameras:
  - id: gate   # by the gate
    url: http://192.0.2.1:81/onvif/device_service
    fps: 4
"""


def seen(
    number: int, name: str = "", serial: str = "", sources: tuple[str, ...] = (), port: str = ""
) -> Sighting:
    address = f"192.0.2.{number}"
    found = Found("onvif", f"http://{address}{port}/onvif/device_service", "", address, name)
    return Sighting(address, (found,), Identity(serial=serial) if serial else None, sources)


def test_a_file_is_made_with_good_ids(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    sightings = [seen(1, "Cổng UBND"), seen(2, "Cổng UBND"), seen(3), seen(4, "NVR", sources=("a", "b"))]
    login = LoginSettings(username="admin", password="file:secrets/all")
    made = draft(path, compare(sightings), {sightings[0].url: login}, site="Xã Hòa Bình")
    assert made.changes
    assert any(line.startswith("+  - id: cong-ubnd") for line in made.diff())
    assert not path.exists()
    made.write()
    settings = load(path).settings
    assert settings.site == "xa-hoa-binh"
    assert [(each.id, each.name, each.source) for each in settings.cameras] == [
        ("cong-ubnd", "Cổng UBND", None),
        ("cong-ubnd-2", "Cổng UBND", None),
        ("camera-192-0-2-3", "", None),
        ("nvr-a", "NVR a", "a"),
        ("nvr-b", "NVR b", "b"),
    ]
    assert settings.cameras[0].login == login
    assert settings.cameras[1].login is None
    with pytest.raises(FileExistsError):
        made.write()


def test_a_file_keeps_its_comments_and_moved_cameras_get_the_new_address(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    configured = [Configured("gate", url="http://192.0.2.1:81/onvif/device_service", serial="s1")]
    census = compare([seen(9, serial="s1", port=":81"), seen(5, "gate")], (), configured)
    made = draft(path, census, {})
    assert (made.moved, made.added) == (("gate",), ("gate-2",))
    made.write()
    text = path.read_text()
    assert "# the commune's cameras" in text
    assert "id: gate   # by the gate" in text
    assert [each.url for each in load(path).settings.cameras] == [
        "http://192.0.2.9:81/onvif/device_service",
        "http://192.0.2.5/onvif/device_service",
    ]
    again = compare([seen(9, serial="s1", port=":81"), seen(5, "gate")], (), [
        Configured("gate", url="http://192.0.2.9:81/onvif/device_service"),
        Configured("gate-2", url="http://192.0.2.5/onvif/device_service"),
    ])  # fmt: skip
    assert not draft(path, again, {}).changes


def test_what_is_not_sure_is_left_and_told(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    rtsp = Sighting("192.0.2.6", (Found("rtsp", "rtsp://192.0.2.6/", "", "192.0.2.6"),))
    page = Sighting("192.0.2.7", (Found("http", "http://192.0.2.7/", "", "192.0.2.7"),))
    made = draft(path, compare([rtsp, page]), {})
    assert (made.changes, [each.code for each in made.left]) == (False, ["census.no_path"])
    path.write_text("cameras: [{id: a, url: 'rtsp://192.0.2.1:5540/live'}]\n")
    census = compare(
        [seen(9, serial="s")], (), [Configured("a", url="rtsp://192.0.2.1:5540/live", serial="s")]
    )
    assert [each.code for each in draft(path, census, {}).left] == ["census.moved_unclear"]


def test_expected_cameras_are_added_by_their_own_id_and_missing_ones_are_not(tmp_path: Path) -> None:
    expected = [Expected("gate-1", "Cổng 1", host="192.0.2.1"), Expected("gate-2", host="192.0.2.2")]
    made = draft(tmp_path / "site.yaml", compare([seen(1, "IPC")], expected), {})
    assert made.added == ("gate-1",)
    assert "name: Cổng 1" in made.content.decode()


def test_a_file_that_is_wrong_or_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("cameras: [{id: UPPER, url: 'http://192.0.2.1/'}]\n")
    with pytest.raises(ConfigError):
        draft(path, compare([seen(2)]), {})
    path.write_text(SITE)
    made = draft(path, compare([seen(2)]), {})
    path.write_text(SITE + "# somebody else\n")
    with pytest.raises(Refusal):
        made.write()
    assert path.read_text().endswith("# somebody else\n")


def test_hostile_names_become_harmless_yaml(tmp_path: Path) -> None:
    names = ["a: [", "'\"\n- x", "${HOME}", "* &a", "日本", "\x1b[31m", "x" * 500, "%s{}"]
    made = draft(tmp_path / "s.yaml", compare([seen(at, name) for at, name in enumerate(names, 1)]), {})
    made.write()
    cameras = load(tmp_path / "s.yaml").settings.cameras
    assert len({each.id for each in cameras}) == len(names)


def test_stream_paths_are_kept_and_ids_have_room() -> None:
    there = Sighting("192.0.2.9", (Found("rtsp", "rtsp://192.0.2.9/", "", "192.0.2.9"),))
    assert led("rtsp://192.0.2.1/live/1?x=2", there) == "rtsp://192.0.2.9/live/1?x=2"
    assert led("http://192.0.2.1/onvif/device_service", there) == ""
    taken: set[str] = set()
    for _ in range(12):
        taken.add(unique("x" * 80, taken))
    assert len(taken) == 12
    assert max(map(len, taken)) <= 63


def test_a_password_file_is_named_from_the_new_folder(tmp_path: Path) -> None:
    login = LoginSettings(username="a", password="file:secrets/all")
    assert rebased(login, tmp_path / "configs", tmp_path).password == "file:configs/secrets/all"
    for kept in ("env:X", "file:/etc/secret", "credential:x"):
        other = LoginSettings(username="a", password=kept)
        assert rebased(other, tmp_path / "configs", tmp_path) == other
