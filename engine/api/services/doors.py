"""The doors that are open, as the engine knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, cast

from engine.api.resources.doors import Door
from engine.identity.caller import Caller
from engine.web.connection_limit import ConnectionLimiter
from engine.web.tls import Encryption


class DoorService:
    """Implements `engine.api.resources.doors.DoorPort`.

    Args:
        limiters: Returns who counts the connections of the doors that are open.
        encryption: How they are encrypted.
    """

    def __init__(self, limiters: Callable[[], Iterable[ConnectionLimiter]], encryption: Encryption) -> None:
        self._limiters, self._encryption = limiters, encryption

    def doors(self, caller: Caller) -> list[Door]:
        """Return the doors that are open."""
        return [self._door(each) for each in self._limiters() if each.address]

    def _door(self, limiter: ConnectionLimiter) -> Door:
        door = Door(
            name=limiter.name,
            address=limiter.address,
            inside=limiter.inside,
            turned_away=limiter.turned_away,
        )
        tls = self._encryption.door(limiter.name.removesuffix(".tcp")) if "://" in limiter.address else None
        if tls is None:
            return door
        told = {"fingerprint": tls.fingerprints.certificate, "key": tls.fingerprints.key, "until": tls.until}
        return door.model_copy(update={"tls": cast('Literal["own", "files"]', tls.kind), **told})
