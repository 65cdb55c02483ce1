"""What a device may offer besides pictures and signals: its configuration, a restart, what it could tell.

Each is a protocol of its own; a driver whose devices cannot leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from drivers.features import Feature, Value


@runtime_checkable
class Configurable(Protocol):
    """A device whose configuration can be read and written. A driver whose devices cannot leaves it out."""

    async def configuration(self) -> tuple[Feature, ...]:
        """Ask what can be read, written or heard of: clock, names, encoders, relays, inputs; ids are unique.

        It may cost a device a dozen calls: ask when a person does. What a device does not have is not named.

        Raises:
            DriverError: It does not answer; a part that it refuses is left out.
        """
        ...

    async def read(self, feature: str) -> Value:
        """Return the present value of a feature, by its id.

        Raises:
            Unsupported: There is none of this id, or it cannot be read.
            DriverError: As everywhere.
        """
        ...

    async def write(self, feature: str, value: Value) -> None:
        """Set a feature, by its id; returns when the device has accepted it.

        Raises:
            Unsupported: There is none of this id, it cannot be written, or not so.
            DriverError: As everywhere; `Forbidden` where the account lacks the right.
        """
        ...


@runtime_checkable
class Together(Configurable, Protocol):
    """A device that can be set several features by as few calls as it has.

    An encoder takes its size, rate and bitrate in one call: set one by one, each restarts the stream, and a pair that
    is good together may be refused half done.
    """

    async def write_together(self, values: Mapping[str, Value]) -> None:
        """Set features, by their ids; all are checked before anything is sent.

        Raises:
            Unsupported: As `Configurable.write`, of any of them: nothing was sent.
            DriverError: As everywhere; what was set before it stays set.
        """
        ...


@runtime_checkable
class Restartable(Protocol):
    """A device that can be told to start anew."""

    async def reboot(self) -> None:
        """Restart it; returns when it has said that it will. It is away for a minute or so then.

        Raises:
            DriverError: As everywhere.
        """
        ...


@runtime_checkable
class Topical(Protocol):
    """A device that says what it could tell."""

    async def topics(self) -> tuple[str, ...]:
        """Return the topics that `Device.signals` may tell, normalised as `Signal.topic`; sorted.

        Raises:
            Unsupported: It has no event service.
            DriverError: As everywhere.
        """
        ...
