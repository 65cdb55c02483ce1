"""A picture that stands still behind a real coder that is short of bits: the virtual camera's own."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from drivers.virtual.imaging import PLAIN_LOOK
from drivers.virtual.impairment import Impairment, impaired
from drivers.virtual.street.drawing import Scene
from drivers.virtual.street.h264 import Encoder
from drivers.virtual.street.pictures import ScenePictures
from engine.vision.model import Cause
from engine.vision.picture import luma
from engine.vision.quality.watch import Watch

SIZE, FPS, GROUP = (320, 180), 5, 2.0
#: Seconds after which it stands still, and for how long it is watched then.
LIVES, STANDS = 16, 24


def coded(by: Impairment, seconds: int) -> Iterator[bytes]:
    """Return coded pictures, a keyframe every two seconds, at half of what their noise would take."""
    pictures = ScenePictures(Scene(5, width=320, height=180), SIZE, FPS, impaired(PLAIN_LOOK, by), GROUP)
    encoder = Encoder(SIZE, Fraction(FPS), bitrate=128)
    for number in range(round(seconds / GROUP)):
        for place, (_, frame) in enumerate(pictures.group(number % 10)):
            yield encoder.encode(frame, keyframe=not place)


def test_what_moves_between_long_keyframes_in_a_picture_without_noise_is_alive() -> None:
    watch = Watch()
    still = Scene(5, width=320, height=180).render(3.0, size=SIZE)[..., 1]
    for second in range(80):
        picture = still.copy()
        if 3 < second % 10 < 7:
            picture[60:120, 20 * (second % 10) : 20 * (second % 10) + 60] = 128
        found = watch.look(picture, None, at=second, media=second, keyframes=second // 10)
        assert Cause.FROZEN not in [each.cause for each in found]
    for second in range(80, 120):
        found = watch.look(np.ascontiguousarray(still), None, at=second, media=second, keyframes=second // 10)
    assert [each.cause for each in found] == [Cause.FROZEN]


def test_a_frozen_picture_is_told_behind_a_coder_that_is_short_of_bits_and_until_it_is_over() -> None:
    watch, decoder, keyframes, told = Watch(), av.CodecContext.create("h264", "r"), 0, {}
    takes = (coded(Impairment.NONE, LIVES), coded(Impairment.FROZEN, STANDS), coded(Impairment.NONE, LIVES))
    frames = (frame for take in takes for data in take for frame in decoder.decode(av.Packet(data)))
    for number, frame in enumerate(frames):
        at = number / FPS
        keyframes += frame.key_frame
        found = watch.look(luma(frame), None, at=at, media=at, keyframes=keyframes)
        told[at - LIVES] = [each.cause for each in found]
    assert not any(each for second, each in told.items() if second < 4)
    assert all(each == [Cause.FROZEN] for second, each in told.items() if 10 <= second < STANDS)
    assert not told[STANDS + 10.0]
