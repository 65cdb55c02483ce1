"""What a driver yields where its devices cannot: shared by those that neither discover nor signal."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from drivers.contract import Found, Signal
from drivers.errors import DriverError

_NO_DEVICES: tuple[Found, ...] = ()
_NO_SIGNALS: tuple[Signal, ...] = ()


async def nothing_found() -> AsyncIterator[Found]:
    """Yield nothing: this driver cannot discover."""
    for found in _NO_DEVICES:
        yield found


async def no_signals(why: DriverError) -> AsyncGenerator[Signal, None]:
    """Yield nothing and end with the reason.

    Raises:
        DriverError: `why`, at the first step.
    """
    for signal in _NO_SIGNALS:
        yield signal
    raise why
