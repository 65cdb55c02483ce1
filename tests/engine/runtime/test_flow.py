from __future__ import annotations

from engine.runtime.flow import Hub, Mailbox


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
