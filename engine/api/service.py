"""What the API server asks of the engine: the whole surface, so that the server can be tested alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from engine.api import explanation, wire
from engine.api.availability import By, CameraAvailability
from engine.api.dead_letters import Letter
from engine.fleet.stills import Still
from engine.runtime.flow import Hub


class Service(Protocol):
    """The engine as the API sees it; implemented by `engine.api.site_service`.

    Methods that name a camera raise ``HttpProblem(404, "camera.unknown", ...)`` for an unknown id and
    ``HttpProblem(409, "camera.offline" | "ptz.unsupported", ...)`` where it cannot be done now.
    """

    hub: Hub[wire.Update]

    def state(self) -> wire.State:
        """Return everything a client needs to begin."""
        ...

    async def events(self, *, before: int | None, limit: int, camera: str | None) -> list[wire.Event]:
        """Return stored events, newest first, with ``seq < before``."""
        ...

    async def decisions(self, *, before: str | None, limit: int, camera: str | None) -> list[wire.Decision]:
        """Return stored decisions, newest first, older than the decision id `before`."""
        ...

    async def letters(self, *, before: int | None, limit: int) -> list[Letter]:
        """Return dead letters, newest first, with ids below `before`."""
        ...

    async def resend(self, ids: Sequence[int] | None) -> list[Letter]:
        """Let dead letters (None: all) be tried again; return them; 404 ``delivery.unknown`` for an unknown id."""
        ...

    async def availability(
        self, camera: str | None, since: datetime | None, until: datetime | None, by: By | None
    ) -> list[CameraAvailability]:
        """Return how available cameras were; 404 ``camera.unknown`` for one that there is not and was not."""
        ...

    def alerts(self) -> list[wire.Alert]:
        """Return what fires now or waits to be acknowledged, what needs a person most first."""
        ...

    async def acknowledge(self, decision: str, asked: wire.Acknowledge, user: str) -> wire.Decision:
        """Note that somebody takes care of a decision; return it with who was the first to.

        Args:
            user: Whom the kernel knows the client as; empty over TCP.

        Raises:
            HttpProblem: 404 ``decision.unknown``, 409 ``decision.resolved``, 503 ``act.busy``.
        """
        ...

    async def unacknowledge(self, decision: str, asked: wire.Withdraw, user: str) -> wire.Decision:
        """Note that an acknowledgement is taken back; return the decision without it.

        Raises:
            HttpProblem: 404 ``decision.unknown``, 409 ``decision.resolved``, ``acknowledge.other`` (it is not that one,
                or another person's), ``acknowledge.late``, 503 ``act.busy``.
        """
        ...

    async def act(self, asked: wire.Act, user: str, key: str = "") -> wire.Event:
        """Hand an operator's act to the rules; return the event, which is durable then.

        Args:
            asked: What was done.
            user: As in `acknowledge`.
            key: With the same one of the same user it is the same event; empty: a new one.

        Raises:
            HttpProblem: 422 ``act.reserved``, ``act.fact`` or ``act.other``, 503 ``act.busy``.
        """
        ...

    def rules(self) -> list[wire.Rule]:
        """Return every rule and how it does."""
        ...

    async def explain(self, rule: str, camera: str | None) -> explanation.Explanation:
        """Return why a rule fired lately, and why it did not; 404 ``rules.no_rule`` for an unknown name."""
        ...

    async def still(self, camera: str, width: int, best: bool) -> Still:
        """Return a JPEG at most `width` pixels wide, without boxes.

        Args:
            best: The best that can be had (seconds, and the camera is asked); else the last analysed picture.
        """
        ...

    async def presets(self, camera: str) -> list[wire.Preset]:
        """Return a PTZ camera's presets."""
        ...

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        """Carry out a PTZ command."""
        ...

    def retry(self, camera: str) -> wire.Camera:
        """Try at once what a camera waits with; return it as it is now.

        Raises:
            HttpProblem: 409 ``camera.held`` while its device must not be sent a login, ``camera.disabled``.
        """
        ...

    async def reload_rules(self) -> wire.RulesReloaded:
        """Read the rules again; ``HttpProblem(422, "rules.not_adopted")`` with every problem where they are bad."""
        ...

    def preview_link(self, camera: str) -> wire.PreviewLink:
        """Return a short-lived link to the camera's preview page."""
        ...
