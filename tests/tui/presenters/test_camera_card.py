"""What stands beside a camera's picture, and in its place."""

from __future__ import annotations

from typing import Literal

import pytest
from rich.console import Console, Group
from rich.text import Text

from drivers.contract import Feature
from engine.api import wire
from engine.api.client import Disconnected
from tests.fakes import village
from tui.model.model import Model
from tui.presenters import camera_card
from tui.render.pictures import Line
from tui.texts import Texts, catalogue, clean


def plain(shown: Group | Text, width: int = 80) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(shown)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def card(model: Model, t: Texts, id: str, *, off: bool = False) -> str:
    return camera_card.status_card(model.cameras.get(id), model, t, off=off).plain


def test_in_place_of_a_picture_it_says_since_when_why_and_what_to_do(model: Model, t: Texts) -> None:
    assert card(model, t, "cam-3") == (
        "▲ lost\nsince 14:00:11, 3 min ago\n\nno picture for 10 seconds\n\n"
        "It is retried by itself. Check power, cable and switch."
    )


def test_advice_stands_between_reason_and_hint(model: Model, t: Texts) -> None:
    advice = wire.Sentence(code="x", en="The account is locked for ten minutes.")
    model.apply(wire.CameraUpdate(camera=model.cameras["cam-5"].model_copy(update={"advice": advice})))
    reason, told, hint = card(model, t, "cam-5").split("\n\n")[1:]
    assert (reason, told) == (
        "wrong ONVIF password (account admin)",
        "The account is locked for ten minutes.",
    )
    assert hint == t("hint.refused")


@pytest.mark.parametrize("id", [f"cam-{number}" for number in range(10)])
def test_every_state_has_its_card(model: Model, t: Texts, id: str) -> None:
    assert card(model, t, id).endswith(t(f"hint.{model.cameras[id].state}"))


def test_without_pictures_a_camera_that_is_well_says_why_there_is_none(model: Model, t: Texts) -> None:
    assert card(model, t, "cam-0", off=True) == "No picture (--graphics none)."
    assert card(model, t, "cam-3", off=True).startswith("▲ lost")  # that matters more


def test_one_that_is_gone_and_one_that_nobody_knows(model: Model, t: Texts) -> None:
    assert card(model, t, "cam-99") == "This camera is no longer configured."
    model.apply(Disconnected("gone", 1.0))
    assert card(model, t, "cam-0") == "? unknown\nlast told at 14:03:22, 0 s ago"
    figures = plain(camera_card.camera_facts(model.cameras["cam-0"], model, t))
    assert "last told at 14:03:22" in figures
    assert "motorcycle" not in figures
    assert "192.168.1.100" in figures  # what it is stays


def test_facts_of_a_camera_that_is_well(model: Model, t: Texts) -> None:
    shown = plain(camera_card.camera_facts(model.cameras["cam-0"], model, t))
    assert [line.split() for line in shown.splitlines()] == [
        ["●", "online"],
        ["Since", "21/11/2025", "08:03"],
        ["Rate", "5.0", "of", "15.0", "fps"],
        ["Motion", "6.0", "%"],
        ["Sees", "now", "person", "87", "%", "in", "san"],
        ["motorcycle", "71", "%", "in", "san"],
        ["Zones", "san"],
        ["Stream", "h264", "640×360"],
        ["Address", "192.168.1.100"],
        ["Model", "DS-2CD1023G0E-I"],
        ["PTZ", "yes"],
        ["Id", "cam-0"],
    ]


def test_what_it_can_do_is_one_line(model: Model, t: Texts) -> None:
    def told(*features: str) -> list[str]:
        shown = plain(camera_card.camera_facts(village.camera(1, ptz=True, features=features), model, t))
        return [" ".join(line.split()) for line in shown.splitlines() if line.startswith(("Can do", "PTZ"))]

    assert told("ptz", "signals", "snapshot", "speaker") == [
        "Can do PTZ, own events, own stills, loudspeaker"
    ]
    assert told("evil\x1b[2J") == [f"Can do {clean('evil' + chr(27) + '[2J')}"]
    assert told() == ["PTZ yes"], "an engine that does not tell"
    assert told(*(f"f{number}" for number in range(11)))[0].endswith("f7, … (+3)")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_ability_of_the_contract_has_a_name(language: Literal["vi", "en"]) -> None:
    abilities = [each.id for each in vars(Feature).values() if isinstance(each, Feature)]
    assert len(abilities) == 4
    assert not [each for each in abilities if f"feature.{each}" not in catalogue(language)]


