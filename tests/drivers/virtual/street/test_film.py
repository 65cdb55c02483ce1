"""Films: shared by those who show the same, and followed by a stream when its camera is set otherwise."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from drivers.contract import Codec
from drivers.virtual.encoding import Encoding
from drivers.virtual.imaging import PLAIN_LOOK, Caption, Look
from drivers.virtual.street import film as film_module
from drivers.virtual.street.film import Clip, FilmLibrary, Reel, Street
from drivers.virtual.street.footage import CodedPicture
from drivers.virtual.street.h264 import can_encode, nal_units

SMALL = Encoding((320, 180), 10.0, 200, 5)


@pytest.fixture
async def library() -> AsyncIterator[FilmLibrary]:
    async with FilmLibrary() as library:
        yield library


async def take(reel: Reel, count: int) -> list[CodedPicture]:
    async with asyncio.timeout(60), reel.watch() as units:
        return [await anext(units) for _ in range(count)]


def decoded(units: list[CodedPicture]) -> list[np.ndarray]:
    context = av.CodecContext.create(units[0].codec.value, "r")
    frames = [frame for unit in units for frame in context.decode(av.Packet(unit.data))]
    return [frame.to_ndarray(format="rgb24") for frame in [*frames, *context.decode(None)]]


async def test_cameras_of_one_street_share_a_film_and_others_do_not(library: FilmLibrary) -> None:
    one, two, other = (Reel(library, Street(seed), SMALL) for seed in (1, 1, 2))
    first, second = await asyncio.gather(take(one, 6), take(two, 6))
    assert {unit.data for unit in first} & {unit.data for unit in second}
    assert library.films == 1
    await take(other, 1)
    assert library.films == 2


async def test_films_that_nobody_watches_are_forgotten(
    library: FilmLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_module, "IDLE", 1)
    for seed in range(4):
        await take(Reel(library, Street(seed), SMALL), 1)
    assert library.films == 1


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
async def test_size_rate_group_and_codec_are_as_asked_for(library: FilmLibrary, codec: Codec) -> None:
    if not can_encode(codec):
        pytest.skip(f"FFmpeg cannot encode {codec} here")
    reel = Reel(library, Street(1), Encoding((320, 180), 8.0, 200, 12, codec))
    told, units = await reel.describe(), await take(reel, 30)
    assert (told.width, told.height, told.fps, told.codec) == (320, 180, 8.0, codec)
    assert {later.timestamp - unit.timestamp for unit, later in pairwise(units)} == {11250}
    keyframes = [index for index, unit in enumerate(units) if unit.keyframe]
    assert {later - index for index, later in pairwise(keyframes)} <= {12, 160 % 12}
    sets = [told.vps, told.sps, told.pps] if codec is Codec.H265 else [told.sps, told.pps]
    assert set(sets) <= set(nal_units(units[keyframes[0]].data))
    assert decoded(units)[0].shape == (180, 320, 3)


async def test_the_bitrate_has_its_effect(library: FilmLibrary) -> None:
    sizes = []
    for bitrate in (64, 1500):
        units = await take(Reel(library, Street(1), replace(SMALL, bitrate=bitrate, gop=10)), 20)
        sizes.append(sum(len(unit.data) for unit in units))
    assert sizes[0] * 8 / 2 < 64_000 * 1.5
    assert sizes[1] > 2 * sizes[0]


async def test_another_encoding_ends_the_old_stream(library: FilmLibrary) -> None:
    reel = Reel(library, Street(1), SMALL)
    async with asyncio.timeout(60), reel.watch() as units:
        await anext(units)
        reel.change(replace(SMALL, size=(160, 90)))
        assert [unit async for unit in units] == []
    assert (await reel.describe()).width == 160
    assert decoded(await take(reel, 1))[0].shape == (90, 160, 3)


async def test_another_look_is_followed_without_a_hole(library: FilmLibrary) -> None:
    looks = [PLAIN_LOOK]
    reel = Reel(library, Street(1), SMALL, lambda: looks[0])
    units: list[CodedPicture] = []
    async with asyncio.timeout(60), reel.watch() as stream:
        async for unit in stream:
            units.append(unit)
            if len(units) == 3:
                looks[0] = Look(gain=0.1)
            if len(units) == 20:
                break
    assert {later.timestamp - unit.timestamp for unit, later in pairwise(units)} == {9000}
    pictures = decoded(units)
    assert pictures[-1].mean() < 0.3 * pictures[0].mean()
    dark = next(index for index, picture in enumerate(pictures) if picture.mean() < 0.5 * pictures[0].mean())
    assert units[dark].keyframe


async def test_the_time_stands_in_stills_alone(library: FilmLibrary) -> None:
    name, clock = Caption("Cổng", -0.9, 0.9), Caption("2026-11-30 12:00:00", 0.9, -0.9, clock=True)
    made = {
        captions: Reel(library, Street(1), SMALL, partial(Look, captions=captions))
        for captions in ((), (name,), (name, clock))
    }
    keyframes = []
    for reel in made.values():
        units = await take(reel, 1)
        keyframes.append((units[0].timestamp, decoded(units)[0]))
    assert library.films == 2, "the one with the time is the one without"
    plain, named, timed = [
        np.asarray(Image.open(io.BytesIO(await reel.still())), np.int16) for reel in made.values()
    ]
    assert np.abs(named - plain)[:30].max() > 100
    assert np.abs(timed - named)[-30:].max() > 100


async def test_what_is_written_can_be_kept_out_of_the_streams(library: FilmLibrary) -> None:
    written = Look(captions=(Caption("Cổng", 0, 0),))
    for reel in (
        Reel(library, Street(1), SMALL, lambda: written, writes=False),
        Reel(library, Street(1), SMALL),
    ):
        await take(reel, 1)
    assert library.films == 1


async def test_a_clip_is_scaled_and_thinned(library: FilmLibrary, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 20, options={"g": "10"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(60):
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 4 * number, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    reel = Reel(library, Clip(path), Encoding((160, 90), 10.0, 200, 10), lambda: Look(gain=0.5))
    units = await take(reel, 25)
    pictures = decoded(units)
    assert pictures[0].shape == (90, 160, 3)
    assert max(picture.mean() for picture in pictures) < 130
    steps = {later.timestamp - unit.timestamp for unit, later in pairwise(units)}
    assert min(steps) >= 9000 * 0.9
    assert (await reel.still()).startswith(b"\xff\xd8")
