"""What is no longer allowed ends; what is, is left alone."""

from __future__ import annotations

import asyncio

import pytest

from engine.identity.lasting import NoLonger, lasting


async def test_what_is_no_longer_allowed_ends() -> None:
    allowed, ended = [True], []

    async def watch() -> None:
        try:
            async with lasting(lambda: allowed[0], every=0.01):
                await asyncio.Event().wait()
        except NoLonger:
            ended.append(True)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch(), name="watch")
        await asyncio.sleep(0.05)
        assert not task.done()
        allowed[0] = False
    assert ended == [True]


async def test_what_was_never_allowed_does_not_begin_to_wait() -> None:
    with pytest.raises(NoLonger):
        async with lasting(lambda: False):
            await asyncio.Event().wait()


async def test_other_ends_are_left_as_they_are() -> None:
    with pytest.raises(TimeoutError):
        async with lasting(lambda: True):
            raise TimeoutError  # of something else inside
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), lasting(lambda: True):
            await asyncio.Event().wait()
    async with lasting(lambda: True):
        pass


async def test_nothing_looks_after_the_end() -> None:
    looks = list[int]()

    def look() -> bool:
        looks.append(1)
        return True

    async with lasting(look, every=0.001):
        await asyncio.sleep(0.01)
    known = len(looks)
    await asyncio.sleep(0.02)
    assert len(looks) == known > 1