def test_each_trouble_has_a_line_and_the_reason_is_not_said_twice(model: Model, t: Texts) -> None:
    at = village.ago(minutes=5)
    deaf, late = wire.Sentence(code="a", en="no events come"), wire.Sentence(code="b", en="it is 90 s ahead")
    troubles = (
        wire.Trouble(label="deaf", since=at, said=deaf),
        wire.Trouble(label="clock", since=at, said=late),
    )
    camera = village.camera(1, reason=deaf, troubles=troubles, skipped=1234)
    shown = plain(camera_card.camera_facts(camera, model, t)).splitlines()
    assert shown[0] == "◐ deaf"
    assert sum("no events come" in line for line in shown) == 1
    assert any("wrong clock" in line and "it is 90 s ahead (13:58:22 (5 min))" in line for line in shown)
    assert any("1,234 pictures, machine busy" in line for line in shown)
    other = camera.model_copy(update={"reason": wire.Sentence(code="c", en="something else")})
    assert any(
        "something else" in line for line in plain(camera_card.camera_facts(other, model, t)).splitlines()
    )


def test_a_trouble_has_room_in_a_narrow_column(model: Model) -> None:
    dark = wire.Sentence(code="a", vi="Hình tối đến mức không nhận ra gì.")
    trouble = wire.Trouble(label="impaired", since=village.ago(minutes=5), said=dark)
    shown = camera_card.camera_facts(village.camera(1, troubles=(trouble,)), model, Texts("vi"))
    assert any("Hình tối đến mức" in line for line in plain(shown, 30).splitlines())


def test_zones_and_what_was_seen_are_drawn(model: Model, t: Texts) -> None:
    camera = model.cameras["cam-0"]
    seen = (village.track(1, "dog", 0.0, (0.1, 0.2, 0.3, 0.4)), *camera.tracks[:1])
    zone, dog, person = camera_card.overlays(camera, seen, t)
    assert (zone.label, zone.zone, zone.points) == ("san", True, village.YARD)
    assert (dog.label, dog.zone, dog.points) == (
        "dog",
        False,
        ((0.1, 0.2), (0.3, 0.4)),
    )  # nobody was asked how sure
    assert person.label == "person 87%"
    assert camera_card.overlays(None, seen, t) == []


def test_whom_nobody_sees_is_drawn_and_told_otherwise(model: Model, t: Texts) -> None:
    known = village.track(1, "person", 0.9, (0.1, 0.2, 0.3, 0.4), "san")
    guessed = known.model_copy(update={"state": wire.TrackState.PREDICTED})
    unknown = known.model_copy(update={"state": wire.TrackState.UNKNOWN})
    camera = model.cameras["cam-1"].model_copy(update={"tracks": (known, guessed, unknown), "zones": {}})
    drawn = camera_card.overlays(camera, camera.tracks, t)
    assert [(each.label, each.line) for each in drawn] == [
        ("person 90%", Line.WHOLE), ("person 90%", Line.BROKEN), ("? person", Line.DIM),
    ]  # fmt: skip
    shown = " ".join(plain(camera_card.camera_facts(camera, model, t)).split())
    assert shown.count("person 90 % in san") == 3
    assert shown.count("? person 90 % in san: could not be looked for") == 1


def test_who_watches_stands_there_with_since_when_and_made_harmless(model: Model, t: Texts) -> None:
    camera = model.cameras["cam-0"]
    watchers = tuple(
        wire.Watcher(name=each, since=camera.last_event or camera.since) for each in ("Lan", "B\x1b[2Jình")
    )
    shown = plain(camera_card.camera_facts(camera.model_copy(update={"watched": watchers}), model, t))
    assert "Watched by" in shown
    assert "◉ Lan (14:0" in " ".join(shown.split())
    assert "\x1b" not in shown
    assert "Watched by" not in plain(camera_card.camera_facts(camera, model, t))


def test_a_camera_that_rests_says_so_and_why_another_cannot(model: Model, t: Texts) -> None:
    camera = model.cameras["cam-0"]
    resting = " ".join(
        plain(camera_card.camera_facts(camera.model_copy(update={"resting": True}), model, t)).split()
    )
    assert "resting: nothing moves" in resting
    assert "No rest" not in resting
    far = wire.Sentence(code="wakeful.far", en="Keyframes are 4 seconds apart")
    signal = wire.MotionSignal(trusted=False, hits=3, missed=2)
    told = camera.model_copy(update={"wakeful": far, "signal": signal})
    shown = " ".join(plain(camera_card.camera_facts(told, model, t)).split())
    assert "No rest Keyframes are 4 seconds apart" in shown
    assert "said so 3 times in a row when something moved, missed 2" in shown
    trusted = camera.model_copy(update={"signal": wire.MotionSignal(trusted=True, hits=40)})
    assert "relied upon" in plain(camera_card.camera_facts(trusted, model, Texts("en")), 200)
