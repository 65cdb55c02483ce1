from __future__ import annotations

import asyncio
import threading

from engine.flow import Hub, Latest, Mailbox


async def test_latest_keeps_the_newest_and_counts_the_rest() -> None:
    slot: Latest[int] = Latest(asyncio.get_running_loop())
    thread = threading.Thread(target=lambda: [slot.put(number) for number in range(1, 101)])
    thread.start()
    thread.join()
    assert await slot.take() == 100
    assert slot.dropped == 99


async def test_latest_can_be_taken_again_after_each_put() -> None:
    slot: Latest[str] = Latest(asyncio.get_running_loop())
    for value in "abc":
        slot.put(value)
        assert await slot.take() == value
    assert slot.dropped == 0


async def test_a_full_mailbox_drops_the_oldest_and_tells_how_many() -> None:
    box: Mailbox[int] = Mailbox(3)
    for number in range(5):
        box.put(number)
    assert await box.take() == (2, 2)
    assert await box.take() == (0, 3)
    assert box.dropped == 2


async def test_a_slow_client_of_a_hub_does_not_touch_the_others() -> None:
    hub: Hub[int] = Hub(size=2)
    slow, fast = hub.join(), hub.join()
    got = []
    for number in range(6):
        hub.publish(number)
        got.append((await fast.take())[1])
    assert got == list(range(6))
    assert await slow.take() == (4, 4)
    hub.leave(slow)
    hub.leave(fast)
    assert len(hub) == 0
