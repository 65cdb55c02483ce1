"""What the notifications in one answer cost each other: nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from drivers.contract import Login, Target
from drivers.errors import Unreachable
from drivers.onvif import driver
from drivers.onvif.events import pull_point, subscription

LOGIN = Login("operator", "Chim-7f3a")


@pytest.mark.parametrize("at", ["2026-03-01T00:61:16Z", "garbage", ""])
async def test_bad_dates_do_not_end_the_subscription(
    pullpoint: Any, onvif: Any, at: str, events: Any
) -> None:
    pullpoint.answers["PullMessages"] = events.pulled(onvif, events.note("1", at=at), events.note("false"))
    first, second = await events.hear(pullpoint, 2)
    assert (first.state, second.state) == (True, False)
    assert first.at.utcoffset() == timedelta()


BROKEN: dict[str, tuple[Callable[[str], str], int]] = {
    "an undeclared prefix": (
        lambda note: note.replace("<tt:Data>", "<acme:Extra>1</acme:Extra><tt:Data>"),
        3,
    ),
    "an undeclared prefix everywhere": (lambda note: note.replace("tt:", "tx:"), 3),
    "a bare ampersand": (lambda note: note.replace("<tt:Data>", "<tt:Name>a&b</tt:Name><tt:Data>"), 3),
    "an element that is not closed": (lambda note: note.replace("<tt:Data>", "<tt:Data><tt:Data>"), 2),
    "a message closed twice": (lambda note: note.replace("<tt:Data>", "</tt:Message><tt:Data>"), 2),
    "an answer closed in between": (
        lambda note: note.replace("<tt:Data>", "</tev:PullMessagesResponse><tt:Data>"),
        2,
    ),
    "a comment without an end": (lambda note: note.replace("<tt:Data>", "<!-- <tt:Data>"), 2),
    "CDATA without an end": (lambda note: note.replace("<tt:Data>", "<![CDATA[ <tt:Data>"), 2),
    "an attribute without an end": (lambda note: note.replace('Value="true"', 'Value="true'), 2),
    "a note cut off": (lambda note: note[:200], 2),
    "no topic": (lambda note: note.replace("tns1:VideoSource/MotionAlarm", ""), 2),
    "control characters": (lambda note: note.replace("<tt:Data>", "<a>\x01\x02</a><tt:Data>"), 3),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_notification_costs_itself_alone(
    pullpoint: Any, onvif: Any, kind: str, events: Any
) -> None:
    change, count = BROKEN[kind]
    odd = change(events.note("true"))
    pullpoint.answers["PullMessages"] = events.pulled(onvif, events.note("true"), odd, events.note("true"))
    heard = await events.hear(pullpoint, count)
    assert [(signal.topic, signal.source, signal.state) for signal in heard] == [
        ("VideoSource/MotionAlarm", "s0", True)
    ] * count


async def test_a_device_of_which_nothing_can_be_read_is_not_heard(
    pullpoint: Any, onvif: Any, monkeypatch: pytest.MonkeyPatch, events: Any
) -> None:
    """Nor does it count as hearing that it has nothing to say in between."""
    monkeypatch.setattr(pull_point, "PULL_INTERVAL", 0.0)
    odd, good, idle = (
        events.note("true")[:200],
        events.pulled(onvif, events.note("false")),
        events.pulled(onvif),
    )
    pulls = iter(
        [
            events.pulled(onvif, odd),
            idle,
            good,
            *[events.pulled(onvif, odd), idle] * subscription.GARBLED,
            good,
        ]
    )
    pullpoint.answers["PullMessages"] = lambda _: next(pulls)
    async with driver.open(Target(pullpoint.url), LOGIN) as device:
        async with aclosing(device.signals()) as signals:
            signal = await anext(signals)
            assert signal is not None
            assert signal.state is False
            with pytest.raises(Unreachable) as caught:
                await anext(signals)
        assert (caught.value.code, caught.value.values["detail"]) == (
            "driver.deaf",
            "unreadable notifications",
        )
        for expected in (False, None):  # the last of the pulls above
            async with aclosing(device.signals()) as signals:
                signal = await anext(signals)
                assert (signal and signal.state) is expected
            pullpoint.answers["PullMessages"] = idle


async def test_an_answer_cut_off_tells_what_came_before(pullpoint: Any, onvif: Any, events: Any) -> None:
    told = events.pulled(onvif, events.note("true"), events.note("false"), events.note("true"))
    pullpoint.answers["PullMessages"] = told[: told.rindex("<tt:Data>")]
    heard = await events.hear(pullpoint, 2)
    assert [signal.state for signal in heard] == [True, False]
