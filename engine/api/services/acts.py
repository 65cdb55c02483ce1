"""Operators' acts as clients tell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.api import present
from engine.api.resources.acts import Act
from engine.api.resources.events import Event
from engine.api.services.runners import runner_of
from engine.duty.acts import Act as DutyAct
from engine.duty.acts import Acts
from engine.identity.caller import Caller

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner


class ActService:
    """Implements `engine.api.resources.acts.ActPort`."""

    def __init__(self, acts: Acts, cameras: Mapping[str, CameraRunner]) -> None:
        self._acts, self._cameras = acts, cameras

    async def act(self, caller: Caller, asked: Act, key: str = "") -> Event:
        """Hand an operator's act to the rules; return the event, which is durable then."""
        if asked.camera is not None:
            runner_of(self._cameras, asked.camera, caller)
        act = DutyAct(asked.name, asked.camera, caller.named(asked.by), asked.facts)
        return present.event(await self._acts.hand_in(act, caller.user, key))
