"""From keys to commands: bounded, stop first, never two at once."""

from __future__ import annotations

import asyncio

import pytest

from engine.api import wire
from tui.connection.ptz import MOVES, STOP, PtzSender, goto, move


@pytest.mark.parametrize("direction", MOVES)
def test_every_move_ends_by_itself_and_goes_one_way(direction: str) -> None:
    command = move(direction)
    assert command.op == "move"
    assert 0 < command.seconds < 1
    assert [command.pan, command.tilt, command.zoom].count(0) == 2


async def test_a_held_key_never_queues_moves() -> None:
    gate, sent = asyncio.Event(), []

    async def send(command: wire.PtzCommand) -> None:
        sent.append(command)
        await gate.wait()

    pad = PtzSender(send)
    async with asyncio.TaskGroup() as group:
        assert pad.submit(move("left"))
        group.create_task(pad.run(), name="pad")
        while not sent:
            await asyncio.sleep(0)
        for _ in range(30):
            assert not pad.submit(move("right"))
        assert not pad.submit(move("up"))
        gate.set()
    assert sent == [move("left"), move("up")]
    assert pad.replaced == 30


async def test_a_stop_waiting_is_not_replaced_by_a_move() -> None:
    sent: list[wire.PtzCommand] = []

    async def send(command: wire.PtzCommand) -> None:
        sent.append(command)

    pad = PtzSender(send)
    pad.submit(move("left"))
    pad.submit(STOP)
    pad.submit(move("left"))
    await pad.run()
    assert sent == [STOP]
    assert pad.submit(goto("1"))


async def test_a_failed_send_leaves_the_pad_usable() -> None:
    async def send(command: wire.PtzCommand) -> None:
        raise RuntimeError

    pad = PtzSender(send)
    pad.submit(STOP)
    with pytest.raises(RuntimeError):
        await pad.run()
    assert pad.submit(STOP)
