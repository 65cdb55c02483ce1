"""The motion alarm: true of the drawn street, and seen in the pictures of a clip."""

import asyncio
import io
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from drivers.contract import PtzVector
from drivers.virtual import camera as camera_module
from drivers.virtual.camera import MOTION, VirtualCamera
from drivers.virtual.onvif.event_broker import Subscription
from drivers.virtual.spec import CameraSpec
from drivers.virtual.street.motion import PATIENCE, PictureMotion


def picture(x: int | None, seed: int = 0) -> NDArray[np.uint8]:
    """Return a noisy grey wall, with a dark block at `x`."""
    noise = np.random.default_rng(seed).integers(-4, 5, (180, 320, 3))
    wall = np.clip(128 + noise, 0, 255).astype(np.uint8)
    if x is not None:
        wall[60:120, x : x + 40] = 20
    return wall


def jpeg(x: int | None, seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture(x, seed)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_still_picture_with_noise_does_not_move() -> None:
    seen = PictureMotion()
    assert not any(seen.see(jpeg(100, seed)) for seed in range(6))


def test_the_alarm_begins_with_a_change_and_ends_some_looks_after_it() -> None:
    seen = PictureMotion()
    told = [seen.see(jpeg(x)) for x in (0, 0, 60, *[60] * PATIENCE)]
    assert told == [False, False, True, *[True] * (PATIENCE - 1), False]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """An empty wall, then a block that moves: 1.5 seconds each."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(picture(None if index < 15 else (index - 15) * 18), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


async def changes(camera: VirtualCamera) -> list[bool]:
    """Return the first two changes of the motion alarm."""
    heard = camera.broker.subscribe("key", frozenset({MOTION.topic}), camera.clock.monotonic(), 1000.0)
    assert isinstance(heard, Subscription)
    found: list[bool] = []
    async with asyncio.timeout(60):
        while len(found) < 2:
            found += [notice.state is True for notice in await heard.pull(10, 60.0) if not notice.initial]
    return found[:2]


async def test_a_clip_raises_and_ends_the_alarm(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_module, "LOOK_AT_CLIP_EVERY", 0.1)
    async with VirtualCamera(CameraSpec(video=clip, password="p", discoverable=False)) as camera:
        assert await changes(camera) == [True, False]


async def test_a_street_raises_and_ends_the_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_module, "LOOK_EVERY", 0.01)
    spec = CameraSpec(password="p", discoverable=False)
    async with VirtualCamera(spec) as camera:
        boxes = [[("person", (0.4, 0.4, 0.6, 0.6))], []]
        monkeypatch.setattr(camera._scene, "truth", lambda t: boxes[int(t * 10) % 2])
        assert sorted(await changes(camera)) == [False, True]


async def test_what_a_ptz_camera_does_not_look_at_does_not_move_for_it() -> None:
    async with VirtualCamera(CameraSpec(ptz=True, password="p", discoverable=False)) as camera:

        class Corner:
            def truth(self, t: float) -> list[tuple[str, tuple[float, float, float, float]]]:
                return [("car", (0.0, 0.0, 0.1, 0.1))]

        corner = Corner()
        assert not camera._moves(corner)  # type: ignore[arg-type]  # a scene as far as truth goes
        assert camera.ptz_unit is not None
        camera.ptz_unit.move_to(PtzVector(-1.0, 1.0), camera.clock.monotonic() - 60)
        assert camera._moves(corner)  # type: ignore[arg-type]  # likewise
