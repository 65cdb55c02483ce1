"""A virtual camera that is covered, turned away, spoiled: its picture shows it, and it says so itself."""

from __future__ import annotations

import asyncio
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from drivers.virtual.camera import VirtualCamera
from drivers.virtual.command import app
from drivers.virtual.imaging import PLAIN_LOOK, Look
from drivers.virtual.impairment import Impairment, Planned, impaired, planned
from drivers.virtual.onvif.event_broker import Subscription
from drivers.virtual.onvif.picture_alarms import properties, said_of
from drivers.virtual.spec import CameraSpec
from drivers.virtual.street.drawing import Scene
from drivers.virtual.street.look import seen
from drivers.virtual.street.pictures import ScenePictures

SIZE = (160, 90)
SCENE = Scene(1, width=640, height=360)
Picture = NDArray[np.uint8]


def shown(by: Impairment, t: float = 3.0) -> Picture:
    look = impaired(PLAIN_LOOK, by)
    return seen(SCENE.render(look.moment(t), size=SIZE), look)


def grey(picture: Picture) -> NDArray[np.float64]:
    levels: NDArray[np.float64] = picture.mean(axis=2)
    return levels


def test_nothing_is_done_to_a_picture_that_is_well() -> None:
    assert impaired(PLAIN_LOOK, Impairment.NONE) == Look()
    assert np.array_equal(shown(Impairment.NONE), SCENE.render(3.0, size=SIZE))


@pytest.mark.parametrize("by", [each for each in Impairment if each is not Impairment.NONE])
def test_each_is_seen(by: Impairment) -> None:
    change = np.abs(grey(shown(by)) - grey(shown(Impairment.NONE)))
    assert (change > 12).mean() > (0.002 if by is Impairment.FROZEN else 0.1)


def test_what_covers_hides_the_scene_and_still_lives() -> None:
    first, later = grey(shown(Impairment.COVERED)), grey(shown(Impairment.COVERED, 7.0))
    assert first.std() < 4
    assert not np.array_equal(first, later), "a sensor's noise is never the same twice"
    assert grey(shown(Impairment.DARK)).mean() < 8
    assert grey(shown(Impairment.BRIGHT)).mean() > 245


def test_what_is_frozen_is_the_same_to_the_last_grey_level() -> None:
    pictures = ScenePictures(SCENE, SIZE, 5, impaired(PLAIN_LOOK, Impairment.FROZEN))
    same = [frame.to_ndarray() for number in (0, 4) for _, frame in pictures.group(number)]
    assert all(np.array_equal(same[0], each) for each in same)


def test_each_that_cameras_notice_has_a_property_of_its_channel() -> None:
    assert said_of(Impairment.STRIPES, 0) is None
    told = said_of(Impairment.COVERED, 1)
    assert told is not None
    assert (told.topic, told.item) == ("RuleEngine/TamperDetector/Tamper", "IsTamper")
    assert told in properties(1)
    assert not set(properties(0)) & set(properties(1))


async def test_a_covered_camera_shows_and_says_it_until_it_is_uncovered() -> None:
    async with VirtualCamera(CameraSpec(password="p", discoverable=False)) as camera:
        topics = frozenset(each.topic for each in properties(0))
        heard = camera.broker.subscribe("key", topics, camera.clock.monotonic(), 100.0)
        assert isinstance(heard, Subscription)
        reel = next(iter(camera._reels.values()))
        assert spread(await reel.still()) > 20
        camera.impair(Impairment.COVERED)
        assert spread(await reel.still()) < 10
        camera.impair(Impairment.TURNED)
        camera.impair(Impairment.DARK, noticed=False)
        camera.impair(Impairment.NONE)
        assert spread(await reel.still()) > 20
        told = [(each.about.topic.split("/")[1], each.state) for each in await heard.pull(10, 0.0)]
    assert told == [
        ("TamperDetector", True),
        ("TamperDetector", False),
        ("GlobalSceneChange", True),
        ("GlobalSceneChange", False),
    ]


def spread(jpeg: bytes) -> float:
    with Image.open(BytesIO(jpeg)) as picture:
        return float(np.asarray(picture.convert("L"), np.float32).std())


async def test_what_is_planned_happens_in_its_order() -> None:
    plan = (Planned(Impairment.NONE, 0.02), Planned(Impairment.COVERED))
    spec = CameraSpec(password="p", discoverable=False, channels=2, impairments=plan)
    async with VirtualCamera(spec) as camera:
        told = [said_of(Impairment.COVERED, channel) for channel in (0, 1)]
        seen: list[bool] = []
        async with asyncio.timeout(60):
            while seen[-2:] != [True, False]:
                state = all(camera.broker._states[each][0] for each in told if each is not None)
                if not seen or seen[-1] != state:
                    seen.append(state)
                await asyncio.sleep(0)


def test_the_command_reads_what_is_planned() -> None:
    assert planned("covered") == Planned(Impairment.COVERED)
    assert planned("signal_loss@1.5") == Planned(Impairment.SIGNAL_LOSS, 1.5)
    for wrong in ("coverd", "covered@-1", "covered@soon", "covered@nan"):
        with pytest.raises(ValueError, match=wrong.partition("@")[2] or wrong):
            planned(wrong)
    refused = CliRunner().invoke(app, ["--impair", "coverd@3"])
    assert refused.exit_code == 2
    assert "coverd@3" in refused.output
