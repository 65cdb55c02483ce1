"""The way into a device, as the device's book sees it."""

from __future__ import annotations

import pytest

from drivers.contract import Login
from drivers.errors import Refused
from drivers.logins import MOST, LoginBook
from drivers.onvif.soap.login_guard import LoginGuard

LOGIN = Login("op", "pw")


async def test_a_changed_password_is_refused_three_times_to_all_channels_together() -> None:
    """Sixteen channels of one recorder had been let in; each of them calls again and again."""
    book, changed, refused = LoginBook(lambda: 0.0), False, 0

    async def call() -> None:
        nonlocal refused
        if changed:
            refused += 1
            raise Refused(host="nvr", user="op")

    guards = [LoginGuard(book, LOGIN, "nvr") for _ in range(16)]
    for guard in guards:
        await guard.through(call, 1.0)
    changed = True
    for _ in range(3):
        for guard in guards:
            with pytest.raises(Refused):
                await guard.through(call, 1.0)
    assert refused == len(book.record.wrong) == MOST


async def test_a_login_in_doubt_that_is_let_in_is_trusted_again() -> None:
    book, calls = LoginBook(lambda: 0.0), 0

    async def call() -> None:
        nonlocal calls
        calls += 1

    guard = LoginGuard(book, LOGIN, "nvr")
    await guard.through(call, 1.0)
    book.wrong(LOGIN)
    assert book.doubted()
    await guard.through(call, 1.0)
    assert not book.doubted()
    assert calls == 2
