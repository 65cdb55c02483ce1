"""A camera's stills: the best that can be had, seldom asked for, and where each came from."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from structlog.testing import capture_logs

from drivers.contract import VIDEO_ONLY, CodecParameters, Feature, Packet, Profile, Ptz, Stream, TrackKind
from drivers.errors import Refused, Unreachable, Unsupported
from drivers.kit.upright import Upright
from engine.errors import Again
from engine.fleet import stills
from engine.fleet.stills import KEPT, SHUNNED, Analysed, Source, Stills, Without
from engine.fleet.tracked import TrackedObject
from rules.model import Sentence

Film = tuple[CodecParameters, list[Packet]]
MAIN, SUB = Profile("main", width=320), Profile("sub", width=160)


def jpeg(width: int, height: int, **how: Any) -> bytes:
    picture = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    Image.fromarray(noise).save(picture, "JPEG", **how)
    return picture.getvalue()


LARGE = jpeg(640, 480)
SEEN, CAME = datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=UTC)
CAR = TrackedObject(track=1, label="car", score=0.9, box=(0.1, 0.1, 0.2, 0.2))


class Device:
    """A camera whose still and main stream do as told."""

    source = "0"
    ptz: Ptz | None = None

    def __init__(self, film: Film) -> None:
        self.film = film
        self.features = frozenset({Feature.SNAPSHOT})
        self.profiles: tuple[Profile, ...] = (SUB,)
        self.gives: bytes | BaseException | None = LARGE  # None: no answer
        self.fails: BaseException | None = None
        self.asked = self.opened = self.closed = 0
        self.stalls = False
        self.gone = threading.Event()

    async def snapshot(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if self.gives is None:
            await asyncio.Event().wait()
        if isinstance(self.gives, BaseException):
            raise self.gives
        assert self.gives is not None
        return self.gives

    async def open_stream(self, profile: str, kinds: AbstractSet[TrackKind] = VIDEO_ONLY) -> Stream:
        assert profile == MAIN.token
        self.opened += 1
        return self

    def start(self) -> CodecParameters:
        if self.fails:
            raise self.fails
        self._packets: Iterator[Packet] = iter(self.film[1][1:] * 2)  # the first keyframe is a while off
        return self.film[0]

    def read(self) -> Packet:
        if self.stalls:
            self.gone.wait()
            raise Unreachable("driver.closed", host="cam")
        return next(self._packets)

    def close(self) -> None:
        self.closed += 1
        self.gone.set()


class Eye:
    """A runner that shows a camera and an analysed picture of 160x120."""

    def __init__(self, device: Device) -> None:
        self.device: Device | None = device
        self.profile: Profile | None = SUB
        frame = av.VideoFrame(160, 120, "yuv420p")
        frame.time_base = Fraction(1, 25)
        self.shown: Upright | None = Upright(frame, 160, 120)

    @property
    def camera(self) -> Device:
        if self.device is None:
            raise Again("not connected")
        return self.device

    def analysed(self) -> Analysed:
        if self.shown is None:
            raise Again("no picture")
        return Analysed(self.shown, SEEN, (CAR,))


class Scene:
    """A camera, its stills, and a clock that a test sets."""

    def __init__(self, film: Film) -> None:
        self.now = 100.0
        self.device = Device(film)
        self.eye = Eye(self.device)
        self.stills = Stills(self.eye, lambda: self.now, lambda: CAME)


@pytest.fixture
def scene(film: Film) -> Scene:
    return Scene(film)


async def test_the_cameras_own_still_is_taken_untouched(scene: Scene) -> None:
    still = await scene.stills.best(4096)
    assert still.jpeg == LARGE
    assert (still.source, still.width, still.height, still.lacks) == (Source.CAMERA, 640, 480, None)
    small = await scene.stills.best(320)
    assert (small.source, small.width, small.height) == (Source.CAMERA, 320, 240)
    assert Image.open(io.BytesIO(small.jpeg)).size == (320, 240)


async def test_the_analysed_picture_asks_nobody(scene: Scene) -> None:
    still = await scene.stills.analysed(100)
    assert (still.source, still.width, still.height) == (Source.ANALYSIS, 100, 76)
    assert Image.open(io.BytesIO(still.jpeg)).size == (100, 76)
    assert scene.device.asked == 0


async def test_ten_clients_ask_the_camera_once_a_moment(scene: Scene) -> None:
    got = await asyncio.gather(*(scene.stills.best(4096) for _ in range(10)))
    assert {each.jpeg for each in got} == {LARGE}
    assert scene.device.asked == 1
    scene.now += KEPT
    await scene.stills.best(4096)
    assert scene.device.asked == 2


async def test_a_client_that_goes_away_leaves_the_others_theirs(scene: Scene) -> None:
    scene.device.gives = None
    gone = asyncio.get_running_loop().create_task(scene.stills.best(4096))
    while not scene.device.asked:
        await asyncio.sleep(0)
    scene.device.gives = LARGE
    waiting = asyncio.get_running_loop().create_task(scene.stills.best(4096))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await waiting).source is Source.CAMERA


BOMB = bytearray(jpeg(64, 64))
BOMB[(at := BOMB.index(b"\xff\xc0")) + 5 : at + 9] = b"\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("gives", "code"),
    [
        (b"", "camera.no_jpeg"),
        (b"<html>busy</html>", "camera.no_jpeg"),
        (b"\xff\xd8", "camera.no_jpeg"),
        (LARGE[: len(LARGE) // 2], "camera.no_jpeg"),
        (LARGE[:9000] + bytes(3000) + LARGE[12000:], "camera.no_jpeg"),
        (bytes(BOMB), "camera.no_jpeg"),
        (Unreachable(host="cam", detail="down"), "driver.unreachable"),
        (Refused(host="cam", user="u"), "driver.refused"),
        (Unsupported("driver.no_snapshot", host="cam"), "driver.no_snapshot"),
        (OSError(5, "I/O"), "camera.system"),
        (KeyError("a plug-in's"), "camera.bug"),
    ],
    ids=["empty", "page", "begun", "cut", "hole", "bomb", "down", "refused", "none", "system", "bug"],
)
async def test_a_camera_that_fails_is_not_asked_again_for_a_while(
    scene: Scene, gives: bytes | BaseException, code: str
) -> None:
    scene.device.gives = gives
    with capture_logs() as lines:
        told = [await scene.stills.best(4096) for _ in range(3)]
    assert {each.source for each in told} == {Source.ANALYSIS}
    assert {each.lacks.code for each in told if each.lacks} == {code}
    assert scene.device.asked == len(lines) == 1
    assert bool(lines[0]["exc_info"]) == (code == "camera.bug")
    scene.now += SHUNNED - 1
    await scene.stills.best(4096)
    assert scene.device.asked == 1
    scene.now += 1
    scene.device.gives = LARGE
    assert (await scene.stills.best(4096)).source is Source.CAMERA


async def test_a_camera_that_does_not_answer_is_not_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stills, "STILL_DEADLINE", 0.05)
    scene.device.gives = None
    still = await scene.stills.best(4096)
    assert (still.source, still.lacks) == (Source.ANALYSIS, Sentence("camera.timeout"))


async def test_a_camera_that_was_opened_anew_is_asked_again(scene: Scene, film: Film) -> None:
    scene.device.gives = Unreachable(host="cam", detail="down")
    await scene.stills.best(4096)
    scene.eye.device = Device(film)
    assert (await scene.stills.best(4096)).source is Source.CAMERA


async def test_a_still_smaller_than_what_is_analysed_is_none(scene: Scene) -> None:
    scene.device.gives = jpeg(80, 60)
    assert (await scene.stills.best(4096)).source is Source.ANALYSIS
    assert (await scene.stills.best(64)).source is Source.CAMERA  # so small it is as good


async def test_an_odd_width_costs_no_better_picture(scene: Scene) -> None:
    still = await scene.stills.best(151)
    assert (still.source, still.width) == (Source.CAMERA, 150)


async def test_without_a_still_a_picture_of_the_main_stream_is_taken(scene: Scene) -> None:
    scene.device.features = frozenset()
    scene.device.profiles = (MAIN, SUB)
    with pytest.raises(Without):
        await scene.stills.own(4096)
    got = await asyncio.gather(*(scene.stills.best(4096) for _ in range(3)))
    assert {(each.source, each.width, each.height, each.lacks) for each in got} == {
        (Source.STREAM, 320, 240, None)
    }
    assert (scene.device.asked, scene.device.opened) == (0, 1)
    assert scene.device.closed


async def test_a_failing_still_and_the_stream_instead(scene: Scene) -> None:
    scene.device.gives = Unreachable(host="cam", detail="down")
    scene.device.profiles = (MAIN, SUB)
    still = await scene.stills.best(4096)
    assert (still.source, still.lacks and still.lacks.code) == (Source.STREAM, "driver.unreachable")


async def test_the_main_stream_that_is_analysed_is_not_opened_twice(scene: Scene) -> None:
    scene.device.features = frozenset()
    scene.device.profiles, scene.eye.profile = (MAIN, SUB), MAIN
    still = await scene.stills.best(4096)
    assert (still.source, still.lacks, scene.device.opened) == (Source.ANALYSIS, None, 0)


@pytest.mark.parametrize("stalls", [False, True])
async def test_a_main_stream_that_does_not_come(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, stalls: bool
) -> None:
    monkeypatch.setattr(stills, "STREAM_DEADLINE", 0.05 if stalls else 60)
    scene.device.features, scene.device.profiles = frozenset(), (MAIN, SUB)
    scene.device.stalls, scene.device.fails = stalls, None if stalls else Unreachable(host="c", detail="d")
    still = await scene.stills.best(4096)
    assert still.source is Source.ANALYSIS
    assert still.lacks is not None
    assert still.lacks.code == ("camera.timeout" if stalls else "driver.unreachable")
    await scene.stills.best(4096)
    assert scene.device.opened == 1
    assert scene.device.closed
    assert not [each for each in threading.enumerate() if each.name.startswith("still[")]


async def test_before_the_first_analysed_picture_and_without_a_camera(scene: Scene) -> None:
    scene.eye.shown = None
    assert (await scene.stills.best(4096)).source is Source.CAMERA
    scene.eye.device = None
    for ask in (scene.stills.best, scene.stills.analysed, scene.stills.own):
        with pytest.raises(Again):
            await ask(4096)


async def test_a_picture_is_not_kept_for_ever(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 cameras' stills would be memory that nobody looks at."""
    monkeypatch.setattr(stills, "KEPT", 0.0)
    await scene.stills.best(4096)
    await asyncio.sleep(0.01)
    assert [shelf.photo for shelf in scene.stills._shelves.values()] == [None, None]


async def test_a_picture_carries_its_own_time_and_what_was_seen_in_it_alone(scene: Scene) -> None:
    analysed, own = await scene.stills.analysed(100), await scene.stills.own(1000)
    assert (analysed.at, analysed.tracks) == (SEEN, (CAR,))
    assert (own.at, own.tracks) == (CAME, ())  # the boxes are of another picture
