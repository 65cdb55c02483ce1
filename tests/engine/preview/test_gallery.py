"""Who is shown what, and what is told to who must wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from engine.fleet import tap as tap_module
from engine.fleet.tap import Tap
from engine.preview import gallery
from engine.preview.feed import Ended
from engine.preview.gallery import Gallery, View
from engine.web.refusals import HttpProblem

Footages = Callable[[str], Any]


@asynccontextmanager
async def viewing(tap: Tap) -> AsyncIterator[View]:
    async with asyncio.TaskGroup() as group, Gallery({"cong": tap}.get, group).view("cong") as view:
        yield view


async def refused(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> HttpProblem:
    """Return what a viewer is told whose patience is short."""
    monkeypatch.setattr(gallery, "FIRST_DEADLINE", 0.1)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with viewing(tap):
            raise AssertionError("there is no picture")
    (error,) = caught.value.exceptions
    assert isinstance(error, HttpProblem)
    assert error.status == 409
    return error


@pytest.mark.parametrize(("name", "source"), [("annexb", "passed"), ("hevc", "hevc")])
async def test_a_group_too_long_to_keep_is_told_as_that(
    tap: Tap, footage: Footages, monkeypatch: pytest.MonkeyPatch, name: str, source: str
) -> None:
    """Not as a camera that is not connected; and the next keyframe shows its picture."""
    film = footage(name)
    monkeypatch.setattr(tap_module, "GOP_LIMIT", 1000)
    tap.begin(film.codec)
    for number, packet in enumerate(film.packets):
        tap.put(replace(packet, received=float(number), data=packet.data + bytes(200), keyframe=number == 0))
    error = await refused(tap, monkeypatch)
    assert (error.code, error.values) == ("preview.keyframe", {"seconds": 59})
    monkeypatch.setattr(gallery, "FIRST_DEADLINE", 60.0)  # a machine under load meets this one
    monkeypatch.setattr(tap_module, "GOP_LIMIT", 4 << 20)
    for number, packet in enumerate(list(film.again(1, start=1))[:20]):
        asyncio.get_running_loop().call_later(0.05 + number / 100, tap.put, packet)
    async with viewing(tap) as view:
        assert view.source == source


async def test_before_the_first_keyframe_and_after_the_end(
    tap: Tap, footage: Footages, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = footage("annexb")
    assert (await refused(tap, monkeypatch)).code == "preview.offline"
    tap.begin(film.codec)
    tap.put(film.packets[1])
    assert (await refused(tap, monkeypatch)).code == "preview.begins"
    tap.put(film.packets[0])
    tap.end()
    assert (await refused(tap, monkeypatch)).code == "preview.offline"


async def test_what_cannot_be_shown_is_not_told_as_offline(
    tap: Tap, footage: Footages, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = footage("mp4")
    tap.begin(replace(film.codec, extradata=b""))
    tap.put(film.packets[0])
    assert (await refused(tap, monkeypatch)).code == "preview.unshown"


@pytest.mark.parametrize("name", ["chroma", "depth", "interlaced"])
async def test_what_browsers_do_not_take_is_re_encoded(tap: Tap, footage: Footages, name: str) -> None:
    footage(name).play(tap)
    async with viewing(tap) as view:
        assert view.source == name
        assert view.first.sps.obstacle == ""


async def test_what_the_first_keyframe_tells_is_not_too_late(tap: Tap, footage: Footages) -> None:
    """Nothing was announced and no keyframe was cached when the viewer came."""
    film = footage("chroma")
    tap.begin(film.codec)
    loop = asyncio.get_running_loop()
    for number, packet in enumerate(film.packets[:20]):
        loop.call_later(0.05 + number / 100, tap.put, packet)
    async with viewing(tap) as view:
        assert view.source == "chroma"


async def test_a_change_in_mid_stream_is_re_encoded_from_then_on(tap: Tap, footage: Footages) -> None:
    before, after = footage("annexb"), footage("chroma")
    before.play(tap)
    async with asyncio.TaskGroup() as group:
        views = Gallery({"cong": tap}.get, group)
        async with views.view("cong") as view:
            assert view.source == "passed"
            for packet in after.again(1, start=1):
                tap.put(packet)
            with suppress(Ended):
                while True:
                    await view.reel.take()
        async with views.view("cong") as view:
            assert view.source == "chroma"
        assert views.viewers == 0
